"""What each kind of task event does to its task: the merge rules, a method for each kind.

The next step of the one run that is known is taken here; every other event goes to `reruns`,
which asks whose run it belongs to. Fields that a task-received brings are always its own
(Task.merge_rules in celery.events.state); other events only fill them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from celerytui.model import Event, Revocation, Task, TaskState
from celerytui.store.changes import ChangeLog
from celerytui.store.custom_events import note_custom
from celerytui.store.extras import own
from celerytui.store.failures.raised import raised
from celerytui.store.messages import Messages, take_try
from celerytui.store.reruns import Reruns, take_revocation
from celerytui.store.retelling import RETOLD_EVENT
from celerytui.store.runs import LATE_SENT, Run, ran_for
from celerytui.store.tasks import FAILS, HeldTasks
from celerytui.store.worker_record import WorkerRecord
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

Rule = Callable[[Event, str, Task | None], None]
"""What an event does to the task of that id, None where that is not held yet."""


LABELLED = {state.label: state for state in TaskState if state >= RETRY}


class Place(enum.Enum):
    """What became of the end of a run: shown, added to the run that is shown, or neither."""

    SHOWN = enum.auto()
    ADDED = enum.auto()
    ELSEWHERE = enum.auto()


SHOWN, ADDED, ELSEWHERE = Place


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
        self._reruns = Reruns(table, workers, messages)
        self._address = messages.address
        self._queue_name = messages.queue_name
        self._set_clock = messages.set_worker_clock
        self._client_clocks = messages.client_clocks
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
            RETOLD_EVENT: self._retold,
        }

    def _sent(self, event: Event, task_id: str, task: Task | None) -> None:
        # Its hostname is the client's, not a worker's.
        sent = event.timestamp
        if not self._workers.behind:
            self._client_clocks.take(event.hostname, sent, self.now)
        if task is None:
            task = self._begin(event, task_id, SENT)
            self._table.hold(task, None)
            task.sent = sent
            self._address(task, event)
        elif sent == task.sent:
            self._fill(task, event)
            self._address(task, event)
        elif sent > self.now + LATE_SENT or (task.sent is None and self._brought(task, event)):
            # One that is stamped with a time to come cannot be compared with anything.
            self._fill(task, event)
            if task.sent is None:
                task.sent = sent
                self._address(task, event)
                if task.retries is None:
                    # Its worker's task-received, which says the same, was not heard.
                    take_try(task, event)
        else:
            self._reruns.take_sent(task, event)
        extra = task.extra
        if (
            extra is not None
            and extra.client_shift
            and (record := self._records.get(task.worker or ""))
        ):
            self._set_clock(task, record.skew)
        if FAILS[task.state]:
            # Its name may be known only now.
            self._table.look_at(task)
        self._touch(task, sent)

    def _brought(self, task: Task, event: Event) -> bool:
        """Whether a task-sent is that of the one run that is known, by its time and try."""
        more = task.more
        if task.state is SENT or more.attempts or more.messages:
            return False
        times = (task.received, task.started, task.finished)
        begin = next((at for at in times if at is not None), task.seen)
        begin -= self._workers.apart(task.worker, self._client_clocks.of(event.hostname))
        if event.timestamp <= begin:
            return True
        late = event.timestamp <= begin + LATE_SENT
        return late and task.retries is not None and event.retries in (None, task.retries)

    def _received(self, event: Event, task_id: str, task: Task | None) -> None:
        record = self._hear(event)
        received, worker = event.timestamp, record.hostname or None
        if task is None:
            task = self._begin(event, task_id, RECEIVED)
            task.queue = record.only_queue
            self._set_clock(task, record.skew)
            self._table.hold(task, record)
            self._note(task_id)
            return
        if _is_alone(task) and (
            received >= (task.sent or 0.0) or event.retries in (None, task.retries)
        ):
            self._table.move(task, RECEIVED, record)
            self._describe(task, event)
            take_try(task, event)
            task.received = received
            self._set_clock(task, record.skew)
        else:
            step = Run(worker, event.name, event.retries, received=received)
            self._reruns.take_received(task, event, step)
        if task.queue is None:
            task.queue = record.only_queue
        self._touch(task, received)

    def _started(self, event: Event, task_id: str, task: Task | None) -> None:
        record = self._hear(event)
        started, worker = event.timestamp, record.hostname or None
        if task is None:
            task = self._table.admit(task_id, STARTED, started, record)
            task.started = started
            self._set_clock(task, record.skew)
        elif _is_alone(task) or (
            task.state is RECEIVED and task.worker == worker and started >= (task.received or 0.0)
        ):
            self._table.move(task, STARTED, record)
            task.started = started
            self._set_clock(task, record.skew)
        elif task.state is STARTED and task.worker == worker and task.more.worker_pid is not None:
            # It was known to run from what its worker answered, which stamps it otherwise.
            if started >= (task.received or 0.0):
                task.started = started
        else:
            self._reruns.take(task, Run(worker, started=started, state=STARTED))
        self._touch(task, started)

    def _succeeded(self, event: Event, task_id: str, task: Task | None) -> None:
        if event.result is not None:
            event.result = self._common(event.result)
        self._finish(event, task_id, task, SUCCESS)

    def _failed(self, event: Event, task_id: str, task: Task | None) -> None:
        event.exception = raised(event.exception, event.traceback)
        task, place = self._finish(event, task_id, task, FAILURE)
        if place is SHOWN:
            self.latest_failure = task.id

    def _revoked(self, event: Event, task_id: str, task: Task | None) -> None:
        self._finish(event, task_id, task, REVOKED)

    def _rejected(self, event: Event, task_id: str, task: Task | None) -> None:
        # After a task-failed it only tells how that message ended.
        task, place = self._finish(event, task_id, task, REJECTED)
        if place is not ELSEWHERE:
            extra = own(task)
            extra.rejected = event.timestamp
            extra.requeue = event.requeue

    def _cancelled(self, event: Event, task_id: str, task: Task | None) -> None:
        # Its worker lost the broker; the task is to be delivered again.
        self._finish(event, task_id, task, CANCELLED)

    def _retried(self, event: Event, task_id: str, task: Task | None) -> None:
        # One try is over, and another will come.
        record = self._hear(event)
        retried = event.timestamp
        event.exception = raised(event.exception, event.traceback)
        if task is None:
            task = self._table.admit(task_id, SENT, retried, record)
        if self._reruns.take(task, _end(event, record, RETRY)) is not None:
            record.retried += 1
        self._touch(task, retried)

    def _retold(self, event: Event, task_id: str, task: Task | None) -> None:
        """Take what is known of a task from elsewhere than its events."""
        if task is None:
            task = self._table.admit(task_id, SENT, event.timestamp, None)
        self._fill(task, event)
        if task.queue is None and event.queue is not None:
            task.queue = self._queue_name(event.queue)
        if task.retries is None:
            take_try(task, event)
        fields = event.extra or {}
        state = LABELLED.get(str(fields.get("state")))
        if state is not None and task.state < SUCCESS:
            self._conclude(task, state, event)
        source = fields.get("source")
        if isinstance(source, str) and task.state >= RETRY:
            own(task).source = source
        self._touch(task, event.timestamp)

    def _conclude(self, task: Task, state: TaskState, event: Event) -> None:
        """Bring a task into the state that it ended in when nobody saw it."""
        if state.guessed:
            self._table.give_up(task, state)
            return
        self._table.move(task, state, self._records.get(task.worker or ""))
        task.result = event.result
        if event.exception is not None or event.traceback is not None:
            extra = own(task)
            extra.exception, extra.traceback = event.exception, event.traceback

    def _hear(self, event: Event) -> WorkerRecord:
        """The record of the event's worker, with the process that speaks."""
        record = self._workers.hear(event.hostname, self.now)
        record.hear(event, self.now)
        return record

    def custom(self, event: Event) -> None:
        """Take an event that the task itself sent: it runs, and more is not said."""
        record = self._records.get(event.hostname)
        if record is not None:
            record.worker.last_seen = self.now
            record.speaking = record.tasks.get(event.uuid or "", record.process)
        task = self._tasks.get(event.uuid or "")
        if task is not None:
            if task.state.guessed:
                self._table.revive(task)
            note_custom(task, event)
            self._touch(task, event.timestamp)

    def _finish(
        self, event: Event, task_id: str, task: Task | None, state: TaskState
    ) -> tuple[Task, Place]:
        """Take how a run ended."""
        record = self._hear(event)
        finished, place = event.timestamp, SHOWN
        if task is None:
            task = self._table.admit(task_id, state, finished, record)
            self._end(task, event, record)
        elif _is_alone(task) or _ends(task, event, record.hostname or None):
            self._table.move(task, state, record)
            self._end(task, event, record)
        else:
            run = self._reruns.take(task, _end(event, record, state))
            if run is not None and run.state is state and run.ended == finished:
                record.count(state)
            elif run is not None:
                place = ADDED
            if run is None or not run.shown:
                place = ELSEWHERE
        self._touch(task, finished)
        return task, place

    def _end(self, task: Task, event: Event, record: WorkerRecord) -> None:
        task.finished = event.timestamp
        task.runtime = event.runtime
        task.result = event.result
        if event.exception is not None or event.traceback is not None:
            extra = own(task)
            extra.exception = event.exception
            extra.traceback = event.traceback
        if task.state is REVOKED:
            take_revocation(task, event.timestamp, _revocation(event))
        record.count(task.state)

    def _touch(self, task: Task, timestamp: float) -> None:
        if timestamp > task.seen:
            task.seen = timestamp
        self._note(task.id)


def _is_alone(task: Task) -> bool:
    """Whether no more is known of a task than that it was sent, once."""
    if task.state is not SENT:
        return False
    more = task.more
    return not (more.attempts or more.messages)


def _ends(task: Task, event: Event, worker: str | None) -> bool:
    """Whether an event ends the run that the task shows, and can end no other."""
    if task.state is not STARTED or task.worker != worker:
        return False
    started, at = task.started or 0.0, event.timestamp
    return at >= started and ran_for(event.runtime, at, started)


def _end(event: Event, record: WorkerRecord, state: TaskState) -> Run:
    """The end that an event tells, as a step of a run."""
    return Run(
        record.hostname or None,
        ended=event.timestamp,
        state=state,
        exception=event.exception,
        traceback=event.traceback,
        result=event.result,
        runtime=event.runtime,
        revocation=_revocation(event) if state is REVOKED else None,
    )


def _revocation(event: Event) -> Revocation:
    return Revocation(event.terminated, event.expired, event.signum)
