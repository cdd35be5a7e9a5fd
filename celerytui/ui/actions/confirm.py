"""The question before a destructive action: what happens to what, and whom it cannot reach.

`y` says yes, `n` and Esc no, and Enter takes the button in focus, which is No.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Input

from celerytui.columns import clean
from celerytui.control import Action, Param, Scope
from celerytui.counts import counted
from celerytui.ui.actions.action_form import action_note
from celerytui.ui.actions.preview import Preview
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.draw.spans import Span, Spans, cells, wrap_spans
from celerytui.ui.draw.steady_input import SteadyInput
from celerytui.ui.session import Session

WIDEST_REASON = 66
"""Cells of a line that says why something is no choice."""
PINNED = 4
"""The buttons, with a row around them, and the keys: they are always seen."""


class Confirm(Dialog[dict[str, str]]):
    """Asks before `action` is done to `targets`; the result is its parameters, None for no."""

    BORDER = "warning"
    KEYS: ClassVar[tuple[str, ...]] = ("question",)

    def __init__(
        self,
        session: Session,
        action: Action,
        targets: Sequence[str],
        params: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(session)
        self.action = action
        self.targets = list(targets)
        self.yes = False
        self.all_ids = False
        self.asks_choices = not params
        """Whether the choices are made here, and were not in a form before."""
        defaults = {param.name: param.default for param in action.params}
        self.params = {**defaults, **(params or {})}
        self._ruled_out = {
            param.name: dict(param.ruled_out(session.engine.schedule, self.targets))
            for param in action.params
            if param.ruled_out is not None and self.asks_choices
        }
        self._button_row = 0
        self._buttons: list[tuple[int, int, bool]] = []
        self._reached = len(self.targets)

    def update(self) -> None:
        verb = self.action.label
        title: Spans = [(f"{verb}{_count(self.targets, self.action.scope)}?", "strong")]
        note = action_note(self.session, self.action)
        preview = Preview(self.session, self.action, self.targets, self.params)
        self._reached = preview.reached
        lines: list[Spans] = [[], *preview.lines(all_ids=self.all_ids)]
        lines += self._choices() if self.asks_choices else preview.values()
        lines += [[], preview.reach(), [], *self._typing()]
        self._button_row = len(lines)
        self.box.pinned = PINNED + len(self._typing())
        self.box.fill(title, note, [*lines, self._keys()])  # the buttons go by its width
        lines += [self._button_line(), [], self._keys()]
        self.box.fill(title, note, lines)

    def _typing(self) -> list[Spans]:
        """The line where a name has to be typed, if any."""
        return []

    def _choices(self) -> list[Spans]:
        lines: list[Spans] = []
        ellipsis = self.session.glyphs.ellipsis
        for param in self.action.params:
            if not param.choices:
                continue
            spans: list[Span] = [(f"{param.label}  ", "muted")]
            for one in self._open(param):
                role = "accent.filled" if one == self.params[param.name] else "muted"
                spans.append((f" {one} ", role))
            lines += [[], spans]
            for why in self._ruled_out.get(param.name, {}).values():
                lines += wrap_spans([(clean(why, limit=240), "muted")], WIDEST_REASON, 3, ellipsis)
        return lines

    def _open(self, param: Param) -> list[str]:
        """The choices that there are here."""
        ruled_out = self._ruled_out.get(param.name, {})
        return [one for one in param.choices if one not in ruled_out]

    def _button_line(self) -> Spans:
        count = len(self.targets)
        no = " No, leave them " if count > 1 else " No, leave it "
        number = f"{self._reached:,} " if count > 1 else ""
        yes = f" Yes, {self.action.label.lower()} {number}"
        room = self.box.get_content_width(None, None) - 4 if self.is_mounted else 60
        left = max(0, (room - cells(no) - cells(yes) - 3) // 2)
        self._buttons = [
            (left, left + cells(no), False),
            (left + cells(no) + 3, left + cells(no) + 3 + cells(yes), True),
        ]
        return [
            (" " * left, "text"),
            (no, "button" if self.yes else "accent.filled"),
            ("   ", "text"),
            (yes, "accent.filled" if self.yes else "button"),
        ]

    def _keys(self) -> Spans:
        glyphs, keys, key_of = self.session.glyphs, self.session.keys, self.session.key_of
        no = f"{key_of('question.no')} {key_of('dialog.close')}"
        hints = [
            (keys.sign(glyphs.sideways, "question.other"), "choose"),
            (key_of("question.take"), "press"),
            (key_of("question.yes"), "yes"),
            (no, "no"),
        ]
        chosen = next((one for one in self.action.params if len(self._open(one)) > 1), None)
        if self.asks_choices and chosen is not None:
            signs = keys.sign(glyphs.updown, "question.previous", "question.next")
            hints.insert(0, (signs, chosen.label.lower()))
        if self.action.scope is Scope.TASK and len(self.targets) > 1:
            hints.append((key_of("question.ids"), "all ids"))
        spans: list[Span] = []
        for key, label in hints:
            spans += [(key, "key"), (f" {label}   ", "muted")]
        return spans

    # Keys and the mouse

    def action_accept(self) -> None:
        self.dismiss(dict(self.params))

    def action_other_button(self) -> None:
        self.yes = not self.yes
        self.update()

    def action_take(self) -> None:
        self.dismiss(dict(self.params) if self.yes else None)

    def action_choose(self, by: int) -> None:
        for param in self.action.params if self.asks_choices else ():
            choices = self._open(param)
            if len(choices) < 2:
                continue
            at = choices.index(self.params[param.name])
            self.params[param.name] = choices[(at + by) % len(choices)]
            break
        else:
            self.box.scroll_by(by)
        self.update()

    def action_all_ids(self) -> None:
        self.all_ids = not self.all_ids
        self.update()

    def on_click(self, event: events.Click) -> None:
        if self.is_outside(event):
            self.dismiss(None)
            return
        region = self.box.region
        row = self.box.row_at(event.screen_y - region.y - 1)
        x = event.screen_x - region.x - 2
        for start, end, yes in self._buttons:
            if row == self._button_row and start <= x < end:
                if yes:
                    self.action_accept()
                else:
                    self.dismiss(None)


class NameInput(SteadyInput):
    """Where the name is typed; the key that takes the answer submits it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", id="question.take")]


