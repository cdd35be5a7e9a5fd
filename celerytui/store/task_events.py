"""What each kind of task event does to its task: the merge rules, a method for each kind.

Whether an event comes after what is known is asked of `merge.follows`. Fields that a task-received
brings are always its own (Task.merge_rules in celery.events.state); other events only fill them.
"""

from __future__ import annotations

from collections.abc import Callable

from celerytui.model import Attempt, Event, Task, TaskState
from celerytui.store.changes import ChangeLog
from celerytui.store.extras import own
from celerytui.store.merge import follows
from celerytui.store.messages import Messages
from celerytui.store.tasks import HeldTasks
from celerytui.store.workers import KnownWorkers

SENT = TaskState.SENT
RECEIVED = TaskState.RECEIVED
STARTED = TaskState.STARTED
RETRY = TaskState.RETRY
SUCCESS = TaskState.SUCCESS
FAILURE = TaskState.FAILURE
REVOKED = TaskState.REVOKED
REJECTED = TaskState.REJECTED
CANCELLED = TaskState.CANCELLED

SENT_LATE = 2.0
"""A client sends task-sent after the message itself, which a worker may have begun by then."""

MAX_ATTEMPTS = 20

Rule = Callable[[Event, str, Task | None], None]
"""What an event does to the task of that id, None where that is not held yet."""


