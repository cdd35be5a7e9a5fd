"""Tasks: what is known of each, and where it is in its life."""

from __future__ import annotations

import enum

from msgspec import Struct


class TaskState(enum.IntEnum):
    """Where a task is in its life, in the order in which a life goes."""

    SENT = 0
    RECEIVED = 1
    STARTED = 2
    RETRY = 3
    SUCCESS = 4
    FAILURE = 5
    REVOKED = 6
    REJECTED = 7
    CANCELLED = 8
    LOST = 9
    MISSED = 10

    @property
    def label(self) -> str:
        """The lower-case name that the screen shows and the filter takes."""
        return LABELS[self]

    @property
    def finished(self) -> bool:
        """Whether the worker is done with it (a lost or missed one may come back)."""
        return self >= TaskState.SUCCESS

    @property
    def guessed(self) -> bool:
        """Whether no event told it: lost with its worker, or ended and the end was not seen."""
        return self >= TaskState.LOST


LABELS = tuple(state.name.lower() for state in TaskState)


class Attempt(Struct, frozen=True, gc=False):
    """One earlier try of a task that was retried."""

    at: float
    exception: str | None
    traceback: str | None


class TaskExtra(Struct, gc=False):
    """The fields that few tasks have, kept apart so that the many stay small.

    `lost_from` is the state that a lost or missed task was in, `source` where its outcome was
    found, if not in its events, `resent` when it was sent once more while it ran.
    """

    exception: str | None = None
    traceback: str | None = None
    eta: str | None = None
    expires: str | None = None
    exchange: str | None = None
    routing_key: str | None = None
    client: str | None = None
    retried: float | None = None
    revoked: float | None = None
    rejected: float | None = None
    terminated: bool | None = None
    expired: bool | None = None
    signum: int | str | None = None
    requeue: bool | None = None
    worker_pid: int | None = None
    attempts: tuple[Attempt, ...] = ()
    lost_from: TaskState | None = None
    source: str | None = None
    resent: float | None = None


_NO_EXTRA = TaskExtra()


class Lineage(Struct, frozen=True, gc=False):
    """Where a task stands in its workflow."""

    root_id: str | None = None
    parent_id: str | None = None


OWN_ROOT = Lineage()
"""That of a task that nothing called, which is its own root: most are, and share this one."""


class Task(Struct, gc=False):
    """One task as far as it is known.

    `seq` is the order of arrival, `seen` the time of its newest event, `finished` when it
    succeeded, failed, was revoked or rejected.
    """

    # gc=False: nothing in it can refer back to it, and a million tracked objects would make each
    # full collection a pause that a key press feels.

    id: str
    seq: int
    state: TaskState = TaskState.SENT
    name: str | None = None
    worker: str | None = None
    queue: str | None = None
    args: str | None = None
    kwargs: str | None = None
    result: str | None = None
    retries: int | None = None
    sent: float | None = None
    received: float | None = None
    started: float | None = None
    finished: float | None = None
    runtime: float | None = None
    seen: float = 0.0
    lineage: Lineage | None = None
    extra: TaskExtra | None = None

    @property
    def root_id(self) -> str | None:
        """The first task of its workflow, itself where it is none."""
        lineage = self.lineage
        if lineage is None:
            return None
        return self.id if lineage is OWN_ROOT else lineage.root_id

    @property
    def parent_id(self) -> str | None:
        """The task that called it."""
        return None if self.lineage is None else self.lineage.parent_id

    @property
    def more(self) -> TaskExtra:
        """The rare fields, all None where the task has none; to read, never to change."""
        return self.extra if self.extra is not None else _NO_EXTRA

    @property
    def waited(self) -> float | None:
        """Seconds from sent (else received) to started; None while either end is unknown."""
        begin = self.sent if self.sent is not None else self.received
        if begin is None or self.started is None:
            return None
        return max(0.0, self.started - begin)

    def waiting(self, now: float) -> float | None:
        """Like `waited`, and counting up to `now` while the task has not started."""
        if self.started is not None or self.state.finished:
            return self.waited
        begin = self.sent if self.sent is not None else self.received
        return None if begin is None else max(0.0, now - begin)

    def running(self, now: float) -> float | None:
        """Seconds it ran: as the worker told, else as the events say, up to `now` if it runs."""
        if self.runtime is not None:
            return self.runtime
        if self.started is None:
            return None
        if self.state is TaskState.STARTED:
            return max(0.0, now - self.started)
        return None if self.finished is None else max(0.0, self.finished - self.started)
