"""What was done to the cluster, who answered what, and what was seen of it afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.columns import clean, format_clock, format_duration, format_id
from celerytui.control import Scope
from celerytui.model import Item, Reply
from celerytui.ui.dialog import Reading
from celerytui.ui.history import Entry
from celerytui.ui.lines import Line, Span, Spans, cut_spans
from celerytui.ui.listpane import ListPane
from celerytui.ui.notices import Notice
from celerytui.ui.pane import Row
from celerytui.ui.session import Session
from celerytui.ui.workerfacts import ScrolledPane

ITEMS_SHOWN = 500
"""As many targets as the dialog lists, those that went wrong first."""


def mark(session: Session, ok: bool | None) -> Span:
    """The sign of how something went; None is that nobody knows."""
    glyphs = session.glyphs
    if ok is None:
        return glyphs.unknown, "warning"
    return (glyphs.success, "success") if ok else (glyphs.failure, "failure")


class LogList(ListPane[Entry]):
    """All actions, the newest first; Enter has the whole answer of each worker."""

    NAME = "Log"

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._entries: list[Entry] = []

    def paint(self) -> None:
        if self.is_attached and self.display:
            self._entries = self.entries()
        super().paint()

    def entries(self) -> list[Entry]:
        """The entries, newest first."""
        return self.session.history.entries()

    def titles(self) -> tuple[Spans, Spans]:
        bad = sum(entry.ok is False for entry in self._entries)
        right: list[Span] = []
        if trouble := self.session.history.trouble:
            right += [(clean(trouble, limit=80), "warning"), ("  ", "text")]
        if bad:
            right += [(f"{bad} went wrong", "failure"), ("  ", "text")]
        noun = "action" if len(self._entries) == 1 else "actions"
        right.append((f"{len(self._entries):,} {noun}", "muted"))
        return [(self.NAME, self.title_role)], right

    def footnote(self) -> Spans:
        path = self.session.history.path
        return [(clean(path, limit=100), "faint")] if path else []

    def length(self) -> int:
        return len(self._entries)

    def window(self, start: int, count: int) -> list[Entry]:
        return self._entries[start : start + count]

    def position(self, key: str) -> int | None:
        return next((at for at, entry in enumerate(self._entries) if entry.key == key), None)

    def key_of(self, item: Entry) -> str:
        return item.key

    def empty(self, width: int, height: int) -> list[Row]:
        text = (
            "Every action, its targets, what the workers answered and what came of it stand here."
        )
        return Notice("Nothing was done yet", text).rows(width, height, self.session.glyphs)

    def action_open(self) -> None:
        entry = next((one for one in self._entries if one.key == self.cursor), None)
        if entry is not None:
            self.app.push_screen(Told(self.session, entry))

    # Drawing

    def head(self, width: int) -> list[Line | Spans]:
        if self.inside.height < 5:
            return []
        line = Line(width, self.session.glyphs.ellipsis)
        place = self._places(width)
        line.put(1, "TIME", "muted").put(place[0], "ACTION", "muted")
        if place[1]:
            line.put(place[1], "ON", "muted")
        return [line.put(place[2], "WHAT CAME OF IT", "muted")]

    def _places(self, width: int) -> tuple[int, int, int]:
        """Where the action, its targets (0: no room) and what came of it begin."""
        if width < 70:
            return 12, 0, 30
        return 12, 38, 38 + max(20, (width - 38) * 2 // 5)

    def draw(self, items: list[Entry], width: int) -> list[Row]:
        return [
            (self._row(entry, width), "cursor" if self.at_cursor(entry) else "bg")
            for entry in items
        ]

    def _row(self, entry: Entry, width: int) -> Line:
        session = self.session
        here = self.at_cursor(entry)
        action, on, outcome = self._places(width)
        line = Line(width, session.glyphs.ellipsis)
        line.put(0, session.glyphs.cursor if here else " ", "cursor")
        line.put(1, format_clock(entry.at, session.utc, now=session.now()), "muted", 8)
        sign, role = mark(session, entry.ok)
        line.put(action - 2, sign, role)
        label = entry.label + (f" {entry.given}" if entry.given else "")
        line.put(action, clean(label, limit=80), "strong" if here else "text",
                 (on or outcome) - action - 2)  # fmt: skip
        if on:
            line.put(on, clean(entry.on(ascii=session.ascii)), "muted", outcome - on - 2)
        line.put(outcome, clean(entry.summary, limit=300), "text" if entry.ok else role)
        return line


class WorkerLog(ScrolledPane):
    """The actions that this worker was asked for, and under each what it answered."""

    NAME = "Asked and answered"

    def titles(self) -> tuple[Spans, Spans]:
        return [(self.NAME, self.title_role)], [("9", "key"), (" the log", "muted")]

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


class Told(Reading):
    """One action in full: its targets and values, each answer, and what was seen of it."""

    def __init__(self, session: Session, entry: Entry) -> None:
        width = 100
        super().__init__(
            session, f"{entry.label}  {entry.action}", entry_lines(session, entry, width)
        )


def entry_lines(session: Session, entry: Entry, width: int) -> list[Spans]:
    """All that is known of an action, as lines of about `width` cells."""
    when = format_clock(entry.at, session.utc, millis=True)
    who: Spans = [(" by ", "muted"), (clean(entry.user, limit=60), "text")] if entry.user else []
    took = format_duration(max(0.0, entry.ended_at - entry.at))
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
        lines += [[], [("Answers", "strong")], *(_reply(session, one) for one in entry.replies)]
    if entry.items:
        lines += [[], *_items(session, entry.items)]
    if entry.finding is not None:
        finding = entry.finding
        seen: Spans = [
            mark(session, finding.ok),
            (" " + format_clock(finding.at, session.utc) + "  ", "muted"),
            (clean(finding.text, limit=300), "text"),
        ]
        lines += [[], [("Seen afterwards", "strong")], seen]
    return [*(cut_spans(line, width, session.glyphs.ellipsis) for line in lines), []]


def _targets(session: Session, entry: Entry) -> list[Spans]:
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
        mark(session, reply.ok),
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
        line: list[Span] = [mark(session, item.ok), (f" {clean(item.target, limit=64)}", "text")]
        if item.new_id:
            new = format_id(item.new_id, 36, ascii=session.ascii)
            line.append((f" {session.glyphs.then} {new}", "accent"))
        lines.append([*line, (f"  {clean(item.text, limit=200)}", "muted")])
    if len(items) > ITEMS_SHOWN:
        lines.append([(f"and {len(items) - ITEMS_SHOWN:,} more", "muted")])
    return lines
