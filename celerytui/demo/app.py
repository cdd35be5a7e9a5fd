"""The Celery app of the demo's shop, for its workers, its customers and its monitor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue

from celerytui.demo import transport

FOLDER = "SHOP_FOLDER"  # the environment variable that tells a process of the shop its folder
QUEUES = ("high", "default", "mail", "media", "reports")
EXCHANGES = (*QUEUES, "celeryev", "celery.pidbox", "reply.celery.pidbox")

_SHOP = "celerytui.demo.shop"
_MODULES = ("billing.tasks", "webhooks.tasks", "orders", "fraud", "catalog", "media", "mail")


def make_app(folder: Path) -> Any:
    """Make the app on the broker in `folder`, untouched by the user's own Celery settings."""
    transport.register()
    app = Celery("shop", loader="app", fixups=set(), set_as_current=False)
    app.conf.update(
        broker_url=transport.URL,
        broker_transport_options=transport.options(folder),
        result_backend=f"file://{folder / transport.RESULTS}",
        imports=[f"{_SHOP}.{module}" for module in _MODULES],
        task_default_queue="default",
        # Named one by one, so that a monitor knows the queue that nobody consumes from the start.
        task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
        task_routes={
            "billing.*": "high",
            "fraud.*": "high",
            "mail.*": "mail",
            "media.*": "media",
            "reports.*": "reports",
        },
        task_ignore_result=True,
        task_send_sent_event=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
    )
    return app
