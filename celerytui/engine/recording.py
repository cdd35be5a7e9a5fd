"""Records into a history: what changed in the store, samples, and what happened, twice a second."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from celerytui.control import ActionLog, log_line
from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.health import Health
from celerytui.interpreter import give_way
from celerytui.model import Alert, Mark, Queue, Worker
from celerytui.settings import Settings
from celerytui.store import FROM_HISTORY, Store

if TYPE_CHECKING:
    from celerytui.history.flush import Flush, Gap
    from celerytui.history.history import Place, Writer

FLUSH_SECONDS = 0.35
"""A task that has not ended is written by the second flush after it began: within a second."""
FLUSH_TASKS = 2_000
"""Tasks of one transaction: a key press waits for what is between two slices of it."""
WRITE_SECONDS = 1.0
"""How long is written before there is a sign of life, and some of the pruning."""
SLICE = 250
"""Tasks that are noted before a key press goes first."""
BEHIND = 5_000
"""Changes that are as many as not to wait for the next turn."""
RETRY_SECONDS = 3.0
"""From one try to write to the next, where there is something in the way."""
WORKERS_SECONDS = 30.0
QUEUES_SECONDS = 10.0
PRUNE_SECONDS = 600.0
PRUNE_STEP_SECONDS = 0.1
"""How long is pruned between two flushes."""
SIZE_SECONDS = 5.0
DROPPED_SECONDS = 60.0
"""For so long it is said that tasks were dropped."""
CLOCKS_SLACK = 60.0
"""Seconds by which the clocks of workers may be behind ours, where it matters what is new."""
EVERYTHING_SLACK = 5.0
"""The same where theirs are corrected by what is known of them."""


class RecordingState(Struct, frozen=True):
    """How recording goes: `recorded` and `dropped` are tasks of this session that have ended.

    `trouble` says what is in the way, since `since`, and `standing_by` that another process records
    into the same place. `size` is that of the history in bytes.
    """

    place: str
    recorded: int = 0
    dropped: int = 0
    waiting: int = 0
    size: int = 0
    trouble: str | None = None
    since: float = 0.0
    standing_by: bool = False


class Recorder:
    """One thread runs it, until it is finished; any may read its `state`.

    `opened` is set once it records or stands by, `turned_at` is when it did something last, in
    monotonic seconds.

    What cannot be written waits, up to a bound, and is written once that is possible again.
    """

    def __init__(
        self,
        store: Store,
        health: Health,
        log: ActionLog,
        settings: Settings,
        clock: Callable[[], float],
        app: str,
        broker: str,
        place: Place,
    ) -> None:
        from celerytui.history.pending import Pending

        self._store = store
        self._health = health
        self._log = log
        self._settings = settings
        self._clock = clock
        self._app = app
        self._broker = broker
        self._place = place
        self._started = self._collected = clock()
        self._following = store.follow()
        self._pending = Pending()
        self._missed = 0
        self._finish = threading.Event()
        self._writer: Writer | None = None
        self._workers, self._queues = _Samples(), _Samples()
        self._pruning: Generator[None] | None = None
        self._happened = _Happened(self._started)
        self._due = dict.fromkeys(("retry", "workers", "queues", "prune", "size"), 0.0)
        self._cut = False
        self._dropped_at = -math.inf
        self.state = RecordingState(place.name)
        self.opened = threading.Event()
        self.turned_at = time.monotonic()

    def finish(self) -> None:
        """Have `run` write what there is, and end."""
        self._finish.set()

    def run(self) -> None:
        """Record until it is finished; blocks for the disk or the database."""
        if self._writer is None:
            self._writer = self._place.writer(
                self._app, self._broker, self._settings.keeping, self._started
            )
        writer = self._writer
        while not self._finish.is_set():
            began = self.turned_at = time.monotonic()
            more = self._turn(writer)
            if not more:
                self._finish.wait(max(0.0, began + FLUSH_SECONDS - time.monotonic()))
        self._end(writer)

    # One turn

    def _turn(self, writer: Writer) -> bool:
        """Collect and write; gives whether there is more of it right now."""
        self._collect()
        if not self._is_due("retry", 0.0):
            return False
        try:
            more = self._write(writer)
        except HistoryError as error:
            self._suffer(error)
            self._keep_house(writer)
            return False
        self._recover()
        self._keep_house(writer)
        return more or self._following.behind >= BEHIND

    def _collect(self) -> None:
        self._pending.turn()
        while True:
            found = self._following.take()
            self._missed += found.missed
            tasks = found.tasks
            if found.everything:
                newest = self._collected - EVERYTHING_SLACK
                tasks = [one for one in tasks if one.seen - one.more.worker_ahead >= newest]
            tasks = [one for one in tasks if one.more.source != FROM_HISTORY]
            for start in range(0, len(tasks), SLICE):
                give_way()
                self._pending.add(tasks[start : start + SLICE])
            if self._following.behind < BEHIND:
                self._collected = self._clock()
                return

    def _write(self, writer: Writer) -> bool:
        """Write what waits, for a second at the most; gives whether there is more."""
        if not writer.is_open:
            writer.open(self._clock())
            self.opened.set()
            if not self._cut and writer.resumed is not None:
                self._cut = True
                self._pending.forget_before(writer.resumed - CLOCKS_SLACK)
        end = time.monotonic() + WRITE_SECONDS
        while True:
            tasks = self._pending.next(FLUSH_TASKS)
            flush = self._flush(tasks)
            recorded = writer.write(flush, self._clock())
            for start in range(0, len(tasks), SLICE):
                give_way()
                some = slice(start, start + SLICE)
                self._pending.written(tasks[some], flush.tasks[some])
            self._workers.written()
            self._queues.written()
            self._happened.written()
            self._tell(recorded)
            if len(tasks) < FLUSH_TASKS:
                return False
            if time.monotonic() > end:
                return True
            # What changes meanwhile is known for some seconds only.
            self._collect()

    def _flush(self, live: list[Any]) -> Flush:
        from celerytui.history.flush import Flush

        workers: list[Worker] = []
        queues: list[Queue] = []
        if self._is_due("workers", WORKERS_SECONDS):
            workers = self._workers.news({one.hostname: one for one in self._health.workers()},
                                         _worker_figures)  # fmt: skip
        if self._is_due("queues", QUEUES_SECONDS):
            read = (one for one in self._store.queues() if one.read_at is not None)
            queues = self._queues.news({one.name: one for one in read}, _queue_figures)
        return Flush(
            self._following.copies(live),
            workers,
            queues,
            self._happened.gaps(self._store.gaps()),
            self._happened.marks(self._store.marks.received()),
            self._happened.actions(self._log),
            self._happened.alerts(list(self._health.alerts)),
            self._pending.dropped + self._missed,
        )

    def _keep_house(self, writer: Writer) -> None:
        if self._pruning is None and self._is_due("prune", PRUNE_SECONDS):
            self._pruning = writer.pruning(self._clock())
        if self._pruning is not None:
            # What changes meanwhile is known for some seconds only.
            end = time.monotonic() + PRUNE_STEP_SECONDS
            for _ in self._pruning:
                give_way()
                if time.monotonic() > end:
                    break
            else:
                self._pruning = None
        if self._is_due("size", SIZE_SECONDS):
            self.state = msgspec.structs.replace(self.state, size=writer.size)

    def _end(self, writer: Writer) -> None:
        if self._pruning is not None:
            self._pruning.close()
        self._collect()
        self._pending.turn()
        try:
            while self._write(writer):
                self._collect()
        except HistoryError as error:
            self._suffer(error)
        try:
            writer.close(self._clock())
        except HistoryError as error:
            self._suffer(error)

    # How it goes

    @property
    def trouble(self) -> str | None:
        """What is in the way of recording, None while it goes well or another process does it."""
        state = self.state
        if state.standing_by:
            return None
        if state.trouble is None and self._clock() - self._dropped_at < DROPPED_SECONDS:
            dropped = counted(state.dropped, "task")
            return f"{dropped} dropped: more end than can be written to {state.place}"
        return state.trouble

    @property
    def dropped(self) -> int:
        """Tasks that were not recorded, because they were too many for too long."""
        flawed = 0 if self._writer is None else self._writer.flawed
        return self._pending.dropped + self._missed + flawed

    def _tell(self, recorded: int) -> None:
        self._note_dropped()
        state = self.state
        self.state = msgspec.structs.replace(
            state,
            recorded=state.recorded + recorded,
            dropped=self.dropped,
            waiting=len(self._pending),
        )

    def _note_dropped(self) -> None:
        if self.dropped > self.state.dropped:
            self._dropped_at = self._clock()

    def _suffer(self, error: HistoryError) -> None:
        from celerytui.history.history import StandsBy

        self._due["retry"] = time.monotonic() + RETRY_SECONDS
        # What was to be written with it is not; and there may be something to make room with.
        self._due |= dict.fromkeys(("workers", "queues"), 0.0)
        if self.state.trouble is None:
            self._due["prune"] = 0.0
        by = isinstance(error, StandsBy)
        state, text = self.state, str(error)
        dropped = self.dropped
        if by:
            # The other process records them.
            self._pending.dropped = self._missed = 0
            dropped = self.dropped
            self.opened.set()
        else:
            self._note_dropped()
        since = state.since if state.trouble is not None else self._clock()
        self.state = msgspec.structs.replace(
            state,
            trouble=text,
            since=since,
            standing_by=by,
            dropped=dropped,
            waiting=len(self._pending),
        )

    def _recover(self) -> None:
        if self.state.trouble is not None:
            self.state = msgspec.structs.replace(self.state, trouble=None, standing_by=False)

    def _is_due(self, what: str, pace: float) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + pace
        return True


_Sampled = TypeVar("_Sampled")


class _Samples:
    """Which of those that there are have other figures than when they were written last."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._next: dict[str, Any] | None = None

    def news(
        self, found: Mapping[str, _Sampled], figures: Callable[[_Sampled], Any]
    ) -> list[_Sampled]:
        self._next = {name: figures(one) for name, one in found.items()}
        return [one for name, one in found.items() if self._known.get(name) != self._next[name]]

    def written(self) -> None:
        if self._next is not None:
            self._known, self._next = self._next, None


