"""The command palette: every key and action, found by its title, its id, and other words for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input

from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.draw.spans import Line, Spans, fit_spans, safe
from celerytui.ui.draw.steady_input import SteadyInput
from celerytui.ui.keys.registry import Keyed
from celerytui.ui.session import Session

WIDTH = 96
TITLE_CELLS = 28
AROUND = 8
"""Rows of the screen that no command can have: the frame, what is typed, the page behind."""


class Command(Struct, frozen=True):
    """One thing that the palette offers; `words` are others that it is found by."""

    id: str
    title: str
    help: str
    key: str
    words: str
    take: Callable[[], None]

    @property
    def about(self) -> str:
        """What is said of it beside its title: nothing where that would be the title again."""
        text = self.help or self.id
        return "" if _plain(text) == _plain(self.title) else text

    def rank(self, typed: str) -> int:
        """How well this is what was typed, 0 for not at all.

        Best is its key, its id or its title, then a whole word of its names, then the beginning of
        its title, then every word that was typed anywhere in its names, and last in its help.
        """
        query = _plain(typed)
        if not query:
            return 1
        names = f" {_plain(self.title)} {_plain(self.id)} {_plain(self.words)} "
        if typed.strip() == self.key or query in (_plain(self.id), _plain(self.title)):
            return 6
        if f" {query} " in names:
            return 5
        if names[1:].startswith(query):
            return 4
        if f" {query}" in names:
            return 3
        if all(part in names for part in query.split()):
            return 2
        return int(all(part in f"{names}{_plain(self.help)}" for part in query.split()))


def _plain(text: str) -> str:
    """How names are compared: `add_consumer`, `worker.add_consumer` and "Add consumer" alike."""
    return " ".join(text.lower().replace("_", " ").replace(".", " ").split())


def matching(commands: Sequence[Command], typed: str) -> list[Command]:
    """The commands that what was typed may mean, the best first, else in their order."""
    ranked = [(one.rank(typed), one) for one in commands]
    return [one for rank, one in sorted(ranked, key=lambda pair: -pair[0]) if rank]


class SearchLine(Keyed, SteadyInput):
    """Where the search is typed; its keys move the cursor in the list below."""

    KEYS: ClassVar[tuple[str, ...]] = ("palette",)


class Palette(Dialog[Command]):
    """Lists the commands that match what is typed; the result is the one that was taken."""

    DEFAULT_CSS = """
    Palette SearchLine {
        position: absolute; offset: 2 1; background: $raised; color: $foreground;
    }
    """

    def __init__(self, session: Session, commands: Sequence[Command]) -> None:
        super().__init__(session)
        self.commands = commands
        self.found = matching(commands, "")
        self.at = 0
        self._first = 0
        self.input = SearchLine(
            compact=True, select_on_focus=False, placeholder="Search for commands"
        )

    def compose(self) -> ComposeResult:
        with Container(), self.box:
            yield self.input

    def on_mount(self) -> None:
        super().on_mount()
        self.input.focus()

    @property
    def _rows(self) -> int:
        """How many commands can be seen at once."""
        return max(1, min(len(self.commands), self.app.size.height - AROUND))

    def update(self) -> None:
        width, rows = min(WIDTH, self.app.size.width - 6), self._rows
        self._first = max(self.at - rows + 1, min(self._first, self.at))
        shown = self.found[self._first : self._first + rows]
        lines = [self._line(one, width) for one in shown]
        if not lines:
            lines = [[("  No matching command", "muted")]]
        # A box of one height: nothing jumps while something is typed.
        lines += [[] for _ in range(rows - len(lines))]
        self.box.grounds = {self.at - self._first + 2: "cursor"} if shown else {}
        self.box.least = width
        self.box.fill([("Commands", "strong")], self.closing, [[], [], *lines])
        self.input.styles.width = width

    def _line(self, command: Command, width: int) -> Spans:
        at_cursor = command is self.found[self.at]
        cursor = self.session.glyphs.cursor if at_cursor else " "
        ellipsis = self.session.glyphs.ellipsis
        title = (safe(command.title), "strong" if at_cursor else "text")
        line = Line(width, ellipsis)
        line.left((f"{cursor} ", "cursor"), *fit_spans([title], TITLE_CELLS, ellipsis=ellipsis))
        line.left(("  ", "text"), (command.about, "muted"))
        return line.right(("  ", "text"), (command.key, "key")).spans()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.found = matching(self.commands, event.value)
        self.at = self._first = 0
        self.update()

    def on_resize(self) -> None:
        self.update()

    # Keys and the mouse

    def action_step(self, by: int) -> None:
        if self.found:
            self.at = (self.at + by) % len(self.found)
            self.update()

    def action_page(self, by: int) -> None:
        if self.found:
            self.at = max(0, min(self.at + by * self._rows, len(self.found) - 1))
            self.update()

    def action_take(self) -> None:
        if self.found:
            self.dismiss(self.found[self.at])

    def action_scroll(self, lines: int) -> None:
        self.action_step(1 if lines > 0 else -1)

    def on_click(self, event: events.Click) -> None:
        if self.is_outside(event):
            self.dismiss(None)
            return
        row = event.screen_y - self.box.region.y - 3 + self._first
        if self._first <= row < min(len(self.found), self._first + self._rows):
            self.dismiss(self.found[row])
