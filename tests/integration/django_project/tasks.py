# mypy: disable-error-code="untyped-decorator"
from typing import Any

from celery import shared_task


@shared_task
def add(x: Any, y: Any = 0) -> Any:
    return x + y


@shared_task
def fail(text: str) -> None:
    raise ValueError(text)


@shared_task
def total(numbers: list[int]) -> int:
    return sum(numbers)
