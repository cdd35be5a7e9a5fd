"""A pane with rows and a cursor that is kept by a row's id, not by its position.

Rows come and go above and below; the cursor stays on its row and the row stays where it is on the
screen, so that what is read does not move and a key acts on what was under the cursor.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events

from celerytui.ui.draw.scroll import WHEEL_LINES, thumb
from celerytui.ui.draw.spans import Line, Spans
from celerytui.ui.messages import CursorMoved
from celerytui.ui.panes.pane import Pane, Row

Item = TypeVar("Item")


class ListPane(Pane, Generic[Item]):
    """Rows of `Item`; subclasses say how many there are, which, where one is, and draw them."""

    KEYS: ClassVar[tuple[str, ...]] = ("list",)
    LINES: ClassVar[int] = 1
    """Lines that a row takes."""

    cursor: str | None = None
    follow: bool = False
    """Whether the view stays with the first rows as they come."""

    _top = 0
    _place = 0
    """The cursor's line below the head, kept while rows come and go above it."""
    shown: Sequence[str] = ()
    """The ids of the rows that are drawn, from the top."""
    _anchor: str | None = None
    _first_wanted = False

    @abstractmethod
    def length(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def window(self, start: int, count: int) -> list[Item]:
        """The rows from `start` on."""

    @abstractmethod
    def position(self, key: str) -> int | None:
        """Where the row of that id is, None where it is not."""

    @abstractmethod
    def key_of(self, item: Item) -> str:
        """The id of a row."""

    @abstractmethod
    def draw(self, items: list[Item], width: int) -> list[Row]:
        """The rows as lines with their grounds."""

    def head(self, width: int) -> list[Line | Spans]:
        """The lines above the rows."""
        return []

    def empty(self, width: int, height: int) -> list[Row]:
        """What is shown where there are no rows: why, and the key that helps."""
        return []

    @property
    def answers(self) -> bool:
        """Whether the first rows are those that were asked for last."""
        return True

    def cursor_moved(self) -> None:
        """Called after the cursor moved to another row."""

    # Drawing

    def body(self, width: int, height: int) -> list[Row]:
        head = self.head(width)[:height]
        room = height - len(head)
        rows = room // self.LINES
        count = self.length()
        if count == 0:
            self._first_wanted &= not self.answers
            self.shown = ()
            return [*((line, "bg") for line in head), *self.empty(width, room)]
        self._settle(count, rows)
        items = self.window(self._top, rows)
        if not items and self._top:
            # All that stood here was evicted since the order was made: the first rows were not.
            self._top = 0
            self._set_cursor(None)
            items = self.window(0, rows)
        self.shown = [self.key_of(item) for item in items]
        self._anchor = self.shown[0] if self.shown else None
        rows_drawn = self.draw(items, width)
        return [*((line, "bg") for line in head), *rows_drawn]

    def at_cursor(self, item: Item) -> bool:
        """Whether the cursor is shown on this row."""
        return self.key_of(item) == self.cursor and (self.has_focus or self.keeps_cursor)

    keeps_cursor = False
    """Whether the cursor is drawn also while another pane has the focus."""

    def _settle(self, count: int, rows: int) -> None:
        """Choose the first row so that the cursor's row, or else the first one, stays in place."""
        last_top = max(0, count - rows)
        if self._first_wanted and self.answers and (first := self.window(0, 1)):
            self._first_wanted = False
            self._top = self._place = 0
            self._set_cursor(self.key_of(first[0]))
        if self.follow:
            self._top = 0
            first = self.window(0, 1)
            if first:
                self._set_cursor(self.key_of(first[0]))
            return
        place = None if self.cursor is None else self.position(self.cursor)
        if self.cursor is not None and place is None:
            heir = self.window(min(self._top + self._place, count - 1), 1)
            self._set_cursor(self.key_of(heir[0]) if heir else None)
            place = min(self._top + self._place, count - 1)
        if place is not None:
            self._place = max(0, min(self._place, rows - 1))
            self._top = max(0, min(place - self._place, last_top))
            self._place = place - self._top
        elif self._top and self._anchor is not None:
            anchor = self.position(self._anchor)
            self._top = max(0, min(self._top if anchor is None else anchor, last_top))
        else:
            self._top = min(self._top, last_top)

    def thumb(self) -> tuple[int, int] | None:
        head = len(self.head(self.inside.width))
        lines = self.LINES
        found = thumb(self._top * lines, self.inside.height - head, self.length() * lines)
        return None if found is None else (head + found[0], found[1])

    # Moving

    @property
    def page_rows(self) -> int:
        """How many rows a page has."""
        return max(1, (self.inside.height - len(self.head(self.inside.width))) // self.LINES)

    def go_to(self, index: int) -> None:
        """Put the cursor on the row at that place, and let it be seen."""
        count = self.length()
        if not count:
            return
        self.follow = self._first_wanted = False
        index = max(0, min(index, count - 1))
        items = self.window(index, 1)
        if items:
            self._place = index - self._top
            self._set_cursor(self.key_of(items[0]))
            self.redraw()

    def take_first(self) -> None:
        """Put the cursor on the first row, as soon as the rows are those that were asked for."""
        self._first_wanted = True
        self.redraw()

    def go_to_key(self, key: str) -> bool:
        """Put the cursor on the row of that id; False where it is not in the list."""
        index = self.position(key)
        if index is not None:
            self.go_to(index)
        return index is not None

    def _set_cursor(self, key: str | None) -> None:
        if key != self.cursor:
            self.cursor = key
            self.cursor_moved()
            self.post_message(CursorMoved())

    def _find_cursor(self) -> int | None:
        """Where the cursor's row is; the view goes with it where rows came since it was drawn."""
        place = None if self.cursor is None else self.position(self.cursor)
        if place is not None:
            self._top = max(0, place - self._place)
        return place

    def action_move(self, by: int) -> None:
        place = self._find_cursor()
        if place is None:
            self.go_to(self._top)
        else:
            self.go_to(place + by)

    def action_page(self, by: int) -> None:
        place = self._find_cursor()
        start = self._top if place is None else place
        self._top = max(0, self._top + by * self.page_rows)
        self.go_to(start + by * self.page_rows)

    def action_top(self) -> None:
        self._top = 0
        self.go_to(0)

    def action_bottom(self) -> None:
        self.go_to(self.length() - 1)

    def action_open(self) -> None:
        """What Enter does on a row; subclasses say."""

    def release_cursor(self) -> bool:
        """Take the cursor away and go back to the first rows; False where there was none."""
        had = self.cursor is not None or self._top > 0
        self._top = 0
        self.follow = self._first_wanted = False
        self._set_cursor(None)
        self.redraw()
        return had

    # The mouse

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-WHEEL_LINES)

    def _scroll(self, by: int) -> None:
        """Move the view; the cursor stays in it, as at a page."""
        place = self._find_cursor()
        top = max(0, min(self._top + by, self.length() - self.page_rows))
        moved, self._top = top - self._top, top
        self.follow = False
        if place is None:
            items = self.window(top, 1)
            self._anchor = self.key_of(items[0]) if items else None
            self.redraw()
        elif moved:
            self.go_to(max(top, min(place, top + self.page_rows - 1)))

    def on_click(self, event: events.Click) -> None:
        if event.y < self.inside.y:
            self.title_clicked(event.x)
            return
        y = event.y - self.inside.y - len(self.head(self.inside.width))
        if y < 0:
            self.head_clicked(event.x - self.inside.x)
        elif y // self.LINES < len(self.shown):
            key = self.shown[y // self.LINES]
            again = key == self.cursor and event.chain == 2
            self.go_to_key(key)
            if again:
                self.action_open()

    def title_clicked(self, x: int) -> None:
        """The title was clicked, at that cell of the pane."""

    def head_clicked(self, x: int) -> None:
        """The head of the table was clicked, at that cell of the body."""
