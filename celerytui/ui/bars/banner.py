"""The row that shows only while something is wrong or paused."""

from __future__ import annotations

from celerytui.columns import clean, format_age, format_clock, format_span
from celerytui.health.link import BEHIND, BLOCKED, UNASKED, UNRECORDED
from celerytui.model import LinkState
from celerytui.ui.bars.bar import Bar
from celerytui.ui.draw.spans import Line, Span, Spans


class Banner(Bar):
    """What the user must know before the figures: shown only while there is something."""

    GROUND = "warning"

    def on_mount(self) -> None:
        self.display = bool(self._text())

    def paint(self) -> None:
        shown = bool(self._text())
        if shown != self.display:
            self.display = shown
            self._strip = None
        super().paint()

    def draw(self, line: Line) -> None:
        spans, key = self._text() or ([], None)
        line.left((f" {self.session.glyphs.warning} ", "warning bold"), *spans)
        if key is not None and key[0]:
            line.right((key[0], "key"), (f" {key[1]} ", "text"))

    def _text(self) -> tuple[Spans, tuple[str, str] | None] | None:
        session = self.session
        link, now = session.engine.link, session.engine.clock()
        if link.state is LinkState.RECONNECTING and link.lost_at is not None:
            old = format_span(now - link.lost_at)
            lost = format_clock(link.lost_at, session.utc)
            spans: list[Span] = [
                (f"What you see is {old} old.", "strong"),
                (f"  Broker connection lost at {lost}.", "text"),
                (f"  {clean(link.error or '', limit=200)}", "text"),
            ]
            return spans, (session.key_of("task.result"), "reconnect")
        if session.paused_at is not None:
            ago = format_age(now - session.paused_at)
            return [
                ("Paused", "strong"),
                (f" at {format_clock(session.paused_at, session.utc)}, {ago};", "text"),
                (" events are still received", "text"),
            ], (session.key_of("display.pause"), "resume")
        blocked = session.engine.health.alerts.get(BLOCKED)
        if blocked is not None:
            return [(clean(blocked.text, limit=200), "strong")], None
        unasked = session.engine.health.alerts.get(UNASKED)
        if unasked is not None:
            key = (session.key_of("workers.ask"), "ask again")
            return [
                ("Workers can't be asked: ", "strong"),
                (clean(unasked.evidence["error"], limit=160), "text"),
                ("; what ran before the start is unknown", "warning"),
            ], key
        behind = session.engine.health.alerts.get(BEHIND)
        if behind is not None:
            what = "  Events arrive faster than they can be read."
            late = session.engine.reception.when_late
            fate = f" {late}." if late else ""
            late = f"What you see is {format_span(behind.evidence['lag'])} old."
            return [(late, "strong"), (f"{what}{fate}", "text")], None
        unrecorded = session.engine.health.alerts.get(UNRECORDED)
        if unrecorded is not None:
            return [
                ("Not recorded: ", "strong"),
                (clean(unrecorded.evidence["error"], limit=200), "text"),
            ], None
        if session.engine.steps.trouble is not None:
            return [
                ("Internal error: the display may be incomplete.", "strong"),
                (" Details are in --log-file.", "text"),
                (f"  {clean(session.engine.steps.trouble, limit=60)}", "text"),
            ], None
        if link.note is not None:
            return [(clean(link.note, limit=200), "strong")], None
        return None
