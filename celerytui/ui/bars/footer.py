"""The keys that work here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events

from celerytui.ui.bars.bar import Bar
from celerytui.ui.draw.spans import Line, cells
from celerytui.ui.keys.registry import key_name
from celerytui.ui.session import Session

KeyHint = tuple[str, str, int]
"""A key's name for Textual, or two with a space between, its label, and its rank.

The highest rank is the first to go."""


class Footer(Bar):
    """The keys that work here; from the right they go first, but `?` and `q` stay."""

    def __init__(self, session: Session, hints: Callable[[], Sequence[KeyHint]]) -> None:
        super().__init__(session, id="footer")
        self.hints = hints
        self._places: list[tuple[int, str]] = []
        self._clicked = ""

    def draw(self, line: Line) -> None:
        note = self._note()
        hints = self._fitting(list(self.hints()), self.outer_size.width - cells(note) - 1)
        self._places = []
        x = 1
        line.left((" ", "text"))
        for keys, label, _ in hints:
            if x > 1:
                line.left(("   ", "muted"))
            for key in keys.split():
                line.left((key_name(key), "key"), (" ", "muted"))
                x += cells(key_name(key)) + 1
                self._places.append((x, key))
            line.left((label, "muted"))
            x += cells(label) + 3
            self._places.append((x, key))
        if note:
            line.right((note + " ", "muted"))

    def _note(self) -> str:
        if self.session.replaying:
            return ""
        if self.session.settings.offline and self.outer_size.width >= 120:
            return "offline: actions disabled"
        if self.session.settings.read_only and self.outer_size.width >= 120:
            return "read-only: actions disabled"
        if self.session.stale_since is not None and self.outer_size.width >= 120:
            return "actions wait for the broker"
        return ""

    @staticmethod
    def _fitting(hints: list[KeyHint], room: int) -> list[KeyHint]:
        """As many as fit, in their order: the lowest ranks first, and rank 0 always."""
        kept: set[int] = set()
        for index in sorted(range(len(hints)), key=lambda index: hints[index][2]):
            key, label, rank = hints[index]
            width = sum(cells(key_name(one)) + 1 for one in key.split()) + cells(label) + 3
            if rank == 0 or width <= room:
                kept.add(index)
                room -= width
        return [hint for index, hint in enumerate(hints) if index in kept]

    def on_click(self, event: events.Click) -> None:
        for end, key in self._places:
            if event.x < end:
                # What a first click did may have put another key under the second one.
                if event.chain == 1 or key == self._clicked:
                    self._clicked = key
                    self.app.call_later(self.app.simulate_key, key)
                return
