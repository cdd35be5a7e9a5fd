"""One group of failures: its variants, an example with its traceback, and what it goes by."""

from __future__ import annotations

from celerytui.columns import (
    clean,
    format_age,
    format_clock,
    format_count,
    format_id,
    short_class,
)
from celerytui.counts import counted
from celerytui.store import FailureDetail, FailureRow
from celerytui.ui.draw.code import highlight, highlight_traceback
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.pane import Row
from celerytui.ui.panes.scrolled import ScrolledPane
from celerytui.ui.session import Session
from celerytui.ui.views.failures.keyed import FailurePane

LABEL = 10


class FailureDetailPane(FailurePane, ScrolledPane):
    """The group that is chosen in the list."""

    NAME = "Group"

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._row: FailureRow | None = None
        self._about: object = None
        self._detail: FailureDetail | None = None

    def paint(self) -> None:
        session, groups = self.session, self.session.engine.store.failures
        key = session.failure
        same = self._row is not None and self._row.key == key
        about = session.failure_window, groups.changed
        self._about, same_figures = about, same and about == self._about
        held = session.paused_at is not None or session.stale_since is not None
        if not (held and same_figures) and self.is_attached and self.display:
            self._row = groups.row(key or "", session.now(), session.failure_window)
            self._detail = groups.detail(key or "")
            if not same:
                self.scroll_state.to(0)
        super().paint()

    def titles(self) -> tuple[Spans, Spans]:
        row = self._row
        if row is None:
            return [(self.NAME, self.title_role)], []
        left: list[Span] = [(short_class(row.exception), self.title_role)]
        left += [("  ", "text"), (clean(row.task or "name unknown", limit=200), "text")]
        dot: Span = (f" {self.session.glyphs.dot} ", "faint")
        right: list[Span] = [(f"{row.failed:,} in {row.window.label}", "text")]
        right += [dot, (f"{row.count:,} in all", "muted")]
        if row.retries:
            right += [dot, (f"{row.retries:,} retried", "muted")]
        return left, right

    def rows(self, width: int) -> list[Row]:
        row, detail = self._row, self._detail
        if row is None or detail is None:
            return EmptyState("No group selected").rows(width, 12, self.session.glyphs)
        lines = [
            *self._facts(row, width),
            *self._variants(detail, width),
            *self._example(row, detail, width),
            *self._rule(row, detail, width),
        ]
        return [(line, "bg") for line in lines]

    def _head(self, width: int, title: str, right: Spans = ()) -> list[Line | Spans]:
        return [[], section(width, title, right, glyphs=self.session.glyphs)]

    def _facts(self, row: FailureRow, width: int) -> list[Line | Spans]:
        now, utc = self.session.now(), self.session.utc
        first = format_clock(row.first_seen, utc, now=now)
        last = format_age(max(0.0, now - row.last_seen))
        seen: list[Span] = [("seen".ljust(LABEL), "muted"), ("first ", "muted"), (first, "text")]
        seen += [("   last ", "muted"), (last, "text")]
        if row.standing:
            role = "muted" if row.standing == "resolved" else "warning bold"
            seen += [("   ", "text"), (row.standing, role)]
        if row.since:
            seen += [(" since ", "muted"), (clean(row.since, limit=80), "text")]
        workers: list[Span] = [("workers".ljust(LABEL), "muted")]
        for name, count in row.workers:
            workers += [(clean(name, limit=80), "text"), (f" {count:,}   ", "muted")]
        key = self.session.key_of("failure.tasks")
        tasks: list[Span] = [
            ("tasks".ljust(LABEL), "muted"),
            (counted(row.count, "failure"), "text"),
        ]
        if row.retries:
            tasks.append((f", {row.retries:,} retried", "text"))
        if key:
            tasks += [("   ", "text"), (key, "key"), (" tasks in group", "muted")]
        return [seen, workers, tasks]

    def _variants(self, detail: FailureDetail, width: int) -> list[Line | Spans]:
        lines = self._head(width, "Messages", [(f"{len(detail.variants):,}", "muted")])
        for text, count in detail.variants:
            shown = clean(text, limit=200) or "no message"
            role = "text" if text else "muted"
            lines.append([(format_count(count, 6).rjust(6), "strong"), ("  ", ""), (shown, role)])
        return lines

    def _example(self, row: FailureRow, detail: FailureDetail, width: int) -> list[Line | Spans]:
        example, session = detail.example, self.session
        if example is None:
            return []
        at = format_clock(example.at, session.utc, now=session.now())
        right: list[Span] = [(format_id(example.task_id, ascii=session.ascii), "muted")]
        right += [("  ", "text"), (at, "muted")]
        if example.worker:
            right += [("  ", "text"), (clean(example.worker, limit=60), "muted")]
        lines = self._head(width, "Newest", right)
        if example.traceback:
            lines += highlight_traceback(example.traceback, width, glyphs=session.glyphs)
        elif example.exception:
            lines.append(highlight(clean(example.exception, limit=500)))
            lines.append([("no traceback in the event", "muted")])
        else:
            lines.append([(clean(row.exception, limit=100), "failure bold"), ("  ", "text"),
                          (clean(example.message, limit=300), "text")])  # fmt: skip
        if example.member:
            lines.append(self._member(example.member))
        return lines

    def _member(self, task_id: str) -> Spans:
        """The member of the chord that failed, and its group where that is known."""
        groups, session = self.session.engine.store.failures, self.session
        spans: list[Span] = [("member".ljust(LABEL), "muted"), (clean(task_id, limit=80), "text")]
        found = groups.row(groups.group_of(task_id) or "", session.now())
        if found is not None:
            spans += [("   ", "text"), (short_class(found.exception), "failure bold")]
            spans += [("  ", "text"), (clean(found.message, limit=200), "text")]
        return spans

    def _rule(self, row: FailureRow, detail: FailureDetail, width: int) -> list[Line | Spans]:
        lines = self._head(width, "Grouped by", [(row.key, "faint")])
        lines.append([("task".ljust(LABEL), "muted"), (clean(row.task, limit=200), "text")])
        lines.append(
            [("exception".ljust(LABEL), "muted"), (clean(row.exception, limit=200), "text")]
        )
        label = "after"
        for cause in detail.causes:
            lines.append([(label.ljust(LABEL), "muted"), (clean(cause, limit=200), "text")])
            label = ""
        label = "frames"
        for module, function in detail.frames:
            lines.append([(label.ljust(LABEL), "muted"), (clean(module, limit=200), "text"),
                          ("  ", "text"), (clean(function, limit=100), "code.name")])  # fmt: skip
            label = ""
        if not detail.frames:
            message = detail.example.message if detail.example is not None else ""
            if message:
                lines.append(
                    [("message".ljust(LABEL), "muted"), (clean(message, limit=200), "text")]
                )
        return lines
