"""A text to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session


class Reading(Dialog[None]):
    """A text to read; Esc or the key that opened it closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("pagedown,ctrl+f,space", "scroll(15)", "page down", show=False),
        Binding("pageup,ctrl+b", "scroll(-15)", "page up", show=False),
        Binding("q,question_mark,enter", "decline", "close", show=False),
    ]

    def __init__(self, session: Session, title: str, lines: Sequence[Spans]) -> None:
        super().__init__(session)
        self.heading = title
        self.text = lines

    def update(self) -> None:
        self.box.fill([(self.heading, "strong")], [("Esc", "key"), (" close", "muted")], self.text)

    def action_scroll(self, rows: int) -> None:
        self.box.scroll_by(rows)

    def on_mouse_scroll_down(self) -> None:
        self.box.scroll_by(3)

    def on_mouse_scroll_up(self) -> None:
        self.box.scroll_by(-3)

    def on_click(self, event: events.Click) -> None:
        if not self.box.region.contains(event.screen_x, event.screen_y):
            self.dismiss(None)
