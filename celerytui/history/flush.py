"""What is written at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from celerytui.model import Alert, Mark, Queue, Task, Worker


class Gap(NamedTuple):
    """A time of which nothing was recorded; `until` is None while it lasts."""

    since: float
    until: float | None
    reason: str


class AlertChange(NamedTuple):
    """That an alert was raised, or went."""

    raised: bool
    alert: Alert


class Flush(NamedTuple):
    """Copies of what changed: tasks in any state, samples, and what happened.

    `actions` are entries of the action log as JSON, each with its time; `dropped` is how many tasks
    of this session could not be recorded so far. Samples are of the time `at`, None for now.
    """

    tasks: Sequence[Task] = ()
    workers: Sequence[Worker] = ()
    queues: Sequence[Queue] = ()
    gaps: Sequence[Gap] = ()
    marks: Sequence[Mark] = ()
    actions: Sequence[tuple[float, str]] = ()
    alerts: Sequence[AlertChange] = ()
    dropped: int = 0
    at: float | None = None
