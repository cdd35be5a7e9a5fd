"""What nearly every event is: its task's next step, on the worker where it is.

A task is sent, received, starts and succeeds, in this order. From its receipt on that is taken here
in one loop, which asks no more than whether it is so; every other event goes to its rule, which
gives the same answer for these steps (a property test compares the two).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import length_hint

from celerytui.iso_time import epoch
from celerytui.model import OWN_ROOT, Event, Task, TaskExtra, TaskState, Worker
from celerytui.store.changes import ChangeLog
from celerytui.store.extras import SharedExtra
from celerytui.store.interning import SHARED_LENGTH
from celerytui.store.messages import Messages
from celerytui.store.processes import Process
from celerytui.store.runs import RUNTIME_SLACK
from celerytui.store.tasks import NEW, STATES, HeldTasks
from celerytui.store.worker_record import WorkerRecord
from celerytui.store.workers import KnownWorkers

SENT = TaskState.SENT
RECEIVED = TaskState.RECEIVED
STARTED = TaskState.STARTED
SUCCESS = TaskState.SUCCESS

TO_STARTED = RECEIVED * STATES + STARTED
TO_SUCCESS = STARTED * STATES + SUCCESS
SENT_TO_RECEIVED = SENT * STATES + RECEIVED
NEW_RECEIVED = NEW + RECEIVED

NOBODYS = object()
"""Stands for the pid where several processes have a worker's name."""

USUAL = frozenset(("task-received", "task-started", "task-succeeded"))


