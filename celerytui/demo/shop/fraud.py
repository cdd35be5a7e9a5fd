"""Guessing which orders are honest."""

from celery import shared_task

from celerytui.demo.shop.pretend import work


@shared_task(name="fraud.score")
def score(order: int) -> float:
    """Score one order from 0 (honest) to 1."""
    work(0.04)
    return order % 7 / 100
