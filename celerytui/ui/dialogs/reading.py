"""A text to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events

from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session


class Reading(Dialog[None]):
    """A text to read; Esc or the key that opened it closes it."""

    KEYS: ClassVar[tuple[str, ...]] = ("reading", "scroll")

    def __init__(self, session: Session, title: str, lines: Sequence[Spans]) -> None:
        super().__init__(session)
        self.heading = title
        self.text = lines

    def update(self) -> None:
        self.box.fill([(self.heading, "strong")], self.closing, self.text)

    def on_click(self, event: events.Click) -> None:
        if self.is_outside(event):
            self.dismiss(None)