class TaskEvents:
    """Applies task events; `now` is when the batch at hand came.

    `rules` has what to do for each type of event that names a task.
    """

    def __init__(
        self, table: HeldTasks, workers: KnownWorkers, changes: ChangeLog, messages: Messages
    ) -> None:
        self.now = 0.0
        self.latest_failure: str | None = None
        self._table = table
        self._tasks = table.by_id
        self._workers = workers
        self._records = workers.records
        self._note = changes.note
        self._common = messages.common
        self._begin = messages.begin
        self._describe = messages.describe
        self._fill = messages.fill
        self._address = messages.address
        self._set_clock = messages.set_worker_clock
        self._client_clocks = messages.client_clocks
        self._hear = workers.hear
        self.rules: dict[str, Rule] = {
            "task-sent": self._sent,
            "task-received": self._received,
            "task-started": self._started,
            "task-succeeded": self._succeeded,
            "task-failed": self._failed,
            "task-retried": self._retried,
            "task-revoked": self._revoked,
            "task-rejected": self._rejected,
            "task-cancelled": self._cancelled,
        }

    def _sent(self, event: Event, task_id: str, task: Task | None) -> None:
        # Its hostname is the client's, not a worker's.
        sent = event.timestamp
        if not self._workers.behind:
            self._client_clocks.take(event.hostname, sent, self.now)
        if task is None:
            task = self._begin(event, task_id, SENT)
            self._table.hold(task, None)
        elif self._in_queue(task, event):
            if task.state is not SENT:
                self._begin_try(task)
                self._table.move(task, SENT, None)
            self._describe(task, event)
        else:
            if task.state is STARTED and sent > task.seen + SENT_LATE:
                own(task).resent = sent
            self._fill(task, event)
        if task.sent is None or sent >= task.sent:
            task.sent = sent
            self._address(task, event)
            if task.more.client_shift and (record := self._records.get(task.worker or "")):
                self._set_clock(task, record.skew)
        self._touch(task, sent)

    def _received(self, event: Event, task_id: str, task: Task | None) -> None:
        record = self._hear(event.hostname, self.now)
        received = event.timestamp
        if task is None:
            task = self._begin(event, task_id, RECEIVED)
            task.queue = record.only_queue
            self._set_clock(task, record.skew)
            self._table.hold(task, record)
            self._note(task_id)
            return
        if task.state is SENT:
            self._table.move(task, RECEIVED, record)
        elif self._follows(task, RECEIVED, event):
            if task.state is not RECEIVED:
                self._begin_try(task)
            self._table.move(task, RECEIVED, record)
        elif task.received is not None and received <= task.received:
            self._touch(task, received)
            return
        self._describe(task, event)
        task.received = received
        self._set_clock(task, record.skew)
        if task.queue is None:
            task.queue = record.only_queue
        self._touch(task, received)

    def _started(self, event: Event, task_id: str, task: Task | None) -> None:
        record = self._hear(event.hostname, self.now)
        started = event.timestamp
        if task is None:
            task = self._table.admit(task_id, STARTED, started, record)
            task.started = started
            self._set_clock(task, record.skew)
        elif self._follows(task, STARTED, event):
            if task.state >= RETRY:
                self._begin_try(task)
            self._table.move(task, STARTED, record)
            task.started = started
            self._set_clock(task, record.skew)
        elif started > (task.started or 0.0) and started >= (task.received or 0.0):
            task.started = started
        self._touch(task, started)

    def _succeeded(self, event: Event, task_id: str, task: Task | None) -> None:
        task = self._finish(event, task_id, task, SUCCESS)
        if task is not None:
            task.runtime = event.runtime
            if event.result is not None:
                task.result = self._common(event.result)

    def _failed(self, event: Event, task_id: str, task: Task | None) -> None:
        task = self._finish(event, task_id, task, FAILURE)
        if task is not None:
            task.result = task.runtime = None
            extra = own(task)
            extra.exception = event.exception
            extra.traceback = event.traceback
            self.latest_failure = task.id

    def _revoked(self, event: Event, task_id: str, task: Task | None) -> None:
        task = self._finish(event, task_id, task, REVOKED)
        if task is not None:
            extra = own(task)
            extra.revoked = event.timestamp
            extra.terminated = event.terminated
            extra.expired = event.expired
            extra.signum = event.signum

    def _rejected(self, event: Event, task_id: str, task: Task | None) -> None:
        # After a task-failed it only tells how that message ended.
        task = self._finish(event, task_id, task, REJECTED) or task
        if task is not None:
            extra = own(task)
            extra.rejected = event.timestamp
            extra.requeue = event.requeue

    def _cancelled(self, event: Event, task_id: str, task: Task | None) -> None:
        # Its worker lost the broker; the task is to be delivered again.
        self._finish(event, task_id, task, CANCELLED)

    def _retried(self, event: Event, task_id: str, task: Task | None) -> None:
        # One try is over, and another will come.
        record = self._hear(event.hostname, self.now)
        retried = event.timestamp
        if task is None:
            task = self._table.admit(task_id, RETRY, retried, record)
            in_order = True
        else:
            in_order = self._follows(task, RETRY, event)
            if in_order:
                self._table.move(task, RETRY, record)
        extra = own(task)
        if all(attempt.at != retried for attempt in extra.attempts):
            record.retried += 1
            attempt = Attempt(retried, event.exception, event.traceback)
            attempts = sorted((*extra.attempts, attempt), key=_at)
            extra.attempts = tuple(attempts[-MAX_ATTEMPTS:])
        extra.retried = max(retried, extra.retried or retried)
        if in_order:
            task.result = task.runtime = task.finished = None
            extra.exception = event.exception
            extra.traceback = event.traceback
        self._touch(task, retried)

    def custom(self, event: Event) -> None:
        """Take an event that the task itself sent: it runs, and more is not said."""
        record = self._records.get(event.hostname)
        if record is not None:
            record.worker.last_seen = self.now
        task = self._tasks.get(event.uuid or "")
        if task is not None:
            if task.state.guessed:
                self._table.revive(task)
            self._touch(task, event.timestamp)

    def _finish(
        self, event: Event, task_id: str, task: Task | None, state: TaskState
    ) -> Task | None:
        """Bring the event's task into a finished state; None if the event came late."""
        record = self._hear(event.hostname, self.now)
        finished = event.timestamp
        if task is not None and task.more.source is not None:
            own(task).source = None
        if task is None:
            task = self._table.admit(task_id, state, finished, record)
            record.count(state)
        elif self._follows(task, state, event):
            if task.state is RETRY or state is SUCCESS:
                _forget_failure(task)
            if task.state is not state:
                record.count(state)
            self._table.move(task, state, record)
        else:
            self._touch(task, finished)
            return None
        task.finished = finished
        self._touch(task, finished)
        return task

    def _follows(self, task: Task, new: TaskState, event: Event) -> bool:
        if task.state.guessed:
            newest = task.seen
            self._table.revive(task)
            if event.timestamp > newest and new <= STARTED:
                # Nothing of that try comes after its last news, so this is a new delivery.
                self._begin_try(task)
                return True
        hostname = event.hostname
        synced = task.worker == hostname or self._workers.synced(task.worker, hostname)
        return follows(task, new, event, synced)

    def _in_queue(self, task: Task, event: Event) -> bool:
        """Whether a task-sent says where the task is: a lost or missed one was sent once more."""
        if not task.state.guessed:
            return follows(task, SENT, event, True)
        if event.timestamp <= task.seen:
            return False
        self._table.revive(task)
        return True

    def _touch(self, task: Task, timestamp: float) -> None:
        if timestamp > task.seen:
            task.seen = timestamp
        self._note(task.id)

    def _begin_try(self, task: Task) -> None:
        task.started = task.finished = task.runtime = task.result = None
        if task.more.source is not None or task.more.resent is not None:
            extra = own(task)
            extra.source = extra.resent = None
        _forget_failure(task)


def _forget_failure(task: Task) -> None:
    """Drop how an earlier try ended; its Attempt keeps it."""
    extra = task.extra
    if extra is not None and (extra.exception is not None or extra.traceback is not None):
        extra.exception = extra.traceback = None


def _at(attempt: Attempt) -> float:
    return attempt.at
