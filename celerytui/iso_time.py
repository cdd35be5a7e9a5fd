"""The times that Celery writes: as ISO 8601, or as a database has them."""

from __future__ import annotations

import math
import re
from datetime import datetime, timezone, tzinfo
from typing import Any

LONGEST = 64
_FRACTION = re.compile(r"\.(\d{1,9})")
_HOURS_ALONE = re.compile(r"(:\d\d(?:\.\d+)?[+-]\d\d)\Z")


def read_time(text: str) -> datetime:
    """An ISO 8601 time as people, brokers and databases write it; ValueError where it is none.

    With `Z`, any number of digits of a second, and zones of whole hours, in every Python.
    """
    text = re.sub(r"[zZ]\Z", "+00:00", text.strip())
    text = _FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), text)
    return datetime.fromisoformat(_HOURS_ALONE.sub(r"\1:00", text))


def epoch(text: str | None) -> float | None:
    """Unix seconds of an ISO 8601 time; UTC where no zone is named, as a worker takes it.

    None where the text is no such time: it may be anything.
    """
    if not text or len(text) > LONGEST:
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

    None where it is no time: a row may hold anything.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str):
        if zone is timezone.utc:
            return epoch(value)
        try:
            value = read_time(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
