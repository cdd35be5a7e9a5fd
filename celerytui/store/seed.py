"""What the workers answer when asked: tasks that no event reported, and facts about themselves.

An answer is foreign data in Celery's shape at best, so each field is checked as it is read. It is
also older than the events that came since: it adds to what they say and never takes it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from celerytui.iso_time import epoch
from celerytui.model import Survey, Task, TaskState, Worker, id_text
from celerytui.store.changes import ChangeLog
from celerytui.store.extras import own
from celerytui.store.messages import Messages
from celerytui.store.tasks import HeldTasks
from celerytui.store.worker_record import WorkerRecord
from celerytui.store.workers import KnownWorkers

RECEIVED = TaskState.RECEIVED
STARTED = TaskState.STARTED
RETRY = TaskState.RETRY
MISSED = TaskState.MISSED

SETTLED = 5.0
"""Seconds without news after which a task that its worker does not list is not there."""

STEP = 100
"""Tasks, or facts of workers, that are taken at one step."""

LONGEST_REPR = 1024
MAX_NAMES = 10_000
OLDEST_START = 366 * 86400.0

# What `worker -P` calls them, where the module is called otherwise.
POOLS = {"thread": "threads"}


class Seeding:
    """Applies surveys to the tasks and workers; the caller holds the lock at each step.

    `acks_late` is task name -> whether a running task of it was not acknowledged yet.
    """

    def __init__(
        self, tasks: HeldTasks, workers: KnownWorkers, changes: ChangeLog, messages: Messages
    ) -> None:
        self._tasks = tasks
        self._workers = workers
        self._changes = changes
        self._messages = messages
        self.acks_late: dict[str, bool] = {}

    def steps(self, survey: Survey) -> Iterator[None]:
        """Take a survey step by step: facts first, then tasks, then what is missing.

        Events may be applied between two steps. Each step looks anew at what is held.
        """
        listed: set[str | None] = set()
        work = chain(
            self._facts(survey), self._listed(survey, listed), self._settle(survey, listed)
        )
        for count, _ in enumerate(work, 1):
            if count % STEP == 0:
                yield
        yield

    def _facts(self, survey: Survey) -> Iterator[None]:
        now = survey.taken_at
        for hostname in _answered(survey):
            record = self._workers.get(hostname, now)
            _take_process(record, survey.stats.get(hostname), now)
            yield
            _take_presence(record.worker, now)
            _take_unsent(record.worker, survey)
            yield
        for hostname in survey.missing:
            known = self._workers.records.get(hostname)
            if known is not None:
                known.worker.no_answer = now
            yield
        for hostname, stats in survey.stats.items():
            if isinstance(stats, dict):
                _take_stats(self._workers.get(hostname, now).worker, stats)
            yield
        for hostname, queues in survey.active_queues.items():
            self._take_queues(self._workers.get(hostname, now), queues)
            yield

    def _listed(self, survey: Survey, listed: set[str | None]) -> Iterator[None]:
        """Take the tasks that the workers named; their ids come into `listed`."""
        now = survey.taken_at
        for hostname, state, info, eta in _tasks(survey):
            listed.add(id_text(info.get("id")))
            record = self._workers.get(hostname, now)
            if state is STARTED:
                self.take_active(record, info, now)
            else:
                self.take_waiting(record, info, eta, now)
            yield

    def _take_queues(self, record: WorkerRecord, queues: Any) -> None:
        names = [_text(queue.get("name")) for queue in _dicts(queues)]
        known = [self._messages.queue_name(name) for name in names if name]
        record.set_queues(tuple(known))

    def take_active(self, record: WorkerRecord, info: dict[str, Any], now: float) -> None:
        """Take a task that a worker says it runs."""
        task = self._place(record, info, STARTED, now)
        if task is None:
            return
        self._learn_acks(task, info)
        if task.state is STARTED and task.started is None:
            task.started = _start(info.get("time_start"), record.skew.theirs(now))
            self._messages.set_worker_clock(task, record.skew)
        pid = _count(info.get("worker_pid"))
        if pid is not None and task.state is STARTED and task.more.worker_pid != pid:
            own(task).worker_pid = pid
            self._changes.note(task.id)

    def _learn_acks(self, task: Task, info: dict[str, Any]) -> None:
        """A running task is acknowledged by now unless its kind acknowledges late."""
        acknowledged, name = info.get("acknowledged"), task.name
        if (
            name is None
            or not isinstance(acknowledged, bool)
            or not _number(info.get("time_start"))
        ):
            return
        if name in self.acks_late or len(self.acks_late) < MAX_NAMES:
            self.acks_late[name] = not acknowledged

    def take_waiting(
        self, record: WorkerRecord, info: dict[str, Any], eta: str | None, now: float
    ) -> None:
        """Take a task that a worker says it holds."""
        task = self._place(record, info, RECEIVED, now)
        if task is not None and eta is not None and task.more.eta is None:
            own(task).eta = epoch(eta)
            self._changes.note(task.id)

    def _place(
        self, record: WorkerRecord, info: dict[str, Any], state: TaskState, now: float
    ) -> Task | None:
        """Hold the task at least at `state` unless events say more; None if they say otherwise."""
        task_id = id_text(info.get("id"))
        if not task_id:
            return None
        record.speaking = record.tasks.get(task_id, record.process)
        task = self._tasks.by_id.get(task_id)
        if task is None:
            theirs = record.skew.theirs(now)
            seen = _start(info.get("time_start"), theirs) if state is STARTED else theirs
            task = self._tasks.admit(task_id, state, seen, record)
        elif task.state.guessed:
            self._tasks.revive(task)
            if task.state < state:
                self._tasks.move(task, state, record)
        elif task.state < state or (
            task.state is RETRY and task.seen < record.skew.theirs(now - SETTLED)
        ):
            if task.state is RETRY:
                task.started = task.finished = task.result = task.runtime = None
            self._tasks.move(task, state, record)
        elif task.state.finished or task.state is RETRY:
            return None
        self._changes.note(task.id)
        self._describe(task, info, reprs=state is STARTED)
        return task

    def _describe(self, task: Task, info: dict[str, Any], *, reprs: bool) -> None:
        """Take a task's name, queue and arguments, which are reprs, or as they are."""
        name = _text(info.get("name")) or _text(info.get("type"))
        if task.name is None and name:
            task.name = self._messages.task_name(name)
        if task.args is None:
            task.args = (_shown if reprs else _repr_args)(info.get("args"))
        if task.kwargs is None:
            task.kwargs = (_shown if reprs else _repr)(info.get("kwargs"))
        delivery = info.get("delivery_info")
        if task.queue is None and isinstance(delivery, dict):
            # Celery gives each queue a routing key of its own name unless configured otherwise.
            routing_key = _text(delivery.get("routing_key"))
            if routing_key:
                task.queue = self._messages.queue_name(routing_key)

    def _settle(self, survey: Survey, listed: set[str | None]) -> Iterator[None]:
        """Mark tasks as missed that their worker no longer runs and did not report.

        After a gap that goes for waiting ones too. Else not: a worker does not list what it holds
        back for a rate limit. A gap that ends after the survey ends this: another is to come.
        """
        taken_at = survey.taken_at
        for hostname in survey.active.keys() & survey.reserved.keys() & survey.scheduled.keys():
            if taken_at < self._workers.grace_from:
                return
            record = self._workers.records.get(hostname)
            if record is not None:
                absent = [task_id for task_id in record.answerable() if task_id not in listed]
                running_only = not record.unsettled
                record.unsettled = False
                for task_id in absent:
                    self._tasks.lose_all(
                        record,
                        [task_id],
                        before=record.skew.theirs(taken_at - SETTLED),
                        started=running_only,
                        state=MISSED,
                    )
                    yield
            yield


