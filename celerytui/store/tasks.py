"""The tasks that are held, what state each is in, and on which worker."""

from __future__ import annotations

from collections import deque
from itertools import count

from msgspec import Struct

from celerytui.model import Task, TaskState
from celerytui.store.changes import ChangeLog
from celerytui.store.eviction import Eviction
from celerytui.store.extras import own
from celerytui.store.families import Families
from celerytui.store.processes import Process
from celerytui.store.worker_record import WorkerRecord
from celerytui.store.workers import KnownWorkers

SENT = TaskState.SENT
RECEIVED = TaskState.RECEIVED
STARTED = TaskState.STARTED
SUCCESS = TaskState.SUCCESS
LOST = TaskState.LOST
MISSED = TaskState.MISSED

MAX_MISSED = 10_000
"""As many missed tasks wait to be looked up; the oldest ones make room."""
MAX_LOST = 2_000
"""As many lost tasks of one worker are asked for when it is back."""

MAX_FAILING = 50_000
"""As many tasks wait to have their failures counted."""

MAX_DEPARTED = 100_000
"""As many evicted tasks are kept for who follows the changes."""

FAILS = tuple(
    state is TaskState.RETRY or (state > SUCCESS and state is not TaskState.CANCELLED)
    for state in TaskState
)
"""By state: whether it says that something went wrong in a run."""

STATES = len(TaskState)
NEW = STATES * STATES


class LostWith(Struct):
    """The process of a worker that was taken for gone, and the tasks that were lost with it."""

    process: Process | None
    ids: set[str]


