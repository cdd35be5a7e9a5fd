"""One action of the log in full."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.columns import clean, format_clock, format_duration, format_id
from celerytui.control import LogEntry, find_action, without_aside
from celerytui.model import Item, Reply
from celerytui.ui.dialogs.reading import Reading
from celerytui.ui.draw.spans import Span, Spans, cut_spans
from celerytui.ui.session import Session

ITEMS_SHOWN = 500
"""As many targets as the dialog lists, those that went wrong first."""


class LogEntryDialog(Reading):
    """One action in full: its targets and values, each answer, and what was seen of it."""

    def __init__(self, session: Session, entry: LogEntry) -> None:
        width = 100
        super().__init__(
            session, f"{entry.label}  {entry.action}", entry_lines(session, entry, width)
        )


def entry_lines(session: Session, entry: LogEntry, width: int) -> list[Spans]:
    """All that is known of an action, as lines of about `width` cells."""
    when = format_clock(entry.time, session.utc, millis=True)
    who: Spans = [(" by ", "muted"), (clean(entry.user, limit=60), "text")] if entry.user else []
    took = format_duration(entry.seconds)
    lines: list[Spans] = [
        [],
        [("at ", "muted"), (when, "text"), *who, (", took ", "muted"), (took, "text")],
    ]
    for name, text in entry.params.items():
        lines.append([(entry.label_of(name).ljust(12), "muted"), (clean(text, limit=400), "text")])
    lines += _targets(session, entry)
    if entry.error:
        lines += [[], [(f"{session.glyphs.failure} ", "failure"), (clean(entry.error), "text")]]
    if entry.replies:
        action = find_action(entry.action)
        concerned, others = without_aside(entry.replies, action.aside if action else None)
        lines += [[], [("Replies", "strong")], *(_reply(session, one) for one in concerned)]
        if others:
            lines.append([(f"{session.glyphs.dot} {others}", "muted")])
    if entry.items:
        lines += [[], *_items(session, entry.items)]
    if entry.finding is not None:
        finding = entry.finding
        seen: Spans = [
            session.glyphs.mark(finding.ok),
            (" " + format_clock(finding.at, session.utc) + "  ", "muted"),
            (clean(finding.text, limit=300), "text"),
        ]
        lines += [[], [("Seen afterwards", "strong")], seen]
    return [*(cut_spans(line, width, session.glyphs.ellipsis) for line in lines), []]


def _targets(session: Session, entry: LogEntry) -> list[Spans]:
    if not entry.count or entry.items:
        return []
    shown = [clean(one, limit=80) for one in entry.targets[:12]]
    lines: list[Spans] = [[("on".ljust(12), "muted"), (shown[0], "text")]] if shown else []
    lines += [[(" " * 12, "text"), (one, "text")] for one in shown[1:]]
    if entry.count > len(shown):
        lines.append([(" " * 12 + f"and {entry.count - len(shown):,} more", "muted")])
    return lines


def _reply(session: Session, reply: Reply) -> Spans:
    return [
        session.glyphs.mark(reply.ok),
        (f" {clean(reply.worker, limit=60)}  ", "strong"),
        (clean(reply.text, limit=400), "text"),
    ]


def _items(session: Session, items: Sequence[Item]) -> list[Spans]:
    """An outcome for each target, what went wrong first."""
    good = sum(item.ok is True for item in items)
    bad = sum(item.ok is False for item in items)
    head: list[Span] = [("Each of them", "strong"), (f"  {good:,} done", "muted")]
    if bad:
        head.append((f", {bad:,} failed", "failure"))
    if good + bad < len(items):
        head.append((f", {len(items) - good - bad:,} not tried", "warning"))
    lines: list[Spans] = [head]
    ranked = sorted(items, key=lambda item: {False: 0, None: 1, True: 2}[item.ok])
    for item in ranked[:ITEMS_SHOWN]:
        line: list[Span] = [
            session.glyphs.mark(item.ok),
            (f" {clean(item.target, limit=64)}", "text"),
        ]
        if item.new_id:
            new = format_id(item.new_id, 36, ascii=session.ascii)
            line.append((f" {session.glyphs.then} {new}", "accent"))
        lines.append([*line, (f"  {clean(item.text, limit=200)}", "muted")])
    if len(items) > ITEMS_SHOWN:
        lines.append([(f"and {len(items) - ITEMS_SHOWN:,} more", "muted")])
    return lines
