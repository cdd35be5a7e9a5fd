"""Whether beat can be had to send an entry now, and the last run by which the entry is due."""

from __future__ import annotations

from celerytui.model import Clocked, Crontab, Interval, OtherTiming, PlannedEntry, Solar
from celerytui.schedule.next_run import last_before
from celerytui.schedule.source import BeatRules
from celerytui.schedule.standing import over
from celerytui.schedule.timings import utc
from celerytui.schedule.words import time_words
from celerytui.schedule.zones import is_zone, zone

MARGIN = 10.0
"""Seconds by which an entry is made overdue: beat's clock may be behind ours."""
BEFORE = 86_400.0
"""Seconds before it was due that a crontab ran last: older Celery catches up from another day."""
SUN = 2 * 86_400.0
"""Seconds in which each event of the sun comes, but near the poles."""
UNTIL_SENT = 30.0
"""Seconds after which beat has looked at an entry that was changed."""
WINTER = 1_672_574_400.0
"""1 January 2023, 12:00 UTC: the moment whose zones django-celery-beat compares hours by."""
HOURS = 2
"""Hours before and after its own in which django-celery-beat has an entry in memory."""
ALWAYS = 4
"""The hour whose entries it always has."""


def refusal(plan: PlannedEntry, now: float, rules: BeatRules) -> str:
    """Why beat would not send an entry however long ago it ran, "" where it would."""
    ended = over(plan, plan.last_run_at, now)
    if ended:
        return "it is disabled: enable it first" if ended == "disabled" else f"it is over: {ended}"
    if plan.one_off or isinstance(plan.timing, Clocked):
        return "it runs once, and would not run at its time any more"
    if plan.trouble:
        return plan.trouble
    if plan.starts_at is not None and plan.starts_at > now:
        return f"it starts {time_words(plan.starts_at, plan.timezone)}"
    if isinstance(plan.timing, Crontab):
        return _refusal_of_crontab(plan, plan.timing, now, rules)
    return ""


def _refusal_of_crontab(plan: PlannedEntry, crontab: Crontab, now: float, rules: BeatRules) -> str:
    if not is_zone(plan.timezone):
        return f"{plan.timezone!r} is not a time zone"
    try:
        at = last_before(crontab, plan.timezone, now)
    except ValueError as error:
        return str(error)
    if at is None:
        return "its crontab was never due"
    if rules.deadline is not None and now - at > rules.deadline - UNTIL_SENT:
        return (
            f"it was due last {time_words(at, plan.timezone)}, which is too long ago for"
            f" beat_cron_starting_deadline ({rules.deadline:g} s)"
        )
    return ""


def made_due(plan: PlannedEntry, now: float) -> float | None:
    """The last run by which an entry is due now, in whole seconds; None where there is none."""
    timing = plan.timing
    if isinstance(timing, OtherTiming):
        return None
    if isinstance(timing, Interval):
        back = timing.every + MARGIN
        return float(now // 1 - back // 1) if back < now else None
    try:
        at = last_before(timing, plan.timezone, now)
    except ValueError:
        # Beat may have the package that tells the times of the sun.
        return float(now // 1 - SUN) if isinstance(timing, Solar) else None
    return None if at is None else at // 1 - BEFORE


def is_held(crontab: Crontab, timezone: str, beats_zone: str, now: float) -> bool:
    """Whether django-celery-beat 2.8 and newer has an entry with a fixed hour in memory now.

    `beats_zone` is the zone of its project.
    """
    if not (crontab.hour.isdecimal() and len(crontab.hour) <= 2):
        return True
    here = utc(now).astimezone(zone(beats_zone)).hour
    hour = (int(crontab.hour) + _hours_ahead(beats_zone, timezone)) % 24
    return hour == ALWAYS or (hour - here + HOURS) % 24 <= 2 * HOURS


def _hours_ahead(one: str, other: str) -> int:
    """By how many whole hours the clocks of a zone are ahead of those of another, in winter."""
    at = utc(WINTER)
    here, there = (at.astimezone(zone(name)).utcoffset() for name in (one, other))
    assert here is not None
    assert there is not None
    return int((here - there).total_seconds() / 3600)
