"""The form for a time of the recording to go to: one line, with its mistake under it."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container

from celerytui.columns import clean
from celerytui.engine.replayer import Replayer
from celerytui.replay_time import FORMS, full_time, read_replay_time
from celerytui.ui.actions.inputs import FieldChanged, FieldLeft, TextField, offer_line
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.draw.spans import Spans, fit_spans
from celerytui.ui.session import Session

WIDTH = 70
LABEL = "Time"
FIELD_ROW, OFFERS_ROW = 1, 5
LEFT = len(LABEL) + 2
"""Cells before what is typed."""


class GoTo(Dialog[float]):
    """Asks for a time; the result is in Unix seconds, None where it was closed."""

    def __init__(self, session: Session, replayer: Replayer) -> None:
        super().__init__(session)
        self._replayer = replayer
        recording, utc = replayer.recording, session.utc
        self._ends = [full_time(at, utc=utc) for at in (recording.begins, recording.ends)]
        self.field = TextField("time", "", self._ends)
        self._submitted = False
        self._offer_ends: list[int] = []

    def compose(self) -> ComposeResult:
        with Container(), self.box:
            yield self.field

    def on_mount(self) -> None:
        super().on_mount()
        self.field.focus()

    @property
    def _inner(self) -> int:
        return min(WIDTH, self.app.size.width - 6)

    def update(self) -> None:
        width, glyphs, key_of = self._inner, self.session.glyphs, self.session.key_of
        offers, self._offer_ends = offer_line(
            self._offers(), width, glyphs.ellipsis, key_of("field.complete")
        )
        keys: list[tuple[str, str]] = []
        for id, label in (("field.done", "go"), ("dialog.close", "close")):
            keys += [(key_of(id), "key"), (f" {label}   ", "muted")]
        lines: list[Spans] = [
            [],
            [*fit_spans([(LABEL, "key")], LEFT - 1), (glyphs.vertical, "faint")],
            self._mistake(width),
            [],
            [(FORMS, "muted")],
            offers.spans(),
            [],
            keys,
        ]
        self.box.least = width
        self.box.fill([("Go to a time", "strong")], [("in the recording", "muted")], lines)
        self.field.styles.offset = (2 + LEFT, FIELD_ROW + 1)
        self.field.styles.width = max(1, width - LEFT)

    def _offers(self) -> list[str]:
        """The ends of the recording, while what is typed may become one of them."""
        return self.field.offers() if self._submitted or self.field.value else list(self._ends)

    def _mistake(self, width: int) -> Spans:
        """What is wrong with what was typed."""
        mistake = self._read()[1] if self._submitted else ""
        if not mistake:
            return []
        text = f"{self.session.glyphs.growing} {clean(mistake)}"
        return fit_spans([(text, "failure bold")], width, ellipsis=self.session.glyphs.ellipsis)

    def _read(self) -> tuple[float | None, str]:
        """The time that is meant, or what is wrong."""
        recording, text = self._replayer.recording, self.field.value
        if not text.strip():
            return None, "type a time"
        at, utc = self._replayer.state.position, self.session.utc
        try:
            return read_replay_time(text, at, recording.begins, recording.ends, utc=utc), ""
        except ValueError as error:
            return None, str(error)

    @on(FieldChanged)
    def _changed(self) -> None:
        self._submitted = False
        self.update()

    @on(FieldLeft)
    def _left(self, event: FieldLeft) -> None:
        if not event.submit:
            return
        found, _ = self._read()
        if found is not None:
            self.dismiss(found)
            return
        self._submitted = True
        self.update()

    def on_resize(self) -> None:
        self.update()

    def on_click(self, event: events.Click) -> None:
        region = self.box.region
        if event.screen_y - region.y - 1 != OFFERS_ROW:
            return
        x = event.screen_x - region.x - 2
        for offer, end in zip(self._offers(), self._offer_ends, strict=False):
            if x < end:
                self.field.take(offer)
                return
