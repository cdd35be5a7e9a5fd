"""The ended runs of a task, and which of them an event added, changed or took back.

Only events that are no usual step are looked at so: whatever they do to a task, the figures
follow what the task says afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from celerytui.model import Task, TaskState

RETRY = TaskState.RETRY
LOST = TaskState.LOST

Key = tuple[str | None, TaskState, float | None]
"""Worker, state and time of an end: what tells the runs of a task apart."""


class Ended(Struct, gc=False):
    """A run that ended. `shown` is False for an attempt, which does not keep how long it waited."""

    name: str | None
    worker: str | None
    queue: str | None
    state: TaskState
    runtime: float | None
    wait: float | None = None
    shown: bool = False


EndedRuns = Mapping[Key, Ended]
NONE: EndedRuns = MappingProxyType({})

KEPT = 20
"""Attempts that a task keeps: from so many on, older ones that are gone were only let go."""


def ended_runs(task: Task | None) -> EndedRuns:
    """The runs of a task that ended, as it has them now; what was only guessed did not end."""
    if task is None:
        return NONE
    extra, state = task.extra, task.state
    attempts = () if extra is None else extra.attempts
    ended = RETRY <= state < LOST
    if not ended and not attempts:
        return NONE
    runs: dict[Key, Ended] = {}
    for one in attempts:
        if RETRY <= one.state < LOST:
            runtime = _lasted(one.runtime, one.started, one.at)
            key = one.worker, one.state, one.at
            name = one.name or task.name
            runs[key] = Ended(name, one.worker, task.queue, one.state, runtime)
    if ended and not (state is RETRY and attempts and attempts[-1].state is RETRY):
        finished = task.finished
        runtime = _lasted(task.runtime, task.started, finished)
        runs[task.worker, state, finished] = Ended(
            task.name, task.worker, task.queue, state, runtime, task.waited, True
        )
    return runs


def _lasted(runtime: float | None, started: float | None, ended: float | None) -> float | None:
    if runtime is not None or started is None or ended is None:
        return runtime
    return max(0.0, ended - started)


def compare(
    before: EndedRuns,
    after: EndedRuns,
    add: Callable[[Ended], None],
    remove: Callable[[Ended], None],
) -> None:
    """Call `add` and `remove` for what makes the runs `before` those `after`."""
    for key, run in after.items():
        old = before.get(key)
        if old is None:
            add(run)
            continue
        if not (run.shown and old.shown):
            run.wait = old.wait
        if (run.name, run.runtime, run.wait) != (old.name, old.runtime, old.wait):
            remove(old)
            add(run)
    gone = before.keys() - after.keys()
    if gone:
        oldest = _oldest(after) if len(after) >= KEPT else None
        for key in gone:
            if oldest is None or (key[2] or 0.0) > oldest:
                remove(before[key])


def _oldest(runs: EndedRuns) -> float:
    return min((at for _, _, at in runs if at is not None), default=0.0)