def _take_presence(worker: Worker, now: float) -> None:
    worker.inspected = now
    worker.no_answer = None
    if worker.status == "unknown":
        worker.status = "online"


def _take_unsent(worker: Worker, survey: Survey) -> None:
    """Note the lists that it could not reply with, until it replies with them."""
    hostname = worker.hostname
    known = {
        section for section in ("reserved", "scheduled") if hostname in getattr(survey, section)
    }
    unsent = {*worker.unsent, *survey.unsent.get(hostname, ())} - known
    if unsent != {*worker.unsent}:
        worker.unsent = tuple(sorted(unsent))


def _take_process(record: WorkerRecord, stats: Any, now: float) -> None:
    """Take the process that answered, which may be another one than before."""
    pid = _count(stats.get("pid")) if isinstance(stats, dict) else None
    if pid is None or any(one.pid == pid for one in record.processes()):
        return
    if record.process.pid is None:
        record.process.pid = record.worker.pid = pid
    else:
        record.begin(pid, now)


def _take_stats(worker: Worker, stats: dict[str, Any]) -> None:
    worker.uptime = _number(stats.get("uptime"))
    worker.prefetch = _count(stats.get("prefetch_count"))
    total = stats.get("total")
    if isinstance(total, dict):
        worker.processed = sum(_count(count) or 0 for count in total.values())
    pool = stats.get("pool")
    if isinstance(pool, dict):
        worker.concurrency = _count(pool.get("max-concurrency"))
        worker.pool = _pool_name(pool.get("implementation"))
        worker.autoscaled = bool(stats.get("autoscaler"))


def _answered(survey: Survey) -> set[str]:
    return set().union(
        survey.active, survey.reserved, survey.scheduled, survey.stats, survey.active_queues
    )


def _tasks(survey: Survey) -> Iterator[tuple[str, TaskState, dict[str, Any], str | None]]:
    """Each task that a worker named: by whom, at what state, its info, its ETA."""
    for hostname, infos in survey.active.items():
        for info in _dicts(infos):
            yield hostname, STARTED, info, None
    for hostname, infos in survey.reserved.items():
        for info in _dicts(infos):
            yield hostname, RECEIVED, info, None
    for hostname, entries in survey.scheduled.items():
        for entry in _dicts(entries):
            request = entry.get("request")
            if isinstance(request, dict):
                yield hostname, RECEIVED, request, _text(entry.get("eta"))


def _dicts(answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, list):
        return []
    return [item for item in answer if isinstance(item, dict)]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e15:
        return float(value)
    return None


def _count(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _start(value: Any, now: float) -> float:
    """When a task started, `now` where the figure cannot be that; both by its worker's clock."""
    started = _number(value)
    if started is None or started > now or started < now - OLDEST_START:
        return now
    return started


def _shown(value: Any) -> str | None:
    """A repr as the sender gave it, as JSON where that is no text."""
    if value is None or isinstance(value, str):
        return _repr(value)
    try:
        return _repr(json.dumps(value, ensure_ascii=False, default=str))
    except (ValueError, TypeError, RecursionError):
        return None


def _repr_args(value: Any) -> str | None:
    return _repr(tuple(value) if isinstance(value, list) else value)


def _repr(value: Any) -> str | None:
    """The value as task-received would show it, cut as Celery cuts it."""
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_REPR else text[: LONGEST_REPR - 3] + "..."


def _pool_name(implementation: Any) -> str | None:
    """ "prefork" from "celery.concurrency.prefork:TaskPool"."""
    if not isinstance(implementation, str) or not implementation:
        return None
    module = implementation.partition(":")[0].rpartition(".")[2]
    return POOLS.get(module, module)
