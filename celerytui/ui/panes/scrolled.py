"""A panel with more lines than room, which scroll."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events

from celerytui.ui.draw.scroll import WHEEL_LINES, Scroll
from celerytui.ui.draw.spans import Line, Spans, fit_spans
from celerytui.ui.panes.pane import Pane, Row
from celerytui.ui.session import Session

LineOrLater = Line | Spans | Callable[[], Line | Spans]
"""A line, or what draws it once it is in sight: of hundreds a few are."""
RowOrLater = tuple[LineOrLater, str]
"""The same with its background."""


class ScrolledPane(Pane):
    """Lines of text that scroll; subclasses say which, each on a ground of its own."""

    KEYS: ClassVar[tuple[str, ...]] = ("scroll",)

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self.scroll_state = Scroll()

    def lines(self, width: int) -> Sequence[LineOrLater]:
        """All lines, of `width` cells at the most."""
        return []

    def rows(self, width: int) -> Sequence[RowOrLater]:
        """The lines with the grounds that they stand on."""
        return [(line, "bg") for line in self.lines(width)]

    def body(self, width: int, height: int) -> list[Row]:
        room, ellipsis = width - 2, self.session.glyphs.ellipsis
        rows = self.rows(room)
        shown: list[Row] = []
        for at in self.scroll_state.fit(len(rows), height):
            line, ground = rows[at]
            line = line() if callable(line) else line
            spans = line.spans() if isinstance(line, Line) else line
            shown.append(
                (
                    [(" ", "text"), *fit_spans(spans, room, ellipsis=ellipsis), (" ", "text")],
                    ground,
                )
            )
        return shown

    def thumb(self) -> tuple[int, int] | None:
        return self.scroll_state.thumb

    def action_scroll(self, by: int) -> None:
        self.scroll_state.by(by)
        self.paint()

    def action_scroll_page(self, by: int) -> None:
        self.scroll_state.page(by)
        self.paint()

    def action_scroll_to(self, line: int) -> None:
        self.scroll_state.to(line)
        self.paint()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll(-WHEEL_LINES)
