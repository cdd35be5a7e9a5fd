"""The ordered ids that a table scrolls over: filtered, sorted, and kept so change by change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from threading import Lock

from celerytui.columns import TASK_COLUMNS, column
from celerytui.interpreter import collect_young, give_way, let_go
from celerytui.model import Task
from celerytui.query import preview
from celerytui.query.block_list import SortEntry
from celerytui.query.chunks import Waste, only_young_garbage, slices
from celerytui.query.column_index import ColumnIndex
from celerytui.query.listed_tasks import ListedTasks
from celerytui.query.literals import local_day
from celerytui.query.parse import EMPTY, Filter
from celerytui.query.shown_page import ShownPage
from celerytui.query.view_page import Arrangement, ViewPage
from celerytui.store import Store

# How many unfinished tasks are looked at again at a refresh, where the clock alone moves them.
LIVE_AT_ONCE = 2_000
CHANGES_AT_LEAST = 20_000
CHANGED_AT_ONCE = 500
FEW_HITS = 50_000  # these are sorted for a first screen in place of looking through all tasks

# No filter that parses is equal to this one.
_NO_FILTER = Filter("(", None)
_SEQ = attrgetter("seq")


class _Superseded(Exception):
    """Another arrangement was asked for while this one was being made."""


class TaskView:
    """The tasks of a store that pass a filter, in the order of a column.

    `refresh` takes its time and belongs in a thread of its own; all else is quick, from anywhere.
    That thread calls `tell` when the first rows of another arrangement stand, long before the rest.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.time,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell
        self._refreshing = Lock()
        self._wanted = Arrangement()
        # From here on: the refreshing thread's own.
        self._made = Arrangement()
        self._index = ColumnIndex(column(TASK_COLUMNS, self._made.sort))
        self._waste = Waste()
        self._listed = ListedTasks(store, self._waste)
        self._revision: int | None = None
        self._asked_at = self._asking_took = 0.0
        known, unknown = self._index.hits.publish()
        self._shown = ShownPage(store, ViewPage(self._made, known, unknown, {}, {}, 0, 0))

    # -- for any thread ------------------------------------------------------------------------

    def configure(
        self, *, filter: Filter | None = None, sort: str = "seen", reverse: bool = True
    ) -> None:
        """Ask for other tasks or another order; `refresh` makes it. KeyError: no such column."""
        column(TASK_COLUMNS, sort)
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
        shown = self._page
        return shown.arrangement != self._wanted or not shown.complete

    @property
    def showing(self) -> tuple[Arrangement, bool]:
        """What was asked for when what is shown was made, and whether it is all of it."""
        shown = self._page
        return shown.arrangement, shown.complete

    @property
    def tested(self) -> int:
        """How many tasks were tested by the filter so far, while `stale`."""
        return self._index.tested

    @property
    def total(self) -> int:
        """How many tasks were held at the last refresh."""
        return self._page.total

    @property
    def matched(self) -> int:
        """How many of them are in the table."""
        return self._page.matched

    @property
    def version(self) -> int:
        """Grows whenever rows or their order changed."""
        return self._page.version

    def window(self, start: int, count: int) -> list[Task]:
        """Copies of the rows from a position on; without those that went since the refresh."""
        return self._shown.rows(start, count)

    def ids(self, start: int, count: int) -> list[str]:
        """The ids from a position on."""
        return self._page.ids(start, count)

    def matching_ids(self) -> list[str]:
        """The ids of the whole table, in its order."""
        shown = self._page
        return shown.ids(0, shown.matched)

    def pages(self, size: int) -> tuple[int, Iterator[list[Task | None]]]:
        """How many rows stand here now, and copies of them, `size` at a time.

        None stands for one that went since. It can be read by any thread, and takes as long as it
        likes.
        """
        shown = self._page

        def read() -> Iterator[list[Task | None]]:
            for start in range(0, shown.matched, size):
                ids = shown.ids(start, size)
                kept = self._shown.kept  # as they were looked at while the display is frozen
                pairs = zip(ids, self._store.tasks(ids), strict=True)
                yield [kept.get(id, task) for id, task in pairs]

        return shown.matched, read()

    def position(self, id: str) -> int | None:
        """The row in which a task stands, None if it is not in the table."""
        return self._shown.position(id)

    def freeze(self, on: bool) -> None:
        """Keep the rows as they are, and as they were when first looked at, until it is off."""
        self._shown.freeze(on)

    @property
    def _page(self) -> ViewPage:
        return self._shown.page

    # -- for the refreshing thread -------------------------------------------------------------

    def refresh(self) -> bool:
        """Bring the order up to date with the store; True if what readers see changed."""
        with self._refreshing:
            before = self._shown.current.version
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
                    # Nobody waits for what is left to be taken apart: another question goes first.
                    with suppress(_Superseded):
                        self._waste.clear(self._pause)
                        self._listed.keep_up(self._pause)
                    if self._wanted == self._made:
                        return self._shown.current.version != before

    def _refresh(self) -> None:
        wanted = self._wanted
        now = self._clock()
        if self._revision is None or wanted.sort != self._made.sort:
            self._rebuild(wanted, now)
        elif wanted.filter != self._made.filter:
            self._ask_all(wanted, now)
        elif wanted != self._made:
            self._made = wanted
            self._publish()
        revision = self._revision
        changed = self._changed()
        if changed is None:
            self._rebuild(wanted, now)
            return
        try:
            moved = self._apply(changed, now)
        except _Superseded:
            # The rest of the changes is still to come; what is there is whole.
            self._revision = revision
            return
        if self._due(now):
            self._ask_all(wanted, now)
        elif moved | self._tick(now) or changed:
            self._publish()

    def _due(self, now: float) -> bool:
        """Whether it is time to ask all tasks again; at most a twentieth of the time goes to it."""
        changes = self._made.filter.changes
        if "always" in changes:
            return not 0 <= now - self._asked_at < max(1.0, 20 * self._asking_took)
        return "daily" in changes and local_day(now) != local_day(self._asked_at)

    def _changed(self) -> list[str] | None:
        """The ids that changed since the last call, None if it takes a rebuild."""
        revision = self._store.revision
        if revision == self._revision or self._revision is None:
            return []
        limit = max(CHANGES_AT_LEAST, self._index.entries.size // 4)
        ids = self._store.live.changed_since(self._revision, limit)
        self._revision = None if ids is None else revision
        return ids

    def _publish(self, first: list[SortEntry] | None = None, total: int | None = None) -> None:
        """Show what there is, or only the `first` rows of it."""
        ranking, entries = self._index.hits, self._index.entries
        if first is not None:
            ranking, entries = preview.ranked(first)
        known, unknown = ranking.publish()
        page = ViewPage(
            arrangement=self._made,
            known=known,
            unknown=unknown,
            entries=entries,
            moved={},
            total=self._index.entries.size if total is None else total,
            version=self._shown.current.version + 1,
            complete=first is None,
        )
        self._shown.show(page)
        if first is not None:
            self._tell()
            self._check()

    def _pause(self) -> None:
        let_go()
        self._check()

    def _check(self) -> None:
        """Between two pieces of what a reader waits for: rest no more than a key press asks."""
        give_way()
        if self._wanted != self._made:
            raise _Superseded

    # -- all tasks

    def _stands(self, wanted: Arrangement) -> bool:
        """Whether rows of all of it are shown already, so that nobody waits for it."""
        current = self._shown.current
        return current.complete and current.matched > 0 and current.arrangement == wanted

    def _all_tasks(self, wanted: Arrangement) -> list[Task]:
        if self._stands(wanted):
            collect_young()
        return self._listed.all(self._pause)

    def _rebuild(self, wanted: Arrangement, now: float) -> None:
        """Sort everything anew."""
        likely = self._likely(wanted)
        self._made = wanted
        # Until all is sorted, whatever interrupts it leaves a rebuild to be done.
        self._revision = None
        made = ColumnIndex(column(TASK_COLUMNS, wanted.sort))
        # A list of all tasks takes longer than their first rows: the one before has nearly all.
        if likely is None:
            early = self._preview_order(made, self._listed.nearly_all(), now)
        else:
            early = self._preview_order(made, likely, now, self._index.entries.size)
        revision = self._store.revision
        tasks = self._all_tasks(wanted)
        with only_young_garbage():
            try:
                if not early:
                    self._preview_order(made, tasks, now, len(tasks))
                # Before anything long is made anew, or impatience would fill the memory.
                self._waste.clear(self._pause)
                made.sort(tasks, now, self._pause, self._waste)
                self._index, made, self._revision = made, self._index, revision
                self._select(wanted, now, tasks)
            finally:
                self._throw_away(made)

    def _likely(self, wanted: Arrangement) -> list[Task] | None:
        """All tasks that can pass, in order of arrival, if they are known to be few."""
        filter, hits = wanted.filter, self._index.hits
        if (
            self._revision is None
            or filter != self._made.filter
            or filter.changes
            or len(hits) > FEW_HITS
            or self._index.entries.size < preview.FROM
        ):
            return None
        changed = self._store.live.changed_since(self._revision, CHANGES_AT_LEAST)
        if changed is None:
            return None
        known, unknown = hits.publish()
        ids = known.slice(0, known.size) + unknown.slice(0, unknown.size)
        ids = list(dict.fromkeys(ids + changed))
        return sorted(self._store.live.held(ids), key=_SEQ)

    def _preview_order(
        self, made: ColumnIndex, tasks: list[Task], now: float, total: int | None = None
    ) -> bool:
        """Show the first rows soon, unless all of them stand there already; False if it failed.

        Without a `total` some of the tasks may be held no longer.
        """
        wanted = self._made
        size = len(tasks) if total is None else total
        if size < preview.FROM or self._stands(wanted):
            return False
        first = preview.sort_first(tasks, made.column, wanted, now, self._check)
        if first is not None and total is None:
            first = self._listed.still_held(first)
        if first is not None:
            self._publish(first, self._index.entries.size if total is None else total)
        return first is not None

    def _throw_away(self, index: ColumnIndex) -> None:
        """Have taken apart what is replaced or was not finished."""
        waste = self._waste
        if index.hits is not index.all:
            waste.add(index.hits)
        waste.add(index.all)
        if not self._shown.has(index.entries):
            waste.add(index.entries)

    def _ask_all(self, wanted: Arrangement, now: float) -> None:
        """Ask every task whether it passes; if it is another question, show the first ones soon."""
        again = wanted.filter == self._made.filter or wanted.filter.is_empty
        self._made = wanted
        if not again and self._index.entries.size >= preview.FROM:
            self._preview(wanted, now)
        self._select(wanted, now, self._all_tasks(wanted))

    def _select(self, wanted: Arrangement, now: float, tasks: Sequence[Task]) -> None:
        """Choose those of the tasks that pass, and show them."""
        began = time.perf_counter()
        before = self._index.choose(wanted.filter, tasks, now, self._pause)
        self._asked_at, self._asking_took = now, time.perf_counter() - began
        self._publish()
        if before is not self._index.all:
            self._waste.add(before)

    def _preview(self, wanted: Arrangement, now: float) -> None:
        known, unknown = self._index.all.publish()
        entries = self._index.entries
        everything = ViewPage(wanted, known, unknown, entries, {}, entries.size, 0)
        ids = preview.select_first(self._store, everything, wanted, now, self._check)
        if found := [entry for entry in map(entries.get, ids) if entry is not None]:
            self._publish(found)

    # -- a few changes

    def _apply(self, ids: Sequence[str], now: float) -> bool:
        """Put changed tasks in their places; True if any moved, came or went."""
        moved, index = False, self._index
        for chunk in slices(ids, CHANGED_AT_ONCE):
            self._pause()
            for id, task in zip(chunk, self._store.tasks(chunk), strict=True):
                if task is None:
                    moved |= index.forget(id, self._shown.note)
                else:
                    moved |= index.place(task, now, self._shown.note)
        return moved

    def _tick(self, now: float) -> bool:
        """Look again at some of the tasks whose key or answer the clock changes, in turn."""
        with suppress(_Superseded):
            return self._apply(self._index.next_live(LIVE_AT_ONCE), now)
        return True
