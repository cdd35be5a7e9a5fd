"""The rows that show only while there is something to tell: trouble, and work under way."""

from __future__ import annotations

from celerytui.columns import clean, format_age, format_clock, format_span, meter
from celerytui.control import action
from celerytui.engine import Job
from celerytui.model import LinkState
from celerytui.ui.bars import BEHIND_SECONDS, Bar
from celerytui.ui.draw.spans import Line, Span, Spans

PROGRESS_AFTER = 0.5
"""Seconds that an action may take before its progress is shown."""
PROGRESS_CELLS = 24


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
        if key is not None:
            line.right((key[0], "key"), (f" {key[1]} ", "text"))

    def _text(self) -> tuple[Spans, tuple[str, str] | None] | None:
        session = self.session
        link, now = session.engine.link, session.engine.clock()
        if link.state is LinkState.RECONNECTING and link.lost_at is not None:
            old = format_span(now - link.lost_at)
            spans: list[Span] = [
                (f"The broker is gone since {format_clock(link.lost_at, session.utc)}", "strong"),
                (f"  {clean(link.error or '', limit=90)}", "text"),
                (f"   What you see is {old} old.", "warning"),
            ]
            return spans, ("r", "try now")
        if session.paused_at is not None:
            ago = format_age(now - session.paused_at)
            return [
                ("Paused", "strong"),
                (f" at {format_clock(session.paused_at, session.utc)}, {ago};", "text"),
                (" events are still received", "text"),
            ], ("p", "go on")
        lag = session.engine.store.summary(session.now()).lag
        if lag is not None and lag > BEHIND_SECONDS and link.state is LinkState.CONNECTED:
            what = "  More events come than are read here."
            fate = f" {session.engine.when_late}." if session.engine.when_late else ""
            late = f"What you see is {format_span(lag)} old."
            return [(late, "strong"), (f"{what}{fate}", "text")], None
        if session.engine.trouble is not None:
            return [
                ("Something failed in here", "strong"),
                (f"  {clean(session.engine.trouble, limit=60)};", "text"),
                (" what you see may lack something. --log-file has all of it", "text"),
            ], None
        return None


class Progress(Bar):
    """How far an action is that takes its time; hidden while there is none."""

    GROUND = "marked"

    def on_mount(self) -> None:
        self.display = bool(self._shown())

    def paint(self) -> None:
        shown = bool(self._shown())
        if shown != self.display:
            self.display = shown
            self._strip = None
        super().paint()

    def _shown(self) -> list[Job]:
        """What is under way, oldest first; short ones never show."""
        engine = self.session.engine
        now = engine.clock()
        return [one for one in list(engine.executor.running) if now - one.since >= PROGRESS_AFTER]

    def draw(self, line: Line) -> None:
        running = self._shown()
        if not running:
            return
        one, glyphs = running[0], self.session.glyphs
        line.left((f" {glyphs.states[2]} ", "started"), (action(one.action).label, "strong"))
        if one.total:
            part = meter(one.done / one.total, PROGRESS_CELLS, ascii=self.session.ascii)
            full = len(part.rstrip("-─"))
            line.left(("  ", "text"), (part[:full], "started"), (part[full:], "faint"))
            line.left((f"  {one.done:,}", "strong"), (f" of {one.total:,}", "muted"))
        elif one.targets:
            line.left((f"  {len(one.targets):,}", "strong"))
        note = "stops after this step" if one.cancelled else one.note or "waits for answers"
        line.left((f"  {clean(note, limit=60)}", "muted"))
        if len(running) > 1:
            line.left((f"   {len(running) - 1} more after it", "muted"))
        if not one.cancelled:
            line.right(("x", "key"), (" cancel ", "text"))

    def on_click(self) -> None:
        self.app.call_later(self.app.run_action, "cancel")
