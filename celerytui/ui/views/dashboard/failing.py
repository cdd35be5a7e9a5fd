"""What fails: the failed tasks of the last five minutes in groups, the most frequent first.

As the header's number does, it counts no lost, missed, rejected or terminated ones.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from celerytui.columns import clean, format_age, format_count, short_class, short_name, sparkline
from celerytui.store import WINDOWS, FailureRow, in_cells
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.panes.pane import Row
from celerytui.ui.views.dashboard.panel import Panel

WINDOW = WINDOWS[0]
TREND = 12
"""Cells of the course of a group."""
COUNT = 6


class FailingPanel(Panel[FailureRow]):
    """Two lines a group: the exception and when it came last; the task, its course, how often."""

    NAME = "Failing"
    VIEW = "failures"
    LINES: ClassVar[int] = 2
    NOTHING = f"No failed tasks in the last {WINDOW.label}"

    def read(self) -> list[FailureRow]:
        rows = self.session.engine.store.failures.rows(self.session.now(), WINDOW)
        found = [row for row in rows if row.failed and row.raised and row.standing != "resolved"]
        return sorted(found, key=lambda row: (-row.failed, -row.last_seen))

    def as_of(self, now: float) -> Hashable:
        return int(now), self.session.engine.store.failures.revision

    def key_of(self, item: FailureRow) -> str:
        return item.key

    def titles(self) -> tuple[Spans, Spans]:
        left: list[Span] = [(self.NAME, self.title_role)]
        failed = sum(row.failed for row in self._items)
        if not failed:
            return left, []
        new = sum(row.standing == "new" for row in self._items)
        right: list[Span] = [(f"{failed:,} in {WINDOW.label}", "muted")]
        if new:
            dot: Span = (f" {self.session.glyphs.dot} ", "faint")
            right = [(f"{new:,} new", "warning bold"), dot, *right]
        return left, right

    def draw(self, items: list[FailureRow], width: int) -> list[Row]:
        return [row for item in items for row in self._group(item, width)]

    def _group(self, item: FailureRow, width: int) -> list[Row]:
        session, glyphs = self.session, self.session.glyphs
        ground = "cursor" if self.at_cursor(item) else "bg"
        age = format_age(max(0.0, session.now() - item.last_seen), ascii=session.ascii)
        first = Line(width, glyphs.ellipsis)
        first.left(self.before(item), (f"{glyphs.failure} ", "failure"))
        first.left((short_class(item.exception), "strong" if ground == "cursor" else "text"))
        if item.standing:
            first.left((f"  {item.standing}", "warning bold"))
        first.right((f"{age} ", "muted"))
        count = f"{glyphs.times}{format_count(item.failed, COUNT - 1)}".rjust(COUNT)
        trend = sparkline(in_cells(item.slices, TREND), TREND, ascii=session.ascii)
        second = Line(width, glyphs.ellipsis)
        room = width - 3 - TREND - COUNT - 4
        name = short_name(item.task, room, ascii=session.ascii) if item.task else "name unknown"
        second.left((self.before(item)[0] + "  ", "cursor"), (clean(name, limit=200), "muted"))
        second.right((trend, "failure"), ("  ", "text"), (count, "strong"), (" ", "text"))
        return [(first, ground), (second, ground)]
