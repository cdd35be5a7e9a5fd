"""What comes of doubts: a worker's answer, and the outcomes that the result backend holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from celerytui.model import Task, TaskState
from celerytui.store.changes import ChangeLog
from celerytui.store.contradictions import Contradictions
from celerytui.store.extras import own
from celerytui.store.journal import Journal
from celerytui.store.lock import FairLock
from celerytui.store.seed import SETTLED, Seeding
from celerytui.store.statistics import TypeStatistics
from celerytui.store.statistics.ended import ended_runs
from celerytui.store.tasks import HeldTasks
from celerytui.store.worker_record import WorkerRecord
from celerytui.store.workers import KnownWorkers

SENT = TaskState.SENT
RECEIVED = TaskState.RECEIVED
STARTED = TaskState.STARTED
RETRY = TaskState.RETRY
SUCCESS = TaskState.SUCCESS
FAILURE = TaskState.FAILURE
LOST = TaskState.LOST
MISSED = TaskState.MISSED

OUTCOMES = {
    state.name: state for state in (SUCCESS, FAILURE, RETRY, TaskState.REVOKED, TaskState.REJECTED)
}
"""What a result backend may hold that says how a run ended."""

FROM_RESULTS = "result backend"
"""The source of what it said."""
SKEW = 2.0
"""A result that much older than its task's start is that of an earlier run."""
ON_NO_WORKER = (SENT, RETRY)
UNHEARD_AFTER = 5.0
"""So long after events come again the workers have said what they have."""
AT_ONCE = 1_000
"""Unfinished tasks that are looked at while the lock is held."""


class TaskOutcome(Struct, frozen=True):
    """What the result backend holds of a task: Celery's state, reprs, and when it ended."""

    task_id: str
    status: str
    result: str | None = None
    traceback: str | None = None
    at: float | None = None


