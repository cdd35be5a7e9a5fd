"""What was done to the cluster, who answered what, and what was seen of it afterwards."""

from __future__ import annotations

from celerytui.columns import clean, format_clock
from celerytui.control import LogEntry
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.list import ListPane
from celerytui.ui.panes.pane import Row
from celerytui.ui.session import Session


class LogList(ListPane[LogEntry]):
    """All actions, the newest first; Enter has the whole answer of each worker."""

    NAME = "Log"

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._entries: list[LogEntry] = []

    def paint(self) -> None:
        if self.is_attached and self.display:
            self._entries = self.session.engine.log.entries()[::-1]
        super().paint()

    def titles(self) -> tuple[Spans, Spans]:
        bad = sum(entry.ok is False for entry in self._entries)
        right: list[Span] = []
        if trouble := self.session.engine.log.trouble:
            right += [(clean(trouble, limit=80), "warning"), ("  ", "text")]
        if bad:
            right += [(f"{bad} went wrong", "failure"), ("  ", "text")]
        noun = "action" if len(self._entries) == 1 else "actions"
        right.append((f"{len(self._entries):,} {noun}", "muted"))
        return [(self.NAME, self.title_role)], right

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
        text = (
            "Every action, its targets, what the workers answered and what came of it stand here."
        )
        return EmptyState("Nothing was done yet", text).rows(width, height, self.session.glyphs)

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
        line.put(1, "TIME", "muted").put(place[0], "ACTION", "muted")
        if place[1]:
            line.put(place[1], "ON", "muted")
        return [line.put(place[2], "WHAT CAME OF IT", "muted")]

    def _places(self, width: int) -> tuple[int, int, int]:
        """Where the action, its targets (0: no room) and what came of it begin."""
        if width < 70:
            return 12, 0, 30
        return 12, 38, 38 + max(20, (width - 38) * 2 // 5)

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
        line.put(1, format_clock(entry.time, session.utc, now=session.now()), "muted", 8)
        sign, role = session.glyphs.mark(entry.ok)
        line.put(action - 2, sign, role)
        label = entry.label + (f" {entry.given}" if entry.given else "")
        line.put(action, clean(label, limit=80), "strong" if here else "text",
                 (on or outcome) - action - 2)  # fmt: skip
        if on:
            line.put(on, clean(entry.on(ascii=session.ascii)), "muted", outcome - on - 2)
        line.put(outcome, clean(entry.summary, limit=300), "text" if entry.ok else role)
        return line
