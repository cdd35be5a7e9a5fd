"""What several sources say of the same entries, as one schedule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from celerytui.model import PlannedEntry
from celerytui.schedule.config import NAME as CONFIG
from celerytui.schedule.shelf import NAME as SHELF
from celerytui.schedule.words import schedule_words
from celerytui.schedule.zones import zone

CLEANUP = "celery.backend_cleanup"
"""The entry that beat adds by itself."""


def merge(
    read: Sequence[tuple[str, Sequence[PlannedEntry]]],
) -> list[tuple[PlannedEntry, tuple[str, ...]]]:
    """Each entry as the last source that has it says, and sentences on where others disagree.

    `read` has the names of the sources and their entries, in the order of their weight.
    """
    by_name: dict[str, dict[str, PlannedEntry]] = {}
    for source, plans in read:
        for plan in plans:
            by_name.setdefault(plan.name, {})[source] = plan
    names = [source for source, plans in read if plans]
    return [
        (list(found.values())[-1], tuple(_disagreements(found, names)))
        for _, found in sorted(by_name.items())
    ]


def _disagreements(found: Mapping[str, PlannedEntry], sources: Sequence[str]) -> Iterable[str]:
    kept, plan = list(found.items())[-1]
    for source, other in list(found.items())[:-1]:
        for what, ours, theirs in _compared(plan, other):
            if ours != theirs:
                yield f"{what}: {kept} has {ours}, {source} has {theirs}"
    stores = [source for source in sources if source != CONFIG]
    if CONFIG in sources and stores:
        if list(found) == [CONFIG]:
            yield f"only in {CONFIG}: beat has not stored it in {stores[-1]}"
        elif kept == SHELF and CONFIG not in found and plan.name != CLEANUP:
            yield f"only in {SHELF}: it is no longer in {CONFIG}"


def _compared(plan: PlannedEntry, other: PlannedEntry) -> Iterable[tuple[str, str, str]]:
    if plan.trouble or other.trouble:
        return
    yield "task", plan.task, other.task
    yield "schedule", _words(plan), _words(other)
    yield "args", repr(list(plan.args))[:200], repr(list(other.args))[:200]
    yield "kwargs", repr(dict(plan.kwargs))[:200], repr(dict(other.kwargs))[:200]


def _words(plan: PlannedEntry) -> str:
    return schedule_words(plan.timing, zone(plan.timezone))
