"""Tells one reader which tasks changed, those included that were evicted since."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from celerytui.interpreter import give_way
from celerytui.model import Task
from celerytui.store.changes import ChangeLog
from celerytui.store.extras import copy_task
from celerytui.store.lock import FairLock
from celerytui.store.tasks import HeldTasks

SLICE = 250
"""Tasks that are looked up or copied at one taking of the lock."""
MOST_AT_ONCE = 20_000
"""Changes that are taken at once: their ids are copied under the lock."""


class Followed(Struct):
    """The live tasks that changed, in the order of their last change.

    `everything` says that there were too many changes to know of which tasks, and that these are
    all that are held. `missed` is how many were evicted and could not be noted.
    """

    tasks: list[Task]
    missed: int = 0
    everything: bool = False


class Following:
    """For one thread. From its making on the store notes evicted tasks for it, so many at most."""

    def __init__(self, lock: FairLock, tasks: HeldTasks, changes: ChangeLog) -> None:
        self._lock = lock
        self._tasks = tasks
        self._changes = changes
        self._revision = changes.revision
        tasks.departed = {}

    def take(self) -> Followed:
        """What changed since the last time, up to some 20,000 changes."""
        with self._lock:
            before = self._revision
            entries = self._changes.since(before, MOST_AT_ONCE)
            departed = self._tasks.departed or {}
            missed, self._tasks.undeparted = self._tasks.undeparted, 0
            if entries is None:
                self._revision = self._changes.revision
                self._tasks.departed = {}
                gone = [task for task, _ in departed.values()]
                return Followed([*gone, *self._tasks.by_id.values()], missed, everything=True)
            self._revision = after = before + len(entries)
            if after == self._changes.revision:
                self._tasks.departed = {}
        times = Counter(entries)
        times.pop("", None)
        ids = list(dict.fromkeys(reversed(entries)))
        ids.reverse()
        found: list[Task] = []
        get = self._tasks.by_id.get
        for start in range(0, len(ids), SLICE):
            give_way()
            with self._lock:
                for task_id in ids[start : start + SLICE]:
                    task = get(task_id)
                    if task is not None:
                        found.append(task)
                    elif task_id in departed:
                        task, number = departed[task_id]
                        # Its going is one of these, and no change of it.
                        changes = times[task_id] - (before < number <= after)
                        if changes or not task.state.finished:
                            found.append(task)
        return Followed(found, missed)

    @property
    def behind(self) -> int:
        """How many changes are still to be taken."""
        return self._changes.revision - self._revision

    def copies(self, tasks: list[Task]) -> list[Task]:
        """Copies that later changes do not reach."""
        found: list[Task] = []
        for start in range(0, len(tasks), SLICE):
            give_way()
            with self._lock:
                found += map(copy_task, tasks[start : start + SLICE])
        return found