class TypedConfirm(Confirm):
    """A question that only the target's name, typed, answers with yes."""

    DEFAULT_CSS = """
    TypedConfirm Input { position: absolute; background: $background; }
    """

    def __init__(
        self,
        session: Session,
        action: Action,
        targets: Sequence[str],
        params: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(session, action, targets, params)
        self.asks_choices = False
        self.wanted = self.targets[0] if len(self.targets) == 1 else str(len(self.targets))
        self.input = NameInput(compact=True, select_on_focus=False)
        self._tried = False

    def compose(self) -> ComposeResult:
        with Container(), self.box:
            yield self.input

    def on_mount(self) -> None:
        super().on_mount()
        self.input.focus()

    def _typing(self) -> list[Spans]:
        what = "its name" if len(self.targets) == 1 else "their number"
        ask: Spans = [
            (f"Type {what}, ", "muted"),
            (clean(self.wanted, limit=60), "strong"),
            (f", to {self.action.label.lower()}", "muted"),
        ]
        wrong: Spans = [("the name does not match", "failure bold")] if self._tried else []
        return [ask, [], wrong]

    def update(self) -> None:
        super().update()
        self.call_after_refresh(self._place)

    def _place(self) -> None:
        if self.is_mounted:
            place = self.box.place_of(self._button_row - 2)
            self.input.display = place is not None
            self.input.styles.offset = (2, (place or 0) + 1)
            self.input.styles.width = max(1, self.box.size.width - 4)

    def on_resize(self) -> None:
        self.update()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.yes = event.value.strip() == self.wanted.strip()
        self._tried = False
        self.update()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_accept()

    def action_accept(self) -> None:
        if self.yes:
            super().action_accept()
            return
        self._tried = True
        self.update()

    def action_other_button(self) -> None:
        """Only what is typed chooses."""

    def _keys(self) -> Spans:
        return [
            (self.session.key_of("question.take"), "key"),
            (" after typing the name   ", "muted"),
            (self.session.key_of("dialog.close"), "key"),
            (" no", "muted"),
        ]


def _count(targets: Sequence[str], scope: Scope) -> str:
    if scope is Scope.CLUSTER:
        return ""
    noun = scope.noun
    if scope in (Scope.WORKER, Scope.QUEUE) and len(targets) == 1:
        return f" {clean(targets[0], limit=48)}"
    return f" {counted(len(targets), noun)}"