class Settling:
    """Answers to what is in doubt are taken here; every method takes the store's lock."""

    def __init__(
        self,
        lock: FairLock,
        tasks: HeldTasks,
        workers: KnownWorkers,
        changes: ChangeLog,
        seeding: Seeding,
        statistics: TypeStatistics,
        journal: Journal,
    ) -> None:
        self._journal = journal
        self._lock = lock
        self._tasks = tasks
        self._workers = workers
        self._changes = changes
        self._seeding = seeding
        self._statistics = statistics
        self._contradictions = Contradictions(tasks, workers, changes)
        self._looked_until = 0.0

    def learn(self, now: float) -> None:
        """Learn from what is new how long tasks take; once a second, before `look`."""
        with self._lock:
            self._contradictions.begin(now)

    def look(self, now: float) -> None:
        """Look for what cannot be so; once a second."""
        more = True
        while more:
            with self._lock:
                more = self._contradictions.turn(now)
        self._look_for_unheard(now)

    def doubts(self) -> dict[str, tuple[str, ...]]:
        """The ids in doubt by worker; none where it seems to run what nobody knows of."""
        with self._lock:
            return dict(self._contradictions.doubts)

    def answered(
        self,
        hostname: str,
        asked: Sequence[str],
        found: Mapping[str, tuple[str, Mapping[str, Any]]],
        taken_at: float,
    ) -> list[str]:
        """Take what a worker answered to a question for `asked`: id -> (state there, info).

        Gives those that it has not started and does not name: it may hold them back for a rate
        limit, which is passed to `not_held`. An answer from before the end of a gap is none.
        """
        self._journal.note("answered", hostname, asked, found, taken_at)
        with self._lock:
            record = self._workers.records.get(hostname)
            if record is None or taken_at < self._workers.grace_from:
                return []
            for task_id, (place, info) in found.items():
                self._found(record, task_id, place, dict(info), taken_at)
            there = [id for id in asked if id in found and found[id][0] != "ready"]
            self._contradictions.confirm(there, taken_at)
            self._contradictions.doubts.pop(hostname, None)
            absent = [id for id in asked if id not in found or found[id][0] == "ready"]
            if not record.alone:
                # Another process of the name may have it: this one cannot tell.
                absent = [id for id in absent if id in set(record.answerable())]
            self._find_again(record, absent)
            waiting = [id for id in absent if not self._give_up(record, id, STARTED, taken_at)]
            self._changes.commit(other=True)
        return [id for id in waiting if self._is(record, id, RECEIVED)]

    def not_held(self, hostname: str, ids: Sequence[str], taken_at: float) -> None:
        """Note that a worker has none of these waiting ones."""
        self._journal.note("not_held", hostname, ids, taken_at)
        with self._lock:
            record = self._workers.records.get(hostname)
            if record is None or taken_at < self._workers.grace_from:
                return
            for task_id in ids:
                self._give_up(record, task_id, RECEIVED, taken_at)
            self._changes.commit()

    def held_back(self, ids: Sequence[str], now: float) -> None:
        """Note that these may wait for a rate limit, which nobody can see."""
        self._journal.note("held_back", ids, now)
        with self._lock:
            self._contradictions.confirm(ids, now)

    def missed(self, count: int) -> list[str]:
        """Take up to `count` tasks of which the end was, or may have been, missed, for a look-up.

        Each is taken once, unless it is put back.
        """
        with self._lock:
            waiting = self._tasks.missed
            return [waiting.popleft() for _ in range(min(count, len(waiting)))]

    def put_back(self, ids: Sequence[str]) -> None:
        """Have these looked up later."""
        with self._lock:
            self._tasks.missed.extendleft(reversed(ids))

    def put_last(self, task_id: str) -> None:
        """Have this one looked up after all others."""
        with self._lock:
            self._tasks.missed.append(task_id)

    def resolve(self, outcomes: Sequence[TaskOutcome]) -> None:
        """Take how missed tasks, or those that no worker is known to have, ended."""
        self._journal.note("resolve", outcomes)
        with self._lock:
            for outcome in outcomes:
                task = self._tasks.by_id.get(outcome.task_id)
                state = OUTCOMES.get(outcome.status)
                if task is not None and state is not None and _may_be(task, state, outcome):
                    self._end(task, state, outcome)
            self._changes.commit()

    def _look_for_unheard(self, now: float) -> None:
        """Have those looked up that a worker may have taken and ended while nobody heard it.

        What workers hold they said when asked afterwards; the rest is in a queue, or over.
        """
        with self._lock:
            until = self._workers.deaf_until
            if until <= self._looked_until or now < until + UNHEARD_AFTER:
                return
            self._looked_until = until
            ids = list(self._tasks.eviction.unfinished)
        for start in range(0, len(ids), AT_ONCE):
            with self._lock:
                held = map(self._tasks.by_id.get, ids[start : start + AT_ONCE])
                self._tasks.missed.extend(
                    task.id
                    for task in held
                    if task is not None and task.state in ON_NO_WORKER and task.seen <= until + SKEW
                )

    def _is(self, record: WorkerRecord, task_id: str, state: TaskState) -> bool:
        task = self._tasks.by_id.get(task_id)
        return task is not None and task.state is state and task_id in record.tasks

    def _find_again(self, record: WorkerRecord, ids: Sequence[str]) -> None:
        """Its process was there all the while, so these were not lost with it: they ended."""
        lost = self._tasks.lost.get(record.hostname)
        if lost is None or lost.process is not record.process:
            return
        for task_id in ids:
            task = self._tasks.by_id.get(task_id)
            if task_id in lost.ids and task is not None and task.state is LOST:
                self._tasks.revive(task)
                self._changes.note(task_id)

    def _found(
        self, record: WorkerRecord, task_id: str, place: str, info: dict[str, Any], at: float
    ) -> None:
        task = self._tasks.by_id.get(task_id)
        if place == "active":
            self._seeding.take_active(record, info, at)
        elif place == "reserved":
            if task is not None and task.state is STARTED and self._is_old(record, task_id, at):
                # It was delivered once more: the run that is known of is over.
                _begin_again(task)
                self._tasks.move(task, RECEIVED, record)
                self._changes.note(task_id)
            self._seeding.take_waiting(record, info, None, at)

    def _is_old(self, record: WorkerRecord, task_id: str, at: float) -> bool:
        """Whether it is the worker's and had no news when the worker answered."""
        task = self._tasks.by_id.get(task_id)
        return (
            task is not None
            and task_id in record.tasks
            and task.seen <= record.skew.theirs(at - SETTLED)
        )

    def _give_up(self, record: WorkerRecord, task_id: str, state: TaskState, at: float) -> bool:
        """Say that the worker has no longer what it had in that state; True if it was so."""
        task = self._tasks.by_id.get(task_id)
        if task is None or task.state is not state or not self._is_old(record, task_id, at):
            return False
        if _is_sent_again(task):
            _begin_again(task)
            self._tasks.move(task, SENT, None)
            self._changes.note(task_id)
        else:
            self._tasks.give_up(task, MISSED)
        return True

    def _end(self, task: Task, state: TaskState, outcome: TaskOutcome) -> None:
        if outcome.at is not None and outcome.at < _begun(task, outcome.at) - SKEW:
            return
        before = ended_runs(task)
        extra = own(task)
        extra.lost_from, extra.source = None, FROM_RESULTS
        self._tasks.move(task, state, None)
        record = self._workers.records.get(task.worker or "")
        if record is not None:
            record.count(state)
        if state is RETRY:
            extra.retried = outcome.at if outcome.at is not None else task.seen
        else:
            task.finished = outcome.at
        if state is SUCCESS:
            task.result = outcome.result
        elif state is TaskState.REVOKED:
            extra.revoked = outcome.at
        else:
            extra.exception, extra.traceback = outcome.result, outcome.traceback
        self._statistics.follow(before, ended_runs(task), self._statistics.now)
        self._changes.note(task.id)


def _may_be(task: Task, state: TaskState, outcome: TaskOutcome) -> bool:
    """Whether a task may have come to that end: of one that may run yet it has to be this run's."""
    if task.state in ON_NO_WORKER or task.state is LOST:
        return state is not RETRY and outcome.at is not None
    return task.state is MISSED


def _begun(task: Task, at: float) -> float:
    if task.state in ON_NO_WORKER:
        return task.seen
    begun = task.started if task.started is not None else task.received
    return at if begun is None else begun


def _is_sent_again(task: Task) -> bool:
    """Whether its next try was sent while it ran."""
    return task.more.run_retries is not None and (task.sent or 0.0) > (task.started or 0.0)


def _begin_again(task: Task) -> None:
    task.started = task.finished = task.runtime = task.result = None
    own(task).run_retries = None
