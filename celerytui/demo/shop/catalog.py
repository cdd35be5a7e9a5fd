"""Stock and search."""

from __future__ import annotations

from celery import chord, shared_task

from celerytui.demo.shop.pretend import work


def quantity(line: dict[str, str]) -> int:
    """Read how many of an article a line orders."""
    article = line["sku"]
    return len(article)


@shared_task(name="search.index")
def index(sku: str) -> None:
    """Make one article findable."""
    work(0.006)


@shared_task(name="inventory.count")
def count(skus: list[str]) -> None:
    """Count every shelf at once, then add up."""
    work(0.05)
    chord([sync.s(sku) for sku in skus])(total.s())


@shared_task(name="inventory.sync", ignore_result=False)
def sync(sku: str) -> int:
    """Count one shelf."""
    work(1.8)
    return len(sku) * 31


@shared_task(name="inventory.total", ignore_result=False)
def total(counts: list[int]) -> int:
    """Add up what was counted."""
    work(0.02)
    return sum(counts)
