"""All held tasks in the order of one column, and those of them that pass a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

from celerytui.columns import Column
from celerytui.model import Task
from celerytui.query.block_list import Ranking, SortEntries, SortEntry
from celerytui.query.chunks import Waste, slices
from celerytui.query.parse import EMPTY, Filter

_SEQ, _ID = attrgetter("seq"), attrgetter("id")

Note = Callable[[str, SortEntry], None]


class ColumnIndex:
    """Made of many tasks at once, then kept change by change; for one thread.

    `all` ranks the tasks by the column, `hits` those that pass, which is `all` itself where the
    filter is empty. `entries` are those of `all`, `tested` is how many tasks were asked so far.
    """

    def __init__(self, column: Column[Task]) -> None:
        self.column = column
        self.filter: Filter = EMPTY
        self.entries = SortEntries()
        self.all = Ranking()
        self.hits = self.all
        self.tested = 0
        self._live: dict[str, None] | None = None

    # -- many tasks

    def sort(
        self, tasks: Sequence[Task], now: float, pause: Callable[[], None], waste: Waste
    ) -> None:
        """Take all the tasks, once."""
        found: list[SortEntry] = []
        try:
            for chunk in slices(tasks):
                found += zip(self._keys(chunk, now), map(_SEQ, chunk), map(_ID, chunk), strict=True)
                pause()
            self.all.fill(found, pause)
            self.entries.fill(found, pause)
        finally:
            waste.add(found)

    def _keys(self, tasks: Sequence[Task], now: float) -> list[Any]:
        # What is not equal to itself has no place in an order.
        return [None if key != key else key for key in self.column.sort_keys(tasks, now)]

    def choose(
        self, filter: Filter, tasks: Sequence[Task], now: float, pause: Callable[[], None]
    ) -> Ranking:
        """Ask all the tasks whether they pass; the hits that there were."""
        self.filter = filter
        self._track_live(tasks, pause)
        hits = self.all
        if not filter.is_empty:
            try:
                hits = self._hits(filter, tasks, now, pause)
            finally:
                self.tested = 0
        before, self.hits = self.hits, hits
        return before

    def _hits(
        self, filter: Filter, tasks: Sequence[Task], now: float, pause: Callable[[], None]
    ) -> Ranking:
        found: list[SortEntry] = []
        for chunk in slices(tasks):
            ids = map(_ID, filter.select(chunk, now))
            found += [entry for entry in map(self.entries.get, ids) if entry is not None]
            self.tested += len(chunk)
            pause()
        hits = Ranking()
        hits.fill(found, pause)
        return hits

    # -- one task

    def forget(self, id: str, note: Note) -> bool:
        """Take a task out; True if it was among the hits. `note` gets an entry that goes."""
        if self._live is not None:
            self._live.pop(id, None)
        entry = self.entries.get(id)
        if entry is None:
            return False
        note(id, entry)
        self.entries.remove(id)
        self.all.remove(entry)
        return self.hits is self.all or self.hits.remove(entry)

    def place(self, task: Task, now: float, note: Note) -> bool:
        """Put a task where it belongs; True if the hits moved. `note` gets an entry that goes."""
        key = self.column.key(task, now)
        entry = (None if key != key else key, task.seq, task.id)
        before = self.entries.get(task.id)
        if before != entry:
            if before is not None:
                note(task.id, before)
                self.all.remove(before)
            self.entries.put(entry)
            self.all.add(entry)
        if self._live is not None:
            if task.state.finished:
                self._live.pop(task.id, None)
            else:
                self._live[task.id] = None
        if self.hits is self.all:
            return before != entry
        return self._place_hit(task, before, entry, now)

    def _place_hit(
        self, task: Task, before: SortEntry | None, entry: SortEntry, now: float
    ) -> bool:
        was_in = before is not None and before in self.hits
        is_in = self.filter.matches(task, now)
        if was_in and is_in and before == entry:
            return False
        if was_in and before is not None:
            self.hits.remove(before)
        if is_in:
            self.hits.add(entry)
        return was_in or is_in

    # -- what the clock alone changes

    def _track_live(self, tasks: Sequence[Task], pause: Callable[[], None]) -> None:
        self._live = None
        if self.column.live or "running" in self.filter.changes:
            self._live = {}
            for chunk in slices(tasks):
                self._live.update((task.id, None) for task in chunk if not task.state.finished)
                pause()

    def next_live(self, count: int) -> list[str]:
        """The ids of tasks whose key or answer the clock may have changed, in turn."""
        live = self._live
        if not live:
            return []
        ids = list(islice(live, count))
        for id in ids:
            del live[id]
            live[id] = None
        return ids
