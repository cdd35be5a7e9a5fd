"""The tasks that call partners."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from celerytui.demo.shop.webhooks.deliver import post
from celerytui.demo.shop.webhooks.errors import ReadTimeout

PARTNERS = ("api.partner.example:443", "hooks.depot.example:443")


@shared_task(name="webhooks.deliver", bind=True, max_retries=1)
def deliver(self: Any, event: str, order: int) -> int:
    """Tell one partner about one event; once more if it does not answer."""
    host = PARTNERS[order % len(PARTNERS)]
    try:
        return post(host, {"event": event, "order": order}, timeout=3)
    except ReadTimeout as error:
        raise self.retry(exc=error, countdown=8) from error
