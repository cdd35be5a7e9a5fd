"""The actions that one worker was asked for."""

from __future__ import annotations

from celerytui.columns import clean, format_clock
from celerytui.control import Scope
from celerytui.ui.dialogs.log_entry import mark
from celerytui.ui.draw.spans import Line, Spans
from celerytui.ui.panes.scrolled import ScrolledPane
from celerytui.ui.views.worker.pane import WorkerPane


class WorkerLog(WorkerPane, ScrolledPane):
    """The actions that this worker was asked for, and under each what it answered."""

    NAME = "Asked and answered"

    def titles(self) -> tuple[Spans, Spans]:
        key = self.session.key_of("view.log")
        right: Spans = [(key, "key"), (" the log", "muted")] if key else []
        return [(self.NAME, self.title_role)], right

    def lines(self, width: int) -> list[Line | Spans]:
        session = self.session
        lines: list[Line | Spans] = []
        for entry in session.history.entries():
            if not entry.concerns(self.hostname):
                continue
            ok, answer = entry.answer_of(self.hostname)
            when = format_clock(entry.at, session.utc, now=session.now()).ljust(10)
            sign, role = mark(session, ok)
            on = entry.on(ascii=session.ascii) if entry.scope is not Scope.WORKER else ""
            what = " ".join(part for part in (entry.label, entry.given, on) if part)
            told = "muted" if ok else role
            lines += [
                [(when, "muted"), (f"{sign} ", role), (clean(what, limit=120), "text")],
                [(" " * 12, "text"), (clean(answer, limit=200), told)],
            ]
        return lines or [[("nothing was asked of it from here", "muted")]]
