"""Orders: where a customer's tasks begin."""

from __future__ import annotations

from celery import group, shared_task
from celery.exceptions import Reject

from celerytui.demo.shop import catalog, fraud, mail
from celerytui.demo.shop.billing import tasks as billing
from celerytui.demo.shop.pretend import work


@shared_task(name="orders.checkout")
def checkout(order: int, token: str) -> None:
    """Start what follows an order: score it, charge it, then record it and mail the receipt."""
    work(0.07)
    after = group(record.si(order), mail.send_receipt.si(order))
    steps = fraud.score.si(order) | billing.charge.si(order, token) | after
    steps.apply_async()


@shared_task(name="audit.record")
def record(order: int) -> None:
    """Write one order into the book."""
    work(0.004)


@shared_task(name="orders.import_order", acks_late=True)
def import_order(lines: list[dict[str, str]]) -> int:
    """Read a partner's order, line by line."""
    work(2.5)
    if not lines:
        raise Reject("empty order", requeue=False)
    return sum(catalog.quantity(line) for line in lines)
