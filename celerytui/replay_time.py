"""Times in a recording as people write them: `14:03`, `2026-11-25 14:03:12`, `+5m`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from celerytui.durations import DurationError, read_duration
from celerytui.iso_time import LONGEST, read_time

FORMS = "14:03, 14:03:12, 2026-11-25 14:03, +5m or -30s"
"""Examples of all that is understood."""
MOST_DAYS = 400
"""Days of a recording on which a time without a date is looked for."""
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d{1,6})?))?\Z")


def read_replay_time(text: str, at: float, begins: float, ends: float, *, utc: bool) -> float:
    """The Unix time that is meant `at` a time of a recording; raises ValueError with a sentence.

    A time without a date is one of the same day, else of the nearest day that has it in the
    recording; a signed duration counts from `at`, no further than to the beginning or the end.
    """
    text = text.strip()
    if text[:1] in ("+", "-"):
        try:
            step = read_duration(text[1:])
        except DurationError:
            raise ValueError(f"“{text[:LONGEST]}” is not a step") from None
        return min(ends, max(begins, at + (step if text[0] == "+" else -step)))
    try:
        found = _on_a_day(text, at, begins, ends, utc) or [_dated(text, utc)]
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"“{text[:LONGEST]}” is not a time") from None
    inside = [one for one in found if begins <= one <= ends]
    if not inside:
        span = f"{full_time(begins, utc=utc)} to {full_time(ends, utc=utc)}"
        raise ValueError(f"outside the recording: {span}")
    return inside[0]


def full_time(at: float, *, utc: bool) -> str:
    """`2026-11-25 14:03:12`, as it can be read back; "" for a time that no calendar has."""
    try:
        return f"{_moment(at, utc):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return ""


def _moment(at: float, utc: bool) -> datetime:
    """A time on the wall of the zone that is shown, without a zone."""
    zone = timezone.utc if utc else None
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _unix(wall: datetime, utc: bool) -> float:
    return (wall.replace(tzinfo=timezone.utc) if utc else wall).timestamp()


def _dated(text: str, utc: bool) -> float:
    if len(text) > LONGEST:
        raise ValueError(text)
    found = read_time(text)
    return found.timestamp() if found.tzinfo is not None else _unix(found, utc)


def _on_a_day(text: str, at: float, begins: float, ends: float, utc: bool) -> list[float]:
    """A time without a date on each day of the recording, the nearest first; none for others."""
    match = _CLOCK.match(text)
    if match is None:
        return []
    clock = timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=float(match[3] or 0))
    if clock >= timedelta(days=1) or int(match[2]) > 59 or float(match[3] or 0) >= 60:
        raise ValueError(text)
    today, first, last = (
        _moment(one, utc).replace(hour=0, minute=0, second=0, microsecond=0)
        for one in (at, begins, ends)
    )
    days = [first + timedelta(days=n) for n in range(min((last - first).days, MOST_DAYS) + 1)]
    days.sort(key=lambda day: abs(day - today))
    return [_unix(day + clock, utc) for day in days]
