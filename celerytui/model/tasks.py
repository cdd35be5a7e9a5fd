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
    def constant(self) -> str:
        """The state in Celery's constants, as result backends and documents have it.

        A task that was sent and not received is `PENDING` there, as to `celery.events.state`.
        """
        return _CONSTANTS[self]

    @property
    def finished(self) -> bool:
        """Whether the worker is done with it (a lost or missed one may come back)."""
        return self >= TaskState.SUCCESS

    @property
    def guessed(self) -> bool:
        """Whether no event reported it: lost with its worker, or ended and the end was not seen."""
        return self >= TaskState.LOST


LABELS = tuple(state.name.lower() for state in TaskState)
_CONSTANTS = tuple("PENDING" if state is TaskState.SENT else state.name for state in TaskState)
ENDED_STATES = tuple(state for state in TaskState if state >= TaskState.RETRY and not state.guessed)
"""What a run can be seen to end in."""
BY_CONSTANT = {state.constant: state for state in TaskState}


class Revocation(Struct, frozen=True, gc=False):
    """What a worker said of a task that it revoked."""

    terminated: bool | None
    expired: bool | None
    signum: int | str | None


class Attempt(Struct, frozen=True, gc=False):
    """One earlier run of a task: how it ended, or how far it came, at `at`.

    `retries` are those it was delivered with. Without an end (`state` is received, started,
    lost or missed) another run began before its end was seen, as when the task is replaced.
    """

    at: float
    exception: str | None
    traceback: str | None
    state: TaskState = TaskState.RETRY
    worker: str | None = None
    name: str | None = None
    retries: int | None = None
    received: float | None = None
    started: float | None = None
    runtime: float | None = None
    result: str | None = None
    revocation: Revocation | None = None
    source: str | None = None


class Message(Struct, frozen=True, gc=False):
    """That a task was sent: when, as which try, and with what ETA and expiry."""

    at: float
    retries: int | None
    eta: float | None = None
    expires: float | None = None


CLOCKS_AGREE = 0.5
"""Seconds that two clocks may be apart before what is compared across them is corrected.

What keeps a message on its way cannot be distinguished from a clock that is off by as little.
"""


PROGRESS_SLACK = 1.0
"""Seconds that the first report of a run may be stamped before its start: a process of the pool
sends the one, the worker the other."""


class Progress(Struct, frozen=True, gc=False):
    """How far a run is, as the task itself reported it `at` a time by its worker's clock.

    `total` is more than 0; None is what was not said, or is no number.
    """

    at: float
    current: float | None = None
    total: float | None = None
    message: str | None = None

    @property
    def part(self) -> float | None:
        """From 0 to 1; None where that cannot be told."""
        if self.current is None or self.total is None:
            return None
        return min(1.0, max(0.0, self.current / self.total))


class CustomEvent(Struct, frozen=True, gc=False):
    """An event of the application's own about a task: when by its sender, its type, its fields."""

    at: float
    type: str
    fields: str


class TaskExtra(Struct, gc=False):
    """The fields that few tasks have, kept apart so that the many stay small.

    `lost_from` is the state that a lost or missed task was in, `source` where its outcome was
    found, if not in its events.

    `worker_shift` and `client_shift` are by how many seconds the clock of its worker, and of the
    client that sent it, were ahead of ours at the time; None where they agreed with it. NaN is one
    that nothing is known of, where the other's is off.
    `attempts` are its earlier runs, oldest first, and that of a retry that is waited for.
    `messages` is kept where it was sent more than once, `run_retries` where its next try was sent
    while this one ran: the retries of this one. `progress` is what it reported last, in any of its
    runs; `custom_events` are the newest of other events that name it, in order of arrival.
    """

    exception: str | None = None
    traceback: str | None = None
    eta: float | None = None
    expires: float | None = None
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
    messages: tuple[Message, ...] = ()
    run_retries: int | None = None
    lost_from: TaskState | None = None
    source: str | None = None
    worker_shift: float | None = None
    client_shift: float | None = None
    progress: Progress | None = None
    custom_events: tuple[CustomEvent, ...] = ()

    @property
    def worker_ahead(self) -> float:
        """Seconds that its worker's clock is known to be ahead of ours."""
        return _known(self.worker_shift)

    @property
    def client_ahead(self) -> float:
        """Seconds that its client's clock is known to be ahead of ours."""
        return _known(self.client_shift)


