"""A panel with more lines than room."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType

from celerytui.ui.draw.spans import Line, Spans, fit_spans
from celerytui.ui.keys.registry import bindings
from celerytui.ui.panes.pane import Row
from celerytui.ui.views.worker.pane import WorkerPane


class ScrolledPane(WorkerPane):
    """A pane with more lines than room, which scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("worker", "scroll")]

    _offset = 0
    _total = 0

    def lines(self, width: int) -> list[Line | Spans]:
        """All lines, of `width` cells at the most."""
        raise NotImplementedError

    def body(self, width: int, height: int) -> list[Row]:
        room = width - 2
        lines = self.lines(room)
        self._total = len(lines)
        self._offset = max(0, min(self._offset, self._total - height))
        ellipsis = self.session.glyphs.ellipsis
        rows: list[Row] = []
        for line in lines[self._offset : self._offset + height]:
            spans = line.spans() if isinstance(line, Line) else line
            rows.append(([(" ", "text"), *fit_spans(spans, room, ellipsis=ellipsis)], "bg"))
        return [([*spans, (" ", "text")], ground) for spans, ground in rows]  # type: ignore[misc]

    def thumb(self) -> tuple[int, int] | None:
        height = self.inside.height
        if self._total <= height or height <= 0:
            return None
        size = max(1, height * height // self._total)
        return (height - size) * self._offset // (self._total - height), size

    def action_scroll(self, by: int) -> None:
        self._offset += by
        self.paint()

    def action_scroll_page(self, by: int) -> None:
        self.action_scroll(by * max(1, self.inside.height - 1))

    def action_scroll_to(self, row: int) -> None:
        self._offset = row
        self.paint()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_scroll(-3)
