"""From Celery's schedule objects to plain ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from celerytui.iso_time import read_time
from celerytui.masking import one_line
from celerytui.model import Crontab, Interval, OtherTiming, Solar, Timing

FIELDS = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
LONGEST_TEXT = 200
LONGEST_FIELD = 1_000
"""Characters of a field of a crontab: all minutes, one by one, are 170."""
LATEST = 253_370_764_800.0
"""The beginning of the year 9999, from which on a time may have no date in some time zone."""


def timing_of(schedule: Any) -> Timing:
    """The schedule of an entry as an app sets it: seconds, a timedelta, or one of Celery's classes.

    A class of the project's own that decides by itself when to run is an `OtherTiming`.
    """
    from celery import schedules

    if isinstance(schedule, (int, float)) and not isinstance(schedule, bool):
        return Interval(float(schedule))
    if isinstance(schedule, timedelta):
        return Interval(schedule.total_seconds())
    if _decides_itself(schedule):
        return other(schedule)
    try:
        if isinstance(schedule, schedules.crontab):
            return crontab({name: getattr(schedule, f"_orig_{name}") for name in FIELDS})
        if isinstance(schedule, schedules.solar):
            return Solar(schedule.event, float(schedule.lat), float(schedule.lon))
        if isinstance(schedule, schedules.schedule):
            return timing_of(schedule.run_every)
    except Exception as error:
        return OtherTiming(one_line(error)[:LONGEST_TEXT])
    return other(schedule)


def other(schedule: Any) -> OtherTiming:
    """What can be said of any object, by its class and its text."""
    kind = type(schedule)
    try:
        text = str(schedule)
    except Exception:
        text = ""
    if not text or text.startswith("<") or len(text) > LONGEST_TEXT:
        text = f"{kind.__module__}.{kind.__qualname__}"
    return OtherTiming(text)


def crontab(values: Mapping[str, Any]) -> Crontab:
    """A crontab from the values of its fields: texts, numbers, or many numbers."""
    return Crontab(**{name: _field(values.get(name)) for name in FIELDS})


def stamp(at: Any, zone: tzinfo) -> float | None:
    """A datetime, or its ISO text, as Unix seconds; `zone` is that of one without a zone.

    It is from 1970 to `LATEST`, whatever was meant by a time outside of that.
    """
    if isinstance(at, str):
        try:
            at = read_time(at)
        except ValueError:
            return None
    if not isinstance(at, datetime):
        return None
    try:
        seconds = (at.replace(tzinfo=zone) if at.tzinfo is None else at).timestamp()
    except (ValueError, OverflowError):
        seconds = 0.0 if at.year < 1970 else LATEST
    return min(max(seconds, 0.0), LATEST)


def utc(seconds: float) -> datetime:
    """The time as a datetime in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def _field(value: Any) -> str:
    if value is None or value == "":
        return "*"
    if isinstance(value, str):
        text = value.strip().replace(" ", "")
    elif isinstance(value, Iterable):
        text = ",".join(str(one) for one in sorted(value))
    else:
        text = str(value)
    if len(text) > LONGEST_FIELD:
        raise ValueError(f"a field of its crontab has {len(text):,} characters")
    return text


def _decides_itself(schedule: Any) -> bool:
    """Whether a class that is not Celery's own says when to run."""
    from celery import schedules

    own = type(schedule)
    for name in ("is_due", "remaining_estimate", "remaining_delta"):
        method = getattr(own, name, None)
        module = getattr(method, "__module__", "")
        if method is not None and module != schedules.__name__ and not _known(module):
            return True
    return False


def _known(module: str) -> bool:
    # Its crontab differs by its zone only.
    return module.startswith("django_celery_beat.")
