"""A table of what has a name, workers or queues: all of it at hand, sorted and narrowed here."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable
from typing import Any, ClassVar, TypeVar

from celerytui.columns import clean, column, has_head, natural, sorted_rows
from celerytui.query import Filter
from celerytui.query.patterns import glob
from celerytui.ui.draw.spans import Span, cells_of
from celerytui.ui.figures import BY_NARROWING, Figure
from celerytui.ui.messages import FigureOpened
from celerytui.ui.panes.empty import EmptyState, no_matches
from celerytui.ui.panes.narrowed import Listed
from celerytui.ui.panes.pane import Row
from celerytui.ui.panes.table import TablePane
from celerytui.ui.session import Session

Item = TypeVar("Item")


class LoadedTable(TablePane[Item]):
    """A TablePane whose rows are read, sorted and narrowed at each piece of news, not at a move.

    Until a column is chosen, and where its rows are equal, they are in order of trouble where not
    all can be seen, and of names. `word` is what the names shown must have in
    them, or the narrowing of one of `FIGURES`, which are the numbers in its title.
    """

    sort_column: str | None = None
    sort_reverse: bool = True
    NOUN: ClassVar[str]
    word: str = ""
    FIGURES: ClassVar[tuple[Figure, ...]] = ()
    ORDER: ClassVar[str] = "trouble first, then by name"
    """What the order is called in which they come where no column is chosen."""

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._all: list[Item] = []
        self._about: Hashable = None
        self._items: list[Item] = []
        self._places: dict[str, int] = {}
        self._names: list[str] = []
        self._by_name: list[int] = []
        if (order := self.remembered_order()) is not None:
            self.sort_column, self.sort_reverse = order.column or None, order.reverse

    @abstractmethod
    def read(self) -> list[Item]:
        """All that there are now, in any order."""

    @abstractmethod
    def trouble(self, *, crowded: bool) -> Callable[[Item], Any]:
        """The key of the order in which they come where no column is chosen, before the names."""

    @abstractmethod
    def nothing(self) -> EmptyState:
        """Why there is none at all."""

    def name_of(self, item: Item) -> str:
        """What an item is found by."""
        return self.key_of(item)

    @property
    def about(self) -> Hashable:
        """What was chosen to be shown; a display at rest keeps its rows while it is the same."""
        return None

    def paint(self) -> None:
        session = self.session
        held = session.paused_at is not None or session.stale_since is not None
        if self.about != self._about:
            self._about, self._all = self.about, []
        if not (held and self._all):
            self._all = self._ordered_by_name(self.read())
        self.put_in_order()
        super().paint()

    def _ordered_by_name(self, items: list[Item]) -> list[Item]:
        names = [self.key_of(item) for item in items]
        if names != self._names:
            self._names = names
            self._by_name = sorted(range(len(names)), key=lambda at: natural(names[at]))
        return [items[at] for at in self._by_name]

    def candidates(self) -> list[Item]:
        """Those of what was read last that are shown unless the word leaves them out."""
        return self._all

    def put_in_order(self) -> None:
        """Sort what was read last, and leave out what is not asked for."""
        items = self.candidates()
        figure = BY_NARROWING.get(self.word)
        if figure is not None:
            items = [item for item in items if figure.has(item)]
        elif self.word:
            has = glob(self.word, anchored=False)
            items = [item for item in items if has(self.name_of(item).lower())]
        items = sorted(items, key=self.trouble(crowded=len(items) > self.page_rows))
        if self.sort_column is not None:
            by = column(self.COLUMNS, self.sort_column)
            items = sorted_rows(items, by, self.session.now(), reverse=self.sort_reverse)
        self._items = items
        self._places = {self.key_of(item): at for at, item in enumerate(items)}

    # The titles and what is empty

    def left_title(self) -> list[Span]:
        """The name, what is looked for, and the order where no head can show it."""
        left: list[Span] = [(self.NAME, self.title_role)]
        if self.word:
            left += [("  / ", "muted"), (clean(self.word), "text")]
        if self.sort_column is not None and not self._head_tells():
            name = column(self.COLUMNS, self.sort_column).title
            left += [("  ", "text"), (f"{name}{self.arrow}", "strong")]
        return left

    def _head_tells(self) -> bool:
        width = self.inside.width
        return bool(self.head(width)) and any(
            column.id == self.sort_column and has_head(column, size)
            for column, size in self.layout_for(width)
        )

    def troubles(self) -> list[Span]:
        """The numbers of those in trouble, each of which leads to its rows."""
        dot: Span = (f" {self.session.glyphs.dot} ", "faint")
        found: list[Span] = []
        for figure in self.FIGURES:
            if number := figure.number(self._all):
                found += [dot, (figure.text(number), f"{figure.role} bold")]
        return found[1:]

    def title_clicked(self, x: int) -> None:
        text = self.render_line(0).text
        for figure in self.FIGURES:
            if x in cells_of(text, figure.text(figure.number(self._all))):
                self.post_message(FigureOpened(figure))
                return

    def narrowed(self) -> list[Span]:
        """How many of how many are shown."""
        return [(f"{len(self._items):,}", "text"), (f" of {len(self.candidates()):,}", "muted")]

    def empty(self, width: int, height: int) -> list[Row]:
        notice = self.nothing()
        if self._all:
            notice = no_matches(self.session, self.word, len(self._all), self.NOUN)
        return notice.rows(width, height, self.session.glyphs)

    # The rows

    def length(self) -> int:
        return len(self._items)

    def window(self, start: int, count: int) -> list[Item]:
        return self._items[start : start + count]

    def position(self, key: str) -> int | None:
        return self._places.get(key)

    @property
    def chosen(self) -> str | None:
        """The id of the cursor's row, None where it is not shown: no key is about that."""
        return self.cursor if self.cursor in self._places else None

    def document(self, item: Item) -> dict[str, Any]:
        """A row as plain values, for a file."""
        raise NotImplementedError

    def listed(self) -> Listed:
        items = self._items
        return Listed(self.NOUN, map(self.document, items), len(items))

    # Keys

    @abstractmethod
    def open_row(self, key: str) -> None:
        """What Enter does on the row of that id."""

    def action_open(self) -> None:
        if self.chosen is None:
            self.action_move(1)
        if self.chosen is not None:
            self.open_row(self.chosen)

    @property
    def narrowed_by(self) -> str:
        return self.word

    def narrow(self, text: str, made: Filter | None) -> None:
        self.word = text
        self._reorder()

    def orders(self) -> list[tuple[str, str]]:
        return [("", self.ORDER), *super().orders()]

    def sort_by(self, column_id: str) -> None:
        """Sort by that column; a second time turns it round, a third time, or "", ends it."""
        falls = bool(column_id) and column(self.COLUMNS, column_id).falls
        if not column_id:
            self.sort_column = None
        elif column_id != self.sort_column:
            self.sort_column, self.sort_reverse = column_id, falls
        elif self.sort_reverse == falls:
            self.sort_reverse = not falls
        else:
            self.sort_column = None
        self.remember_order()
        self._reorder()

    def action_reverse(self) -> None:
        if self.sort_column is None:
            self.sort_column, self.sort_reverse = "name", False
        self.sort_reverse = not self.sort_reverse
        self.remember_order()
        self._reorder()

    def _reorder(self) -> None:
        """Show the new order from its first row, as far as the cursor's row can be seen too."""
        self.put_in_order()
        place = self.position(self.cursor or "")
        self._top, self._place = 0, self._place if place is None else place
        self.redraw()
