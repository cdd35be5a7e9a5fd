"""The progress of a long action, or of an export."""

from __future__ import annotations

from celerytui.columns import clean, format_clock, meter
from celerytui.counts import counted
from celerytui.engine import Job, PastSearch, Work
from celerytui.ui.bars.bar import Bar
from celerytui.ui.draw.spans import Line

PROGRESS_AFTER = 0.5
"""Seconds that an action may take before its progress is shown."""


PROGRESS_CELLS = 24


class Progress(Bar):
    """The progress of the oldest of what is being done; hidden while there is nothing."""

    GROUND = "marked"

    def on_mount(self) -> None:
        self.display = bool(self._shown())

    def paint(self) -> None:
        shown = bool(self._shown())
        if shown != self.display:
            self.display = shown
            self._strip = None
        super().paint()

    def _shown(self) -> list[Work]:
        """What is being done, oldest first; short ones never show."""
        engine = self.session.engine
        now = engine.clock()
        return [one for one in engine.running if now - one.since >= PROGRESS_AFTER]

    def draw(self, line: Line) -> None:
        running = self._shown()
        if not running:
            return
        one, glyphs = running[0], self.session.glyphs
        line.left((f" {glyphs.states[2]} ", "started"), (one.label, "strong"))
        if one.total:
            part = meter(one.done / one.total, PROGRESS_CELLS, ascii=self.session.ascii)
            full = len(part.rstrip("-─"))
            line.left(("  ", "text"), (part[:full], "started"), (part[full:], "faint"))
            line.left((f"  {one.done:,}", "strong"), (f" of {one.total:,}", "muted"))
        elif isinstance(one, Job) and one.targets:
            line.left((f"  {len(one.targets):,}", "strong"))
        note = "stopping after this step" if one.cancelled else self._note(one)
        line.left((f"  {clean(note, limit=100)}", "muted"))
        if len(running) > 1:
            line.left((f"   and {len(running) - 1} more", "muted"))
        if not one.cancelled:
            line.right((self.session.key_of("action.cancel"), "key"), (" cancel ", "text"))

    def _note(self, one: Work) -> str:
        """What it does now; a search says how far it is."""
        if not isinstance(one, PastSearch):
            return one.note
        reading, session = one.reading, self.session
        parts = [f"{reading.added:,} from {reading.source}"] if reading.source else []
        if reading.back_to is not None:
            back = format_clock(reading.back_to, session.utc, now=session.engine.clock())
            parts.append(f"searched back to {back}")
        parts.append(counted(reading.looked_at, "row"))
        return ", ".join(parts)

    def on_click(self) -> None:
        self.app.call_later(self.app.run_action, "screen.cancel")
