"""One worker, and what the store keeps beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy

from celerytui.model import Event, Task, TaskState, Worker
from celerytui.store.processes import Process, sender, task_sender
from celerytui.store.rates import Ring
from celerytui.store.skew import Skew

MAX_LOST = 5_000
SILENT_BEATS = 2
SILENT_TASKS = 2


class WorkerRecord:
    """A worker with its processes: `process` is the one that is at work, newest of several.

    `others` are those before it that may still have tasks, `speaking` the one whose event is being
    taken. `only_queue` is the one that all of its tasks come from, None where it has several or is
    not known to have any. `succeeded`, `failed` and `retried` are counted here, for speed; `tasks`
    are the ids it received or started and has not finished, with their process, `running` how many
    it started of them. `told` is when its last task event came, `proven` the batch whose task
    events were last taken as proof that it sends them, `proof` the heartbeat from which on silence
    about tasks is judged: (arrival, processed, beats since). `lost` are the ids of the newest tasks
    that were lost with it, some of which may be back. `skew` is how its clock differs from ours.
    """

    __slots__ = (
        *("counted", "done", "failed", "hostname", "lost", "only_queue", "others"),
        *("process", "proof", "proven", "retried", "running", "skew", "speaking", "succeeded"),
        *("tasks", "told", "unsettled", "worker"),
    )

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.hostname = worker.hostname
        self.process = self.speaking = Process(None, worker.first_seen)
        self.others: list[Process] = []
        self.only_queue: str | None = None
        self.succeeded = self.failed = self.retried = self.running = 0
        self.tasks: dict[str, Process] = {}
        self.lost: dict[str, None] = {}
        self.told = 0.0
        self.proven: float | None = None
        self.proof: tuple[float, int, int] | None = None
        self.done: Ring | None = None
        self.counted = 0
        self.unsettled = False
        self.skew = Skew()

    def processes(self) -> Iterator[Process]:
        """All of its processes, the one at work first."""
        yield self.process
        yield from self.others

    def begin(self, pid: int | None, now: float) -> Process:
        """Take in a process that was not known; those before it keep their tasks."""
        before = self.process
        before.seen = self.sign_of(before)
        if before.heartbeat is None and before.offline_since is None:
            # Without heartbeats nothing says how it ended: its tasks may still be finished.
            before.offline_since = now
        process = Process(pid, now)
        self.put_to_work(process)
        return process

    def put_to_work(self, process: Process) -> None:
        """Make this the process that the worker's figures are about."""
        self.others = [one for one in self.processes() if one is not process]
        self.process = self.speaking = process
        self.worker.pid = process.pid
        self.worker.last_heartbeat = process.heartbeat
        forget_answers(self)

    def forget(self, process: Process) -> None:
        """Drop a process that is gone and has no task any more."""
        self.others.remove(process)
        if self.speaking is process:
            self.speaking = self.process

    def sender(self, event: Event, now: float) -> Process | None:
        """The process that sent a worker event, None if it is one that was not known."""
        return sender(self.processes(), event, now)

    def hear(self, event: Event, now: float) -> Process:
        """The process that sent a task event, which is a sign of life."""
        process = self.process
        if self.others or (event.pid is not None and event.pid != process.pid):
            owner = self.tasks.get(event.uuid or "")
            found = process if event.pid is None else task_sender(self.processes(), event, owner)
            if found is None:
                # Only what it does reveals a process: the end of a task may come long after it.
                doing = event.type in ("task-received", "task-started")
                found = self.begin(event.pid, now) if doing else process
            elif found.pid is None:
                found.pid = self.worker.pid = event.pid
            process = found
            process.seen = max(process.seen, now)
            if process.heartbeat is None and event.type in ("task-received", "task-started"):
                process.offline_since = None
        self.speaking = process
        return process

    def set_queues(self, names: tuple[str, ...]) -> None:
        """Take the queues that it says it consumes."""
        self.worker.queues = names
        self.only_queue = names[0] if len(names) == 1 else None

    def count(self, state: TaskState) -> None:
        """Count a task that it brought into that finished state."""
        if state is TaskState.SUCCESS:
            self.succeeded += 1
        elif state is TaskState.FAILURE:
            self.failed += 1

    def busy(self) -> int | None:
        """How many tasks it runs: as its task events say where it sends them, else its heartbeats.

        No more than its pool takes or its heartbeat counts: a task that is ignored ends unsaid. The
        one place that says so: whatever counts running tasks asks here.
        """
        worker = self.worker
        if not worker.task_events:
            return worker.active
        running = max(0, self.running)
        if not worker.concurrency or self.others:
            return running
        return min(running, max(worker.concurrency, worker.active or 0))

    def note_lost(self, task_id: str) -> None:
        """Keep the id of a task that was lost with it, the newest `MAX_LOST`."""
        self.lost[task_id] = None
        if len(self.lost) > MAX_LOST:
            del self.lost[next(iter(self.lost))]

    @property
    def alone(self) -> bool:
        """Whether one process has the name."""
        return not self.others

    def tasks_of(self, process: Process) -> list[str]:
        """The ids of the tasks that a process has."""
        return [task_id for task_id, owner in self.tasks.items() if owner is process]

    def hand_over(self, process: Process, heir: Process, held: Mapping[str, Task]) -> None:
        """Give another process the tasks of one that began while both were there."""
        both_from = self.skew.theirs(max(process.began, heir.began))
        for task_id in self.tasks_of(process):
            task = held.get(task_id)
            begun = None if task is None else task.received or task.started
            if begun is not None and begun >= both_from:
                self.tasks[task_id] = heir

    def answerable(self) -> list[str]:
        """The ids of the tasks that its answer must list: none where two processes may answer."""
        if self.worker.pids:
            return []
        return self.tasks_of(self.process) if self.others else list(self.tasks)

    def sign_of(self, process: Process) -> float:
        """When a process last proved to be alive, by our clock."""
        if process is not self.process:
            return process.seen
        told = 0.0 if self.others else self.told
        return max(told, process.seen, self.worker.inspected or 0.0)

    def last_sign(self) -> float:
        """When it last proved to be alive, by our clock."""
        worker = self.worker
        return max(self.told, worker.last_seen, worker.inspected or 0.0)

    def copy(self) -> Worker:
        """The worker as it is now, for a reader."""
        worker = copy(self.worker)
        worker.running = self.busy()
        if worker.seen_since is not None:
            worker.succeeded, worker.failed = self.succeeded, self.failed
            worker.retried = self.retried
        worker.last_seen = max(worker.last_seen, self.told)
        return worker


def forget_answers(record: WorkerRecord) -> None:
    """Forget what held only for the worker's previous process."""
    worker = record.worker
    worker.task_events = None
    worker.events_enabled_by_us = False
    worker.active = worker.processed = worker.uptime = worker.inspected = None
    worker.seen_since = None
    record.counted -= record.succeeded + record.failed
    record.succeeded = record.failed = record.retried = 0
    record.proof = record.proven = None


def judge_task_events(record: WorkerRecord, now: float) -> None:
    """Tell from heartbeats alone that a worker runs tasks without saying so."""
    processed = record.worker.processed
    if processed is None:
        return
    proof = record.proof
    if proof is None or record.told >= proof[0] or processed < proof[1]:
        record.proof = (now, processed, 0)
        return
    since, base, beats = proof
    record.proof = (since, base, beats + 1)
    if beats + 1 >= SILENT_BEATS and processed - base >= SILENT_TASKS:
        record.worker.task_events = False
        record.proven = None


def done_per_second(record: WorkerRecord, watched: list[int]) -> float | None:
    """How many tasks a second it finished in the seconds that were watched."""
    if not watched:
        return None
    if record.done is None or record.done.last < watched[0]:
        return 0.0
    return sum(map(record.done.at, watched)) / len(watched)
