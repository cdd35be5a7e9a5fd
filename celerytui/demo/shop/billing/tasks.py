"""The tasks of the `high` queue."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from celerytui.demo.shop import mail
from celerytui.demo.shop.billing.errors import CardDeclined, GatewayTimeout
from celerytui.demo.shop.billing.gateway import client
from celerytui.demo.shop.pretend import happens, work


@shared_task(name="billing.charge", bind=True, max_retries=3)
def charge(self: Any, order: int, token: str, currency: str = "EUR") -> str:
    """Take the money of one order."""
    try:
        return client.charge(order % 100 + 0.5, source=token)
    except GatewayTimeout as error:
        raise self.retry(exc=error, countdown=4 * 2**self.request.retries) from error
    except CardDeclined:
        mail.send_failed.delay(order)
        raise


@shared_task(name="billing.invoice", bind=True, max_retries=3)
def invoice(self: Any, order: int) -> str:
    """Print one invoice; the printer is slow to wake up."""
    work(0.6)
    if happens(0.15):
        raise self.retry(exc=GatewayTimeout("printer asleep"), countdown=6)
    return f"inv-{order}.pdf"


@shared_task(name="billing.refund")
def refund(order: int, amount: float) -> str:
    """Pay one order back."""
    return client.refund(order, amount)


@shared_task(name="billing.dunning")
def dunning(order: int) -> None:
    """Remind a customer who has not paid."""
    work(0.3)
