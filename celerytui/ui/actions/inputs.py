"""What a form is filled in with: a line of text, a row of choices, a row of buttons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from celerytui.ui.draw.spans import Line, Span, cells, fit_spans, safe, to_strip
from celerytui.ui.draw.steady_input import SteadyInput
from celerytui.ui.keys.registry import Keyed
from celerytui.ui.session import Session

_NO_CONTROLS = r"[^\x00-\x1f\x7f-\x9f]*"
OFFERS = 40
"""As many completions as are worth looking through."""


class FieldLeft(Message):
    """The user goes on from a field, `by` fields further; `submit` where Enter was pressed."""

    def __init__(self, by: int, *, submit: bool = False) -> None:
        super().__init__()
        self.by = by
        self.submit = submit


class FieldChanged(Message):
    """What is in a field is another value now."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.field_name = name


class FieldFocused(Message):
    """A field or the buttons have the focus now; "" for the buttons."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.field_name = name


class TextField(Keyed, SteadyInput):
    """One line of text. Tab completes it or goes on, Up and Down go to the other fields.

    `known` are the words that complete it; with `listed` it is several of them, with commas.
    """

    DEFAULT_CSS = """
    TextField { position: absolute; background: $background; color: $foreground; }
    TextField:focus { background: $background; }
    """
    KEYS: ClassVar[tuple[str, ...]] = ("field",)

    def __init__(
        self, name: str, value: str, known: Sequence[str] = (), *, listed: bool = False
    ) -> None:
        super().__init__(
            value=safe(value), name=name, compact=True, restrict=_NO_CONTROLS, select_on_focus=False
        )
        self.known = known
        self.listed = listed

    def on_mount(self) -> None:
        self.cursor_position = len(self.value)

    @property
    def _stem(self) -> tuple[str, str]:
        """What stands before the word that is typed, and the word."""
        if not self.listed:
            return "", self.value
        before, comma, word = self.value.rpartition(",")
        space = word[: len(word) - len(word.lstrip())]
        return before + comma + space, word.strip()

    def offers(self) -> list[str]:
        """The known words that what is typed may become: those that begin so come first."""
        word = self._stem[1].lower()
        begins = [one for one in self.known if one.lower().startswith(word)]
        has = [one for one in self.known if word in one.lower() and one not in begins]
        found = [*begins, *has][:OFFERS]
        return [] if [self._stem[1]] == found else found

    def take(self, offer: str) -> None:
        """Put a known word in the place of the one that is typed."""
        self.value = self._stem[0] + offer
        self.cursor_position = len(self.value)

    def action_complete(self) -> None:
        word = self._stem[1]
        offers = self.offers()
        if word and offers and word not in offers:
            self.take(offers[0])
        else:
            self.post_message(FieldLeft(1))

    def action_leave(self, by: int, submit: bool = False) -> None:
        self.post_message(FieldLeft(by, submit=submit))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(FieldChanged(self.name or ""))

    def on_focus(self) -> None:
        self.post_message(FieldFocused(self.name or ""))


class RowField(Keyed, Widget, can_focus=True):
    """A field of one row that is drawn by hand; its parts can be clicked."""

    DEFAULT_CSS = """
    RowField { position: absolute; height: 1; background: $raised; }
    """
    KEYS: ClassVar[tuple[str, ...]] = ("options",)

    def __init__(self, session: Session, name: str, options: Sequence[str], at: int) -> None:
        super().__init__(name=name)
        self.session = session
        self.options = list(options)
        self.at = at

    def action_leave(self, by: int) -> None:
        self.post_message(FieldLeft(by))

    def action_step(self, by: int) -> None:
        self.at = (self.at + by) % len(self.options)
        self.chosen()
        self.refresh()

    def chosen(self) -> None:
        """Another option is chosen now."""

    def action_take(self) -> None:
        """Enter was pressed."""

    def on_focus(self) -> None:
        self.post_message(FieldFocused(self.name or ""))

    def _spans(self) -> list[tuple[Span, int | None]]:
        """The row as spans, each with the option that a click on it means."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """The row."""
        spans = [span for span, _ in self._spans()]
        ellipsis = self.session.glyphs.ellipsis
        line = fit_spans(spans, self.size.width, ellipsis=ellipsis)
        return to_strip(line, self.session.palette, "raised")

    def option_at(self, x: int) -> int | None:
        """The option that stands at that cell."""
        end = 0
        for (text, _), option in self._spans():
            end += cells(text)
            if x < end:
                return option
        return None


class ChoiceField(RowField):
    """A row of choices, one of which is chosen: Left and Right, or a click."""

    @property
    def value(self) -> str:
        """The choice."""
        return self.options[self.at]

    def chosen(self) -> None:
        self.post_message(FieldChanged(self.name or ""))

    def action_take(self) -> None:
        self.post_message(FieldLeft(1, submit=True))

    def _spans(self) -> list[tuple[Span, int | None]]:
        chosen = "accent.filled" if self.has_focus else "button"
        spans: list[tuple[Span, int | None]] = []
        first = 0
        room = self.size.width
        while first < self.at and self._end(first) > room:
            first += 1
        for index in range(first, len(self.options)):
            role = f"{chosen} bold" if index == self.at else "muted"
            spans.append(((f" {safe(self.options[index]) or 'none'} ", role), index))
        return spans

    def _end(self, first: int) -> int:
        """Where the chosen one would end if the row began with the option `first`."""
        return sum(cells(one) + 2 for one in self.options[first : self.at + 1])

    def on_click(self, event: events.Click) -> None:
        event.stop()
        option = self.option_at(event.x)
        if option is not None:
            self.at = option
            self.chosen()
            self.refresh()


class Buttons(RowField):
    """The row of buttons under a form; the one in focus is filled."""

    class Pressed(Message):
        """A button was taken, by its place in the row."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def _spans(self) -> list[tuple[Span, int | None]]:
        used = sum(cells(one) + 2 for one in self.options) + 3 * (len(self.options) - 1)
        spans: list[tuple[Span, int | None]] = [
            ((" " * max(0, (self.size.width - used) // 2), "text"), None)
        ]
        for index, label in enumerate(self.options):
            if index:
                spans.append((("   ", "text"), None))
            filled = index == self.at and self.has_focus
            spans.append(((f" {label} ", "accent.filled" if filled else "button"), index))
        return spans

    def action_take(self) -> None:
        self.post_message(self.Pressed(self.at))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        option = self.option_at(event.x)
        if option is not None:
            self.at = option
            self.post_message(self.Pressed(option))


def offer_line(
    offers: Sequence[str], width: int, ellipsis: str, key: str
) -> tuple[Line, list[int]]:
    """The completions in a row, the first one as `key` takes it, and where each of them ends."""
    line = Line(width, ellipsis)
    if not offers:
        return line, []
    line.left((f"{key} ", "key"))
    ends: list[int] = []
    x = cells(key) + 1
    for index, offer in enumerate(offers):
        text = safe(offer)
        line.left((text, "strong" if not index else "muted"), ("  ", "text"))
        x += cells(text) + 2
        ends.append(x)
        if x > width:
            break
    return line, ends
