"""What a column is, how columns share the width of a table, and how a row is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from msgspec import Struct

from celerytui.columns.glyphs import signs
from celerytui.columns.text import cell_width, cut, pad

GUTTER = 2
_INFO_LIMIT = 512

T = TypeVar("T")


class CellContext(Struct, frozen=True):
    """What a cell needs beside its row: the time and how to write."""

    now: float
    utc: bool = False
    ascii: bool = False
    worker_prefix: str = ""


Text = Callable[[T, CellContext, int], str]
Key = Callable[[T, float], Any]
Keys = Callable[[Sequence[T], float], list[Any]]
Role = Callable[[T], str]


def _plain(_row: Any) -> str:
    return "text"


class Column(Struct, Generic[T], frozen=True, kw_only=True):
    """One column of a table of such rows.

    It takes `width` to `max_width` cells (without end if `stretch`) in tables of at least
    `min_table_width`, and `narrow_width` in tables under `narrow_under`. `label` is what it is
    called if it has no `header`, and `help` says what it shows. `text` gives cleaned text for a
    number of cells, and `drawn` says that it is a picture of a number; `key` gives the value to
    sort by, None where there is none, which changes with the clock if `live`; `keys` gives the
    keys of many rows, each as `key` does.
    `role` names the colour role of the words, `mark` that of the first character where it differs.
    `gap` is the space before it. Text that does not fit spills to the left over empty cells if
    `spills`, and over the blanks behind the words before them, and loses what stands behind its
    commas.
    """

    id: str
    header: str
    help: str
    label: str = ""
    width: int
    text: Text[T]
    key: Key[T]
    keys: Keys[T] | None = None
    live: bool = False
    drawn: bool = False
    max_width: int = 0
    min_table_width: int = 0
    narrow_under: int = 0
    narrow_width: int = 0
    align: Literal["left", "right"] = "left"
    stretch: int = 0
    role: Role[T] = _plain
    mark: Role[T] | None = None
    gap: int = 2
    spills: bool = False

    @property
    def title(self) -> str:
        """What it is called where it is chosen."""
        return self.header or self.label

    @property
    def falls(self) -> bool:
        """Whether it is first sorted from the highest down, as numbers are."""
        return self.align == "right" or self.drawn

    def sort_keys(self, rows: Sequence[T], now: float) -> list[Any]:
        """The values to sort these rows by, None where there is none."""
        keys, key = self.keys, self.key
        return [key(row, now) for row in rows] if keys is None else keys(rows, now)


class Cell(NamedTuple):
    """One cell as it is to be drawn: `text` is exactly `width` cells, after `gap` spaces."""

    column: str
    text: str
    width: int
    gap: int
    role: str
    mark: str


Layout = list[tuple[Column[T], int]]


def columns_for(
    columns: Sequence[Column[T]], width: int, *, chosen_for: int | None = None
) -> Layout[T]:
    """The columns that go in a table of `width` cells (its gutter of two included), with widths.

    Columns go by `min_table_width`, where it is `chosen_for` fewer cells by those, but one always
    stays; room that is left goes to those that may grow, then to the one that stretches. In a table
    too narrow for them that one gives way, by half at the most, then the rightmost go.
    """
    least = width if chosen_for is None else chosen_for
    shown = [one for one in columns if least >= one.min_table_width] or list(columns[:1])
    sizes = [_least(column, width) for column in shown]
    stretching = max(range(len(shown)), key=lambda index: shown[index].stretch)
    yielding = sizes[stretching] // 2
    while len(shown) > stretching + 1 and _total(shown, sizes) - yielding > width:
        shown.pop()
        sizes.pop()
    spare = width - _total(shown, sizes)
    for index, column in enumerate(shown):
        if spare > 0 and column.max_width > sizes[index] and not _is_narrow(column, width):
            more = min(spare, column.max_width - sizes[index])
            sizes[index] += more
            spare -= more
    sizes[stretching] = max(1, sizes[stretching] + spare)
    return list(zip(shown, sizes, strict=True))


def _is_narrow(column: Column[Any], width: int) -> bool:
    return width < column.narrow_under


def _least(column: Column[Any], width: int) -> int:
    return column.narrow_width if _is_narrow(column, width) else column.width


def _total(shown: Sequence[Column[Any]], sizes: Sequence[int]) -> int:
    return GUTTER + sum(sizes) + sum(column.gap for column in shown[1:])


def row_cells(layout: Layout[T], row: T, context: CellContext) -> list[Cell]:
    """One row of a table, cell by cell, each padded and cut to its width."""
    drawn: list[Cell] = []
    ellipsis = signs(context.ascii).ellipsis
    for column, size in layout:
        text = column.text(row, context, size)
        gap = column.gap if drawn else 0
        if column.spills:
            while cell_width(text) > size and len(drawn) > 1 and not drawn[-1].text.strip():
                size += gap + drawn[-1].width
                gap = drawn.pop().gap
            missing = cell_width(text) - size
            if missing > 0 and drawn and (less := _narrowed(drawn[-1], missing)) is not None:
                drawn[-1], size = less, size + missing
            while cell_width(text) > size and ", " in text:
                text = text.rpartition(", ")[0]
        text = pad(cut(text, size, ellipsis=ellipsis), size, column.align)
        role = column.role(row)
        drawn.append(
            Cell(column.id, text, size, gap, role, column.mark(row) if column.mark else role)
        )
    return drawn


def _narrowed(cell: Cell, cells: int) -> Cell | None:
    """A cell without so many of the blanks behind its words, None where it has fewer."""
    words = cell.text.rstrip(" ")
    width = cell.width - cells
    if width < max(1, cell_width(words)):
        return None
    return cell._replace(text=pad(words, width), width=width)


def header_cells(
    layout: Layout[T], sort: str | None = None, reverse: bool = True, *, ascii: bool = False
) -> list[Cell]:
    """The heads of a table: `muted`, that of the sort column `strong` and with its arrow.

    A head stands whole or not at all. Where there is no room for the arrow, it takes that of the
    space before a head on the right, and after one on the left.
    """
    drawn: list[Cell] = []
    taken = 0
    for place, (column, size) in enumerate(layout):
        gap = column.gap - taken if drawn else 0
        taken = 0
        text = column.header if has_head(column, size) else ""
        if column.id == sort and text:
            after = place + 1 < len(layout)
            if cell_width(text) < size or (gap > 1 if column.align == "right" else after):
                text += sort_arrow(reverse=reverse, ascii=ascii)
            if cell_width(text) > size:
                taken = int(column.align == "left")
                size, gap = size + 1, gap - (1 - taken)
        role = "strong" if column.id == sort else "muted"
        drawn.append(Cell(column.id, pad(text, size, column.align), size, gap, role, role))
    return drawn


def has_head(column: Column[Any], size: int) -> bool:
    """Whether a column of so many cells has its head, which is never cut."""
    return bool(column.header) and cell_width(column.header) <= size


def sort_arrow(*, reverse: bool, ascii: bool = False) -> str:
    """The sign of a descending or ascending order."""
    return signs(ascii).sorted if reverse else signs(ascii).sorted_up


def column(columns: Sequence[Column[T]], id: str) -> Column[T]:
    """The column of that id; KeyError if there is none."""
    for one in columns:
        if one.id == id:
            return one
    raise KeyError(id)


def sorted_rows(rows: Sequence[T], by: Column[T], now: float, *, reverse: bool = False) -> list[T]:
    """The rows by the values of a column; equal ones stay as they stood.

    Those without a value come last either way, and a NaN is none.
    """
    keys = by.sort_keys(rows, now)
    known = [at for at, key in enumerate(keys) if key is not None and key == key]
    unknown = [at for at, key in enumerate(keys) if key is None or key != key]
    known.sort(key=keys.__getitem__, reverse=reverse)
    return [rows[at] for at in (*known, *unknown)]
