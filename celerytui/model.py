"""Events, tasks, workers and queues: plain structs, no I/O, no formatting.

Times are Unix seconds on this machine's clock unless a field says otherwise, durations seconds.
`None` is "not known", never zero.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct


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

    @property
    def label(self) -> str:
        """The lower-case name that the screen shows and the filter takes."""
        return LABELS[self]

    @property
    def finished(self) -> bool:
        """Whether the worker is done with it (a lost one may come back)."""
        return self >= TaskState.SUCCESS


LABELS = tuple(state.name.lower() for state in TaskState)

# What a field may hold; the decoder checks it, a constructor does not. A sender outside these
# bounds is broken or hostile: no host, task or queue has such a name, no counter such a value.
Short = Annotated[str, Meta(max_length=255)]
Long = Annotated[str, Meta(max_length=1024)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Seconds = Annotated[float, Meta(ge=0, le=4e10)]
Hours = Annotated[float, Meta(ge=-26, le=26)]
Loads = Annotated[tuple[Seconds, ...], Meta(max_length=8)]


class Event(Struct, gc=False):
    """One event as it came off the wire, its known fields checked by type and bounds.

    `timestamp` is the sender's clock, `extra` the fields of a custom event. Fields of other kinds
    of event than this one stay None. Source: celery/events, docs "Monitoring: Event Reference".
    """

    type: Annotated[str, Meta(min_length=1, max_length=255)]
    hostname: Short = ""
    timestamp: Seconds = 0.0
    clock: Count | None = None
    pid: Count | None = None
    utcoffset: Hours | None = None
    uuid: Short | None = None
    name: Long | None = None
    args: str | None = None
    kwargs: str | None = None
    root_id: Short | None = None
    parent_id: Short | None = None
    retries: Count | None = None
    eta: Short | None = None
    expires: Short | None = None
    queue: Long | None = None
    exchange: Long | None = None
    routing_key: Long | None = None
    result: str | None = None
    runtime: Seconds | None = None
    exception: str | None = None
    traceback: str | None = None
    requeue: bool | None = None
    terminated: bool | None = None
    signum: Count | Short | None = None
    expired: bool | None = None
    freq: Seconds | None = None
    active: Count | None = None
    processed: Count | None = None
    loadavg: Loads | None = None
    sw_ident: Short | None = None
    sw_ver: Short | None = None
    sw_sys: Short | None = None
    extra: dict[str, Any] | None = None


class Batch(Struct):
    """What one read of the broker brought: good events, and how many were dropped as invalid.

    `lag` is by how many seconds the events came later than they do when nothing holds them up.
    """

    events: list[Event]
    received_at: float
    invalid: int = 0
    lag: float | None = None


class Attempt(Struct, frozen=True, gc=False):
    """One earlier try of a task that was retried."""

    at: float
    exception: str | None
    traceback: str | None


class TaskExtra(Struct, gc=False):
    """The fields that few tasks have, kept apart so that the many stay small."""

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


Severity = Literal["info", "warning", "critical"]


class Alert(Struct, frozen=True):
    """Something that is wrong now, as one of the detectors in `health` judged it.

    `id` is the detector's, `worker.lost`, and its part before the dot says what kind of thing
    `subject` names: a hostname, a queue; of what there is one only, that kind again. `since` is
    when it began, as far as that is known. `text` is one sentence, in which a name may be foreign;
    `evidence` the figures that it was judged by.
    """

    id: str
    subject: str
    severity: Severity
    since: float
    text: str
    evidence: dict[str, Any] = {}


WorkerStatus = Literal["online", "late", "lost", "offline", "unknown"]


class Worker(Struct):
    """One worker as its events and its answers describe it.

    The part from `pool` on is known only after it answered an inspect; `inspected` says when.
    `task_events` is whether it sends task events, None while nothing proves either. `alerts` are
    filled in by `Health`, empty in what the store gives.
    """

    hostname: str
    first_seen: float
    last_seen: float
    last_heartbeat: float | None = None
    offline_since: float | None = None
    freq: float = 2.0
    pid: int | None = None
    active: int | None = None
    processed: int | None = None
    loadavg: tuple[float, ...] | None = None
    sw_ident: str | None = None
    sw_ver: str | None = None
    sw_sys: str | None = None
    clock_skew: float | None = None
    succeeded: int = 0
    failed: int = 0
    retried: int = 0
    done_per_second: float | None = None
    task_events: bool | None = None
    events_enabled_by_us: bool = False
    pool: str | None = None
    concurrency: int | None = None
    prefetch: int | None = None
    queues: tuple[str, ...] | None = None
    uptime: float | None = None
    inspected: float | None = None
    no_answer: float | None = None
    status: WorkerStatus = "unknown"
    alerts: tuple[Alert, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether its heartbeats come, be they late."""
        return self.status in ("online", "late")

    @property
    def gone(self) -> bool:
        """Whether it is known not to run any more, or taken not to."""
        return self.status in ("lost", "offline")


