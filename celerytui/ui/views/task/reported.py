"""What a task's own code reported: how far it is, and events of other types."""

from __future__ import annotations

from celerytui.columns import clean, format_age, format_clock, format_count, meter
from celerytui.model import Task
from celerytui.ui.draw.spans import Line, Span, Spans, span_width
from celerytui.ui.session import Session
from celerytui.ui.views.task.attempts import LABEL

BAR = 24
"""Cells of the bar, where there is room."""


def progress_line(session: Session, task: Task, width: int) -> Spans:
    """`progress  ━━━━━─────  42%  420 of 1,000  importing users  3s ago`; empty for none."""
    found = task.progress
    if found is None:
        return []
    ascii, part = session.ascii, found.part
    spans: list[Span] = [("progress".ljust(LABEL), "muted")]
    if part is not None:
        bar = meter(part, min(BAR, max(4, width // 4)), ascii=ascii)
        spans += [(bar, "started"), (f" {int(part * 100)}%  ", "strong")]
    if found.current is not None:
        spans.append((format_count(round(found.current), ascii=ascii), "text"))
        if found.total is not None:
            spans.append((f" of {format_count(round(found.total), ascii=ascii)}", "muted"))
        spans.append(("  ", "text"))
    if found.message is not None:
        spans += [(clean(found.message, limit=200), "text"), ("  ", "text")]
    ago = max(0.0, session.now() + task.more.worker_ahead - found.at)
    age: Spans = [(format_age(ago, ascii=ascii), "muted")]
    return [*spans, *age] if span_width([*spans, *age]) <= width else spans


def custom_lines(session: Session, task: Task, width: int) -> list[Line]:
    """The other events of the application that name the task, a line each, in order of time."""
    lines = []
    ahead, now = task.more.worker_ahead, session.now()
    for event in sorted(task.more.custom_events, key=lambda one: one.at):
        line = Line(width, session.glyphs.ellipsis)
        at = format_clock(event.at - ahead, session.utc, now=now, millis=True)
        line.left((at, "muted"), (f"  {clean(event.type, limit=60)}", "text"))
        if event.fields:
            line.left((f"  {clean(event.fields, limit=200)}", "muted"))
        lines.append(line)
    return lines
