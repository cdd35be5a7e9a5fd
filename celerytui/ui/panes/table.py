"""A list of rows drawn from a registry of columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from celerytui.columns import (
    SIGN_ROLES,
    Cell,
    CellContext,
    Column,
    Layout,
    columns_for,
    header_cells,
    row_cells,
    sort_arrow,
)
from celerytui.control import Order
from celerytui.ui.draw.spans import Line, Span, Spans, cells
from celerytui.ui.panes.narrowed import NarrowedPane
from celerytui.ui.panes.pane import Row

Item = TypeVar("Item")

UNITS = frozenset({"busy", "done", "growth"})
"""Columns whose text is a number and, from the slash on, its unit."""
BARS = frozenset({"bar"})
SIGNS = frozenset({"recent"})
"""Columns whose text may be a sign of a state in each cell."""


class TablePane(NarrowedPane[Item]):
    """A ListPane whose rows are the cells of `COLUMNS`, under a head where there is room."""

    COLUMNS: ClassVar[Sequence[Column[Any]]]
    GUTTER: ClassVar[int] = 1
    """Cells before the first column: the cursor's, and for tasks the mark's."""
    HEAD_FROM: ClassVar[int] = 4
    """Rows of body from which a pane without a frame has a head."""
    KEYS: ClassVar[tuple[str, ...]] = ("table",)

    _drawn: Mapping[str, tuple[Item, Hashable, Row]] = MappingProxyType({})
    """The rows of the last drawing: what is unchanged is not drawn again."""

    _head: tuple[Hashable, Spans] | None = None
    """The head of the last drawing, and what it depends on."""

    @property
    @abstractmethod
    def sort_column(self) -> str | None:
        """The column that the rows are in order of, None for an order of their own."""

    @property
    @abstractmethod
    def sort_reverse(self) -> bool:
        """Whether the highest comes first."""

    @property
    def columns(self) -> Sequence[Column[Any]]:
        """The columns that the user did not hide."""
        hidden = self.session.engine.choices.hidden(self.id or "")
        return [one for one in self.COLUMNS if one.id not in hidden] or self.COLUMNS

    def remember_order(self) -> None:
        """Have the next session on this app begin with the order that the table has now."""
        choices = self.session.engine.choices
        choices.sort(self.id or "", self.sort_column or "", reverse=self.sort_reverse)

    def remembered_order(self) -> Order | None:
        """The order that was chosen before, None where there is none, or no such column now."""
        order = self.session.engine.choices.order(self.id or "")
        known = {id for id, _ in self.orders()}
        return order if order is not None and order.column in known else None

    def layout_for(self, width: int) -> Layout[Item]:
        """The columns that go in a body of `width` cells."""
        most = self.session.columns_within.get(self.id or "", width)
        room = width + 1 - self.GUTTER
        return columns_for(self.columns, room, chosen_for=room - max(0, width - most))

    def columns_explained(self) -> Sequence[tuple[str, str]]:
        return [(column.title, column.help) for column in self.COLUMNS]

    def left_out(self) -> list[Span]:
        """Why there is more than these rows."""
        return []

    def footnote(self) -> Spans:
        above: list[Span] = []
        if self._top and self.cursor is not None:
            above.append((f"{self._top:,} above", "muted"))
        left_out = self.left_out()
        if above and left_out:
            above.append((f" {self.session.glyphs.dot} ", "muted"))
        return [*above, *left_out]

    def context(self) -> CellContext:
        """The moment and the way of writing for this drawing."""
        session = self.session
        return CellContext(now=session.now(), utc=session.utc, ascii=session.ascii)

    def ground(self, item: Item) -> str:
        """The background of a row."""
        return "bg"

    def before(self, item: Item) -> Spans:
        """The `GUTTER` cells before the first column of a row."""
        cursor = self.session.glyphs.cursor if self.at_cursor(item) else " "
        return [(cursor.ljust(self.GUTTER), "cursor")]

    def head(self, width: int) -> list[Line | Spans]:
        if not self.session.framed and self.inside.height < self.HEAD_FROM:
            return []
        most = self.session.columns_within.get(self.id or "", width)
        hidden = frozenset(self.session.engine.choices.hidden(self.id or ""))
        look = width, most, hidden, self.sort_column, self.sort_reverse
        if self._head is None or self._head[0] != look:
            heads = header_cells(
                self.layout_for(width),
                self.sort_column,
                self.sort_reverse,
                ascii=self.session.ascii,
            )
            head = _padded([(" " * self.GUTTER, "muted"), *_spans(heads, heavy=False)], width)
            self._head = look, head
        return [self._head[1]]

    def lasting(self, item: Item, context: CellContext) -> Hashable:
        """What the cells of a row depend on besides the item; None: on time itself."""
        return None

    def draw(self, items: list[Item], width: int) -> list[Row]:
        layout, context = self.layout_for(width), self.context()
        drawn: dict[str, tuple[Item, Hashable, Row]] = {}
        rows: list[Row] = []
        for item in items:
            key, at_cursor, before = self.key_of(item), self.at_cursor(item), self.before(item)
            ground = "cursor" if at_cursor else self.ground(item)
            lasting = self.lasting(item, context)
            look = (lasting, width, at_cursor, ground, tuple(before))
            known = self._drawn.get(key)
            if known and lasting is not None and known[1] == look and known[0] == item:
                row = known[2]
            else:
                spans = _spans(row_cells(layout, item, context), heavy=at_cursor)
                row = _padded([*before, *spans], width), ground
            drawn[key] = item, look, row
            rows.append(row)
        self._drawn = drawn
        return rows

    def head_clicked(self, x: int) -> None:
        start = self.GUTTER
        for head in header_cells(self.layout_for(self.inside.width)):
            start += head.gap
            if start <= x < start + head.width:
                self.sort_by(head.column)
                return
            start += head.width

    def orders(self) -> list[tuple[str, str]]:
        """What `sort_by` takes, and how each is called."""
        return [(one.id, one.title) for one in self.COLUMNS]

    def sort_by(self, column_id: str) -> None:
        """Sort by that column; a second time turns the order round."""
        raise NotImplementedError

    def action_reverse(self) -> None:
        """Turn the order round."""
        raise NotImplementedError

    @property
    def arrow(self) -> str:
        """The sign of the direction of the order."""
        return sort_arrow(reverse=self.sort_reverse, ascii=self.session.ascii)


def _spans(row: Sequence[Cell], *, heavy: bool) -> list[Span]:
    spans: list[Span] = []
    for cell in row:
        if cell.gap:
            spans.append((" " * cell.gap, "text"))
        if cell.column in BARS:
            part = len(cell.text.rstrip("─-"))
            spans += [(cell.text[:part], cell.role), (cell.text[part:], "faint")]
        elif cell.column in UNITS and "/" in cell.text and cell.role == "text":
            number, slash, unit = cell.text.rpartition("/")
            spans += [(number, cell.role), (slash + unit, "muted")]
        elif cell.column in SIGNS and SIGN_ROLES.keys() >= set(cell.text):
            spans += [(sign, SIGN_ROLES[sign]) for sign in cell.text]
        elif cell.mark != cell.role:
            spans += [(cell.text[:1], cell.mark), (cell.text[1:], cell.role)]
        elif heavy and cell.column == "name":
            spans.append((cell.text, "strong"))
        else:
            spans.append((cell.text, cell.role))
    return spans


def _padded(spans: list[Span], width: int) -> list[Span]:
    room = width - sum(cells(text) for text, _ in spans)
    return [*spans, (" " * room, "text")] if room > 0 else spans
