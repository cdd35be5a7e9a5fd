"""The workers: what their events say of them, and whether they are still there."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from copy import copy

from celerytui.model import Event, TaskState, Worker, WorkerStatus
from celerytui.store.interning import InternTable
from celerytui.store.rates import Ring
from celerytui.store.skew import Skew

# Hostnames of clients that send events themselves (celery.utils.nodenames.anon_nodename), or none.
CLIENT = re.compile(r"gen\d+@|$")

MAX_FREQ = 3600.0
LATE_SLACK = 1.0
LOST_AFTER = 15.0
OFFLINE_GRACE = 10.0
"""Seconds after worker-offline in which its tasks may still tell how they ended."""

SKEW_TOLERATED = 2.0
"""Seconds that a worker's clock may be off before its timestamps stop being compared."""

AHEAD_TOLERATED = 60.0
"""Seconds ahead of us up to which a timestamp makes earlier ones old: beyond, it is nonsense."""

DONE_WINDOW = 10
MAX_LOST = 5_000
SILENT_BEATS = 2
SILENT_TASKS = 2


class WorkerRecord:
    """A worker and what the store keeps beside it.

    `only_queue` is the one that all of its tasks come from, None where it has several or is not
    known to have any. `succeeded`, `failed` and `retried` are counted here, for speed; `tasks` are
    the ids it received or started and has not finished, `running` how many it started of them.
    `told` is when its last task event came, `proven` the batch whose task events were last taken as
    proof that it sends them, `beat` the newest timestamp of its worker events, `proof` the
    heartbeat from which on silence about tasks is judged: (arrival, processed, beats since). `lost`
    are the ids of the newest tasks that were lost with it, some of which may be back. `skew` is how
    its clock differs from ours.
    """

    __slots__ = (
        *("beat", "counted", "done", "failed", "hostname", "lost", "only_queue", "proof"),
        *("proven", "retried", "running", "skew", "succeeded", "tasks", "told", "unsettled"),
        "worker",
    )

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.hostname = worker.hostname
        self.only_queue: str | None = None
        self.succeeded = self.failed = self.retried = self.running = 0
        self.tasks: set[str] = set()
        self.lost: dict[str, None] = {}
        self.told = 0.0
        self.proven: float | None = None
        self.beat = 0.0
        self.proof: tuple[float, int, int] | None = None
        self.done: Ring | None = None
        self.counted = 0
        self.unsettled = False
        self.skew = Skew()

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

        The one place that says so: whatever counts running tasks asks here.
        """
        worker = self.worker
        return max(0, self.running) if worker.task_events else worker.active

    def note_lost(self, task_id: str) -> None:
        """Keep the id of a task that was lost with it, the newest `MAX_LOST`."""
        self.lost[task_id] = None
        if len(self.lost) > MAX_LOST:
            del self.lost[next(iter(self.lost))]

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


class KnownWorkers:
    """All known workers, up to `max_workers`; those gone for longest make room.

    `behind` is whether what comes in had to wait for us, so that its age says nothing of clocks.
    """

    def __init__(self, max_workers: int, intern: InternTable) -> None:
        self.records: dict[str, WorkerRecord] = {}
        self.grace_from = 0.0
        self.behind = False
        self._max_workers = max_workers
        self._intern = intern
        self._victims: deque[tuple[str, float]] = deque()

    def get(self, hostname: str, now: float) -> WorkerRecord:
        """The worker's record, a new one where it was not known."""
        record = self.records.get(hostname)
        if record is None:
            hostname = self._intern(hostname)
            record = WorkerRecord(Worker(hostname, first_seen=now, last_seen=now))
            # A client is no worker, whatever it sends: its record is not kept.
            if CLIENT.match(hostname) is None:
                if len(self.records) >= self._max_workers:
                    self._make_room()
                self.records[hostname] = record
        return record

    def hear(self, hostname: str, now: float) -> WorkerRecord:
        """The record of a worker of which a task event came at `now`: it sends them."""
        record = self.get(hostname, now)
        record.told = record.proven = now
        worker = record.worker
        worker.task_events = True
        if worker.seen_since is None:
            worker.seen_since = now
        return record

    def synced(self, *hostnames: str | None) -> bool:
        """Whether the clocks of these workers agree well enough to compare their timestamps."""
        for hostname in hostnames:
            record = self.records.get(hostname or "")
            if record is not None and abs(record.worker.clock_skew or 0.0) > SKEW_TOLERATED:
                return False
        return True

    def came(self, event: Event, now: float) -> bool:
        """Take a worker-online or worker-heartbeat; True if it is a new process of that worker."""
        record = self.get(event.hostname, now)
        worker = record.worker
        stale = event.timestamp < record.beat
        if stale and (worker.offline_since is not None or _other_process(event, worker)):
            return False
        restarted = not stale and self._restarted(event, worker)
        if restarted:
            forget_process(record)
        worker.last_heartbeat = worker.last_seen = now
        worker.offline_since = None
        worker.status = "online"
        if not self.behind:
            record.skew.take(event.timestamp, now)
            worker.clock_skew = record.skew.ahead
        record.beat = max(record.beat, min(event.timestamp, now + AHEAD_TOLERATED))
        if event.pid is not None:
            worker.pid = event.pid
        self._take_software(event, worker)
        # The answer to a broadcast heartbeat has none of these, and a made-up freq.
        if event.active is not None or event.processed is not None or event.loadavg is not None:
            _take_figures(event, worker)
            _judge_task_events(record, now)
        return restarted

    def went(self, event: Event, now: float) -> None:
        """Take a worker-offline."""
        record = self.get(event.hostname, now)
        worker = record.worker
        if event.timestamp < record.beat:
            return
        record.beat = min(event.timestamp, now + AHEAD_TOLERATED)
        if worker.offline_since is None:
            worker.offline_since = now
        worker.last_seen = now
        worker.status = "offline"

    def judge(
        self, records: Iterable[WorkerRecord], now: float, watched: list[int]
    ) -> tuple[list[WorkerRecord], bool]:
        """Judge these workers: gives those whose tasks are lost, and whether anything changed.

        `watched` are the seconds that the pace is drawn from.
        """
        gone = []
        changed = False
        for record in records:
            worker = record.worker
            worker.last_seen = max(worker.last_seen, record.told)
            if worker.offline_since is not None and record.told > worker.offline_since:
                # It still tells how its last tasks end (a warm shutdown); the grace starts anew.
                worker.offline_since = record.told
            status, pace = self.status(record, now), _done_per_second(record, watched)
            if status != worker.status or pace != worker.done_per_second:
                worker.status, worker.done_per_second = status, pace
                changed = True
            if not record.tasks:
                # One that made room and came back knows nothing of what it had started.
                record.running = 0
            elif self._is_gone(record, now):
                gone.append(record)
        return gone, changed

    def status(self, record: WorkerRecord, now: float) -> WorkerStatus:
        """Whether the worker is there, from its last sign of life; a gap is no silence."""
        worker = record.worker
        if worker.offline_since is not None:
            return "offline"
        late_after = 2 * worker.freq + LATE_SLACK
        if worker.last_heartbeat is None:
            # It may run without heartbeats: only a fresh sign says anything.
            fresh = now - max(record.told, worker.inspected or 0.0) <= late_after
            return "online" if fresh else "unknown"
        since = record.last_sign()
        if worker.status != "lost":
            # One that is lost stays so until it is heard.
            since = max(since, self.grace_from)
        silence = now - since
        if silence <= late_after:
            return "online"
        return "late" if silence <= max(5 * worker.freq, LOST_AFTER) else "lost"

    def end_gap(self, until: float) -> None:
        """Judge silence from `until` on, and nothing by figures from before it."""
        self.grace_from = max(self.grace_from, until)
        for record in self.records.values():
            record.proof = None
            record.unsettled = True

    def hold(self, now: float) -> None:
        """Count no silence up to `now`: something other than the workers keeps them from us."""
        self.grace_from = max(self.grace_from, now)

    def count_done(self, second: int) -> None:
        """Book what each worker has finished since the last call under `second`."""
        for record in self.records.values():
            total = record.succeeded + record.failed
            if total != record.counted:
                if record.done is None:
                    record.done = Ring()
                record.done.add(second, total - record.counted)
                record.counted = total

    def set_task_events(self, record: WorkerRecord, on: bool, by_us: bool) -> None:
        """Take what the worker answered about its task events."""
        worker = record.worker
        worker.task_events = on
        record.proof = record.proven = None
        if not on:
            worker.events_enabled_by_us = False
        elif by_us:
            worker.events_enabled_by_us = True

    def queues_consumed(self) -> tuple[set[str], bool]:
        """The queues that live workers take from, and whether these are certainly all of them."""
        consumed: set[str] = set()
        certain = bool(self.records)
        for worker in self._live():
            if worker.queues is None:
                certain = False
            else:
                consumed.update(worker.queues)
        return consumed, certain

    def _live(self) -> Iterator[Worker]:
        for record in self.records.values():
            if record.worker.status not in ("offline", "lost"):
                yield record.worker

    @staticmethod
    def _restarted(event: Event, worker: Worker) -> bool:
        if _other_process(event, worker):
            return True
        # In a container every process has the same pid; the count of tasks starts anew, though.
        return (
            event.type == "worker-online"
            and event.processed is not None
            and worker.processed is not None
            and event.processed < worker.processed
        )

    def _is_gone(self, record: WorkerRecord, now: float) -> bool:
        worker = record.worker
        if worker.status == "lost":
            return True
        since = worker.offline_since
        return since is not None and now - max(since, self.grace_from) > OFFLINE_GRACE

    def _take_software(self, event: Event, worker: Worker) -> None:
        if event.sw_ident is not None:
            worker.sw_ident = self._intern(event.sw_ident)
        if event.sw_ver is not None:
            worker.sw_ver = self._intern(event.sw_ver)
        if event.sw_sys is not None:
            worker.sw_sys = self._intern(event.sw_sys)

    def _make_room(self) -> None:
        while True:
            if not self._victims:
                # Ranking costs a pass over all, so it is done for many at a time.
                ranked = sorted(self.records.values(), key=_leaving_order)
                count = len(ranked) // 64 + 1
                self._victims.extend(
                    (record.worker.hostname, record.last_sign()) for record in ranked[:count]
                )
            hostname, sign = self._victims.popleft()
            record = self.records.get(hostname)
            if record is not None and record.last_sign() <= sign:
                del self.records[hostname]
                return


