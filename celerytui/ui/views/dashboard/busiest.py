"""What eats the cluster: the types of tasks with the largest share of its run time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from celerytui.columns import (
    clean,
    format_duration,
    format_percent,
    format_rate,
    meter,
    short_name,
    type_name,
)
from celerytui.model import TypeFigures
from celerytui.store.statistics import WINDOWS
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.panes.pane import Row
from celerytui.ui.views.dashboard.panel import Panel

WINDOW = next(iter(WINDOWS))
PACE = 3.0
"""Seconds between two looks: quantiles take a while, and shares of 5 minutes move slowly."""
MOST = 30
"""As many types are listed."""
COLUMNS = (("SHARE", 6), ("", 5), ("RATE", 7), ("p95", 7))
"""The heads behind the name, and the cells of each with the space before it."""
EXPLAINED = (
    ("TYPE", "name of the task"),
    ("SHARE", "share of the run time of all tasks"),
    ("RATE", "tasks that ended per second"),
    ("p95", "95 % of the successful runs took no longer"),
)


class BusiestPanel(Panel[TypeFigures]):
    """A line a type: its share of all run time, how many end a second, and how long they take."""

    NAME = "Busiest types"
    VIEW = "types"
    NOTHING = f"No task ended in the last {WINDOW}"

    def read(self) -> list[TypeFigures]:
        return self.session.engine.store.types.busiest(WINDOW, MOST, self.session.now())

    def columns_explained(self) -> Sequence[tuple[str, str]]:
        return EXPLAINED

    def as_of(self, now: float) -> Hashable:
        return int(now // PACE), self.session.engine.store.types.answered

    def key_of(self, item: TypeFigures) -> str:
        return item.name if item.others is None else type_name(item)

    def titles(self) -> tuple[Spans, Spans]:
        right: list[Span] = [(f"share of run time, {WINDOW}", "muted")] if self._items else []
        return [(self.NAME, self.title_role)], right

    def head(self, width: int) -> list[Line | Spans]:
        if not self._items:
            return []
        line = Line(width, self.session.glyphs.ellipsis).left((" TYPE", "muted"))
        for name, room in COLUMNS:
            line.right((name.rjust(room), "muted"))
        return [line.right((" ", "muted"))]

    def draw(self, items: list[TypeFigures], width: int) -> list[Row]:
        return [self._type(item, width) for item in items]

    def _type(self, item: TypeFigures, width: int) -> Row:
        ascii, ground = self.session.ascii, "cursor" if self.at_cursor(item) else "bg"
        room = width - 2 - sum(cells for _, cells in COLUMNS) - 1
        name = clean(short_name(type_name(item), room, ascii=ascii), limit=200)
        share, bar, rate, p95 = (cells for _, cells in COLUMNS)
        pace = format_rate(item.per_second, ascii=ascii)
        number, slash, unit = pace.rpartition("/")
        # The longest rate leaves no space before it.
        drawn = meter(item.share, bar - 1 - (len(pace) >= rate), ascii=ascii)
        part = len(drawn.rstrip(self.session.glyphs.waiting))
        line = Line(width, self.session.glyphs.ellipsis)
        line.left(self.before(item), (name, "strong" if ground == "cursor" else "text"))
        line.right((format_percent(item.share, ascii=ascii).rjust(share), "text"), (" ", "text"))
        line.right((drawn[:part], "started"), (drawn[part:].ljust(bar - 1 - part), "faint"))
        line.right((number.rjust(rate - len(slash + unit)), "text"), (slash + unit, "muted"))
        line.right((format_duration(item.runtime.p95, ascii=ascii).rjust(p95), "muted"))
        return line.right((" ", "text")), ground
