"""The times that Celery writes: as ISO 8601, or as a database has them."""

from __future__ import annotations

import re
from datetime import datetime, timezone, tzinfo
from typing import Any

LONGEST = 64
LATEST = datetime(9999, 12, 30, tzinfo=timezone.utc).timestamp()
"""The last time that has a date in every zone."""
_FRACTION = re.compile(r"\.(\d+)")
_HOURS_ALONE = re.compile(r"(:\d\d(?:\.\d+)?[+-]\d\d)\Z")


def read_time(text: str) -> datetime:
    """An ISO 8601 time as people, brokers and databases write it; ValueError where it is none.

    With `Z`, any number of digits of a second, and zones of whole hours, in every Python.
    """
    if len(text) > LONGEST:
        raise ValueError("longer than a time")
    text = re.sub(r"[zZ]\Z", "+00:00", text.strip())
    text = _FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), text)
    return datetime.fromisoformat(_HOURS_ALONE.sub(r"\1:00", text))


def epoch(text: str | None) -> float | None:
    """Unix seconds of an ISO 8601 time; UTC where no zone is named, as a worker takes it.

    None where the text is no such time: it may be anything.
    """
    if not text:
        return None
    try:
        at = read_time(text)
        if at.tzinfo is None:
            # celery.utils.time.maybe_make_aware, whatever the app's timezone is.
            at = at.replace(tzinfo=timezone.utc)
        return at.timestamp()
    except (ValueError, OverflowError):
        return None


def moment(value: Any, zone: tzinfo) -> float | None:
    """Unix seconds of a time as a database gives it; in `zone` where it names none.

    None where it is no time that a calendar has: a row may hold anything.
    """
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    try:
        if isinstance(value, str):
            value = read_time(value)
        if isinstance(value, datetime):
            value = (value if value.tzinfo is not None else value.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < LATEST else None
