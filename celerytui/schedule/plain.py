"""Arguments as plain data: whether they are, and the same data in one form."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from celerytui.counts import counted

MOST_VALUES = 10_000
"""Values of one entry's arguments that are looked at: a small pickle may hold endlessly many."""
DEEPEST = 40
SCALARS = (str, bytes, int, float, bool, type(None), datetime, date, time, timedelta, Decimal, UUID)


class NotPlain(ValueError):
    """Arguments that are not plain data; its text says what is in them."""


def plain(value: Any) -> Any:
    """The value with nothing but its plain data; raises NotPlain."""
    return _Copy().of(value, 0)


def is_plain(value: Any) -> bool:
    """Whether a value is plain data, and not too much of it."""
    with contextlib.suppress(NotPlain):
        plain(value)
        return True
    return False


def plain_form(value: Any) -> Any:
    """Plain data as JSON would give it back: lists for tuples and sets, texts for keys."""
    if isinstance(value, Mapping):
        return {str(key): plain_form(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_form(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain_form(one) for one in value), key=repr)
    if isinstance(value, (int, float, type(None))):
        return value
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


class _Copy:
    """Copies nested data, up to a number of values."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise NotPlain(
                f"more than {counted(MOST_VALUES, 'value')} or {counted(DEEPEST, 'level')}"
            )
        if isinstance(value, SCALARS):
            return value
        if isinstance(value, Mapping):
            return {self.of(key, depth + 1): self.of(one, depth + 1) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            copies = [self.of(one, depth + 1) for one in value]
            return copies if isinstance(value, list) else tuple(copies)
        if isinstance(value, (set, frozenset)):
            return type(value)(self.of(one, depth + 1) for one in value)
        what = getattr(value, "what", "") or f"{type(value).__module__}.{type(value).__qualname__}"
        raise NotPlain(f"an object of {what}")
