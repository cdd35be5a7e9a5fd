"""The list of all tasks that an order was made of, kept for the next one."""

from __future__ import annotations

from celerytui.model import Task
from celerytui.query.block_list import SortEntry
from celerytui.query.chunks import Waste
from celerytui.store import Store

OLD_PART = 50
"""When one of so many tasks was evicted since, the list goes: it keeps them in memory."""
NEW_AT_MOST = 20_000
"""As many new tasks are added to it."""


class ListedTasks:
    """Live tasks in order of arrival, only to be read; for one thread.

    A list that is replaced goes to the `waste`.
    """

    def __init__(self, store: Store, waste: Waste) -> None:
        self._store = store
        self._waste = waste
        self._tasks: list[Task] = []
        self._evicted = 0

    def drop_if_old(self) -> None:
        """Forget the list if too much of it was evicted."""
        gone = self._store.evicted - self._evicted
        if self._tasks and gone > len(self._tasks) // OLD_PART:
            self._replace([])

    def nearly_all(self) -> list[Task]:
        """The list with the tasks that arrived since, of which some may be held no longer.

        Empty where those are not known. It takes no time that anybody would notice.
        """
        return self._tasks if self._add_new() else []

    def all(self) -> list[Task]:
        """The tasks that are held, all of them; a new list keeps the interpreter to itself."""
        if self._store.evicted != self._evicted or not self._add_new():
            evicted = self._store.evicted
            self._replace(self._store.all_tasks())
            self._evicted = evicted
        return self._tasks

    def still_held(self, first: list[SortEntry]) -> list[SortEntry] | None:
        """Those of the first rows that are held; None if so few that others may be missed."""
        tasks = self._store.live.held([id for _, _, id in first])
        held = {task.id: task.seq for task in tasks}
        found = [entry for entry in first if held.get(entry[2]) == entry[1]]
        return found if len(found) > len(first) // 2 else None

    def _add_new(self) -> bool:
        if not self._tasks:
            return False
        new = self._store.live.arrived_after(self._tasks[-1].seq, NEW_AT_MOST)
        if new is None:
            return False
        self._tasks += new
        return True

    def _replace(self, tasks: list[Task]) -> None:
        self._waste.add(self._tasks)
        self._tasks = tasks
