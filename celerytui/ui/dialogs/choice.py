"""A list to choose one of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events

from celerytui.columns import pad
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.draw.spans import Line, Span, Spans, cells, safe
from celerytui.ui.keys.registry import key_name
from celerytui.ui.session import Session


class Choice(Dialog[str]):
    """A list to choose one of; each is an id, what is shown at the left, and at the right."""

    KEYS: ClassVar[tuple[str, ...]] = ("choice",)

    def __init__(
        self,
        session: Session,
        title: str,
        options: Sequence[tuple[str, str, str]],
        chosen: str | None = None,
    ) -> None:
        super().__init__(session)
        self.heading = title
        self.options = list(options)
        ids = [one for one, _, _ in self.options]
        self.at = ids.index(chosen) if chosen in ids else 0

    def update(self) -> None:
        widest = max((cells(label) for _, label, _ in self.options), default=0)
        note = max((cells(note) for _, _, note in self.options), default=0)
        lines: list[Spans] = []
        for row, (_, label, key) in enumerate(self.options):
            line = Line(widest + note + 6)
            cursor = self.session.glyphs.cursor if row == self.at else " "
            line.left((f"{cursor} ", "cursor"), (label, "strong" if row == self.at else "text"))
            lines.append(line.right((key, "key")).spans())
        self.box.grounds = {self.at: "cursor"}
        self.box.fill([(self.heading, "strong")], self.closing, lines)

    def action_step(self, by: int) -> None:
        self.at = (self.at + by) % max(1, len(self.options))
        self.update()
        self.box.show_row(self.at)

    def action_take(self) -> None:
        self.dismiss(self.options[self.at][0] if self.options else None)

    def on_key(self, event: events.Key) -> None:
        """The key that stands beside an option takes it."""
        pressed = {key_name(event.key), event.character}
        for one, _, key in self.options:
            if key and key in pressed:
                event.stop()
                self.dismiss(one)
                return

    def on_click(self, event: events.Click) -> None:
        if self.is_outside(event):
            self.dismiss(None)
            return
        row = self.box.row_at(event.screen_y - self.box.region.y - 1)
        if 0 <= row < len(self.options):
            self.at = row
            self.choose(self.options[row][0])

    def choose(self, option: str) -> None:
        """A line was clicked."""
        self.dismiss(option)


class NotedChoice(Choice):
    """A choice with a note on each line, and its keys below; each option is an id and its label."""

    HINTS: ClassVar[Sequence[tuple[str, str]]] = ()
    """The ids of the keys under the list, and what they do."""
    NONE: ClassVar[str] = ""
    """What is said where there is nothing to choose."""

    def __init__(
        self,
        session: Session,
        title: str,
        options: Sequence[tuple[str, str]],
        notes: Sequence[str],
    ) -> None:
        super().__init__(session, title, [(one, label, "") for one, label in options])
        self.notes = list(notes)

    def before(self, option: str) -> Spans:
        """What stands before an option's label."""
        return []

    def update(self) -> None:
        self.at = max(0, min(self.at, len(self.options) - 1))
        widest = max((cells(label) for _, label, _ in self.options), default=0)
        lines: list[Spans] = []
        for row, ((one, label, _), note) in enumerate(zip(self.options, self.notes, strict=True)):
            cursor = self.session.glyphs.cursor if row == self.at else " "
            role = "strong" if row == self.at else "text"
            lines.append([(f"{cursor} ", "cursor"), *self.before(one),
                          (pad(label, widest + 2), role), (safe(note), "muted")])  # fmt: skip
        if not lines:
            lines.append([(self.NONE, "muted")])
        keys: list[Span] = []
        for id, does in self.HINTS:
            keys += [(self.session.key_of(id), "key"), (f" {does}   ", "muted")]
        self.box.grounds = {self.at: "cursor"} if self.options else {}
        self.box.pinned = 2
        self.box.fill([(self.heading, "strong")], self.closing, [*lines, [], keys])
