"""The tasks that went down with their workers, and what was found out about them."""

from __future__ import annotations

from collections.abc import Mapping

from celerytui.model import LostTasks, Task, TaskState
from celerytui.store.changes import ChangeLog
from celerytui.store.extras import copy_task
from celerytui.store.journal import Journal
from celerytui.store.lock import FairLock
from celerytui.store.tasks import HeldTasks
from celerytui.store.workers import KnownWorkers

SLICE = 250
"""Tasks that are copied at one taking of the lock."""


class LostWithWorkers:
    """Reads the lost tasks by worker, and keeps what is known of their delivery; from any thread.

    `acks_late` is task name -> whether its running tasks are acknowledged only at their end.
    """

    def __init__(
        self,
        lock: FairLock,
        tasks: HeldTasks,
        workers: KnownWorkers,
        changes: ChangeLog,
        acks_late: Mapping[str, bool],
        journal: Journal,
    ) -> None:
        self._journal = journal
        self._lock = lock
        self._tasks = tasks
        self._workers = workers
        self._changes = changes
        self._acks_late = acks_late

    def tasks(self) -> dict[str, list[Task]]:
        """Hostname -> copies of the newest tasks that went down with that worker and are lost."""
        with self._lock:
            kept = [(one.hostname, list(one.lost)) for one in self._workers.records.values()]
        found: dict[str, list[Task]] = {}
        for hostname, ids in kept:
            for start in range(0, len(ids), SLICE):
                with self._lock:
                    held = map(self._tasks.by_id.get, ids[start : start + SLICE])
                    lost = [
                        copy_task(task)
                        for task in held
                        if task is not None
                        and task.state is TaskState.LOST
                        and task.worker == hostname
                    ]
                if lost:
                    found.setdefault(hostname, []).extend(lost)
        return found

    def acks_late(self, name: str | None) -> bool | None:
        """Whether tasks of a name were seen to run unacknowledged; None where none was seen."""
        with self._lock:
            return self._acks_late.get(name or "")

    def set(self, hostname: str, lost: LostTasks | None) -> None:
        """Take what is known of the tasks that went down with a worker."""
        self._journal.note("lost", hostname, lost)
        with self._lock:
            record = self._workers.records.get(hostname)
            if record is not None and record.worker.lost_tasks != lost:
                record.worker.lost_tasks = lost
                self._changes.commit(other=True)
