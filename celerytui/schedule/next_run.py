"""When a periodic task runs: after a time, up to a time, and how often in the next day.

A crontab is matched on the clock of its own zone, as by beat: what falls into the hour that is left
out in spring runs an hour later, what falls into the one that comes twice in autumn runs once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise, takewhile

from msgspec import Struct

from celerytui.model import Clocked, Crontab, Interval, Solar, Timing
from celerytui.schedule.source import MOST_ENTRIES
from celerytui.schedule.sun import following_event, last_event, next_event
from celerytui.schedule.timings import LATEST
from celerytui.schedule.zones import zone

LONGEST_SEARCH = 41
"""Years that are looked at for a match: a Sunday, 29 February, may be forty years away."""
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
QUARTER = 900.0
"""Seconds that one figure of the day to come is about."""
QUARTERS = 96


class _Fields(Struct, frozen=True):
    """What matches: the minutes and hours in order, and the days."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    weekdays: frozenset[int]
    months: frozenset[int]

    @property
    def ever(self) -> bool:
        """Whether any date is matched: 30 February is none."""
        least = min(self.days, default=99)
        return any(least <= LONGEST_MONTHS[month - 1] for month in self.months)

    def has(self, day: date) -> bool:
        return (
            day.month in self.months
            and day.day in self.days
            and day.isoweekday() % 7 in self.weekdays
        )


@lru_cache(maxsize=4096)
def fields(crontab: Crontab) -> _Fields:
    """The times that a crontab matches; ValueError says which field is wrong."""
    from celery.schedules import crontab_parser

    def parsed(name: str, count: int, least: int = 0) -> tuple[int, ...]:
        text = getattr(crontab, name)
        try:
            found = crontab_parser(count, least).parse(text)
        except Exception as error:
            raise ValueError(f"{name.replace('_', ' ')} {text!r} cannot be read: {error}") from None
        return tuple(sorted(one for one in found if least <= one < count + least))

    return _Fields(
        parsed("minute", 60),
        parsed("hour", 24),
        frozenset(parsed("day_of_month", 31, 1)),
        frozenset(parsed("day_of_week", 7)),
        frozenset(parsed("month_of_year", 12, 1)),
    )


def next_after(timing: Timing, timezone: str, after: float) -> float | None:
    """The first run that is due later than `after`, the last run; None where there is none.

    ValueError says why it cannot be known.
    """
    if isinstance(timing, Interval):
        at = after + timing.every
        return at if at <= LATEST else None
    if isinstance(timing, Clocked):
        return timing.at if timing.at > after else None
    if isinstance(timing, Crontab):
        return _first(_crontab_after(fields(timing), after, zone(timezone)))
    if isinstance(timing, Solar):
        return next_event(timing, after)
    return None


def last_before(timing: Timing, timezone: str, until: float) -> float | None:
    """The last time at or before `until` that a run was due at; None for an interval.

    ValueError says why it cannot be known.
    """
    if isinstance(timing, Clocked):
        return timing.at if timing.at <= until else None
    if isinstance(timing, Crontab):
        return _first(_crontab_before(fields(timing), until, zone(timezone)))
    if isinstance(timing, Solar):
        return last_event(timing, until)
    return None


@lru_cache(maxsize=2 * MOST_ENTRIES)
def quarters(timing: Timing, timezone: str, due: float, begin: float) -> tuple[int, ...]:
    """How many runs are due in each quarter of an hour of the day from `begin`, if the next is due.

    One that is overdue counts in the first.
    """
    first = max(due, begin)
    place = int((first - begin) // QUARTER)
    if place >= QUARTERS:
        return (0,) * QUARTERS
    if isinstance(timing, Interval):
        return _of_interval(timing.every, first - begin)
    if isinstance(timing, Crontab):
        at_once = 1 + _many(timing, timezone, first, begin + (place + 1) * QUARTER)
        later = _of_crontab(timing, timezone, begin)[place + 1 :]
        return (0,) * place + (at_once,) + later
    counts = [0] * QUARTERS
    at: float | None = first
    while at is not None and at < begin + QUARTERS * QUARTER:
        counts[int((at - begin) // QUARTER)] += 1
        if isinstance(timing, Solar):
            at = following_event(timing, at)
        else:
            at = next_after(timing, timezone, at)
    return tuple(counts)


def _of_interval(every: float, first: float) -> tuple[int, ...]:
    every = max(every, 0.001)
    ends = [max(0, math.ceil((at * QUARTER - first) / every)) for at in range(QUARTERS + 1)]
    return tuple(end - start for start, end in pairwise(ends))


@lru_cache(maxsize=4096)
def _of_crontab(crontab: Crontab, timezone: str, begin: float) -> tuple[int, ...]:
    """How often a crontab matches in each quarter of an hour; entries with the same share it."""
    counts = [0] * QUARTERS
    for at in _crontab_after(fields(crontab), begin - 1, zone(timezone)):
        place = int((at - begin) // QUARTER)
        if place >= QUARTERS:
            break
        counts[place] += 1
    return tuple(counts)


def _many(crontab: Crontab, timezone: str, after: float, end: float) -> int:
    """How often a crontab matches later than one time and before another."""
    found = _crontab_after(fields(crontab), after, zone(timezone))
    return sum(1 for _ in takewhile(lambda at: at < end, found))


def quarter_of(now: float) -> float:
    """The beginning of the quarter of an hour."""
    return now // QUARTER * QUARTER


def _first(found: Iterator[float]) -> float | None:
    return next(found, None)


def _crontab_after(wanted: _Fields, after: float, tz: tzinfo) -> Iterator[float]:
    wall = datetime.fromtimestamp(after, tz)
    passed: tuple[int, int] | None = wall.hour, wall.minute
    day = wall.date()
    last = day.year + LONGEST_SEARCH if wanted.ever else 0
    while day.year <= last:
        if day.month not in wanted.months:
            passed = None
            day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
            continue
        if wanted.has(day):
            for hour in wanted.hours:
                for minute in wanted.minutes:
                    if passed is None or (hour, minute) > passed:
                        at = _stamp(day, hour, minute, tz)
                        if at > after:
                            yield at
        passed = None
        day += timedelta(days=1)


def _crontab_before(wanted: _Fields, until: float, tz: tzinfo) -> Iterator[float]:
    wall = datetime.fromtimestamp(until, tz)
    # An hour later on the clock may be no later: that hour came twice.
    latest = wall.hour + 1
    day = wall.date()
    first = day.year - LONGEST_SEARCH if wanted.ever else day.year + 1
    while day.year >= first:
        if day.month not in wanted.months:
            latest = 23
            day = day.replace(day=1) - timedelta(days=1)
            continue
        if wanted.has(day):
            found = (
                _stamp(day, hour, minute, tz)
                for hour in reversed(wanted.hours)
                if hour <= latest
                for minute in reversed(wanted.minutes)
            )
            yield from (at for at in found if at <= until)
        latest = 23
        day -= timedelta(days=1)


def _stamp(day: date, hour: int, minute: int, tz: tzinfo) -> float:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=tz).timestamp()
