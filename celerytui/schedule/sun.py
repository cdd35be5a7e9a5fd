"""The events of the sun, by Celery's own class, which needs the package ephem.

Where an event does not come every day, as near the poles, the class looks for it on up to 366 days,
which takes up to a quarter of a second: what was found is kept.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from celerytui.masking import one_line
from celerytui.model import Solar
from celerytui.schedule.zones import zone

LOOKS_BACK = 26 * 3_600.0
"""Seconds in which an event that comes every day has come."""
APART = 60.0
"""Seconds in which the same event does not come twice."""
MOST_SPANS = 8
"""Events of one kind and place that are kept."""


def next_event(timing: Solar, after: float) -> float:
    """The first event later than `after`; ValueError says why it cannot be known."""
    spans = _spans(timing)
    for begin, at in spans:
        if begin <= after < at:
            return at
    at = after + _remaining(timing, after)
    if not at > after:
        raise ValueError("the time of the sun could not be found")
    spans.insert(0, (after, at))
    del spans[MOST_SPANS:]
    return at


def last_event(timing: Solar, until: float) -> float | None:
    """The last event at or before `until`, None where there was none for a day; ValueError too."""
    last, at = None, next_event(timing, until - LOOKS_BACK)
    while at <= until:
        last, at = at, following_event(timing, at)
    return last


def following_event(timing: Solar, at: float) -> float:
    """The event after one that was found: times of the same one differ by some milliseconds."""
    return next_event(timing, at + APART)


@lru_cache(maxsize=4096)
def _spans(timing: Solar) -> list[tuple[float, float]]:
    """Spans of time at the end of which, and nowhere else in them, the event comes."""
    return []


def _remaining(timing: Solar, after: float) -> float:
    from celery.exceptions import ImproperlyConfigured
    from celery.schedules import solar

    try:
        last = datetime.fromtimestamp(after, zone("UTC"))
        make: Any = solar
        of = make(timing.event, timing.latitude, timing.longitude, nowfun=lambda: last)
        return float(of.remaining_estimate(last).total_seconds())
    except (ImproperlyConfigured, ImportError):
        raise ValueError("the time of the sun needs the package ephem") from None
    except Exception as error:
        raise ValueError(one_line(error)) from None
