"""What readers of a view see: rows in an order that does not change under them."""

from __future__ import annotations

from msgspec import Struct

from celerytui.query.block_list import Page, SortEntries, SortEntry
from celerytui.query.parse import EMPTY, Filter


class Arrangement(Struct, frozen=True):
    """Which tasks, sorted by which column, and whether from the top down."""

    filter: Filter = EMPTY
    sort: str = "seen"
    reverse: bool = True


class ViewPage(Struct):
    """What readers see: two pages and the entries behind them.

    `moved` has the entries as they stand in the pages of those tasks that changed since; while a
    page is pinned only of tasks that are in it.
    """

    arrangement: Arrangement
    known: Page
    unknown: Page
    entries: SortEntries | dict[str, SortEntry]
    moved: dict[str, SortEntry]
    total: int
    version: int
    complete: bool = True

    @property
    def matched(self) -> int:
        """How many rows there are."""
        return self.known.size + self.unknown.size

    def ids(self, start: int, count: int) -> list[str]:
        """The ids from a position on, in the order shown."""
        start, end = max(0, start), min(self.matched, max(0, start) + max(0, count))
        if end <= start:
            return []
        found: list[str] = []
        begin = 0
        for page in (self.known, self.unknown):
            first, last = max(0, start - begin), min(page.size, end - begin)
            if first < last:
                if self.arrangement.reverse:
                    found += page.slice(page.size - last, page.size - first)[::-1]
                else:
                    found += page.slice(first, last)
            begin += page.size
        return found

    def has(self, entry: SortEntry) -> bool:
        """Whether this very entry stands in the pages."""
        return (self.unknown if entry[0] is None else self.known).position(entry) is not None

    def position(self, id: str) -> int | None:
        """The row of a task, None if it is not there."""
        # Twice: the entry may be replaced, by the thread that writes, between the two look-ups.
        for _ in range(2):
            entry = self.moved.get(id) or self.entries.get(id)
            if entry is None:
                return None
            page, before = (self.unknown, self.known.size) if entry[0] is None else (self.known, 0)
            found = page.position(entry)
            if found is not None:
                return before + (page.size - 1 - found if self.arrangement.reverse else found)
        return None
