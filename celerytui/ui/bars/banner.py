"""The row that shows only while something is wrong or paused."""

from __future__ import annotations

from celerytui.columns import clean, format_age, format_clock, format_span
from celerytui.health.link import BEHIND, BLOCKED, UNASKED, UNRECORDED
from celerytui.model import LinkState
from celerytui.ui.bars.bar import Bar
from celerytui.ui.draw.spans import Line, Spans

Said = tuple[Spans, tuple[str, str] | None]
"""What the row says, and the key that helps, with what it does."""


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

    def _text(self) -> Said | None:
        return self._lost() or self._paused() or self._alerted() or self._flawed()

    def _lost(self) -> Said | None:
        """How old all of it is, without a connection."""
        session = self.session
        link, now = session.engine.link, session.engine.clock()
        if link.state is not LinkState.RECONNECTING or link.lost_at is None:
            return None
        old = format_span(now - link.lost_at)
        lost = format_clock(link.lost_at, session.utc)
        return [
            (f"What you see is {old} old.", "strong"),
            (f"  Broker connection lost at {lost}.", "text"),
            (f"  {clean(link.error or '', limit=200)}", "text"),
        ], (session.key_of("task.result"), "reconnect")

    def _paused(self) -> Said | None:
        """That the display stands still."""
        session = self.session
        if session.paused_at is None:
            return None
        ago = format_age(session.engine.clock() - session.paused_at)
        return [
            ("Paused", "strong"),
            (f" at {format_clock(session.paused_at, session.utc)}, {ago};", "text"),
            (" events are still received", "text"),
        ], (session.key_of("display.pause"), "resume")

    def _alerted(self) -> Said | None:
        """The alert that the user must know first."""
        session = self.session
        alerts = session.engine.health.alerts
        if (blocked := alerts.get(BLOCKED)) is not None:
            return [(clean(blocked.text, limit=200), "strong")], None
        if (unasked := alerts.get(UNASKED)) is not None:
            return [
                ("Workers can't be asked: ", "strong"),
                (clean(unasked.evidence["error"], limit=160), "text"),
                ("; what ran before the start is unknown", "warning"),
            ], (session.key_of("workers.ask"), "ask again")
        if (behind := alerts.get(BEHIND)) is not None:
            old = f"What you see is {format_span(behind.evidence['lag'])} old."
            what = "  Events arrive faster than they can be read."
            late = session.engine.reception.when_late
            fate = f" {late}." if late else ""
            return [(old, "strong"), (f"{what}{fate}", "text")], None
        if (unrecorded := alerts.get(UNRECORDED)) is not None:
            return [
                ("Not recorded: ", "strong"),
                (clean(unrecorded.evidence["error"], limit=200), "text"),
            ], None
        return None

    def _flawed(self) -> Said | None:
        """What the monitor itself failed at, or does in another way than usual."""
        engine = self.session.engine
        if engine.steps.trouble is not None:
            return [
                ("Internal error: the display may be incomplete.", "strong"),
                (" Details are in --log-file.", "text"),
                (f"  {clean(engine.steps.trouble, limit=60)}", "text"),
            ], None
        if engine.link.note is not None:
            return [(clean(engine.link.note, limit=200), "strong")], None
        return None
