"""What several sources say of the same entries, as one schedule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from celerytui.model import Crontab, Interval, OtherTiming, PlannedEntry, Solar
from celerytui.schedule.config import NAME as CONFIG
from celerytui.schedule.next_run import fields
from celerytui.schedule.plain import is_plain, plain_form
from celerytui.schedule.shelf import NAME as SHELF
from celerytui.schedule.words import in_zone, plan_words
from celerytui.schedule.zones import same_zone

CLEANUP = "celery.backend_cleanup"
"""The entry that beat adds by itself."""
LONGEST = 200
"""Characters of each side of a difference that are shown."""


def merge(
    read: Sequence[tuple[str, Sequence[PlannedEntry]]], *, whole: bool = True
) -> list[tuple[PlannedEntry, tuple[str, ...]]]:
    """Each entry as the last source that has it says, and sentences on where others disagree.

    `read` has the names of the sources and their entries, in the order of their weight. Where they
    are not `whole` an entry that only one has is no disagreement.
    """
    by_name: dict[str, dict[str, PlannedEntry]] = {}
    for source, plans in read:
        for plan in plans:
            by_name.setdefault(plan.name, {})[source] = plan
    names = [source for source, plans in read if plans]
    return [
        (
            _with_arguments(list(found.values())),
            tuple(_disagreements(found, names if whole else ())),
        )
        for _, found in sorted(by_name.items())
    ]


def _with_arguments(plans: Sequence[PlannedEntry]) -> PlannedEntry:
    """The last of them; where its arguments could not be read, with those that beat was given."""
    kept = plans[-1]
    if kept.unread:
        for other in reversed(plans[:-1]):
            if not other.unread and other.task == kept.task:
                return replace(
                    kept, args=other.args, kwargs=other.kwargs, options=other.options, unread=""
                )
    return kept


def _disagreements(found: Mapping[str, PlannedEntry], sources: Sequence[str]) -> Iterable[str]:
    kept, plan = list(found.items())[-1]
    for source, other in list(found.items())[:-1]:
        for what, ours, theirs in _differences(plan, other):
            yield f"{what}: {kept} has {ours[:LONGEST]}, {source} has {theirs[:LONGEST]}"
    stores = [source for source in sources if source != CONFIG]
    if CONFIG in sources and stores:
        if list(found) == [CONFIG]:
            yield f"only in {CONFIG}: beat has not stored it in {stores[-1]}"
        elif kept == SHELF and CONFIG not in found and plan.name != CLEANUP:
            yield f"only in {SHELF}: it is no longer in {CONFIG}"


def _differences(plan: PlannedEntry, other: PlannedEntry) -> Iterable[tuple[str, str, str]]:
    """What differs, and how both have it; what cannot be compared does not."""
    if plan.task and other.task and plan.task != other.task:
        yield "task", plan.task, other.task
    if not _same_schedule(plan, other):
        yield "schedule", plan_words(plan), plan_words(other)
    if plan.unread or other.unread:
        return
    for what, ours, theirs in (
        ("args", list(plan.args), list(other.args)),
        ("kwargs", dict(plan.kwargs), dict(other.kwargs)),
    ):
        if is_plain(ours) and is_plain(theirs) and plain_form(ours) != plain_form(theirs):
            yield what, repr(ours), repr(theirs)


def _same_schedule(plan: PlannedEntry, other: PlannedEntry) -> bool:
    """Whether both run at the same times, however that is written."""
    ours, theirs = plan.timing, other.timing
    if plan.trouble or other.trouble or OtherTiming in (type(ours), type(theirs)):
        return True
    if isinstance(ours, Interval) and isinstance(theirs, Interval):
        return math.isclose(ours.every, theirs.every, abs_tol=1e-6)
    if isinstance(ours, Solar) and isinstance(theirs, Solar):
        # Tables keep six places of a degree.
        near = (
            math.isclose(a, b, abs_tol=1e-5)
            for a, b in (
                (ours.latitude, theirs.latitude),
                (ours.longitude, theirs.longitude),
            )
        )
        return ours.event == theirs.event and all(near)
    if isinstance(ours, Crontab) and isinstance(theirs, Crontab):
        return fields(ours) == fields(theirs) and (
            not (in_zone(ours) or in_zone(theirs)) or same_zone(plan.timezone, other.timezone)
        )
    return ours == theirs
