"""The parameters of an action as a form: choices, texts with completion, mistakes where they are.

Enter takes it once every field is right, and goes to the next that is not before; Tab goes from
field to field and to the buttons; Esc closes it. Optional fields are folded into one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from celerytui.columns import clean
from celerytui.control import Param, problem
from celerytui.ui.actions.inputs import (
    Buttons,
    ChoiceField,
    FieldChanged,
    FieldFocused,
    FieldLeft,
    TextField,
    offer_line,
)
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.draw.spans import Spans, cells, cut_spans, fit_spans, wrap_spans
from celerytui.ui.session import Session

WIDEST = 92
NARROW = 66
"""Cells of a form whose values are all short."""
FOLDED = "..."
"""The name of the row that stands for the folded fields."""
PINNED = 4
"""The button and the keys, with the rows around them: they are always seen."""
NOTE_ROWS = 2
"""Rows kept for what the field in focus is about, so that nothing jumps."""

KINDS = {
    "number": "a whole number",
    "json": "JSON",
    "duration": "such as 30, 250ms, 5m or 2h",
    "time": "such as 2030-01-31 18:00, local time",
    "name": "",
    "text": "",
    "choice": "",
}

Complete = Callable[[str], Sequence[str]]
"""What completes a parameter, by its `suggest`."""


def known_words(session: Session) -> Complete:
    """The words that the store knows: names of tasks, queues and workers."""

    def words(kind: str) -> Sequence[str]:
        store = session.engine.store
        if kind == "tasks":
            return store.task_names()
        if kind == "queues":
            return [queue.name for queue in store.queues()]
        if kind == "workers":
            live = [one for one in store.workers() if not one.gone]
            return [one.hostname for one in live]
        return ()

    return words


class Form(Dialog[dict[str, str]]):
    """Asks for the values of `params`; the result has a text for each, None where it was closed.

    `intro` are lines above the fields. Where some are required the others are folded, but for those
    that `values` fill in. With `ready` the button has the focus from the beginning,
    for a form whose values are good as they are.
    """

    KEYS: ClassVar[tuple[str, ...]] = ("form",)

    def __init__(
        self,
        session: Session,
        title: Spans,
        note: Spans,
        params: Sequence[Param],
        *,
        values: Mapping[str, str] | None = None,
        intro: Sequence[Spans] = (),
        go: str = "Go on",
        ready: bool = False,
    ) -> None:
        super().__init__(session)
        self.heading, self.note, self.intro = title, note, intro
        self.params = {param.name: param for param in params}
        self.ready = ready
        given = values or {}
        words = known_words(session)
        self.fields: dict[str, TextField | ChoiceField] = {}
        for param in params:
            value = given.get(param.name, param.default)
            if param.choices:
                at = param.choices.index(value) if value in param.choices else 0
                self.fields[param.name] = ChoiceField(session, param.name, param.choices, at)
            else:
                known = words(param.suggest)
                listed = param.suggest == "workers"
                self.fields[param.name] = TextField(param.name, value, known, listed=listed)
        self.folded = _folded(params, given)
        self.buttons = Buttons(session, "", [go, "Close"], 0)
        self._focused = ""
        self._left: set[str] = set()
        self._rows: dict[str, int] = {}
        self._offers_row = 0
        self._offers: tuple[TextField, list[str], list[int]] | None = None

    def compose(self) -> ComposeResult:
        with Container(), self.box:
            yield from self.fields.values()
            yield self.buttons

    def on_mount(self) -> None:
        super().on_mount()
        (self.buttons if self.ready else self._order[0]).focus()

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields."""
        return {name: field.value for name, field in self.fields.items()}

    @property
    def _order(self) -> list[Widget]:
        shown = [field for name, field in self.fields.items() if name not in self.folded]
        return [*shown, self.buttons]

    def mistake(self, name: str) -> str | None:
        """What is wrong in a field, None where nothing is."""
        return problem(self.params[name], self.fields[name].value)

    # Drawing

    @property
    def _inner(self) -> int:
        long = any(param.kind in ("json", "text") for param in self.params.values())
        return min(WIDEST if long else NARROW, self.app.size.width - 6)

    @property
    def _label_width(self) -> int:
        widest = max((cells(param.label) for param in self.params.values()), default=0)
        return min(max(10, widest + 2), self._inner // 3)

    def update(self) -> None:
        width, ellipsis = self._inner, self.session.glyphs.ellipsis
        lines: list[Spans] = [[]]
        for intro in self.intro:
            lines += wrap_spans(intro, width, 4, ellipsis) if intro else [[]]
        if self.intro:
            lines.append([])
        self._rows = {}
        for name, param in self.params.items():
            if name in self.folded:
                continue
            self._rows[name] = len(lines)
            role = "key" if name == self._focused else "muted"
            label = param.label + ("" if not param.required else " *")
            # Where a palette has no colours nothing else tells where a field is.
            edge = " " if param.choices else self.session.glyphs.vertical
            room = self._label_width - 1
            lines.append([*fit_spans([(label, role)], room), (edge, "faint")])
            mistake = self.mistake(name) if name in self._left else None
            if mistake is not None:
                shown = clean(f"{self.session.glyphs.growing} {mistake}", limit=width)
                lines.append([(" " * self._label_width, "text"), (shown, "failure bold")])
        if self.folded:
            self._rows[FOLDED] = len(lines)
            lines.append(self._fold_line(width))
        lines.append([])
        self._offers_row = len(lines) + NOTE_ROWS
        lines += self._about(width)
        self._rows[""] = len(lines) + 1
        lines += [[], [], [], self._keys()]
        self.box.least = width
        self.box.pinned = PINNED
        self.box.fill(self.heading, self.note, lines)
        self.call_after_refresh(self._place)

    def _fold_line(self, width: int) -> Spans:
        """Which fields are folded, and the key that shows them."""
        names = [param.label.lower() for name, param in self.params.items() if name in self.folded]
        key = self.session.key_of("form.unfold")
        spans: Spans = [
            (key, "key"),
            (f" {len(names)} more: ", "muted"),
            (", ".join(names), "text"),
        ]
        return cut_spans(spans, width, self.session.glyphs.ellipsis)

    def _about(self, width: int) -> list[Spans]:
        """What the field in focus is about, and what completes it."""
        self._offers = None
        param = self.params.get(self._focused)
        if param is None:
            return [[] for _ in range(NOTE_ROWS + 1)]
        text = param.help or KINDS[param.kind]
        if param.required:
            text = f"required: {text}" if text else "required"
        ellipsis = self.session.glyphs.ellipsis
        lines: list[Spans] = [*wrap_spans([(text, "muted")], width, NOTE_ROWS, ellipsis)]
        lines += [[] for _ in range(NOTE_ROWS - len(lines))]
        field = self.fields[param.name]
        offers = field.offers() if isinstance(field, TextField) else []
        line, ends = offer_line(offers, width, ellipsis, self.session.key_of("field.complete"))
        if offers and isinstance(field, TextField):
            self._offers = (field, offers, ends)
        return [*lines, line.spans()]

    def _keys(self) -> Spans:
        session, key_of = self.session, self.session.key_of
        ids = ("options.next_field", "options.previous_field", "options.next_field", "options.take")
        if isinstance(self.fields.get(self._focused), TextField):
            ids = ("field.complete", "field.previous", "field.next", "field.done")
        complete, previous, following, done = ids
        hints = [
            (key_of(complete), "next"),
            (session.keys.sign(session.glyphs.updown, previous, following), "field"),
            (key_of(done), self._enters),
            (key_of("dialog.close"), "close"),
        ]
        spans = []
        for key, label in hints:
            spans += [(key, "key"), (f" {label}   ", "muted")]
        return spans

    @property
    def _enters(self) -> str:
        """What Enter does now, in a word."""
        if not self._focused:
            return self.buttons.options[self.buttons.at].lower()
        return "next field" if self._wrong else self.buttons.options[0].lower()

    def _place(self) -> None:
        """Put the fields over their rows; those that are scrolled away are hidden."""
        if not self.is_mounted:
            return
        box, left = self.box, self._label_width
        width = max(1, box.size.width - 4 - left)
        for name in self.folded:
            self.fields[name].display = False
        for widget in self._order:
            place = box.place_of(self._rows[widget.name or ""])
            widget.display = place is not None
            at, room = (2 + left, width) if widget.name else (2, box.size.width - 4)
            widget.styles.offset = (at, (place or 0) + 1)
            widget.styles.width = room

    def on_resize(self) -> None:
        self.update()

    # Going through it

    @on(FieldFocused)
    def _field_focused(self, event: FieldFocused) -> None:
        if self._focused and self._focused != event.field_name and self._worth_saying:
            self._left.add(self._focused)
        self._focused = event.field_name
        self.update()
        self.box.show_row(self._rows[event.field_name])

    @property
    def _worth_saying(self) -> bool:
        """Whether a mistake in the field that is left was made by hand."""
        return bool(self.fields[self._focused].value)

    @on(FieldChanged)
    def _field_changed(self) -> None:
        self.update()

    @on(FieldLeft)
    def _field_left(self, event: FieldLeft) -> None:
        order = self._order
        names = [widget.name for widget in order]
        at = names.index(self._focused) if self._focused in names else 0
        if not event.submit:
            self._focus(order[(at + event.by) % len(order)])
            return
        self._left.add(self._focused)
        wrong = self._wrong
        if not wrong:
            self.dismiss(self.values)
            return
        if self._focused in wrong:
            self.update()
            return
        after = [name for name in wrong if names.index(name) > at]
        self._focus(self.fields[(after or wrong)[0]])

    @property
    def _wrong(self) -> list[str]:
        """The fields with a mistake, in their order; none of them is folded."""
        return [name for name in self.fields if self.mistake(name) is not None]

    def action_unfold(self) -> None:
        """Show the optional fields, and go to the first of them."""
        first = next((name for name in self.fields if name in self.folded), None)
        self.folded = frozenset()
        if first is not None:
            self._focus(self.fields[first])
        self.update()

    def _focus(self, widget: Widget) -> None:
        widget.display = True  # it may be scrolled away, and hidden widgets take no focus
        widget.focus()

    @on(Buttons.Pressed)
    def _pressed(self, event: Buttons.Pressed) -> None:
        if event.place:
            self.dismiss(None)
            return
        self._left = set(self.fields)
        wrong = self._wrong
        if not wrong:
            self.dismiss(self.values)
            return
        self.update()
        self._focus(self.fields[wrong[0]])

    def action_scroll(self, lines: int) -> None:
        super().action_scroll(lines)
        self._place()

    def on_click(self, event: events.Click) -> None:
        # A click beside the box would close other dialogs; here it would lose what was typed.
        if self.is_outside(event):
            return
        region = self.box.region
        row = self.box.row_at(event.screen_y - region.y - 1)
        x = event.screen_x - region.x - 2
        if self._offers is not None and row == self._offers_row:
            field, offers, ends = self._offers
            for offer, end in zip(offers, ends, strict=False):
                if x < end:
                    field.take(offer)
                    return
        for name, at in self._rows.items():
            if name == FOLDED and row == at:
                self.action_unfold()
                return
            if name and row == at:
                self._focus(self.fields[name])


def _folded(params: Sequence[Param], given: Mapping[str, str]) -> frozenset[str]:
    """The names of the fields that wait in one line: a form without a required one shows all."""
    if not any(param.required for param in params):
        return frozenset()
    at_rest = [one for one in params if given.get(one.name, one.default) == one.default]
    return frozenset(one.name for one in at_rest if not one.required)
