"""Entries of the schedule for unit tests."""

from __future__ import annotations

from typing import Any

from celerytui.model import EntryRun, Interval, PlannedEntry, TaskState


def plan(**more: Any) -> PlannedEntry:
    """An entry that sends `shop.sync` every 30 s, but for what is given."""
    values: dict[str, Any] = {
        "name": "sync",
        "task": "shop.sync",
        "timing": Interval(30.0),
        "source": "app.conf",
    }
    return PlannedEntry(**(values | more))


def run(at: float, state: TaskState = TaskState.SUCCESS, **more: Any) -> EntryRun:
    """A run that was sent at a time."""
    return EntryRun(f"id{at}", at, state, **more)
