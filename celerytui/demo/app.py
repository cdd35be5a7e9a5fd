"""The Celery app of the demo's shop, for its workers, its customers and its monitor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery import Celery
from celery.schedules import crontab
from kombu.entity import Exchange, Queue

from celerytui.demo import transport

FOLDER = "SHOP_FOLDER"  # the environment variable that tells a process of the shop its folder
QUEUES = ("high", "default", "mail", "media", "reports")
EXCHANGES = (*QUEUES, "celeryev", "celery.pidbox", "reply.celery.pidbox")

SCHEDULE: dict[str, dict[str, Any]] = {
    "refresh-search": {"task": "search.index", "schedule": 15.0, "args": ("new",)},
    "count-stock": {
        "task": "inventory.count",
        "schedule": 60.0,
        "args": (["sku-9001", "sku-9002", "sku-9003"],),
    },
    "customer-digest": {
        "task": "mail.send_digest",
        "schedule": crontab(minute="*/2"),
        "args": (9001,),
        "options": {"expires": 60.0},
    },
    "hourly-invoice": {"task": "billing.invoice", "schedule": crontab(minute=5), "args": (9002,)},
    "nightly-report": {"task": "reports.render", "schedule": crontab(hour=3, minute=30)},
    "weekly-search": {
        "task": "search.index",
        "schedule": crontab(day_of_week="sun", hour=4, minute=0),
        "args": ("all",),
    },
}

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
        beat_schedule=SCHEDULE,
        beat_scheduler="celery.beat:Scheduler",  # which writes no file
        beat_max_loop_interval=5,
        broker_connection_retry_on_startup=True,
    )
    return app
