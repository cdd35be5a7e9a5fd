"""The log of actions: targets, replies and outcome of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from celerytui.columns import clean, format_clock
from celerytui.control import LogEntry
from celerytui.document import log_row
from celerytui.query import Filter
from celerytui.query.patterns import glob
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.panes.empty import no_actions, no_matches
from celerytui.ui.panes.narrowed import Listed, NarrowedPane
from celerytui.ui.panes.pane import Row
from celerytui.ui.session import Session

TIME, ACTION, ON, OUTCOME = "TIME", "ACTION", "ON", "OUTCOME"
HEADS = {
    TIME: "time of the action",
    ACTION: "action with its parameters",
    ON: "its targets",
    OUTCOME: "its effect; until that is known, the replies",
}


class LogList(NarrowedPane[LogEntry]):
    """All actions, the newest first; Enter shows the reply of each worker in full."""

    NAME = "Log"
    SOUGHT = "part of an action, its targets, replies or outcome"

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._all: list[LogEntry] = []
        self._entries: list[LogEntry] = []
        self._word = ""

    def paint(self) -> None:
        if self.is_attached and self.display:
            self._all = self.session.engine.log.entries()[::-1]
            self._choose()
        super().paint()

    def _choose(self) -> None:
        self._entries = self._all
        if self._word:
            has = glob(self._word, anchored=False)
            self._entries = [entry for entry in self._all if any(map(has, _texts(entry)))]

    @property
    def narrowed_by(self) -> str:
        return self._word

    def narrow(self, text: str, made: Filter | None) -> None:
        self._word = text
        self._choose()
        self.redraw()

    def titles(self) -> tuple[Spans, Spans]:
        left: list[Span] = [(self.NAME, self.title_role)]
        if self._word:
            left += [("  / ", "muted"), (clean(self._word), "text")]
        bad = sum(entry.ok is False for entry in self._entries)
        right: list[Span] = []
        trouble = self.session.engine.log.trouble
        if trouble and not self.session.replaying:
            right += [(clean(trouble, limit=80), "warning"), ("  ", "text")]
        if bad:
            right += [(f"{bad} failed", "failure"), ("  ", "text")]
        if self._word:
            right += [(f"{len(self._entries):,}", "text"), (f" of {len(self._all):,}", "muted")]
            return left, right
        noun = "action" if len(self._entries) == 1 else "actions"
        right.append((f"{len(self._entries):,} {noun}", "muted"))
        return left, right

    def columns_explained(self) -> Sequence[tuple[str, str]]:
        return list(HEADS.items())

    def footnote(self) -> Spans:
        path = self.session.engine.log.path
        return [(clean(path, limit=100), "faint")] if path is not None else []

    def length(self) -> int:
        return len(self._entries)

    def window(self, start: int, count: int) -> list[LogEntry]:
        return self._entries[start : start + count]

    def position(self, key: str) -> int | None:
        keys = (self.key_of(entry) for entry in self._entries)
        return next((at for at, one in enumerate(keys) if one == key), None)

    def key_of(self, item: LogEntry) -> str:
        return str(item.number)

    def empty(self, width: int, height: int) -> list[Row]:
        notice = no_actions(self.session)
        if self._all:
            notice = no_matches(self.session, self._word, len(self._all), "action")
        return notice.rows(width, height, self.session.glyphs)

    def listed(self) -> Listed:
        entries = self._entries
        return Listed("action", map(log_row, entries), len(entries))

    def action_open(self) -> None:
        place = None if self.cursor is None else self.position(self.cursor)
        if place is not None:
            from celerytui.ui.dialogs.log_entry import LogEntryDialog

            self.app.push_screen(LogEntryDialog(self.session, self._entries[place]))

    # Drawing

    def head(self, width: int) -> list[Line | Spans]:
        if self.inside.height < 5:
            return []
        line = Line(width, self.session.glyphs.ellipsis)
        place = self._places(width)
        line.put(1, TIME, "muted").put(place[0], ACTION, "muted")
        if place[1]:
            line.put(place[1], ON, "muted")
        return [line.put(place[2], OUTCOME, "muted")]

    def _places(self, width: int) -> tuple[int, int, int]:
        """Where the action, its targets (0: no room) and the outcome begin."""
        if width < 70:
            return 16, 0, 34
        return 16, 42, 42 + max(16, (width - 42) * 2 // 5)

    def _when(self, entry: LogEntry) -> str:
        """The clock, and the day before it where that is another."""
        utc, now = self.session.utc, self.session.now()
        day, clock = format_clock(entry.time, utc, now=now), format_clock(entry.time, utc)
        return day if day == clock else f"{day} {clock[:5]}"

    def draw(self, items: list[LogEntry], width: int) -> list[Row]:
        return [
            (self._row(entry, width), "cursor" if self.at_cursor(entry) else "bg")
            for entry in items
        ]

    def _row(self, entry: LogEntry, width: int) -> Line:
        session = self.session
        here = self.at_cursor(entry)
        action, on, outcome = self._places(width)
        line = Line(width, session.glyphs.ellipsis)
        line.put(0, session.glyphs.cursor if here else " ", "cursor")
        line.put(1, self._when(entry), "muted", action - 4)
        sign, role = session.glyphs.mark(entry.ok)
        line.put(action - 2, sign, role)
        label = entry.label + (f" {entry.given}" if entry.given else "")
        line.put(action, clean(label, limit=80), "strong" if here else "text",
                 (on or outcome) - action - 2)  # fmt: skip
        if on:
            line.put(on, clean(entry.on(ascii=session.ascii)), "muted", outcome - on - 2)
        line.put(outcome, clean(entry.summary, limit=300), "text" if entry.ok else role)
        return line


def _texts(entry: LogEntry) -> Iterator[str]:
    """What an entry can be found by, in lower case."""
    yield f"{entry.label} {entry.given}".lower()
    yield entry.action.lower()
    yield entry.summary.lower()
    yield entry.user.lower()
    for target in entry.targets:
        yield target.lower()
    for reply in entry.replies:
        yield f"{reply.worker} {reply.text}".lower()
