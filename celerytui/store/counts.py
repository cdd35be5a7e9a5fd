"""What was counted by the second and by worker, to be told to another store as it is.

Tasks that are told again would be counted by their own times, and those that are gone not at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from celerytui.store.course import ClusterCourse
from celerytui.store.journal import Journal
from celerytui.store.lock import FairLock
from celerytui.store.rates import Rates, Ring
from celerytui.store.statistics import TypeStatistics
from celerytui.store.statistics.kept import KeptTypes, keep, restore
from celerytui.store.worker_record import WorkerRecord
from celerytui.store.workers import KnownWorkers

MOST_RINGS = 500
"""Workers whose tasks a second are told, each by the second of a quarter of an hour."""

RingState = tuple[int, list[int]]
"""The last slot of a ring, and its counts up to there, without those that are zero before."""


class WorkerCounts(Struct, frozen=True):
    """How the tasks of a worker ended since it was first heard of, and how many by the second.

    `pending` are those that are in no second yet.
    """

    hostname: str
    succeeded: int
    failed: int
    retried: int
    pending: int = 0
    since: float | None = None
    done: RingState | None = None


class Counted(Struct, frozen=True):
    """All that was counted; rings by names that `KeptCounts` knows."""

    watched_from: int | None
    rings: dict[str, RingState]
    workers: list[WorkerCounts]
    types: KeptTypes


class KeptCounts:
    """For any thread; takes the store's lock."""

    def __init__(
        self,
        lock: FairLock,
        journal: Journal,
        rates: Rates,
        course: ClusterCourse,
        workers: KnownWorkers,
        statistics: TypeStatistics,
    ) -> None:
        self._lock = lock
        self._journal = journal
        self._rates = rates
        self._course = course
        self._workers = workers
        self._statistics = statistics

    def all(self) -> Counted:
        """As it is now."""
        with self._lock:
            rings = {name: ring.state() for name, ring in self._rings().items()}
            records = list(self._workers.records.values())
        found = []
        for place, record in enumerate(records):
            with self._lock:
                found.append(_counts_of(record, whole=place < MOST_RINGS))
        types = keep(self._statistics, self._lock)
        return Counted(self._rates.watched_from, rings, found, types)

    def take(self, told: Counted) -> None:
        """Have it be as it was told, whatever was counted before."""
        self._journal.note("counted", told)
        with self._lock:
            self._rates.watched_from = told.watched_from
            for name, ring in self._rings().items():
                if name in told.rings:
                    ring.restore(told.rings[name])
        restore(self._statistics, told.types, self._lock)
        for one in told.workers:
            with self._lock:
                record = self._workers.records.get(one.hostname)
                if record is not None:
                    _restore(record, one)

    def _rings(self) -> Mapping[str, Ring]:
        rates = self._rates
        own = {"events": rates.events, "done": rates.done, "failed": rates.failed}
        return own | self._course.rings()


def _counts_of(record: WorkerRecord, *, whole: bool) -> WorkerCounts:
    ring = record.done if whole else None
    return WorkerCounts(
        record.hostname,
        record.succeeded,
        record.failed,
        record.retried,
        record.succeeded + record.failed - record.counted,
        record.worker.seen_since,
        None if ring is None else ring.state(),
    )


def _restore(record: WorkerRecord, told: WorkerCounts) -> None:
    record.succeeded, record.failed = told.succeeded, told.failed
    record.retried = told.retried
    record.counted = told.succeeded + told.failed - told.pending
    record.worker.seen_since = told.since
    if told.done is not None:
        record.done = record.done or Ring()
        record.done.restore(told.done)
