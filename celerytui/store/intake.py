"""Takes events into the store: usual ones in one loop, all others by the rule for their kind."""

from __future__ import annotations

from collections.abc import Callable

from celerytui.interpreter import give_way
from celerytui.model import MARK_EVENT, Batch, Event
from celerytui.store.changes import ChangeLog
from celerytui.store.course import ClusterCourse
from celerytui.store.custom_events import note_custom
from celerytui.store.event_errors import EventErrors
from celerytui.store.fast_path import FastPath
from celerytui.store.lock import FairLock
from celerytui.store.marks import Marks
from celerytui.store.messages import Messages
from celerytui.store.rates import Rates
from celerytui.store.skew import BEHIND_SECONDS
from celerytui.store.statistics import TypeStatistics
from celerytui.store.statistics.ended import ended_runs
from celerytui.store.summary import EventCounts
from celerytui.store.task_events import TaskEvents
from celerytui.store.tasks import HeldTasks
from celerytui.store.workers import KnownWorkers

EVENTS_AT_ONCE = 600
"""Events that are applied at one taking of the lock: about half a millisecond."""


class EventIntake:
    """Applies batches of events, by one thread at a time; `counts` has what came and was refused.

    Takes the store's lock itself, except in `turn_second`.
    """

    def __init__(
        self,
        lock: FairLock,
        tasks: HeldTasks,
        workers: KnownWorkers,
        changes: ChangeLog,
        messages: Messages,
        rates: Rates,
        statistics: TypeStatistics,
        marks: Marks,
        course: ClusterCourse,
    ) -> None:
        self.counts = EventCounts()
        self._lock = lock
        self._tasks = tasks
        self._workers = workers
        self._changes = changes
        self._rates = rates
        self._statistics = statistics
        self._marks = marks
        self._course = course
        self._second = 0
        self._events = TaskEvents(tasks, workers, changes, messages)
        self._errors = EventErrors(tasks, changes, self.counts)
        self._usual = FastPath(
            tasks,
            workers,
            changes,
            messages,
            self._rule,
            self._failed,
            statistics.take,
        )
        self._rules: dict[str, Callable[[Event], None]] = {
            "worker-online": self._worker_came,
            "worker-heartbeat": self._worker_came,
            "worker-offline": self._worker_went,
            MARK_EVENT: self._marked,
        }

    @property
    def latest_failure(self) -> str | None:
        """The id of the task that failed last; it may have been evicted since."""
        return self._events.latest_failure

    def apply(self, batch: Batch) -> None:
        """Take a batch of events in the order of their arrival."""
        events = batch.events
        now = batch.received_at
        with self._lock:
            self._rates.watch(now)
            self.turn_second(now)
            self.counts.add(batch)
            self._workers.behind = (batch.lag or 0.0) > BEHIND_SECONDS
            self._rates.events.add(int(now), len(events))
            self._changes.commit(other=batch.invalid > 0)
        for start in range(0, len(events), EVENTS_AT_ONCE):
            give_way()
            with self._lock:
                self._apply_slice(events[start : start + EVENTS_AT_ONCE], now)

    def _apply_slice(self, events: list[Event], now: float) -> None:
        self._events.now = now
        before = self._course.outcomes()
        self._usual.apply(events, now)
        new = self._course.book(before, now)
        if new.done:
            self._rates.done.add(int(now), new.done)
        if new.failed:
            self._rates.failed.add(int(now), new.failed)
        self._changes.commit(other=True)

    def _rule(self, event: Event) -> None:
        rule = self._events.rules.get(event.type)
        if rule is None:
            self._rules.get(event.type, self._other)(event)
        elif event.uuid is None:
            self.counts.reject(1)
        else:
            by_id, task_id = self._tasks.by_id, event.uuid
            task = by_id.get(task_id)
            before = ended_runs(task)
            rule(event, task_id, task)
            after = ended_runs(by_id.get(task_id) if task is None else task)
            self._statistics.follow(before, after, self._events.now)

    def _failed(self, event: Event) -> None:
        self._errors.take(event, self._events.now)

    def _worker_came(self, event: Event) -> None:
        self._workers.came(event, self._events.now)

    def _worker_went(self, event: Event) -> None:
        left = self._workers.went(event, self._events.now)
        if left is not None:
            # The broker delivers again what it holds back; what has started is finished first.
            self._tasks.send_again(*left)
            record, process = left
            process.had = tuple(record.tasks_of(process))

    def _marked(self, event: Event) -> None:
        self._marks.take(event, self._events.now - (self.counts.lag or 0.0))

    def _other(self, event: Event) -> None:
        if event.type.startswith("task-"):
            self._events.custom(event)
        else:
            record = self._workers.records.get(event.hostname)
            if record is not None:
                record.worker.last_seen = self._events.now
            task = self._tasks.by_id.get(event.uuid or "")
            if task is not None:
                note_custom(task, event)
                self._changes.note(task.id)

    def turn_second(self, now: float) -> None:
        """Book what the workers did under the second that has passed."""
        second = int(now)
        if second != self._second:
            self._workers.count_done(self._second)
            self._second = second
            self._course.sample(now)