class HeldTasks:
    """Up to `max_tasks` tasks by id.

    `moves` counts the steps from one state to another, at `old * STATES + new`, and at
    `NEW + state` those that were not held; `evicted` what went from each state to make room.
    `missed` are the ids of those that nobody looked up yet, `lost` of those that went down with a
    worker's process, by its hostname, to be asked for should it be there after all.
    `failing` are the tasks whose failures changed since somebody counted them, by their identity;
    `unlooked` how many more there were. `departed` are the tasks that were evicted since somebody
    took them, by id, with the number of that change, None where nobody does; `undeparted` how many
    more there were.
    """

    def __init__(
        self,
        max_tasks: int,
        workers: KnownWorkers,
        changes: ChangeLog,
        numbers: count[int] | None = None,
    ) -> None:
        self.max_tasks = max(1, max_tasks)
        self.by_id: dict[str, Task] = {}
        self.moves = [0] * ((STATES + 1) * STATES)
        self.evicted = [0] * STATES
        self.eviction = Eviction()
        self.families = Families()
        self._records = workers.records
        self._changes = changes
        self.numbers = count(1) if numbers is None else numbers
        self.missed: deque[str] = deque(maxlen=MAX_MISSED)
        self.lost: dict[str, LostWith] = {}
        self.failing: dict[int, Task] = {}
        self.unlooked = 0
        self.departed: dict[str, tuple[Task, int]] | None = None
        self.undeparted = 0

    def entered(self, state: TaskState) -> int:
        """How many tasks ever came into a state."""
        return sum(self.moves[state::STATES])

    def counts(self) -> list[int]:
        """How many of the held tasks are in each state."""
        left = [sum(self.moves[state * STATES : (state + 1) * STATES]) for state in TaskState]
        return [self.entered(state) - left[state] - self.evicted[state] for state in TaskState]

    def admit(
        self, task_id: str, state: TaskState, seen: float, record: WorkerRecord | None
    ) -> Task:
        """Hold a task of which no more is known, as `hold` does."""
        task = Task(task_id, 0, state, seen=seen)
        self.hold(task, record)
        return task

    def hold(self, task: Task, record: WorkerRecord | None) -> None:
        """Hold a task that was not known, on that worker, and make room for it.

        The caller notes the change.
        """
        task.seq = next(self.numbers)
        task_id, state = task.id, task.state
        self.by_id[task_id] = task
        self.moves[NEW + state] += 1
        if state < SUCCESS:
            self.eviction.unfinished[task_id] = task
        else:
            self.eviction.finish(task)
        if FAILS[state]:
            self.look_at(task)
        if record is not None:
            task.worker = record.hostname or None
            if state is RECEIVED or state is STARTED:
                record.tasks[task_id] = record.speaking
            if state is STARTED:
                record.running += 1
        if len(self.by_id) > self.max_tasks:
            self.evict()

    def hold_past(self, task: Task) -> None:
        """Hold a finished task that nobody watched; there is room, and it is the first to go."""
        task.seq = next(self.numbers)
        self.by_id[task.id] = task
        self.moves[NEW + task.state] += 1
        self.eviction.finish_past(task)
        if FAILS[task.state] or task.more.attempts:
            self.look_at(task)

    def move(self, task: Task, new: TaskState, record: WorkerRecord | None) -> None:
        """Bring a task into a state, on that worker (None: it stays where it is)."""
        old = task.state
        if old is STARTED:
            self._stop(task)
        if old is not new:
            self.moves[old * STATES + new] += 1
            task.state = new
            if old >= SUCCESS or new >= SUCCESS:
                self.eviction.move(task, old, new)
        elif new >= SUCCESS:
            self.eviction.end_again(task)
        if FAILS[new] or FAILS[old]:
            self.look_at(task)
        active = new is RECEIVED or new is STARTED
        if record is None:
            if not active:
                self.release(task)
            return
        hostname = record.hostname
        if not active or task.worker != hostname:
            self.release(task)
            task.worker = hostname or None
        if active:
            record.tasks[task.id] = record.speaking
        if new is STARTED:
            record.running += 1

    def look_at(self, task: Task) -> None:
        """Have the failures of a task counted, or no longer: something of them changed."""
        failing = self.failing
        if len(failing) < MAX_FAILING or id(task) in failing:
            failing[id(task)] = task
        elif task.state is TaskState.FAILURE:
            self.unlooked += 1

    def give_up(self, task: Task, state: TaskState) -> None:
        """Mark an unfinished task as lost or missed: no event will tell how it ended."""
        own(task).lost_from = task.state
        record = self._records.get(task.worker or "")
        if record is not None and state is LOST:
            self._note_lost(task, record)
        self.move(task, state, None)
        if state is MISSED:
            self.missed.append(task.id)
        self._changes.note(task.id)

    def _note_lost(self, task: Task, record: WorkerRecord) -> None:
        record.note_lost(task.id)
        process = record.tasks.get(task.id)
        lost = self.lost.get(record.hostname)
        if lost is None or lost.process is not process:
            lost = self.lost[record.hostname] = LostWith(process, set())
        if len(lost.ids) < MAX_LOST:
            lost.ids.add(task.id)

    def lose_all(
        self,
        record: WorkerRecord,
        ids: list[str],
        *,
        before: float,
        started: bool,
        state: TaskState = LOST,
        process: Process | None = None,
    ) -> None:
        """Lose those of `ids` that are still the worker's and had no news since `before`.

        Only those that have started, if `started` says so, and that are still that process's, if
        one is given. `state` is LOST or MISSED.
        """
        for task_id in ids:
            task, owner = self.by_id.get(task_id), record.tasks.get(task_id)
            if task is None:
                record.tasks.pop(task_id, None)
            elif owner is None or (process is not None and owner is not process):
                continue
            elif task.seen <= before and (task.state is STARTED or not started):
                self.give_up(task, state)

    def send_again(self, record: WorkerRecord, process: Process) -> None:
        """Put the tasks that a process received and did not start back into their queue."""
        for task_id in record.tasks_of(process):
            task = self.by_id.get(task_id)
            if task is not None and task.state is RECEIVED:
                self.move(task, SENT, None)
                task.worker = None
                if task.sent is not None:
                    task.received = None
                self._changes.note(task_id)

    def revive(self, task: Task) -> None:
        """Give a lost or missed task back the state that it was in."""
        extra = own(task)
        state = extra.lost_from
        extra.lost_from = extra.source = None
        record = self._records.get(task.worker or "")
        self.move(task, STARTED if state is None else state, record)

    def _stop(self, task: Task) -> None:
        """Count a started task as one that its worker runs no longer."""
        record = self._records.get(task.worker or "")
        if record is not None and task.id in record.tasks:
            record.running -= 1

    def release(self, task: Task) -> None:
        """Take a task from among those that its worker has at hand."""
        worker = task.worker
        if worker is not None:
            record = self._records.get(worker)
            if record is not None:
                record.tasks.pop(task.id, None)

    def evict(self) -> None:
        """Evict the task whose turn it is."""
        task = self.eviction.pop()
        if task is None:
            return
        state = task.state
        del self.by_id[task.id]
        self.evicted[state] += 1
        if state is STARTED:
            self._stop(task)
        if state < SUCCESS:
            self.release(task)
        self.families.leave(task)
        if FAILS[state] or (task.extra is not None and task.extra.attempts):
            self.look_at(task)
        departed = self.departed
        if departed is not None:
            if len(departed) < MAX_DEPARTED:
                departed[task.id] = task, self._changes.upcoming
            else:
                self.undeparted += 1
        self._changes.note(task.id)
