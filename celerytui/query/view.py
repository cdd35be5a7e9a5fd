"""The ordered ids that a table scrolls over: filtered, sorted, and kept so change by change."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from threading import Lock
from typing import Any

from celerytui.columns import TASK_COLUMNS, Column, column
from celerytui.courtesy import let_go
from celerytui.model import Task
from celerytui.query import preview
from celerytui.query.order import Entries, Entry, Ranking
from celerytui.query.parse import EMPTY, Filter
from celerytui.query.pieces import drop, only_young_garbage, slices
from celerytui.query.shown import Arrangement, Shown
from celerytui.store import Store

# How many unfinished tasks are looked at again at a refresh, where the clock alone moves them.
LIVE_AT_ONCE = 2_000
CHANGES_AT_LEAST = 20_000
CHANGED_AT_ONCE = 500
ROWS_REMEMBERED = 50_000

# No filter that parses is equal to this one.
_NO_FILTER = Filter("(", None, "event")
_SEQ, _ID = attrgetter("seq"), attrgetter("id")


class _Superseded(Exception):
    """Another arrangement was asked for while this one was being made."""


class TaskView:
    """The tasks of a store that pass a filter, in the order of a column.

    `refresh` takes its time and belongs in a thread of its own; all else is quick, from anywhere.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._lock = Lock()
        self._refreshing = Lock()
        self._wanted = Arrangement()
        self._frozen = False
        self._pinned: Shown | None = None
        self._rows: dict[str, Task] = {}
        # From here on: the refreshing thread's own.
        self._made = Arrangement()
        self._column: Column[Task] = column(TASK_COLUMNS, self._made.sort)
        self._revision: int | None = None
        self._entries = Entries()
        self._all = Ranking()
        self._hits = self._all
        self._live: dict[str, None] | None = None
        self._asked_at = 0.0
        self._asking_took = 0.0
        known, unknown = self._hits.publish()
        self._current = Shown(self._made, known, unknown, {}, {}, 0, 0)

    # -- for any thread ------------------------------------------------------------------------

    def configure(
        self, *, filter: Filter | None = None, sort: str = "seen", reverse: bool = True
    ) -> None:
        """Ask for other tasks or another order; `refresh` makes it. KeyError: no such column."""
        column(TASK_COLUMNS, sort)
        with self._lock:
            self._wanted = Arrangement(filter or EMPTY, sort, reverse)

    @property
    def filter(self) -> Filter:
        """The filter asked for."""
        return self._wanted.filter

    @property
    def sort(self) -> str:
        """The column asked for."""
        return self._wanted.sort

    @property
    def reverse(self) -> bool:
        """Whether the greatest was asked for first."""
        return self._wanted.reverse

    @property
    def stale(self) -> bool:
        """Whether what is shown is not yet (all of) what was asked for."""
        shown = self._shown
        return shown.arrangement != self._wanted or not shown.complete

    @property
    def total(self) -> int:
        """How many tasks were held at the last refresh."""
        return self._shown.total

    @property
    def matched(self) -> int:
        """How many of them are in the table."""
        return self._shown.matched

    @property
    def version(self) -> int:
        """Grows whenever rows or their order changed."""
        return self._shown.version

    def window(self, start: int, count: int) -> list[Task]:
        """Copies of the rows from a position on; without those that went since the refresh."""
        ids = self._shown.ids(start, count)
        if not self._frozen:
            return [task for task in self._store.tasks(ids) if task is not None]
        rows = self._rows
        missing = [id for id in ids if id not in rows]
        for id, task in zip(missing, self._store.tasks(missing), strict=True):
            if task is not None and len(rows) < ROWS_REMEMBERED:
                rows[id] = task
        return [rows[id] for id in ids if id in rows]

    def ids(self, start: int, count: int) -> list[str]:
        """The ids from a position on."""
        return self._shown.ids(start, count)

    def matching_ids(self) -> list[str]:
        """The ids of the whole table, in its order."""
        shown = self._shown
        return shown.ids(0, shown.matched)

    def position(self, id: str) -> int | None:
        """The row in which a task stands, None if it is not in the table."""
        while True:
            shown = self._shown
            found = shown.position(id)
            # One that was just replaced may be taken apart already.
            if found is not None or shown is self._shown:
                return found

    def freeze(self, on: bool) -> None:
        """Keep the rows as they are, and as they were when first looked at, until it is off."""
        with self._lock:
            self._rows = {}
            self._pinned = self._current if on else None
            self._frozen = on

    @property
    def frozen(self) -> bool:
        """Whether the rows are kept as they are."""
        return self._frozen

    @property
    def _shown(self) -> Shown:
        return self._pinned or self._current

    # -- for the refreshing thread -------------------------------------------------------------

    def refresh(self) -> bool:
        """Bring the order up to date with the store; True if what readers see changed."""
        with self._refreshing:
            before = self._current.version
            while True:
                try:
                    self._refresh()
                except _Superseded:
                    # What stands there is of an older filter: nobody must take it for this one's.
                    made = self._made
                    self._made = Arrangement(_NO_FILTER, made.sort, made.reverse)
                except BaseException:
                    self._revision = None
                    raise
                else:
                    return self._current.version != before

    def _refresh(self) -> None:
        wanted = self._wanted
        now = self._clock()
        if self._revision is None or wanted.sort != self._made.sort:
            with only_young_garbage():
                self._rebuild(wanted, now)
        elif wanted.filter != self._made.filter:
            self._ask_all(wanted, now)
        elif wanted != self._made:
            self._made = wanted
            self._publish()
        changed = self._changed()
        if changed is None:
            with only_young_garbage():
                self._rebuild(wanted, now)
            return
        moved = self._apply(changed, now)
        if self._made.filter.changes == "always" and self._due(now):
            self._ask_all(wanted, now)
        elif moved | self._tick(now) or changed:
            self._publish()

    def _due(self, now: float) -> bool:
        """Whether it is time to ask all tasks again; at most a twentieth of the time goes to it."""
        return not 0 <= now - self._asked_at < max(1.0, 20 * self._asking_took)

    def _changed(self) -> list[str] | None:
        """The ids that changed since the last call, None if it takes a rebuild."""
        revision = self._store.revision
        if revision == self._revision or self._revision is None:
            return []
        limit = max(CHANGES_AT_LEAST, self._entries.size // 4)
        ids = self._store.changed_since(self._revision, limit)
        self._revision = None if ids is None else revision
        return ids

    def _publish(self, first: list[Entry] | None = None, total: int | None = None) -> None:
        """Show what there is, or only the `first` rows of it."""
        ranking, entries = self._hits, self._entries
        if first is not None:
            ranking, entries = Ranking(), Entries()
            ranking.fill(first)
            entries.fill(first)
        known, unknown = ranking.publish()
        shown = Shown(
            arrangement=self._made,
            known=known,
            unknown=unknown,
            entries=entries,
            moved={},
            total=self._entries.size if total is None else total,
            version=self._current.version + 1,
            complete=first is None,
        )
        with self._lock:
            self._current = shown
            pinned = self._pinned
            if self._frozen and (
                pinned is None or pinned.arrangement != shown.arrangement or not pinned.complete
            ):
                self._pinned = shown

    def _pause(self) -> None:
        let_go()
        if self._wanted != self._made:
            raise _Superseded

    def _rebuild(self, wanted: Arrangement, now: float) -> None:
        """Sort everything anew."""
        self._made = wanted
        self._column = column(TASK_COLUMNS, wanted.sort)
        # Until all is sorted, whatever interrupts it leaves a rebuild to be done.
        self._revision = None
        revision = self._store.revision
        tasks = self._store.all_tasks()
        if len(tasks) >= preview.FROM:
            self._preview_order(wanted, now, tasks)
        found: list[Entry] = []
        for chunk in slices(tasks):
            keys = self._keys(chunk, now)
            found += zip(keys, map(_SEQ, chunk), map(_ID, chunk), strict=True)
            self._pause()
        ranking, entries = Ranking(), Entries()
        ranking.fill(found, self._pause)
        entries.fill(found, self._pause)
        drop(found)
        before = (self._all, self._hits, self._entries)
        self._all, self._entries, self._revision = ranking, entries, revision
        try:
            self._select(wanted, now, tasks)
        finally:
            drop(tasks)
            self._release(*before)

    def _preview_order(self, wanted: Arrangement, now: float, tasks: Sequence[Task]) -> None:
        pieces = slices(tasks, backwards=wanted.reverse)
        keyed = ((piece, self._keys(piece, now)) for piece in pieces)
        first = preview.sort_first(keyed, wanted, now, self._pause)
        if first:
            self._publish(first, len(tasks))

    def _release(self, everything: Ranking, hits: Ranking, entries: Entries) -> None:
        """Take apart what a rebuild replaced."""
        pinned = self._pinned
        if hits is not everything and hits is not self._hits:
            hits.clear()
        everything.clear()
        if (
            pinned is None or pinned.entries is not entries
        ) and self._current.entries is not entries:
            entries.clear()

    def _keys(self, tasks: Sequence[Task], now: float) -> list[Any]:
        field, get = self._column.field, self._column.key
        if field is None:
            keys = [get(task, now) for task in tasks]
        else:
            keys = list(map(attrgetter(field), tasks))
            if self._column.live:
                keys = [get(t, now) if k is None else k for k, t in zip(keys, tasks, strict=True)]
        # What is not equal to itself has no place in an order.
        return [None if key != key else key for key in keys]

    def _ask_all(self, wanted: Arrangement, now: float) -> None:
        """Ask every task whether it passes; if it is another question, show the first ones soon."""
        tasks = self._store.all_tasks()
        again = wanted.filter == self._made.filter or wanted.filter.is_empty
        try:
            if not again and len(tasks) >= preview.FROM:
                self._preview(wanted, now)
            self._select(wanted, now, tasks)
        finally:
            drop(tasks)

    def _select(self, wanted: Arrangement, now: float, tasks: Sequence[Task]) -> None:
        """Choose those of the tasks that pass, and show them."""
        self._made = wanted
        hits = self._hits
        self._choose(tasks, now)
        self._publish()
        if hits is not self._all and hits is not self._hits:
            hits.clear()

    def _preview(self, wanted: Arrangement, now: float) -> None:
        self._made = wanted
        known, unknown = self._all.publish()
        everything = Shown(wanted, known, unknown, self._entries, {}, self._entries.size, 0)
        ids = preview.select_first(self._store, everything, wanted, now, self._pause)
        found = [entry for entry in map(self._entries.get, ids) if entry is not None]
        if found:
            self._publish(found)

    def _choose(self, tasks: Sequence[Task], now: float) -> None:
        filter, entries = self._made.filter, self._entries
        self._track_live(tasks)
        if filter.is_empty:
            self._hits = self._all
            return
        began = time.perf_counter()
        found: list[Entry] = []
        for chunk in slices(tasks):
            ids = map(_ID, filter.select(chunk, now))
            found += [entry for entry in map(entries.get, ids) if entry is not None]
            self._pause()
        hits = Ranking()
        hits.fill(found, self._pause)
        self._hits = hits
        self._asked_at = now
        self._asking_took = time.perf_counter() - began

    # -- a few changes

    def _apply(self, ids: Sequence[str], now: float) -> bool:
        """Put changed tasks in their places; True if any moved, came or went."""
        moved = False
        for start in range(0, len(ids), CHANGED_AT_ONCE):
            chunk = ids[start : start + CHANGED_AT_ONCE]
            for id, task in zip(chunk, self._store.tasks(chunk), strict=True):
                moved |= self._forget(id) if task is None else self._place(task, now)
            let_go()
        return moved

    def _note(self, id: str, entry: Entry) -> None:
        """Keep where a task stands in the pages that readers have, before that changes."""
        self._current.moved.setdefault(id, entry)
        pinned = self._pinned
        if pinned is not None:
            pinned.moved.setdefault(id, entry)

    def _forget(self, id: str) -> bool:
        entry = self._entries.get(id)
        if self._live is not None:
            self._live.pop(id, None)
        if entry is None:
            return False
        self._note(id, entry)
        self._entries.remove(id)
        self._all.remove(entry)
        return self._hits is self._all or self._hits.remove(entry)

    def _place(self, task: Task, now: float) -> bool:
        key = self._column.key(task, now)
        entry = (None if key != key else key, task.seq, task.id)
        before = self._entries.get(task.id)
        if before != entry:
            if before is not None:
                self._note(task.id, before)
                self._all.remove(before)
            self._entries.put(entry)
            self._all.add(entry)
        if self._live is not None:
            if task.state.finished:
                self._live.pop(task.id, None)
            else:
                self._live[task.id] = None
        if self._hits is self._all:
            return before != entry
        return self._place_hit(task, before, entry, now)

    def _place_hit(self, task: Task, before: Entry | None, entry: Entry, now: float) -> bool:
        was_in = before is not None and before in self._hits
        is_in = self._made.filter.matches(task, now)
        if was_in and is_in and before == entry:
            return False
        if was_in and before is not None:
            self._hits.remove(before)
        if is_in:
            self._hits.add(entry)
        return was_in or is_in

    # -- what the clock alone changes

    def _track_live(self, tasks: Sequence[Task]) -> None:
        self._live = None
        if self._column.live or self._made.filter.changes == "running":
            self._live = {}
            for chunk in slices(tasks):
                self._live.update((task.id, None) for task in chunk if not task.state.finished)
                self._pause()

    def _tick(self, now: float) -> bool:
        """Look again at some of the tasks whose key or answer the clock changes, in turn."""
        if not self._live:
            return False
        ids = [id for id, _ in zip(self._live, range(LIVE_AT_ONCE), strict=False)]
        for id in ids:
            del self._live[id]
            self._live[id] = None
        return self._apply(ids, now)
