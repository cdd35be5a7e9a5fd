"""What cannot be so: workers whose events do not agree with what they say of themselves.

An event that was lost, or never sent, leaves a task running for ever. Nothing here asks anybody:
each worker is looked at in its turn, and what is in doubt is kept until the worker answers or
agrees again. Durations are by the worker's own clock where its heartbeats tell that.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from msgspec import Struct

from celerytui.model import Task, TaskState
from celerytui.store.changes import ChangeLog
from celerytui.store.tasks import HeldTasks
from celerytui.store.usual import UsualTimes
from celerytui.store.worker_record import WorkerRecord
from celerytui.store.workers import KnownWorkers

RECEIVED = TaskState.RECEIVED
STARTED = TaskState.STARTED
LOST = TaskState.LOST
ENDED = (TaskState.SUCCESS, TaskState.FAILURE)

TIMES_RUNNING = 3
"""So many heartbeats, or looks, running have to disagree."""
LONG = 5.0
"""Shortest time that a task runs or waits before that is far longer than usual, in seconds."""
LONG_UNKNOWN = 20.0
"""The same for a type of which no task was seen to end."""
FAR = 3.0
"""How many times as long as the longest of its type is far longer."""
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0
"""How long a task is out of doubt once its worker confirmed it; the pause doubles each time."""

IDS = 50
"""Ids that one question has at the most."""
SAMPLE = 300
"""As many changes of a sweep are looked at for how long tasks usually take."""
LOOKED_THROUGH = 5_000
"""As many tasks of one worker are looked through."""
COST_OF_TURN, COST_OF_SWEEP = 500, 10_000
"""Tasks and workers that are looked at while the lock is held, and in one sweep."""


class _Watch(Struct):
    """What is remembered of a worker: its last heartbeats, and how often running each disagreed.

    `start` is when the newest task that it is known to have begun started, `order` the latest
    time from which on one of these waited to.
    """

    heard: float = 0.0
    beat: float = 0.0
    beat_before: float = 0.0
    crowded: int = 0
    below: int = 0
    above: int = 0
    start: float = 0.0
    order: float = 0.0


class _Confirmed(Struct):
    times: int
    until: float


class Contradictions:
    """Finds what is in doubt; the caller holds the lock at each call.

    `doubts` has, by hostname, the ids to ask that worker for, oldest first, none where it is to be
    asked what it runs.
    """

    def __init__(self, tasks: HeldTasks, workers: KnownWorkers, changes: ChangeLog) -> None:
        self.doubts: dict[str, tuple[str, ...]] = {}
        self._tasks = tasks
        self._records = workers.records
        self._runtimes, self._waits = workers.runtimes, workers.waits
        self._changes = changes
        self._watched: dict[str, _Watch] = {}
        self._confirmed: dict[str, _Confirmed] = {}
        self._waiting: list[str] = []
        self._looked = 0
        self._revision = 0

    def begin(self, now: float) -> None:
        """Begin a sweep: learn how long tasks take, and forget what is gone."""
        self._looked = 0
        self._runtimes.turn(now)
        self._waits.turn(now)
        changes = self._changes.revision - self._revision
        self._revision += changes
        for task_id in dict.fromkeys(self._changes.newest(min(SAMPLE, changes))):
            task = self._tasks.by_id.get(task_id)
            if task is not None and task.state in ENDED:
                self._learn(task)
        if len(self._confirmed) > 2 * len(self._tasks.eviction.unfinished) + 64:
            unfinished = self._tasks.eviction.unfinished
            self._confirmed = {id: one for id, one in self._confirmed.items() if id in unfinished}

    def turn(self, now: float) -> bool:
        """Look at some workers; False where all had their turn or it is enough for this sweep."""
        if not self._waiting:
            if self._looked:
                return False
            self._waiting = list(self._records)
            known: tuple[dict[str, Any], ...] = (self._watched, self.doubts, self._tasks.lost)
            for one in known:
                for hostname in one.keys() - self._records.keys():
                    del one[hostname]
        end = self._looked + COST_OF_TURN
        while self._waiting and self._looked < end:
            record = self._records.get(self._waiting.pop())
            self._looked += 1
            if record is not None:
                self._looked += min(len(record.tasks), LOOKED_THROUGH)
                self._look(record, now)
        return bool(self._waiting) and self._looked < COST_OF_SWEEP

    def confirm(self, ids: Iterable[str], now: float) -> None:
        """Their worker says that it has them: leave them alone for a while."""
        for task_id in ids:
            known = self._confirmed.get(task_id)
            times = 0 if known is None else known.times
            pause = min(FIRST_PAUSE * 2**times, LONGEST_PAUSE)
            self._confirmed[task_id] = _Confirmed(min(times + 1, 8), now + pause)

    def _learn(self, task: Task) -> None:
        started, received, name = task.started, task.received, task.name
        record = self._records.get(task.worker or "")
        if started is None or record is None:
            return
        # Hundreds come here at each sweep: `max` costs more than all else.
        watch = self._watch(record)
        if started > watch.start:
            watch.start = started
        ready = None if received is None else _ready(task)
        if ready is not None and ready > watch.order:
            watch.order = ready
        if name is not None:
            self._runtimes.note(name, task.runtime or (task.finished or 0.0) - started)
            if ready is not None:
                self._waits.note(name, started - ready if started > ready else 0.0)

    def _watch(self, record: WorkerRecord) -> _Watch:
        watch = self._watched.get(record.hostname)
        if watch is None:
            watch = self._watched[record.hostname] = _Watch()
        return watch

    def _look(self, record: WorkerRecord, now: float) -> None:
        worker, hostname = record.worker, record.hostname
        found: list[str] | None = None
        if not worker.alive or record.unsettled:
            self._watched.pop(hostname, None)
        elif hostname in self._tasks.lost:
            found = self._not_lost_after_all(record)
        elif record.tasks or worker.active:
            found = self._in_doubt(record, self._watch(record), now)
        else:
            self._watched.pop(hostname, None)
        if found is None:
            self.doubts.pop(hostname, None)
        else:
            self.doubts[hostname] = tuple(found)

    def _not_lost_after_all(self, record: WorkerRecord) -> list[str] | None:
        """The tasks that were lost with this worker, of which the same process is there again."""
        hostname = record.hostname
        lost = self._tasks.lost[hostname]
        for task_id in list(lost.ids):
            task = self._tasks.by_id.get(task_id)
            if task is None or task.state is not LOST or task.worker != hostname:
                lost.ids.discard(task_id)
        if not lost.ids or lost.process is not record.process:
            del self._tasks.lost[hostname]
            # It may have ended them all the same, and only then gone, or never been gone.
            self._tasks.missed.extend(lost.ids)
            return None
        return list(lost.ids)[:IDS]

    def _in_doubt(self, record: WorkerRecord, watch: _Watch, now: float) -> list[str] | None:
        """The ids in doubt; empty where the worker runs unknown tasks, None where all agrees."""
        # This is done for all unfinished tasks in turn: what is asked of each is asked in here.
        ids = record.tasks if record.alone else record.answerable()
        held = list(map(self._tasks.by_id.get, islice(ids, LOOKED_THROUGH)))
        started = [task for task in held if task is not None and task.state is STARTED]
        starts = [task.seen if task.started is None else task.started for task in started]
        unknown = self._compare(record, watch, starts, now)
        clock = now + (record.worker.clock_skew or 0.0)
        idle = record.worker.active == 0
        if watch.crowded >= TIMES_RUNNING or watch.below >= TIMES_RUNNING:
            before = watch.beat_before if watch.beat else clock
            doubted = [one for one, at in zip(started, starts, strict=True) if at < before]
        else:
            before = min(clock - LONG, clock if idle else max(watch.start, *starts, 0.0))
            doubted = [
                task
                for task, at in zip(started, starts, strict=True)
                if at < before and clock - at > _far_beyond(self._runtimes, task)
            ]
        order = max((_ready(task) for task in started if task.received is not None), default=0.0)
        before = min(clock - LONG, clock if idle else max(watch.order, order))
        doubted += [
            task
            for task in held
            if task is not None
            and task.state is RECEIVED
            and (at := _ready(task)) < before
            and clock - at > _far_beyond(self._waits, task)
        ]
        if not doubted:
            return [] if unknown else None
        doubted.sort(key=_since)
        known = self._confirmed.get
        asked = [
            task.id
            for task in doubted
            if (confirmed := known(task.id)) is None or confirmed.until <= now
        ]
        return asked[:IDS] if asked or unknown else None

    def _compare(
        self, record: WorkerRecord, watch: _Watch, starts: list[float], now: float
    ) -> bool:
        """Compare the started tasks with what the worker counts; True: it runs unknown ones."""
        worker = record.worker
        slots = worker.concurrency
        crowded = slots is not None and 0 < slots < len(starts)
        watch.crowded = watch.crowded + 1 if crowded else 0
        if worker.last_heartbeat is not None and worker.last_heartbeat != watch.heard:
            watch.heard = worker.last_heartbeat
            watch.beat_before = watch.beat
            watch.beat = worker.last_heartbeat + (worker.clock_skew or 0.0)
            active = worker.active
            # Task events come later than the heartbeat that counts them already.
            older = sum(at < watch.beat_before for at in starts)
            watch.below = watch.below + 1 if active is not None and active < older else 0
            quiet = now - record.told > TIMES_RUNNING * worker.freq
            watch.above = watch.above + 1 if active and not starts and quiet else 0
        return watch.above >= TIMES_RUNNING


def _far_beyond(usual: UsualTimes, task: Task) -> float:
    """How long is far longer than a task of its type takes, in seconds."""
    longest = usual.longest(task.name)
    return LONG_UNKNOWN if longest is None else max(LONG, FAR * longest)


def _ready(task: Task) -> float:
    """Since when its worker may have started it: it had it, and its ETA had come."""
    at = task.received or task.seen
    extra = task.extra
    eta = None if extra is None else extra.eta
    return at if eta is None or eta < at else eta


def _since(task: Task) -> float:
    return task.started if task.started is not None else task.seen