def _known(shift: float | None) -> float:
    return shift if shift is not None and shift == shift else 0.0


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
    def progress(self) -> Progress | None:
        """How far the run that is shown is, None where it reported nothing."""
        extra = self.extra
        found = None if extra is None else extra.progress
        begin = self.started if self.started is not None else self.received
        if found is None or (begin is not None and found.at < begin - PROGRESS_SLACK):
            return None
        return found

    @property
    def apart(self) -> float | None:
        """Seconds that its worker's clock is ahead of its client's, 0 where they agree.

        None where they cannot be compared.
        """
        extra = self.extra
        if extra is None or extra.worker_shift == extra.client_shift:
            return 0.0
        apart = (extra.worker_shift or 0.0) - (extra.client_shift or 0.0)
        if apart != apart:
            return None if extra.worker_ahead or extra.client_ahead else 0.0
        return apart if abs(apart) >= CLOCKS_AGREE else 0.0

    @property
    def waited(self) -> float | None:
        """Seconds that it could have started earlier: since it was sent, else received.

        Neither the time until its ETA counts, nor what was before the end of an earlier try. None
        while an end is unknown, and where the clocks of both are too far apart to tell.
        """
        started, more = self.started, self.more
        if started is None or self.state is TaskState.RETRY:
            return None
        begin = self.received if self.sent is None else self.sent
        apart = 0.0 if self.sent is None else self.apart
        if begin is None or apart is None:
            return None
        waited = started - begin - apart
        if waited < -CLOCKS_AGREE:
            return None
        # The worker held it until the ETA by the clock that it stamps with.
        if more.eta is not None:
            waited = min(waited, started - more.eta)
        if more.retried is not None and more.retried <= started:
            waited = min(waited, started - more.retried)
        return max(0.0, waited)

    def waiting(self, now: float) -> float | None:
        """Like `waited`, and counting up to `now` while it could start and has not.

        Before its ETA nobody keeps it waiting, nor while it is to be tried again.
        """
        retry = self.state is TaskState.RETRY
        if self.state.finished or (self.started is not None and not retry):
            return self.waited
        more = self.more
        at_client, at_worker = now + more.client_ahead, now + more.worker_ahead
        if retry:
            waiting = None if more.eta is None else at_worker - more.eta
            return waiting if waiting is not None and waiting >= 0 else None
        if self.sent is not None:
            waiting = at_client - self.sent
        elif self.received is not None:
            waiting = at_worker - self.received
        else:
            return None
        if more.eta is not None:
            here = at_client if self.state is TaskState.SENT else at_worker
            waiting = min(waiting, here - more.eta)
            if waiting < 0:
                return None
        return max(0.0, waiting) if waiting >= -CLOCKS_AGREE else None

    def held_until(self, now: float) -> float | None:
        """The ETA before which it does not start, by our clock; None where that is no longer so."""
        more = self.more
        if more.eta is None or self.state.finished or self.state is TaskState.STARTED:
            return None
        sent = self.state is TaskState.SENT
        due = more.eta - (more.client_ahead if sent else more.worker_ahead)
        return due if due > now else None

    def clocks_differ(self, now: float) -> float | None:
        """Seconds that its client's and its worker's clock differ, where that hides its wait."""
        if self.sent is None:
            return None
        apart = self.apart
        if apart is None:
            return abs(self.more.worker_ahead or self.more.client_ahead)
        later = self.started if self.started is not None else self.received
        if later is None:
            later, apart = now, -self.more.client_ahead
        short = self.sent - (later - apart)
        return short if short > CLOCKS_AGREE and self.state is not TaskState.RETRY else None

    def ended_ago(self, now: float) -> float | None:
        """Seconds since it ended by our clock, None while it has not."""
        if self.finished is None:
            return None
        return max(0.0, now + self.more.worker_ahead - self.finished)

    def running(self, now: float) -> float | None:
        """Seconds it ran: by the worker's report, else by the events, up to `now` if it runs."""
        if self.runtime is not None:
            return self.runtime
        if self.started is None:
            return None
        if self.state is TaskState.STARTED:
            return max(0.0, now + self.more.worker_ahead - self.started)
        return None if self.finished is None else max(0.0, self.finished - self.started)
