"""The processes that use one worker's name: which of them an event is from.

Two may do so for a while, as at each deploy, or for good, by mistake. A pid tells them apart, but
in containers every worker has pid 1. Then the sequences of their worker events do: the Lamport
clock and the count of tasks only grow in a process, and its heartbeats keep their distance.
"""

from __future__ import annotations

from collections.abc import Iterable

from celerytui.model import Event

MAX_FREQ = 3600.0
NEAR = 0.6
"""Heartbeats that are closer than this part of their interval are from two processes."""

AHEAD_TOLERATED = 60.0
"""Seconds ahead of us up to which a timestamp makes earlier ones old: beyond, it is nonsense."""


class Process:
    """One process of a worker.

    `began` is when its first event came, `seen` its last sign of life, `heartbeat` its last worker
    event (None: it sends none), `offline_since` its worker-offline, all by our clock; `beat` is the
    newest timestamp of its worker events, by its own. `clock`, `processed` and `active` are those
    of its last heartbeat, or of its worker-offline; `had` are the ids of what it still ran then.
    `lost_from` is the sign of life after which it was given up, `silent_pings` how many pings in a
    row it left unanswered, the first at `silent_from`.
    """

    __slots__ = (
        *("active", "beat", "began", "clock", "freq", "had", "heartbeat", "lost_from"),
        *("offline_since", "pid", "processed", "seen", "silent_from", "silent_pings"),
    )

    def __init__(self, pid: int | None, now: float) -> None:
        self.pid = pid
        self.began = self.seen = now
        self.heartbeat: float | None = None
        self.offline_since: float | None = None
        self.beat = 0.0
        self.clock: int | None = None
        self.processed: int | None = None
        self.active: int | None = None
        self.freq = 2.0
        self.had: tuple[str, ...] = ()
        self.lost_from: float | None = None
        self.silent_pings = 0
        self.silent_from = 0.0

    def take(self, event: Event, now: float) -> None:
        """Take a worker event of this process."""
        self.beat = max(self.beat, min(event.timestamp, now + AHEAD_TOLERATED))
        self.heartbeat = self.seen = now
        self.offline_since = now if event.type == "worker-offline" else None
        if event.pid is not None:
            self.pid = event.pid
        if event.clock is not None:
            self.clock = max(event.clock, self.clock or 0)
        # The answer to a broadcast heartbeat has no figures, and a made-up freq.
        if has_figures(event):
            if event.freq is not None and 0 < event.freq <= MAX_FREQ:
                self.freq = event.freq
            self.active = event.active if event.active is not None else self.active
            self.processed = event.processed if event.processed is not None else self.processed

    def may_send(self, event: Event, now: float) -> bool:
        """Whether a worker event can be from this process."""
        if self.pid is None or event.pid is None:
            return True
        if self.pid != event.pid:
            return False
        if self.heartbeat is None or event.timestamp <= self.beat:
            return True
        if self.clock is not None and event.clock is not None and event.clock <= self.clock:
            return False
        if self.processed is None or event.processed is None:
            return True
        if event.processed < self.processed:
            return False
        if event.type != "worker-heartbeat":
            return True
        nearest = NEAR * self.freq
        return event.timestamp - self.beat >= nearest or now - self.heartbeat >= nearest


def has_figures(event: Event) -> bool:
    """Whether it is a worker event that says what the worker does."""
    return event.active is not None or event.processed is not None or event.loadavg is not None


def sender(processes: Iterable[Process], event: Event, now: float) -> Process | None:
    """The process that sent a worker event, None if it is one that was not known."""
    fitting = [one for one in processes if one.may_send(event, now)]
    return max(fitting, key=_nearness, default=None)


def task_sender(
    processes: Iterable[Process], event: Event, owner: Process | None
) -> Process | None:
    """The process that sent a task event, None if it is one that was not known.

    `owner` is the process that had the task; only a task-received says that another has it.
    """
    fitting = [one for one in processes if one.pid is None or one.pid == event.pid]
    if owner in fitting and event.type != "task-received":
        return owner
    clock = event.clock
    if clock is None or len(fitting) < 2:
        return max(fitting, key=_nearness, default=None)
    return min(fitting, key=lambda one: abs((one.clock or 0) - clock))


def _nearness(process: Process) -> tuple[int, int, float]:
    return process.clock or 0, process.processed or 0, process.began
