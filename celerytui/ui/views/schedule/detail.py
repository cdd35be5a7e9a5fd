"""One entry of the schedule: what it sends, when, why it is late, and its runs."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.columns import (
    clean,
    format_age,
    format_clock,
    format_count,
    format_duration,
    format_id,
    format_span,
    format_when,
    run_glyph,
    run_role,
    short_class,
)
from celerytui.counts import counted
from celerytui.model import EntryRun, ScheduleEntry
from celerytui.ui.draw.code import highlight
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.spans import Line, Span, Spans, wrap_spans
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.pane import Row
from celerytui.ui.panes.scrolled import ScrolledPane
from celerytui.ui.views.schedule.keyed import SchedulePane, beat_spans

LABEL = 10
MOST_ROWS = 6
"""Rows that one text takes at the most."""


class EntryDetail(SchedulePane, ScrolledPane):
    """The entry under the cursor of the list."""

    NAME = "Entry"
    _shown: str | None = None

    def paint(self) -> None:
        if self.session.entry != self._shown:
            self._shown = self.session.entry
            self.scroll_state.to(0)
        super().paint()

    def titles(self) -> tuple[Spans, Spans]:
        entry = self.entry
        if entry is None:
            return [(self.NAME, self.title_role)], []
        left: list[Span] = [(clean(entry.name, limit=200), self.title_role)]
        if entry.overdue:
            role = "failure bold" if entry.standing == "missed" else "warning bold"
            left.append((f"  {format_span(entry.late_by)} late", role))
        elif entry.standing in ("disabled", "over"):
            left.append((f"  {entry.why_unknown}", "muted"))
        record = entry.plan.record or entry.plan.source
        right: list[Span] = [(clean(record, limit=80), "muted")]
        if entry.plan.changed_at is not None:
            changed = format_clock(entry.plan.changed_at, self.session.utc, now=self.session.now())
            right.append((f", written {changed}", "muted"))
        return left, right

    def rows(self, width: int) -> Sequence[Row]:
        entry = self.entry
        if entry is None:
            return EmptyState("No entry selected").rows(width, 12, self.session.glyphs)
        lines = [*self._call(entry, width), *self._times(entry, width), *self._runs(entry, width)]
        return [(line, "bg") for line in lines]

    def _labelled(self, label: str, spans: Spans, width: int) -> list[Spans]:
        ellipsis = self.session.glyphs.ellipsis
        rows = wrap_spans(spans, max(8, width - LABEL), MOST_ROWS, ellipsis)
        return [
            [((label if at == 0 else "").ljust(LABEL), "muted"), *row]
            for at, row in enumerate(rows)
        ]

    def _call(self, entry: ScheduleEntry, width: int) -> list[Spans]:
        plan = entry.plan
        task: list[Span] = [(clean(plan.task or "unknown", limit=200), "text")]
        for name in ("queue", "exchange", "routing_key", "priority"):
            value = plan.options.get(name)
            if value is not None:
                text = str(getattr(value, "name", value))
                task += [(f"  {name} ", "muted"), (clean(text, limit=80), "text")]
        if entry.expires_after is not None:
            task += [("  expires ", "muted"), (format_span(entry.expires_after), "text")]
        lines = self._labelled("task", task, width)
        if entry.args is None:
            unknown: list[Span] = [(self.session.glyphs.unknown, "text"), ("  not known", "muted")]
            lines += self._labelled("args", unknown, width)
        else:
            lines += self._labelled("args", highlight(clean(entry.args, limit=800)), width)
        if plan.kwargs and entry.kwargs is not None:
            lines += self._labelled("kwargs", highlight(clean(entry.kwargs, limit=800)), width)
        if plan.description:
            lines += self._labelled("about", [(clean(plan.description, limit=400), "text")], width)
        return lines

    def _times(self, entry: ScheduleEntry, width: int) -> list[Spans]:
        plan = entry.plan
        when: list[Span] = [(clean(entry.words, limit=200), "text")]
        when.append((f"  in {clean(plan.timezone, limit=60)}", "muted"))
        lines: list[Spans] = [[], *self._labelled("schedule", when, width)]
        lines += self._labelled("last run", self._last(entry), width)
        label = "was due" if entry.overdue else "next run"
        lines += self._labelled(label, self._next(entry), width)
        for label, at in (("starts", plan.starts_at), ("ends", plan.expires_at)):
            if at is not None:
                spans: list[Span] = [(self._clock(at), "text")]
                lines += self._labelled(label, spans, width)
        if entry.overdue:
            lines += self._labelled("why late", self._why(entry), width)
        for note in entry.notes:
            lines += self._labelled("note", [(clean(note, limit=300), "warning")], width)
        for text in entry.differs:
            lines += self._labelled("differs", [(clean(text, limit=300), "warning")], width)
        return lines

    def _clock(self, at: float | None) -> str:
        session = self.session
        day = format_clock(at, session.utc, now=session.now(), ascii=session.ascii)
        clock = format_clock(at, session.utc, ascii=session.ascii)
        return day if day == clock else f"{day} {clock}"

    def _last(self, entry: ScheduleEntry) -> list[Span]:
        session = self.session
        if entry.last_run_at is None:
            return [(session.glyphs.unknown, "text"), ("  none known", "muted")]
        age = max(0.0, session.now() - entry.last_run_at)
        spans: list[Span] = [(self._clock(entry.last_run_at), "text")]
        spans.append((f"  {format_age(age)}", "muted"))
        if entry.late_by is not None and not entry.overdue:
            spans += [("  late by ", "muted"), (format_duration(entry.late_by), "text")]
        if entry.plan.total_runs is not None:
            many = counted(entry.plan.total_runs, "run")
            spans.append((f"  {many} by {clean(entry.plan.source, limit=60)}", "muted"))
        return spans

    def _next(self, entry: ScheduleEntry) -> list[Span]:
        session = self.session
        if entry.due_at is None:
            why = clean(entry.why_unknown or "not known", limit=200)
            return [(session.glyphs.unknown, "text"), (f"  {why}", "muted")]
        role = "warning bold" if entry.overdue else "text"
        spans: list[Span] = [("about " if entry.about else "", "muted"), (entry.due_words, role)]
        if not entry.overdue:
            left = format_when(entry.due_at, session.now(), session.utc)
            spans.append((f"  {left}", "muted"))
        return spans

    def _why(self, entry: ScheduleEntry) -> list[Span]:
        """What is known of why a run that is due was not seen."""
        beat = self.reading.beat
        if beat.state in ("silent", "unknown"):
            return beat_spans(self)
        due = entry.due_at or 0.0
        others = sum(
            (one.last_run_at or 0.0) > due for one in self.reading.entries if one is not entry
        )
        if others:
            many = counted(others, "other entry", "other entries")
            return [(f"beat is at work: {many} ran since it was due", "text")]
        return [("beat is alive, and no other entry ran since it was due", "text")]

    def _runs(self, entry: ScheduleEntry, width: int) -> list[Line | Spans]:
        right: list[Span] = []
        if entry.runs is not None:
            right = [(format_count(entry.runs), "text"), (" seen", "muted")]
            if entry.failures:
                right += [(", ", "muted"), (f"{entry.failures:,} failed", "failure")]
            if entry.since is not None:
                right.append((f" since {self._clock(entry.since)}", "muted"))
        head: Line | Spans = section(width, "Runs", right, glyphs=self.session.glyphs)
        if not entry.recent:
            none: Spans = [("none seen since the monitor was started", "muted")]
            return [[], head, none]
        return [[], head, *(self._run(run) for run in reversed(entry.recent))]

    def _run(self, run: EntryRun) -> Spans:
        session = self.session
        spans: list[Span] = [(f"{run_glyph(run, ascii=session.ascii)} ", run_role(run))]
        spans += [(self._clock(run.at), "text"), ("  ", "text")]
        spans += [(format_id(run.task_id, ascii=session.ascii), "muted")]
        if run.waited is not None:
            spans += [("  waited ", "muted"), (format_duration(run.waited).rjust(6), "text")]
        if run.runtime is not None:
            spans += [("  ran ", "muted"), (format_duration(run.runtime).rjust(6), "text")]
        if run.late_by is not None and run.late_by >= 1:
            spans += [("  late ", "muted"), (format_duration(run.late_by), "warning")]
        if not run.by_beat:
            spans.append(("  sent from here" if run.own else "  not sent by beat", "muted"))
        if run.exception:
            spans += [("  ", "text"), (short_class(run.exception.partition("(")[0]), "failure")]
        return spans
