"""The recent actions on one worker."""

from __future__ import annotations

from celerytui.columns import clean, format_clock
from celerytui.control import Scope
from celerytui.ui.draw.spans import Line, Spans
from celerytui.ui.panes.scrolled import ScrolledPane
from celerytui.ui.views.worker.pane import WorkerPane


class WorkerLog(WorkerPane, ScrolledPane):
    """The recent actions on this worker, and under each its reply."""

    NAME = "Recent actions"

    def titles(self) -> tuple[Spans, Spans]:
        key = self.session.key_of("view.log")
        right: Spans = [(key, "key"), (" log", "muted")] if key else []
        return [(self.NAME, self.title_role)], right

    def lines(self, width: int) -> list[Line | Spans]:
        session = self.session
        lines: list[Line | Spans] = []
        for entry in reversed(session.engine.log.entries()):
            if not entry.concerns(self.hostname):
                continue
            ok, answer = entry.answer_of(self.hostname)
            when = format_clock(entry.time, session.utc, now=session.now()).ljust(10)
            sign, role = session.glyphs.mark(ok)
            on = entry.on(ascii=session.ascii) if entry.scope is not Scope.WORKER else ""
            what = " ".join(part for part in (entry.label, entry.given, on) if part)
            lines += [
                [(when, "muted"), (f"{sign} ", role), (clean(what, limit=120), "text")],
                [(" " * 12, "text"), (clean(answer, limit=200), "muted" if ok else role)],
            ]
        return lines or [[("no actions sent to this worker", "muted")]]
