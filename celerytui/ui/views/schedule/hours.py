"""The runs of the next 24 hours, a row for each entry."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from celerytui.columns import clean, cut
from celerytui.counts import counted
from celerytui.model import ScheduleEntry, ScheduleReading
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.pane import Row
from celerytui.ui.panes.scrolled import ScrolledPane
from celerytui.ui.views.schedule.keyed import SchedulePane

QUARTERS = 96
QUARTER = 900.0
HOUR = 3600.0
NAME_LEAST, NAME_MOST = 10, 24
_ROLES = {"missed": "failure", "late": "warning", "running": "started"}


class RowsOnDemand(Sequence[Row]):
    """Lines that are drawn when they are looked at: of thousands a few are seen."""

    def __init__(self, count: int, draw: Callable[[int], Spans]) -> None:
        self._count = count
        self._draw = draw

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        return self._draw(at), "bg"


class HoursAhead(SchedulePane, ScrolledPane):
    """When each entry is due in the next 24 hours, and when most of them are at once."""

    NAME = "Next 24 hours"
    _due: tuple[ScheduleReading | None, list[ScheduleEntry]] = (None, [])

    def titles(self) -> tuple[Spans, Spans]:
        zone = "UTC" if self.session.utc else time.strftime("%Z")
        return [(self.NAME, self.title_role)], [(zone, "muted")]

    def rows(self, width: int) -> Sequence[Row]:
        due = self._entries_due()
        if self.reading.read_at is None:
            return []
        if not due:
            state = EmptyState("Nothing is due", "No entry has a known run in the next 24 hours.")
            return state.rows(width, 12, self.session.glyphs)
        room = max(NAME_LEAST, min(NAME_MOST, width // 4))
        strip = max(12, width - room - 1)
        begin = due[0].upcoming_from

        def line(at: int) -> Spans:
            if at == 0:
                return [(" " * (room + 1), "text"), *self._head(strip, begin)]
            if at <= len(due):
                return self._row(due[at - 1], room, strip)
            return [] if at == len(due) + 1 else self._busiest(begin)

        return RowsOnDemand(len(due) + 3, line)

    def _entries_due(self) -> list[ScheduleEntry]:
        """The entries with a run to show, the next one first; found once for each reading."""
        reading = self.reading
        if self._due[0] is not reading:
            due = [entry for entry in reading.entries if any(entry.upcoming)]
            self._due = reading, sorted(due, key=lambda one: (one.due_at or 0.0, one.name))
        return self._due[1]

    def _head(self, strip: int, begin: float) -> list[Span]:
        """The hours where they begin, as many as there is room for."""
        hours = next(step for step in (1, 2, 3, 4, 6, 12, 24) if strip * step / 24 >= 5)
        cells = [" "] * strip
        first = begin + (HOUR - self._local(begin) % HOUR) % HOUR
        for number in range(25):
            at = first + number * HOUR
            hour = int(self._local(at) % 86_400 // HOUR)
            place = round((at - begin) / (QUARTERS * QUARTER) * strip)
            if hour % hours == 0 and place + 2 <= strip:
                cells[place : place + 2] = f"{hour:02}"
        return [("".join(cells), "muted")]

    def _local(self, at: float) -> float:
        if self.session.utc:
            return at
        return at + (time.localtime(at).tm_gmtoff or 0)

    def _row(self, entry: ScheduleEntry, room: int, strip: int) -> Spans:
        session = self.session
        here = entry.name == session.entry
        name = cut(clean(entry.name, limit=200), room, ellipsis=session.glyphs.ellipsis)
        spans: list[Span] = [(name.ljust(room), "strong" if here else "text"), (" ", "text")]
        one, many = session.glyphs.states[0], session.glyphs.marked
        text = ""
        for place in range(strip):
            start, stop = place * QUARTERS // strip, max(1, (place + 1) * QUARTERS // strip)
            count = sum(entry.upcoming[start : max(stop, start + 1)])
            if strip > QUARTERS and place and start == (place - 1) * QUARTERS // strip:
                count = 0
            text += " " if not count else one if count == 1 else many
        return [*spans, (text, _ROLES.get(entry.standing, "text"))]

    def _busiest(self, begin: float) -> Spans:
        """The quarter of an hour in which most entries are due at once."""
        busy = self.reading.busy
        if not busy:
            return []
        place = max(range(len(busy)), key=busy.__getitem__)
        span = (
            f"{self._hour(begin + place * QUARTER)} to {self._hour(begin + (place + 1) * QUARTER)}"
        )
        many = counted(busy[place], "entry", "entries")
        return [("busiest  ", "muted"), (span, "text"), (", ", "muted"), (many, "strong")]

    def _hour(self, at: float) -> str:
        seconds = int(self._local(at)) % 86_400
        return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"
