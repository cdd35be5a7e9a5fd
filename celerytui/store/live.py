"""The live tasks, for those who keep an order or figures of them and read what changed since."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.model import Task
from celerytui.store.changes import ChangeLog
from celerytui.store.lock import FairLock
from celerytui.store.tasks import HeldTasks

SLICE = 250
"""Tasks that are looked up at one taking of the lock."""


class LiveTasks:
    """The tasks themselves, which go on changing, only to be read; and which of them changed."""

    def __init__(self, lock: FairLock, tasks: HeldTasks, changes: ChangeLog) -> None:
        self._lock = lock
        self._tasks = tasks
        self._changes = changes

    def changed_since(self, revision: int, limit: int) -> list[str] | None:
        """The ids of the tasks that changed or went after `revision`, in order of their change.

        None if there are more than `limit`, or if it is too long ago to be known.
        """
        with self._lock:
            entries = self._changes.since(revision)
        if entries is None:
            return None
        # The last change of a task is the one that counts for the order.
        found = dict.fromkeys(reversed(entries))
        found.pop("", None)
        return list(reversed(found)) if len(found) <= limit else None

    def arrived_after(self, seq: int, limit: int) -> list[Task] | None:
        """The tasks that arrived after one, in order; None if there are more than `limit`."""
        found: list[Task] = []
        with self._lock:
            for task in reversed(self._tasks.by_id.values()):
                if task.seq <= seq:
                    return found[::-1]
                if len(found) >= limit:
                    return None
                found.append(task)
        return found[::-1]

    def near(self, id: str, distance: int) -> list[str]:
        """The ids of the tasks that arrived at most so many before or after one, and its own."""
        with self._lock:
            task = self._tasks.by_id.get(id)
            tasks = [] if task is None else list(self._tasks.by_id.values())
        # What arrived when never changes.
        return [one.id for one in tasks if task and abs(one.seq - task.seq) <= distance]

    def held(self, ids: Sequence[str]) -> list[Task]:
        """The tasks of these ids that are held, in that order."""
        found: list[Task | None] = []
        get = self._tasks.by_id.get
        for start in range(0, len(ids), SLICE):
            with self._lock:
                found += map(get, ids[start : start + SLICE])
        return [task for task in found if task is not None]

    def still_held(self, tasks: Sequence[Task]) -> list[Task]:
        """Those of the tasks that are held, in that order."""
        found: list[Task] = []
        get = self._tasks.by_id.get
        for start in range(0, len(tasks), SLICE):
            with self._lock:
                found += [one for one in tasks[start : start + SLICE] if get(one.id) is one]
        return found

    def gone(self, ids: Sequence[str]) -> list[str]:
        """Those of the ids whose tasks are not held, in that order."""
        found: list[str] = []
        by_id = self._tasks.by_id
        for start in range(0, len(ids), SLICE):
            with self._lock:
                found += [id for id in ids[start : start + SLICE] if id not in by_id]
        return found