class QueueDepth(Struct, frozen=True):
    """One reading of one queue; `error` says why a figure is missing."""

    name: str
    ready: int | None = None
    unacked: int | None = None
    consumers: int | None = None
    error: str | None = None


class Queue(Struct):
    """A queue with its history.

    `history` holds up to 120 samples of `ready`, one each 5 s, oldest first, None where there was
    no reading. `growth` is messages a second over the last minute, `empty_in` seconds to zero at
    that pace, None when unknown or never. `consumed` is False only when it is certain that no
    worker takes from it. `alerts` are as those of a worker.
    """

    name: str
    ready: int | None = None
    unacked: int | None = None
    consumers: int | None = None
    error: str | None = None
    read_at: float | None = None
    history: tuple[int | None, ...] = ()
    growth: float | None = None
    empty_in: float | None = None
    consumed: bool | None = None
    alerts: tuple[Alert, ...] = ()


class LinkState(enum.Enum):
    """How the receiver stands with the broker."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    NO_EVENTS = "no events"
    STOPPED = "stopped"


class Link(Struct, frozen=True):
    """The connection to the broker at one moment.

    `since` is when this state began, `lost_at` from when on news of the last good connection is
    missing and `lost_for` why it ended, `error` what is wrong now, both in the client's words with
    passwords masked; `attempt` counts tries since the loss, `next_try` is when the next comes.
    `note` says why events are read in a slower way than they could be.
    """

    state: LinkState = LinkState.CONNECTING
    since: float = 0.0
    error: str | None = None
    attempt: int = 0
    next_try: float | None = None
    lost_at: float | None = None
    lost_for: str | None = None
    note: str | None = None


class Reply(Struct, frozen=True):
    """One worker's answer to a command: `ok` None means that it did not answer."""

    worker: str
    ok: bool | None
    text: str


class Item(Struct, frozen=True):
    """What came of an action for one target: `ok` None means that it was not tried.

    `new_id` is the task that was sent for it.
    """

    target: str
    ok: bool | None
    text: str
    new_id: str | None = None


class Outcome(Struct, frozen=True):
    """What came of one action on its targets, with each worker's reply.

    `items` has one entry for each target where the action can tell them apart, else it is empty.
    `params` are the texts that were given, without those left empty. `expected` is what a worker
    should be like afterwards or was like before, by hostname, for the look back.
    """

    action: str
    targets: tuple[str, ...]
    replies: tuple[Reply, ...]
    started_at: float
    ended_at: float
    error: str | None = None
    items: tuple[Item, ...] = ()
    params: dict[str, str] = {}
    expected: dict[str, Any] = {}


class Finding(Struct, frozen=True):
    """What was seen of an action's effect some seconds later: `ok` None where nothing tells.

    `started_at` is that of the outcome it belongs to.
    """

    action: str
    started_at: float
    at: float
    ok: bool | None
    text: str


class Section(Struct, frozen=True):
    """One part of what a worker tells of itself, in Celery's own shape, secrets masked.

    Either `data` or, in one line, the `error` that stands in its place.
    """

    hostname: str
    name: str
    taken_at: float
    data: Any = None
    error: str | None = None


class ResultMeta(Struct, frozen=True):
    """What the result backend holds of a task; `error` says in one line why nothing was read.

    `status` is Celery's (PENDING also means that the backend has never heard of it), `result` a
    repr that is not cut short; `name` to `queue` are there with result_extended only.
    """

    task_id: str
    taken_at: float
    status: str | None = None
    result: str | None = None
    traceback: str | None = None
    date_done: str | None = None
    children: tuple[str, ...] = ()
    name: str | None = None
    args: str | None = None
    kwargs: str | None = None
    worker: str | None = None
    retries: int | None = None
    queue: str | None = None
    error: str | None = None


class Arguments(Struct, frozen=True):
    """A task's real arguments as JSON texts, and where they came from."""

    name: str
    args: str
    kwargs: str
    source: str
    queue: str | None = None
    priority: int | None = None


class Refusal(Struct, frozen=True):
    """Why a task's arguments are not known for certain, and the reprs that are known of them."""

    reason: str
    name: str | None = None
    known_args: str | None = None
    known_kwargs: str | None = None
    queue: str | None = None


class Survey(Struct, frozen=True):
    """What the workers answered when asked what they do.

    Each mapping is hostname -> that inspect command's answer, in Celery's own shape. A worker in
    `missing` was expected to answer and did not.
    """

    taken_at: float
    active: dict[str, list[dict[str, Any]]]
    reserved: dict[str, list[dict[str, Any]]]
    scheduled: dict[str, list[dict[str, Any]]]
    stats: dict[str, dict[str, Any]]
    active_queues: dict[str, list[dict[str, Any]]]
    missing: tuple[str, ...] = ()
