"""Workers, queues, the link to the broker, and what is wrong with them."""

from __future__ import annotations

import enum
from typing import Any, Literal

from msgspec import Struct

from celerytui.model.broker import LostTasks

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


WorkerStatus = Literal["online", "late", "lost", "stopping", "offline", "unknown"]


class Worker(Struct):
    """One worker as its events and its answers describe it.

    The part from `pool` on is known only after it answered an inspect; `inspected` says when.
    `active` and `processed` are what its heartbeats say, of its process' whole life; `succeeded`,
    `failed` and `retried` count what was seen of that process since `seen_since`, its first task
    event, and are None before. `running` is how many tasks it runs: those seen to start where it
    sends task events, else `active`.
    `task_events` is whether it sends task events, None while nothing proves either. `alerts` are
    filled in by `Health`, empty in what the store gives. `unsent` are the lists of its tasks that
    it could not reply with, `lost_tasks` those of its tasks that are lost, None for none.

    `pids` are those of its processes where more than one is at work under this name. `stopping`
    tasks are still to be finished by processes that shut down, which are given until
    `stopping_until`. Where a task may be why it is silent, `patience` says for how many seconds
    that is believed, and `usual` how long such tasks take, None where none was seen to end.
    `autoscaled` is whether it changes the size of its pool, `concurrency`, by itself.
    `silent_pings` of one without heartbeats are those that it left unanswered.
    """

    hostname: str
    first_seen: float
    last_seen: float
    last_heartbeat: float | None = None
    offline_since: float | None = None
    freq: float = 2.0
    pid: int | None = None
    active: int | None = None
    running: int | None = None
    processed: int | None = None
    loadavg: tuple[float, ...] | None = None
    sw_ident: str | None = None
    sw_ver: str | None = None
    sw_sys: str | None = None
    clock_skew: float | None = None
    succeeded: int | None = None
    failed: int | None = None
    retried: int | None = None
    seen_since: float | None = None
    done_per_second: float | None = None
    task_events: bool | None = None
    events_enabled_by_us: bool = False
    pool: str | None = None
    concurrency: int | None = None
    autoscaled: bool = False
    prefetch: int | None = None
    queues: tuple[str, ...] | None = None
    uptime: float | None = None
    inspected: float | None = None
    no_answer: float | None = None
    unsent: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()
    stopping: int = 0
    stopping_until: float | None = None
    patience: float | None = None
    usual: float | None = None
    silent_pings: int = 0
    status: WorkerStatus = "unknown"
    lost_tasks: LostTasks | None = None
    alerts: tuple[Alert, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether its heartbeats come, be they late."""
        return self.status in ("online", "late")

    @property
    def gone(self) -> bool:
        """Whether it takes no task and no command any more, or is taken not to."""
        return self.status in ("lost", "stopping", "offline")


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
    no reading. `growth` is messages a second as the last readings say, 0 where it stands;
    `empty_in` seconds to zero at that pace, None when unknown or never. `consumed` is False only
    when it is certain that no worker takes from it. `alerts` are as those of a worker.
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

    @property
    def unreadable(self) -> bool:
        """Whether it could not be read when that was tried: before, nothing is wrong with it."""
        return self.error is not None and self.read_at is not None


class LinkState(enum.Enum):
    """How the receiver stands with the broker."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    NO_EVENTS = "no events"
    STOPPED = "stopped"
    OFFLINE = "offline"


class Outage(enum.Enum):
    """Why there is no connection: nothing answers, the broker says no, or what answers is no use.

    The values are the words for it.
    """

    ABSENT = "no broker"
    REFUSED = "refused"
    UNUSABLE = "cannot connect"


class Link(Struct, frozen=True):
    """The connection to the broker at one moment.

    `since` is when this state began, `lost_at` from when on news of the last good connection is
    missing and `lost_for` why it ended, `error` what is wrong now, both in the client's words with
    passwords masked; `outage` is of what kind that is, and `remedy` the command that mends it,
    where one is known. `attempt` counts tries since the loss, `next_try` is when the next comes.
    Offline there is none: `lost_at` is up to when the history goes, None while that is not known.
    `note` says why events are read in a slower way than they could be, or can't come at all.
    """

    state: LinkState = LinkState.CONNECTING
    since: float = 0.0
    error: str | None = None
    attempt: int = 0
    next_try: float | None = None
    lost_at: float | None = None
    lost_for: str | None = None
    note: str | None = None
    outage: Outage | None = None
    remedy: str | None = None
