"""Boxes over the page: a question, a choice, a text to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.containers import Container
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from celerytui.interpreter import opened
from celerytui.ui.draw.frame import frame_bottom, frame_top
from celerytui.ui.draw.scroll import WHEEL_LINES, Scroll
from celerytui.ui.draw.spans import Span, Spans, fit_spans, span_width, to_strip
from celerytui.ui.keys.registry import Keyed
from celerytui.ui.session import Session

Result = TypeVar("Result")


GROUND = "raised"


class Box(Widget):
    """A framed box as high as its lines, up to the screen; longer text scrolls."""

    DEFAULT_CSS = """
    Box { width: auto; height: auto; background: $raised; }
    """

    def __init__(self, session: Session, border: str) -> None:
        super().__init__()
        self.session = session
        self.border_role = border
        self.title: Spans = []
        self.note: Spans = []
        self.lines: list[Spans] = []
        self.least = 40
        self.pinned = 0
        """As many of the last lines as stay where they are while the others scroll."""
        self.shown = Scroll()
        self.grounds: dict[int, str] = {}

    def fill(self, title: Spans, note: Spans, lines: Sequence[Spans]) -> None:
        """What the box holds; it takes its size from it."""
        self.title, self.note, self.lines = title, note, list(lines)
        self.refresh(layout=True)

    @property
    def wanted_width(self) -> int:
        """Cells for the widest line, the title, and the frame."""
        inner = max((span_width(line) for line in self.lines), default=0)
        head = span_width(self.title) + span_width(self.note) + 6
        return max(inner, head, self.least) + 4

    def get_content_width(self, container: object, viewport: object) -> int:
        return min(self.wanted_width, self.app.size.width - 2)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(len(self.lines) + 2, self.app.size.height - 2)

    @property
    def visible_rows(self) -> int:
        """Rows of text that can be seen at once."""
        return max(0, self.size.height - 2)

    def scroll_by(self, rows: int) -> None:
        """Move the text."""
        self.shown.fit(len(self.lines), self.visible_rows)
        self.shown.by(rows)
        self.refresh()

    @property
    def scrolled_rows(self) -> int:
        """Rows of the part that scrolls; all of them where everything can be seen."""
        fits = len(self.lines) <= self.visible_rows
        return self.visible_rows if fits else max(0, self.visible_rows - self.pinned)

    def show_row(self, row: int) -> None:
        """Scroll as little as is needed to see that row."""
        if row >= len(self.lines) - self.pinned:
            return
        if row < self.shown.first:
            self.scroll_by(row - self.shown.first)
        elif row >= self.shown.first + self.scrolled_rows:
            self.scroll_by(row - self.shown.first - self.scrolled_rows + 1)

    def row_at(self, place: int) -> int:
        """Which line is drawn that many rows below the frame's top."""
        if place < self.scrolled_rows:
            return place + self.shown.first
        return len(self.lines) - self.visible_rows + place

    def place_of(self, row: int) -> int | None:
        """How many rows below the frame's top a line is drawn, None where it is not."""
        places = range(self.visible_rows)
        return next((place for place in places if self.row_at(place) == row), None)

    def render_line(self, y: int) -> Strip:
        """The frame, or a line of text in it."""
        glyphs, palette, width = self.session.glyphs, self.session.palette, self.size.width
        role = self.border_role
        if y == 0:
            top = frame_top(width, self.title, self.note, border=role, glyphs=glyphs)
            return to_strip(top, palette, GROUND)
        if y >= self.size.height - 1:
            below = len(self.lines) - self.shown.first - self.visible_rows
            more: Spans = [(f"{below} more", "muted")] if below > 0 else []
            return to_strip(frame_bottom(width, more, border=role, glyphs=glyphs), palette, GROUND)
        row = self.row_at(y - 1)
        line = self.lines[row] if row < len(self.lines) else []
        ground = self.grounds.get(row, GROUND)
        inner = fit_spans(line, width - 4, ellipsis=glyphs.ellipsis)
        edge: Span = (glyphs.vertical, role)
        strips = [
            to_strip([edge], palette, GROUND),
            to_strip([(" ", "text"), *inner, (" ", "text")], palette, ground),
            to_strip([edge], palette, GROUND),
        ]
        return Strip.join(strips)


class Dialog(Keyed, ModalScreen[Result]):
    """A box in the middle of a page that has gone faint."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 65%; }
    Dialog > Container { width: auto; height: auto; }
    """
    BORDER: ClassVar[str] = "accent"
    KEYS: ClassVar[tuple[str, ...]] = ("dialog",)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.box = Box(session, self.BORDER)

    def compose(self) -> ComposeResult:
        with Container():
            yield self.box

    def on_mount(self) -> None:
        self.update()
        self.call_after_refresh(opened)

    @property
    def closing(self) -> Spans:
        """What the head of a box without buttons ends in: the key that closes it."""
        return [(self.session.key_of("dialog.close"), "key"), (" close", "muted")]

    def update(self) -> None:
        """Fill the box."""
        raise NotImplementedError

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close and return the result, once: a second click may be under way already."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()

    def action_decline(self) -> None:
        self.dismiss(None)

    def is_outside(self, event: events.MouseEvent) -> bool:
        """Whether the mouse is beside the box."""
        return not self.box.region.contains(event.screen_x, event.screen_y)

    # Scrolling

    def action_scroll(self, lines: int) -> None:
        self.box.scroll_by(lines)

    def action_scroll_page(self, by: int) -> None:
        self.action_scroll(by * max(1, self.box.scrolled_rows - 1))

    def action_scroll_to(self, line: int) -> None:
        self.action_scroll(line - self.box.shown.first)

    def on_mouse_scroll_down(self) -> None:
        self.action_scroll(WHEEL_LINES)

    def on_mouse_scroll_up(self) -> None:
        self.action_scroll(-WHEEL_LINES)
