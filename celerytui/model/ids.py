"""Task ids of any kind: Celery takes whatever can be a key for one, and here each is a text.

A text stands for itself. Any other id is written with its type behind it, `7 (int)`, so that the
number 7 and the text "7" are two tasks; `id_value` reads that again, to name the task to a worker
in the id's own type. A text that looks like one of those has `(text)` behind it.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

ID_LIMIT = 1024
"""Characters of an id, its type included; what is longer is no id."""

_TYPED = re.compile(r"(.*) \((\w+)\)", re.DOTALL)


def _bytes(text: str) -> bytes:
    return text.encode()


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _uuid(value: Any) -> uuid.UUID:
    # Its version is in it; old Pythons refuse those that came after them.
    return uuid.UUID(value["hex"] if isinstance(value, dict) else value)


MARKED: dict[str, Callable[[Any], Any]] = {
    "uuid": _uuid,
    "bytes": _bytes,
    "base64": _base64,
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}
"""What kombu's JSON writes as `{"__type__": ..., "__value__": ...}`, and how to read it."""

READ: dict[str, Callable[[str], Any]] = {
    **MARKED,
    "int": int,
    "float": float,
    "bool": {"true": True, "false": False}.__getitem__,
    "json": json.loads,
    "text": str,
}
UNREADABLE = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)


def id_text(value: Any) -> str | None:
    """The text that stands for an id, be it as JSON has it or as kombu read it.

    None where it is empty or too long.
    """
    if isinstance(value, str):
        text = value if value.isascii() else value.encode("utf-8", "replace").decode()
        if text[-1:] == ")" and _typed(text) is not None:
            text += " (text)"
    elif value is None:
        return None
    else:
        try:
            text = "{} ({})".format(*_written(_unmarked(value)))
        except UNREADABLE:
            return None
    return text if 0 < len(text) <= ID_LIMIT else None


def id_value(text: str) -> Any:
    """The id that a text stands for, in its own type."""
    typed = _typed(text) if text[-1:] == ")" else None
    return text if typed is None else typed[0]


def _typed(text: str) -> tuple[Any] | None:
    """The id of which `text` is written with its type, None where it is a text like others."""
    match = _TYPED.fullmatch(text)
    read = None if match is None else READ.get(match[2])
    if match is None or read is None:
        return None
    try:
        return (read(match[1]),)
    except UNREADABLE:
        return None


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"__type__", "__value__"}:
        try:
            return MARKED[value["__type__"]](value["__value__"])
        except (*UNREADABLE, AttributeError):
            return value
    return value


def _written(value: Any) -> tuple[str, str]:
    """An id that is no text, without and with the name of its type."""
    if isinstance(value, bool):
        return str(value).lower(), "bool"
    if isinstance(value, (int, float)):
        return repr(value), type(value).__name__
    if isinstance(value, bytes):
        try:
            return value.decode(), "bytes"
        except UnicodeDecodeError:
            return base64.b64encode(value).decode(), "base64"
    for kind in (uuid.UUID, Decimal):
        if isinstance(value, kind):
            return str(value), kind.__name__.lower()
    for moment in (datetime, date, time):
        if isinstance(value, moment):
            return value.isoformat(), moment.__name__
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode(), "json"
