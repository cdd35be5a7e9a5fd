"""The list of all tasks that an order was made of, kept for the first rows of the next one."""

from __future__ import annotations

from celerytui.model import Task
from celerytui.query.block_list import SortEntry
from celerytui.store import Store

OLD_PART = 50
"""When one of so many tasks was evicted since, the list goes: it keeps them in memory."""
NEW_AT_MOST = 20_000
"""As many new tasks are added to it."""


class ListedTasks:
    """Live tasks in order of arrival, of which some may be held no longer; for one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tasks: list[Task] = []
        self._evicted = 0

    def replace(self, tasks: list[Task]) -> list[Task]:
        """Keep another list; gives the one before, to be taken apart."""
        before, self._tasks = self._tasks, tasks
        self._evicted = self._store.evicted
        return before

    def drop_if_old(self) -> list[Task]:
        """The list, to be taken apart, if too much of it was evicted; else an empty one."""
        gone = self._store.evicted - self._evicted
        return self.replace([]) if self._tasks and gone > len(self._tasks) // OLD_PART else []

    def current(self) -> list[Task]:
        """The list with the tasks that arrived since; empty where that is not known."""
        if not self._tasks:
            return []
        new = self._store.live.arrived_after(self._tasks[-1].seq, NEW_AT_MOST)
        if new is None:
            return []
        self._tasks += new
        return self._tasks

    def still_held(self, first: list[SortEntry]) -> list[SortEntry] | None:
        """Those of the first rows that are held; None if so few that others may be missed."""
        tasks = self._store.live.held([id for _, _, id in first])
        held = {task.id: task.seq for task in tasks}
        found = [entry for entry in first if held.get(entry[2]) == entry[1]]
        return found if len(found) > len(first) // 2 else None
