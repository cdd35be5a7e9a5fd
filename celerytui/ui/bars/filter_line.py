"""The line for the filter: it acts while it is typed, and marks a mistake where it is.

Over workers, queues and the log of actions it is the line for a text that they contain.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from celerytui.errors import FilterError
from celerytui.query import FIELDS, Filter, half_typed, parse_filter, suggest
from celerytui.ui.draw.steady_input import SteadyInput
from celerytui.ui.keys.registry import Key, Keyed, keys_at
from celerytui.ui.session import Session

NAME_LIMIT = 200
"""As many characters as can be typed of a name."""


class FilterInput(Keyed, SteadyInput):
    """The input itself; Up and Down go through what was kept before, Tab completes a filter."""

    KEYS: ClassVar[tuple[str, ...]] = ("filter",)

    class GaveUp(Message):
        """Escape was pressed."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="filter-input", compact=True)
        self.session = session
        self.sought = ""
        self.kept: list[str] = []
        self._kept = {"": self.kept}
        self._at = 0

    def begin(self, text: str, sought: str) -> None:
        """Take a part of what is sought, or a filter of tasks if ""."""
        self.sought = sought
        self.max_length = NAME_LIMIT if sought else 0
        self.kept = self._kept.setdefault(sought, [])
        self._at = len(self.kept)
        self.value = text
        self.cursor_position = len(text)

    @property
    def offered(self) -> list[Key]:
        """The keys that do something here: names are not completed."""
        completes = not self.sought
        return [key for key in keys_at("filter") if completes or key.action != "complete"]

    def action_give_up(self) -> None:
        self.post_message(self.GaveUp())

    def keep(self, text: str) -> None:
        """Remember what was used."""
        if text and (not self.kept or self.kept[-1] != text):
            self.kept.append(text)
        self._at = len(self.kept)

    def action_history(self, by: int) -> None:
        self._at = max(0, min(self._at + by, len(self.kept)))
        self.value = self.kept[self._at] if self._at < len(self.kept) else ""
        self.cursor_position = len(self.value)

    def action_complete(self) -> None:
        if self.sought:
            return
        store = self.session.engine.store
        known = {
            "name": store.task_names(),
            "worker": [worker.hostname for worker in store.workers()],
            "queue": [queue.name for queue in store.queues()],
        }
        offers = suggest(self.value, self.cursor_position, known)
        if offers:
            self.value = offers[0] + self.value[self.cursor_position :]
            self.cursor_position = len(offers[0])


class FilterBar(Widget):
    """The input with its message under it, both made by the first `/`; hidden until then."""

    DEFAULT_CSS = """
    FilterBar { height: auto; background: $surface; }
    FilterBar Horizontal { height: 1; }
    FilterBar .slash { width: 3; color: $accent; text-style: bold; }
    FilterBar Input { width: 1fr; background: $surface; }
    FilterBar #filter-note { height: 1; }
    """

    class Changed(Message):
        """The typed filter parses; `text` is "" and `filter` None where there is none.

        A name is any text, and no filter.
        """

        def __init__(self, text: str, filter_: Filter | None) -> None:
            super().__init__()
            self.text = text
            self.filter = filter_

    class Failed(Message):
        """The typed filter does not parse."""

    class Closed(Message):
        """The line was closed; `kept` is False where the filter before is wanted back."""

        def __init__(self, kept: bool) -> None:
            super().__init__()
            self.kept = kept

    def __init__(self, session: Session) -> None:
        super().__init__(id="filter")
        self.session = session
        self._before = ""
        self._wrong = False

    def on_mount(self) -> None:
        self.display = False

    @cached_property
    def input(self) -> FilterInput:
        """The input line, made with the first look at it."""
        return FilterInput(self.session)

    @cached_property
    def _note(self) -> Static:
        return Static("", id="filter-note", markup=False)

    async def open(self, text: str, sought: str = "") -> None:
        """Show the line with a filter, or a part of what is sought, the cursor at its end."""
        self._before = text
        self._wrong = False
        self.display = True
        if not self.children:
            slash = Static(" / ", classes="slash", markup=False)
            await self.mount(Horizontal(slash, self.input), self._note)
        self.input.begin(text, sought)
        self.input.focus()
        self._hint()

    def close(self, *, kept: bool) -> None:
        """Hide the line."""
        self.display = False
        if kept:
            self.input.keep(self.input.value)
        self.post_message(self.Closed(kept))

    @property
    def before(self) -> str:
        """The filter that held when the line was opened."""
        return self._before

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.display:
            return
        if self.input.sought:
            self.post_message(self.Changed(event.value.strip(), None))
            return
        half = half_typed(event.value)
        if half is None:
            self._apply(event.value)
        else:
            self._hint(half[1])
            self._apply(half[0], aloud=False)

    def _apply(self, value: str, *, aloud: bool = True) -> None:
        """Show what matches; a mistake is marked if `aloud`."""
        try:
            made = parse_filter(value) if value.strip() else None
        except FilterError as error:
            self._wrong = True
            if aloud:
                self._show_error(error)
            self.post_message(self.Failed())
            return
        self._wrong = False
        if aloud:
            self._hint()
        self.post_message(self.Changed(value.strip(), made))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.input.sought and half_typed(event.value) is not None:
            self._apply(event.value)
        # Else the mistake would be gone with the line, and all of the table seem to match.
        if not self._wrong:
            self.close(kept=True)

    @on(FilterInput.GaveUp)
    def _gave_up(self, event: FilterInput.GaveUp) -> None:
        event.stop()
        self.close(kept=False)

    def _hint(self, typed: str = "") -> None:
        """What can be typed; of a field that is `typed` up to its colon, what it is."""
        style, sought = self.session.palette.style, self.input.sought
        what = sought or "fields"
        begun = [field for field in FIELDS if field.name.startswith(typed.rstrip(":"))] or FIELDS
        how = "* any text, ? one character" if sought else " ".join(field.name for field in begun)
        if typed and len(begun) == 1:
            what, how = f"{begun[0].name}:", begun[0].says
        note = Text(f" {what} ", style("muted", "surface"), no_wrap=True, overflow="ellipsis")
        note.append(how, style("text", "surface"))
        self._note.update(note)

    def _show_error(self, error: FilterError) -> None:
        """Mark a mistake under the character where it is."""
        style, glyphs = self.session.palette.style, self.session.glyphs
        shift = 3 + error.start - self.input.scroll_offset.x
        indent = max(0, min(shift, self.size.width - 30))
        note = Text(" " * indent, no_wrap=True, overflow="ellipsis")
        note.append(f"{glyphs.growing} {error.message}", style("failure bold", "surface"))
        if error.expected:
            note.append(f"  {error.expected}", style("text", "surface"))
        self._note.update(note)