def forget_process(record: WorkerRecord) -> None:
    """Forget what held only for the worker's previous process."""
    worker = record.worker
    worker.task_events = None
    worker.events_enabled_by_us = False
    worker.active = worker.processed = worker.uptime = worker.inspected = None
    worker.seen_since = None
    record.counted -= record.succeeded + record.failed
    record.succeeded = record.failed = record.retried = 0
    record.proof = record.proven = None


def _other_process(event: Event, worker: Worker) -> bool:
    return event.pid is not None and worker.pid is not None and event.pid != worker.pid


def _take_figures(event: Event, worker: Worker) -> None:
    if event.freq is not None and 0 < event.freq <= MAX_FREQ:
        worker.freq = event.freq
    if event.active is not None:
        worker.active = event.active
    if event.processed is not None:
        worker.processed = event.processed
    if event.loadavg is not None:
        worker.loadavg = event.loadavg


def _judge_task_events(record: WorkerRecord, now: float) -> None:
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


def _done_per_second(record: WorkerRecord, watched: list[int]) -> float | None:
    if not watched:
        return None
    if record.done is None or record.done.last < watched[0]:
        return 0.0
    return sum(map(record.done.at, watched)) / len(watched)


def _leaving_order(record: WorkerRecord) -> tuple[bool, float]:
    return (record.worker.status not in ("offline", "lost"), record.last_sign())
