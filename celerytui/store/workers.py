"""The workers: what their events say of them, and whether they are still there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from celerytui.model import Event, Task, TaskState, Worker, WorkerStatus
from celerytui.store.interning import InternTable
from celerytui.store.processes import Process, has_figures
from celerytui.store.rates import Ring
from celerytui.store.skew import Skew
from celerytui.store.usual import UsualTimes
from celerytui.store.verdicts import Verdict, Verdicts
from celerytui.store.worker_record import (
    WorkerRecord,
    done_per_second,
    judge_task_events,
)

LOST = TaskState.LOST
MISSED = TaskState.MISSED

DONE_WINDOW = 10
"""Seconds over which a worker's pace is measured."""

SKEW_TOLERATED = 2.0
"""Seconds that a worker's clock may be off before its timestamps stop being compared."""

Gone = tuple[WorkerRecord, Process, list[str], TaskState]
"""A process that is gone, the ids of the tasks that it had, and what they are now.

LOST went down with it. One that stopped in good order has ended its tasks, or they had their time:
these are MISSED.
"""

AT_WORK: tuple[WorkerStatus, ...] = ("online", "late", "unknown")
_OVER: tuple[WorkerStatus, ...] = ("lost", "offline")
_BEST: tuple[WorkerStatus, ...] = (*AT_WORK, "lost", "stopping", "offline")


class KnownWorkers:
    """All known workers, up to `max_workers`; those gone for longest make room.

    `behind` is whether what comes in had to wait for us, so that its age says nothing of clocks.
    `runtimes` are those of tasks by name, and of what a solo worker does by hostname, `waits` how
    long tasks of a name are held by a worker before they start. Until `deaf_until` task events may
    have come to nobody: a gap ended then, or we had a worker turn its own on.
    """

    def __init__(self, max_workers: int, intern: InternTable) -> None:
        self.records: dict[str, WorkerRecord] = {}
        self.grace_from = self.deaf_until = 0.0
        self.behind = False
        self.runtimes, self.waits = UsualTimes(), UsualTimes()
        self._max_workers = max_workers
        self._intern = intern
        self._victims: deque[tuple[str, float]] = deque()

    def get(self, hostname: str, now: float) -> WorkerRecord:
        """The worker's record, a new one where it was not known."""
        record = self.records.get(hostname)
        if record is None:
            hostname = self._intern(hostname)
            record = WorkerRecord(Worker(hostname, first_seen=now, last_seen=now))
            # Who has no name cannot be kept. A client does not come here, whatever its name is:
            # it only sends task-sent and events of its own.
            if hostname:
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

    def apart(self, hostname: str | None, client: Skew | None) -> float:
        """Seconds that a worker's clock is known to be ahead of a client's: 0 unless both are."""
        record = self.records.get(hostname or "")
        if record is None or record.skew.ahead is None or client is None:
            return 0.0
        return (record.skew.shift or 0.0) - (client.shift or 0.0)

    def came(self, event: Event, now: float) -> None:
        """Take a worker-online or worker-heartbeat."""
        record = self.get(event.hostname, now)
        process = record.sender(event, now)
        if process is None:
            if event.timestamp < max(one.beat for one in record.processes()):
                return
            process = record.begin(event.pid, now)
        elif event.timestamp < process.beat and process.offline_since is not None:
            return
        worker = record.worker
        if worker.pool == "solo" and self.grace_from <= (process.heartbeat or 0.0):
            silence = now - (process.heartbeat or now)
            if silence > 2 * process.freq:
                # It says nothing while it works, so that is how long a task of it takes.
                self.runtimes.note(record.hostname, silence)
        process.take(event, now)
        if process is not record.process and record.process.offline_since is not None:
            record.put_to_work(process)
        worker.last_seen = now
        if not self.behind:
            record.skew.take(event.timestamp, now)
            worker.clock_skew = record.skew.ahead
        self._take_software(event, worker)
        if process is record.process:
            worker.pid = process.pid
            worker.last_heartbeat = now
            worker.offline_since = None
            worker.status = "online"
            if event.loadavg is not None:
                worker.loadavg = event.loadavg
        if has_figures(event):
            worker.freq = process.freq
            _sum_figures(record)
            judge_task_events(record, now)

    def went(self, event: Event, now: float) -> tuple[WorkerRecord, Process] | None:
        """Take a worker-offline; the process that said it, unless that is not believed."""
        record = self.get(event.hostname, now)
        process = record.sender(event, now)
        if process is None or event.timestamp < process.beat:
            return None
        before = process.offline_since
        process.take(event, now)
        process.active = event.active
        process.offline_since = now if before is None else before
        record.worker.last_seen = now
        if process is record.process:
            record.worker.pid = process.pid
            record.worker.active = process.active
            record.worker.offline_since = process.offline_since
            record.worker.status = "offline"
        return record, process

    def judge(
        self,
        records: Iterable[WorkerRecord],
        now: float,
        watched: list[int],
        held: Mapping[str, Task],
    ) -> tuple[list[Gone], bool]:
        """Give each worker its status and pace; what is lost of them, and whether any changed."""
        verdicts = Verdicts(held, self.runtimes, now, self.grace_from)
        gone: list[Gone] = []
        changed = False
        for record in records:
            before = _shown(record.worker)
            gone += _judge(record, verdicts, held)
            record.worker.done_per_second = done_per_second(record, watched)
            if not record.tasks:
                # One that made room and came back knows nothing of what it had started.
                record.running = 0
            changed = changed or _shown(record.worker) != before
        return gone, changed

    def end_gap(self, until: float) -> None:
        """Judge silence from `until` on, and nothing by figures from before it."""
        self.grace_from = max(self.grace_from, until)
        self.deaf_until = max(self.deaf_until, until)
        for record in self.records.values():
            record.proof = None
            record.unsettled = True

    def hold(self, now: float) -> None:
        """Count no silence up to `now`: something other than the workers keeps them from us."""
        self.grace_from = max(self.grace_from, now)

    def take_pings(
        self, answered: Iterable[str], silent: Iterable[str], asked_at: float, now: float
    ) -> None:
        """Note who answered a ping and who did not."""
        for hostname in answered:
            record = self.get(hostname, now)
            record.process.seen = record.worker.last_seen = now
            record.worker.no_answer = None
        for hostname in silent:
            known = self.records.get(hostname)
            if known is None or known.sign_of(known.process) >= asked_at:
                continue
            process = known.process
            process.silent_from = process.silent_from if process.silent_pings else asked_at
            process.silent_pings += 1
            known.worker.no_answer = now

    def count_done(self, second: int) -> None:
        """Book what each worker has finished since the last call under `second`."""
        for record in self.records.values():
            total = record.succeeded + record.failed
            if total != record.counted:
                if record.done is None:
                    record.done = Ring()
                record.done.add(second, total - record.counted)
                record.counted = total

    def set_task_events(self, record: WorkerRecord, on: bool, by_us: bool, now: float) -> None:
        """Take what the worker answered about its task events."""
        worker = record.worker
        worker.task_events = on
        record.proof = record.proven = None
        if not on:
            worker.events_enabled_by_us = False
        elif by_us:
            worker.events_enabled_by_us = True
            self.deaf_until = max(self.deaf_until, now)

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
            if not record.worker.gone:
                yield record.worker

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


