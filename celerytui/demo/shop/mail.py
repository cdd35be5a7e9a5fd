"""Letters to customers."""

from celery import shared_task

from celerytui.demo.shop.pretend import work


@shared_task(name="mail.send_receipt")
def send_receipt(order: int) -> int:
    """Thank for an order."""
    work(0.02)
    return 250


@shared_task(name="mail.send_failed")
def send_failed(order: int) -> int:
    """Say that the card was declined."""
    work(0.02)
    return 250


@shared_task(name="mail.send_digest")
def send_digest(customer: int) -> int:
    """Send the week's news."""
    work(0.03)
    return 250
