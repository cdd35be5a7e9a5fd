"""The list of all tasks that an order was made of, kept for the next one."""

from __future__ import annotations

from collections.abc import Callable

from celerytui.interpreter import set_aside
from celerytui.model import Task
from celerytui.query import chunks
from celerytui.query.block_list import SortEntry
from celerytui.query.chunks import Waste
from celerytui.store import Store

OLD_PART = 50
"""One of so many tasks may be evicted before they go from the list, which keeps them in memory."""
NEW_AT_MOST = 100_000
"""As many new tasks are added to it at once; with more it is made anew."""
ASIDE_FROM = 20_000
"""Lists of so many tasks are nothing for the collector to look through."""


class ListedTasks:
    """Live tasks in order of arrival, only to be read; for one thread.

    To list a million tasks keeps the interpreter from everyone else for a tenth of a second, so a
    list that was made is kept, and kept up. One that is replaced goes to the `waste`.
    """

    def __init__(self, store: Store, waste: Waste) -> None:
        self._store = store
        self._waste = waste
        self._tasks: list[Task] = []
        self._live = store.live
        self._looked_at = 0
        # How many evictions are dealt with: never one whose task is still in the list.
        self._evicted = 0

    def keep_up(self, pause: Callable[[], None]) -> None:
        """Take in the tasks that came, and let those go that were evicted, now and then.

        `pause` is called often and may raise.
        """
        if not self._tasks:
            return
        if not self._add_new():
            self._replace([])
        elif self._store.evicted - self._evicted > len(self._tasks) // OLD_PART:
            self._let_evicted_go(pause)

    def nearly_all(self) -> list[Task]:
        """The list with the tasks that arrived since, of which some may be held no longer.

        Empty where those are not known. It takes no time that anybody would notice.
        """
        return self._tasks if self._add_new() else []

    def all(self, pause: Callable[[], None]) -> list[Task]:
        """The tasks that are held, all of them; `pause` is called often and may raise."""
        if self._add_new():
            self._let_evicted_go(pause)
        else:
            self._live, evicted = self._store.live, self._store.evicted
            self._replace(self._store.all_tasks())
            self._evicted = evicted
            if len(self._tasks) >= ASIDE_FROM:
                set_aside()
        return self._tasks

    def still_held(self, first: list[SortEntry]) -> list[SortEntry] | None:
        """Those of the first rows that are held; None if so few that others may be missed."""
        tasks = self._store.live.held([id for _, _, id in first])
        held = {task.id: task.seq for task in tasks}
        found = [entry for entry in first if held.get(entry[2]) == entry[1]]
        return found if len(found) > len(first) // 2 else None

    def _add_new(self) -> bool:
        # A store that was told to forget has other tasks, and counts from nought.
        if not self._tasks or self._live is not self._store.live:
            return False
        new = self._store.live.arrived_after(self._tasks[-1].seq, NEW_AT_MOST)
        if new is None:
            return False
        self._tasks += new
        return True

    def _let_evicted_go(self, pause: Callable[[], None]) -> None:
        """Take evicted tasks out, from where the last were found on: mostly the oldest go."""
        tasks, size = self._tasks, chunks.SLICE
        evicted = self._store.evicted
        if evicted <= self._evicted:
            return
        for _ in range(len(tasks) // size + 2):
            if self._looked_at >= len(tasks):
                self._looked_at = 0
            end = self._looked_at + size
            piece = tasks[self._looked_at : end]
            held = self._store.live.still_held(piece)
            if len(held) < len(piece):
                tasks[self._looked_at : end] = held
                self._evicted += len(piece) - len(held)
            pause()
            if self._store.evicted <= self._evicted:
                return
            self._looked_at += len(held)
        # The others came and went before they were listed.
        self._evicted = evicted

    def _replace(self, tasks: list[Task]) -> None:
        self._waste.add(self._tasks)
        self._tasks, self._looked_at = tasks, 0
