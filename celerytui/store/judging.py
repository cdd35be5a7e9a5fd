"""Every worker judged in its turn, and what becomes of the tasks of those that are gone."""

from __future__ import annotations

from celerytui.store.changes import ChangeLog
from celerytui.store.lock import FairLock
from celerytui.store.tasks import HeldTasks
from celerytui.store.workers import Gone, KnownWorkers

SLICE = 250
"""Workers, or tasks, that are worked on at one taking of the lock."""


class Judging:
    """Takes the store's lock for some workers at a time."""

    def __init__(
        self, lock: FairLock, tasks: HeldTasks, workers: KnownWorkers, changes: ChangeLog
    ) -> None:
        self._lock = lock
        self._tasks = tasks
        self._workers = workers
        self._changes = changes

    def judge(self, now: float, watched: list[int]) -> None:
        """Give each worker its status, and its pace over the seconds that were watched."""
        with self._lock:
            records = list(self._workers.records.values())
        for start in range(0, len(records), SLICE):
            with self._lock:
                gone, changed = self._workers.judge(
                    records[start : start + SLICE], now, watched, self._tasks.by_id
                )
                self._changes.commit(other=changed)
            for one in gone:
                self._lose(one)

    def _lose(self, gone: Gone) -> None:
        record, process, ids, state = gone
        for start in range(0, len(ids), SLICE):
            with self._lock:
                self._tasks.lose_all(
                    record,
                    ids[start : start + SLICE],
                    before=float("inf"),
                    started=False,
                    state=state,
                    process=process,
                )
                self._changes.commit()