def _worker_figures(one: Worker) -> Any:
    return one.status, one.running, one.processed, one.succeeded, one.failed, one.retried


def _queue_figures(one: Queue) -> Any:
    return one.ready, one.unacked, one.consumers


class _Happened:
    """The gaps, marks, actions and alerts that are not written yet."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._actions = self._new_actions = frozenset[int]()
        self._gaps: frozenset[tuple[float, float | None]] = frozenset()
        self._new_gaps = self._gaps
        self._marks = self._new_marks = frozenset[Mark]()
        self._alerts: dict[tuple[str, str, float], Alert] = {}
        self._new_alerts = self._alerts

    def gaps(self, gaps: list[tuple[float, float | None]]) -> list[Gap]:
        from celerytui.history.flush import Gap

        self._new_gaps = frozenset(gaps)
        reason = "no connection to the broker"
        return [Gap(*one, reason) for one in gaps if one not in self._gaps]

    def marks(self, marks: Sequence[Mark]) -> list[Mark]:
        self._new_marks = frozenset(marks)
        return [one for one in marks if one not in self._marks]

    def actions(self, log: ActionLog) -> list[tuple[float, str]]:
        entries = [one for one in log.entries() if one.time >= self._started]
        self._new_actions = frozenset(one.number for one in entries)
        return [
            (one.time, json.dumps(log_line(one)))
            for one in entries
            if one.number not in self._actions
        ]

    def alerts(self, alerts: list[Alert]) -> list[Any]:
        from celerytui.history.flush import AlertChange

        now = {(one.id, one.subject, one.since): one for one in alerts}
        self._new_alerts = now
        raised = [AlertChange(True, one) for key, one in now.items() if key not in self._alerts]
        gone = [AlertChange(False, one) for key, one in self._alerts.items() if key not in now]
        return [*gone, *raised]

    def written(self) -> None:
        self._gaps, self._actions = self._new_gaps, self._new_actions
        self._marks, self._alerts = self._new_marks, self._new_alerts