class FastPath:
    """Applies events in their order.

    `rule` takes those that are no usual step, `failed` those that raised, whatever they did until
    then: one of them does not cost the others. `ended` takes the tasks that succeeded, before
    anything else happens to them.
    """

    def __init__(
        self,
        table: HeldTasks,
        workers: KnownWorkers,
        changes: ChangeLog,
        messages: Messages,
        rule: Callable[[Event], None],
        failed: Callable[[Event], None],
        ended: Callable[[list[Task], float], None],
    ) -> None:
        self._table = table
        self._tasks = table.by_id
        self._unfinished = table.eviction.unfinished
        self._numbers = table.numbers
        self._workers = workers
        self._note = changes.note
        self._common = messages.common
        self._names = messages.task_names
        self._relate = messages.relate
        self._messages = messages
        self._nobody = WorkerRecord(Worker("", 0.0, 0.0))
        self._rule = rule
        self._failed = failed
        self._take_ended = ended
        self._ended: list[Task] = []

    def apply(self, events: list[Event], now: float) -> None:
        """Take the events of a batch, one or more, that came at `now`."""
        left = iter(events)
        while True:
            try:
                self._take(left, now)
                break
            except Exception:
                self._failed(events[-length_hint(left) - 1])
        self._take_ended(self._ended, now)
        last = events[-1]
        self._common.learn(last.args, last.kwargs, last.result)

    def _take(self, events: Iterator[Event], now: float) -> None:
        # How many events a second there can be hangs on this loop: what it needs is local, is
        # looked up once for each worker that speaks, and a usual event costs one call of Python at
        # the most, unless a clock is off.
        find, records = self._tasks.get, self._workers.records.get
        unfinished, succeed = self._unfinished, self._table.eviction.succeed
        note, common = self._note, self._common.known
        rule, hear = self._rule, self._workers.hear
        receive, deliver = self._receive, self._deliver
        set_clock, book = self._messages.set_worker_clock, self._book
        sent, received, started, success = SENT, RECEIVED, STARTED, SUCCESS
        slack = RUNTIME_SLACK
        ended, take_ended = self._ended, self._take_ended
        starts = successes = 0
        hostname: str | None = None
        record = self._nobody
        try:
            for event in events:
                kind, task_id, at = event.type, event.uuid, event.timestamp
                if kind in USUAL and task_id:
                    if event.hostname != hostname:
                        if starts or successes:
                            book(record, starts, successes)
                            starts = successes = 0
                        hostname = event.hostname
                        known = records(hostname)
                        if known is None or known.proven != now:
                            known = hear(hostname, now)
                        record = known
                        worker, forget = record.hostname, record.tasks.pop
                        process, shift = record.process, record.skew.shift
                        pid = NOBODYS if record.others else process.pid
                    task = find(task_id)
                    if task is None:
                        if kind == "task-received" and event.pid == pid:
                            receive(event, task_id, record, process)
                            continue
                    elif task.worker is worker and event.pid == pid:
                        state = task.state
                        if state is received:
                            if kind == "task-started" and at >= (task.received or 0.0):
                                task.state = started
                                task.started = at
                                if shift is not None:
                                    set_clock(task, record.skew)
                                if at > task.seen:
                                    task.seen = at
                                note(task.id)
                                starts += 1
                                continue
                        elif (
                            state is started
                            and kind == "task-succeeded"
                            # It ends this run, and no earlier one of that worker.
                            and (begin := task.started) is not None
                            and at >= begin
                            and at - ((runtime := event.runtime) or 0.0) >= begin - slack
                        ):
                            task.state = success
                            task.finished = at
                            task.runtime = runtime
                            if at > task.seen:
                                task.seen = at
                            text = event.result
                            if text is not None:
                                task.result = (
                                    text if len(text) > SHARED_LENGTH else common(text, text)
                                )
                            del unfinished[task_id]
                            succeed(task)
                            forget(task_id, None)
                            note(task.id)
                            ended.append(task)
                            successes += 1
                            continue
                    elif (
                        task.state is sent
                        and kind == "task-received"
                        and event.pid == pid
                        and task.worker is None
                        and deliver(event, task, record, process)
                    ):
                        continue
                if starts or successes:
                    book(record, starts, successes)
                    starts = successes = 0
                if ended:
                    take_ended(ended, now)
                rule(event)
                # Whatever it did to the worker, it is looked at anew.
                hostname = None
        finally:
            book(record, starts, successes)

    def _book(self, record: WorkerRecord, starts: int, successes: int) -> None:
        """Count what a worker did."""
        record.running += starts - successes
        record.succeeded += successes
        self._table.moves[TO_STARTED] += starts
        self._table.moves[TO_SUCCESS] += successes

    def _receive(self, event: Event, task_id: str, record: WorkerRecord, process: Process) -> None:
        """Hold the task of a task-received that is the first to report it."""
        name, args, kwargs, common = event.name, event.args, event.kwargs, self._common.known
        at = event.timestamp
        own_root = event.parent_id is None and event.root_id == task_id
        self._tasks[task_id] = self._unfinished[task_id] = task = Task(
            task_id,
            next(self._numbers),
            RECEIVED,
            None if name is None else self._names.get(name) or self._messages.task_name(name),
            record.hostname or None,
            record.only_queue,
            args if args is None or len(args) > SHARED_LENGTH else common(args, args),
            kwargs if kwargs is None or len(kwargs) > SHARED_LENGTH else common(kwargs, kwargs),
            retries=event.retries,
            received=at,
            seen=at,
            lineage=OWN_ROOT if own_root else None,
        )
        if not own_root:
            self._relate(task, event.root_id, event.parent_id)
        if event.eta is not None or event.expires is not None:
            task.extra = TaskExtra(eta=epoch(event.eta), expires=epoch(event.expires))
        if record.skew.shift is not None:
            self._messages.set_worker_clock(task, record.skew)
        record.tasks[task_id] = process
        self._table.moves[NEW_RECEIVED] += 1
        if len(self._tasks) > self._table.max_tasks:
            self._table.evict()
        self._note(task_id)

    def _deliver(self, event: Event, task: Task, record: WorkerRecord, process: Process) -> bool:
        """Take the task-received of one that was sent, once; False where more is known of it."""
        extra, at = task.extra, event.timestamp
        own = extra is not None and type(extra) is not SharedExtra
        if own or at < (task.sent or 0.0) or event.eta is not None or event.expires is not None:
            return False
        task.state = RECEIVED
        task.worker = record.hostname or None
        task.received = at
        if at > task.seen:
            task.seen = at
        if task.queue is None:
            task.queue = record.only_queue
        if event.retries is not None:
            task.retries = event.retries
        self._messages.describe(task, event)
        shift = record.skew.shift
        if shift is not None or (extra is not None and (extra.client_shift or extra.worker_shift)):
            self._messages.set_worker_clock(task, record.skew)
        record.tasks[task.id] = process
        self._table.moves[SENT_TO_RECEIVED] += 1
        self._note(task.id)
        return True
