"""The store: the one place that knows the cluster's tasks, workers, queues and rates.

One thread at a time writes; any may read. Every method takes the one lock, long works in slices,
so that nobody waits for more than some milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from itertools import count, islice
from typing import Literal

from celerytui.model import (
    Batch,
    Queue,
    QueueDepth,
    Survey,
    Task,
    Worker,
)
from celerytui.store.changes import ChangeLog, log_length
from celerytui.store.counts import KeptCounts
from celerytui.store.course import ClusterCourse
from celerytui.store.extras import copy_task
from celerytui.store.failures.groups import FailureGroups
from celerytui.store.families import MAX_FAMILY
from celerytui.store.following import Following
from celerytui.store.glance import Glance, ids_held
from celerytui.store.inspections import Inspections
from celerytui.store.intake import EventIntake
from celerytui.store.interning import InternTable
from celerytui.store.journal import Journal
from celerytui.store.judging import Judging
from celerytui.store.live import LiveTasks
from celerytui.store.lock import FairLock
from celerytui.store.lost import LostWithWorkers
from celerytui.store.marks import Marks
from celerytui.store.messages import Messages
from celerytui.store.past import PastTasks
from celerytui.store.queues import QueueHistories
from celerytui.store.rates import Rates
from celerytui.store.seed import Seeding
from celerytui.store.settling import Settling
from celerytui.store.statistics import TypeReports, TypeStatistics
from celerytui.store.summary import Summary, summarise
from celerytui.store.tasks import HeldTasks
from celerytui.store.workers import DONE_WINDOW, KnownWorkers

SLICE = 250
"""Tasks, or workers, that are worked on at one taking of the lock: as long at the most."""

OVER = object()

NEAREST = 2
"""Of a family the root and the parent come first."""


class Store:
    """Bounded state of one cluster; see the readers for what can be asked.

    `revision` grows with every change; `lost` has the tasks that went down with their workers.
    What cannot be so, and what came of it, is in `settling`; what each type takes is in `types`;
    the moments that users named are in `marks`, how the cluster went in `course`, and what result
    backends and histories keep is taken by `past`. Who keeps up with the tasks reads `live`.
    """

    def __init__(
        self,
        *,
        max_tasks: int = 100_000,
        max_workers: int = 5_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._max_tasks = max_tasks
        self._max_workers = max_workers
        self._lock = FairLock()
        self.journal = Journal()
        self._assemble(ChangeLog(log_length(max_tasks)), count(1))

    def _assemble(self, changes: ChangeLog, numbers: count[int]) -> None:
        """Make all that knows anything, with nothing known."""
        intern = InternTable(50_000, 256)
        self._changes = changes
        self._workers = KnownWorkers(self._max_workers, intern)
        self._tasks = HeldTasks(self._max_tasks, self._workers, changes, numbers)
        self._statistics = TypeStatistics()
        self._rates = Rates()
        self._messages = Messages(self._tasks.by_id, self._tasks.families, intern)
        self._seeding = Seeding(self._tasks, self._workers, self._changes, self._messages)
        self.types = TypeReports(self._lock, self._statistics, self._rates)
        self.live = LiveTasks(self._lock, self._tasks, changes)
        self.marks = Marks()
        self.inspections = Inspections(self._lock, self.journal)
        self.failures = FailureGroups(self._lock, self._tasks, self.marks)
        self.past = PastTasks(self._lock, self._tasks, self._changes, self._messages)
        self._summary: tuple[object, Summary] | None = None
        self._assemble_judges()
        self._queues = QueueHistories()
        self.course = ClusterCourse(
            self._lock, self._tasks, self._queues, self._rates, self.types.whole
        )
        parts = self._lock, self.journal, self._rates, self.course, self._workers
        self.counts = KeptCounts(*parts, self._statistics)
        self._intake = EventIntake(
            self._lock,
            self._tasks,
            self._workers,
            self._changes,
            self._messages,
            self._rates,
            self._statistics,
            self.marks,
            self.course,
        )

    def _assemble_judges(self) -> None:
        """Make what finds out what no event said: who is gone, and what cannot be so."""
        self._judging = Judging(self._lock, self._tasks, self._workers, self._changes)
        self.lost = LostWithWorkers(
            self._lock,
            self._tasks,
            self._workers,
            self._changes,
            self._seeding.acks_late,
            self.journal,
        )
        self.settling = Settling(
            self._lock,
            self._tasks,
            self._workers,
            self._changes,
            self._seeding,
            self._statistics,
            self.journal,
        )

    @property
    def revision(self) -> int:
        """The number of the last change."""
        return self._changes.revision

    # -- writers -------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> None:
        """Take a batch of events in the order of their arrival."""
        self.journal.note("apply", batch)
        self._intake.apply(batch)

    def seed(self, survey: Survey) -> None:
        """Take what the workers answered; after a gap, settle what was missed in it."""
        self.journal.note("seed", survey)
        self.inspections.learn(survey)
        steps = self._seeding.steps(survey)
        more = True
        while more:
            with self._lock:
                more = next(steps, OVER) is not OVER
                self._changes.commit(other=more)

    def mark_gap(self, since: float, until: float | None) -> None:
        """Note that no events came from `since` to `until` (None: still none).

        Called at the loss and again, with the end, once events come again.
        """
        self.journal.note("mark_gap", since, until)
        with self._lock:
            self._rates.mark_gap(since, until)
            if until is not None:
                self._workers.end_gap(until)
            self._changes.commit(other=True)

    def sweep(self, now: float, judging: bool = True) -> None:
        """Judge each worker, if `judging`, and mark the tasks of those that are gone.

        Once a second; then look for what cannot be so.
        """
        self.journal.note("sweep", now, judging)
        self.settling.learn(now)
        self.types.refresh(now)
        with self._lock:
            self._rates.watch(now)
            self._intake.turn_second(now)
            window = range(int(now) - DONE_WINDOW, int(now))
            unwatched = self._rates.unwatched(window.start, window.stop)
        if judging:
            self._judging.judge(now, [second for second in window if second not in unwatched])
        self.settling.look(now)

    def take_pings(
        self, answered: Collection[str], silent: Collection[str], asked_at: float
    ) -> None:
        """Take who answered a ping that was sent at `asked_at`, and who did not."""
        self.journal.note("take_pings", answered, silent, asked_at)
        with self._lock:
            self._workers.take_pings(answered, silent, asked_at, self._clock())
            self._changes.commit(other=True)

    def hold_judgement(self, now: float) -> None:
        """Count no worker's silence up to `now`, since nobody can be heard."""
        self.journal.note("hold_judgement", now)
        with self._lock:
            self._workers.hold(now)

    def set_task_events(self, hostname: str, on: bool, by_us: bool) -> None:
        """Note that a worker was found to send task events or not, or that we changed it."""
        self.journal.note("set_task_events", hostname, on, by_us)
        with self._lock:
            now = self._clock()
            self._workers.set_task_events(self._workers.get(hostname, now), on, by_us, now)
            self._changes.commit(other=True)

    def record_queues(self, depths: Sequence[QueueDepth], now: float) -> None:
        """Take a round of readings of the broker's queues."""
        self.journal.note("record_queues", depths, now)
        for start in range(0, len(depths), SLICE // 4):
            with self._lock:
                self._queues.record(depths[start : start + SLICE // 4], now)
                self._changes.commit(other=True)

    def expect_queues(self, names: Collection[str]) -> None:
        """Have these queues among `queues` before they are read."""
        self.journal.note("expect_queues", names)
        with self._lock:
            self._queues.expect(names)
            self._changes.commit(other=True)

    def follow(self) -> Following:
        """From now on note what changes for one reader."""
        with self._lock:
            return Following(self._lock, self._tasks, self._changes)

    def forget(self) -> None:
        """Know nothing any more; who follows the changes reads all anew.

        By the one thread that writes; the others may go on reading.
        """
        with self._lock:
            ask, revision = self.types.ask, self._changes.revision + 1
            self._assemble(ChangeLog(log_length(self._max_tasks), revision), self._tasks.numbers)
            self.types.ask = ask

    # -- readers -------------------------------------------------------------------------------

    def task(self, id: str) -> Task | None:
        """A copy of one task, None if it is not held."""
        with self._lock:
            task = self._tasks.by_id.get(id)
            return None if task is None else copy_task(task)

    def tasks(self, ids: Sequence[str]) -> list[Task | None]:
        """Copies of the tasks, in that order, None for those that are not held."""
        found: list[Task | None] = []
        get = self._tasks.by_id.get
        for start in range(0, len(ids), SLICE):
            with self._lock:
                for task_id in ids[start : start + SLICE]:
                    task = get(task_id)
                    found.append(None if task is None else copy_task(task))
        return found

    def all_tasks(self) -> list[Task]:
        """All held tasks, in order of arrival: a new list of the live tasks, only to be read."""
        with self._lock:
            return list(self._tasks.by_id.values())

    @property
    def evicted(self) -> int:
        """How many tasks were evicted since the start."""
        return sum(self._tasks.evicted)

    def relatives(self, id: str, also: Sequence[str] = ()) -> list[Task]:
        """Copies of up to 200 other tasks of the same root: parents, siblings, children.

        So are those that belong to it by what somebody else knows, `also`, and theirs.
        """
        get = self._tasks.by_id.get
        with self._lock:
            task = get(id)
            near = [] if task is None else self._tasks.families.ids(task)
            ids = dict.fromkeys([*near[:NEAREST], *also[:MAX_FAMILY], *near])
            roots = set[str]()
            for other in filter(None, map(get, also[:MAX_FAMILY])):
                if len(ids) > 2 * MAX_FAMILY:
                    break
                root = other.root_id or other.id
                if root not in roots:
                    roots.add(root)
                    ids |= dict.fromkeys(self._tasks.families.ids(other))
                elif other.parent_id is not None:
                    ids.setdefault(other.parent_id)
            ids.pop(id, None)
            found = filter(None, map(get, ids))
            copies = [copy_task(one) for one in islice(found, MAX_FAMILY)]
        return sorted(copies, key=_seq)

    def workers(self) -> list[Worker]:
        """Copies of all workers, by hostname, with the status that the last sweep gave them."""
        with self._lock:
            copies = [record.copy() for record in self._workers.records.values()]
        return sorted(copies, key=_hostname)

    def worker(self, hostname: str) -> Worker | None:
        """A copy of one worker, None if it is not known."""
        with self._lock:
            record = self._workers.records.get(hostname)
            return None if record is None else record.copy()

    def glance(self, hostname: str | None) -> Glance:
        """Copies of all workers and of the tasks that one of them holds, all of one moment."""
        get = self._tasks.by_id.get
        with self._lock:
            workers = [record.copy() for record in self._workers.records.values()]
            ids = ids_held(self._workers.records.get(hostname or ""), self._tasks.by_id)
            found = map(get, ids)
            tasks = [copy_task(task) for task in found if task is not None]
        workers.sort(key=_hostname)
        tasks.sort(key=_seq)
        return Glance({worker.hostname: worker for worker in workers}, tasks)

    def tasks_of(self, hostname: str) -> list[Task]:
        """Copies of the tasks that a worker has received or started, in order of arrival."""
        with self._lock:
            ids = ids_held(self._workers.records.get(hostname), self._tasks.by_id)
        return sorted((task for task in self.tasks(ids) if task is not None), key=_seq)

    def queues(self) -> list[Queue]:
        """Copies of all queues by name: those read, and those that events or workers named."""
        with self._lock:
            consumed, certain = self._workers.queues_consumed()
            return self._queues.copies(self._messages.queue_names, consumed, certain=certain)

    def queue_names(self) -> set[str]:
        """The queues that events or workers named."""
        with self._lock:
            return set(self._messages.queue_names)

    def queues_consumed(self) -> set[str]:
        """The queues that live workers say they take from."""
        with self._lock:
            return self._workers.queues_consumed()[0]

    def task_names(self) -> list[str]:
        """The names of tasks that events or workers reported, sorted."""
        with self._lock:
            names = list(self._messages.task_names)
        return sorted(names)

    @property
    def latest_failure(self) -> str | None:
        """The id of the task that failed last; it may have been evicted since."""
        return self._intake.latest_failure

    def summary(self, now: float) -> Summary:
        """The figures of the header and of the badges."""
        with self._lock:
            # Every pane of a frame asks for them, with a clock that went on by microseconds.
            as_of = self._changes.revision, int(now * 4), self._rates.watched_from
            if self._summary is None or self._summary[0] != as_of:
                counts = self._intake.counts
                made = summarise(self._tasks, self._workers, self._rates, counts, now)
                self._summary = as_of, made
            return self._summary[1]

    def series(
        self,
        kind: Literal["events", "done", "failed"],
        seconds: int,
        now: float,
        worker: str | None = None,
    ) -> list[float | None]:
        """How many a second over the last complete `seconds` (up to 900), oldest first.

        Done are the succeeded and the failed ones. None stands where there was a gap or nobody
        was watching yet. One worker has only "done".
        """
        with self._lock:
            rates = self._rates
            if worker is None:
                ring = {"events": rates.events, "done": rates.done, "failed": rates.failed}[kind]
                return rates.series(ring, seconds, now)
            self._intake.turn_second(now)
            record = self._workers.records.get(worker)
            if record is None or kind != "done":
                return [None] * seconds
            return rates.series(record.done, seconds, now)

    def gaps(self) -> list[tuple[float, float | None]]:
        """The last 100 times without a connection, oldest first."""
        with self._lock:
            return list(self._rates.gaps)


def _seq(task: Task) -> int:
    return task.seq


def _hostname(worker: Worker) -> str:
    return worker.hostname