def _judge(record: WorkerRecord, verdicts: Verdicts, held: Mapping[str, Task]) -> list[Gone]:
    """Give a worker the status that its processes have, and drop those that are over."""
    gone: list[Gone] = []
    judged = [(process, verdicts.of(record, process)) for process in list(record.processes())]
    for process, verdict in judged:
        if verdict.status in _OVER:
            if heir := _heir(process, judged):
                record.hand_over(process, heir, held)
            if ids := record.tasks_of(process):
                gone.append((record, process, ids, LOST if verdict.status == "lost" else MISSED))
            elif process is not record.process:
                record.forget(process)
    at_work = [one for one, verdict in judged if verdict.status in AT_WORK]
    if at_work and record.process not in at_work:
        record.put_to_work(max(at_work, key=_began))
        _sum_figures(record)
    worker = record.worker
    best = min((verdict for _, verdict in judged), key=_rank)
    worker.status, worker.patience, worker.usual = best.status, best.patience, best.usual
    worker.offline_since = record.process.offline_since
    worker.silent_pings = record.process.silent_pings
    stopping = [verdict for _, verdict in judged if verdict.status == "stopping"]
    worker.stopping = sum(verdict.tasks for verdict in stopping)
    worker.stopping_until = max((verdict.until for verdict in stopping), default=None)
    worker.pids = tuple(one.pid or 0 for one in at_work) if _shared(at_work) else ()
    return gone


def _heir(process: Process, judged: list[tuple[Process, Verdict]]) -> Process | None:
    """One with the same pid that is still there: some of its tasks may be that one's.

    Whether they are is asked, as of any task that seems to run for too long.
    """
    there = [one for one, verdict in judged if verdict.status not in _OVER]
    return next((one for one in there if one.pid is not None and one.pid == process.pid), None)


def _shared(at_work: list[Process]) -> bool:
    """Whether one was heard of after another came: a restart leaves one of them silent."""
    return len(_heard(at_work)) > 1


def _heard(at_work: list[Process]) -> list[Process]:
    """The newest of these, and those that were heard of after it came."""
    newest = max((one.began for one in at_work), default=0.0)
    return [one for one in at_work if (one.heartbeat or one.seen) > newest or one.began == newest]


def _sum_figures(record: WorkerRecord) -> None:
    """Give a worker the figures of all of its processes that are at work and not just silent."""
    at_work = [one for one in record.processes() if one.offline_since is None]
    at_work = [one for one in at_work if one.lost_from is None] or [record.process]
    worker = record.worker
    heard = _heard(at_work)
    worker.active = _sum(one.active for one in heard)
    worker.processed = _sum(one.processed for one in heard)


def _sum(figures: Iterable[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def _shown(worker: Worker) -> tuple[object, ...]:
    return (
        *(worker.status, worker.done_per_second, worker.pids, worker.stopping),
        *(worker.stopping_until, worker.patience, worker.usual, worker.silent_pings),
    )


def _rank(verdict: Verdict) -> int:
    return _BEST.index(verdict.status)


def _began(process: Process) -> float:
    return process.began


def _leaving_order(record: WorkerRecord) -> tuple[bool, float]:
    return (not record.worker.gone, record.last_sign())
