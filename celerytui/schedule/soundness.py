"""What sources say, made safe to work with: one entry that is odd must not cost the others."""

from __future__ import annotations

import math

from msgspec.structs import replace

from celerytui.masking import one_line
from celerytui.model import Crontab, Interval, OtherTiming, PlannedEntry
from celerytui.schedule.next_run import fields
from celerytui.schedule.runs import texts_of
from celerytui.schedule.timings import LATEST
from celerytui.schedule.words import plan_words

UNREADABLE = OtherTiming("unreadable")


def checked(plan: PlannedEntry) -> PlannedEntry:
    """The entry, without what nothing can be made of, and with the reason."""
    try:
        _check_timing(plan)
    except Exception as error:
        timing = OtherTiming(_words_of(plan))
        trouble = plan.trouble or one_line(error)
        plan = replace(plan, timing=timing, next_by_source=None, trouble=trouble)
    try:
        texts_of(plan)
    except Exception as error:
        plan = replace(plan, args=(), kwargs={}, unread=one_line(error))
    return plan


def flawed(plan: PlannedEntry, error: Exception) -> PlannedEntry:
    """What is left of an entry that could not be judged: its name, its task, and why."""
    return PlannedEntry(
        name=plan.name,
        task=plan.task,
        timing=UNREADABLE,
        source=plan.source,
        record=plan.record,
        enabled=plan.enabled,
        trouble=one_line(error),
        unread=one_line(error),
    )


def _check_timing(plan: PlannedEntry) -> None:
    timing = plan.timing
    if isinstance(timing, Interval):
        if timing.every <= 0:
            raise ValueError(
                f"its interval of {timing.every:g} s is always over: beat sends it in each loop"
            )
        if not math.isfinite(timing.every) or timing.every > LATEST:
            raise ValueError(f"its interval of {timing.every:g} s is not a span of time")
    if isinstance(timing, Crontab):
        fields(timing)
    plan_words(plan)


def _words_of(plan: PlannedEntry) -> str:
    try:
        return plan_words(plan)
    except Exception:
        return UNREADABLE.text
