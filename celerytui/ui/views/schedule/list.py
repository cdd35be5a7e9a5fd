"""The list of periodic tasks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from celerytui.columns import SCHEDULE_COLUMNS, clean, entry_weight
from celerytui.counts import counted
from celerytui.document import entry_row
from celerytui.model import ScheduleEntry
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.figures import MISSED_RUNS
from celerytui.ui.messages import PaneAsked
from celerytui.ui.panes.empty import EmptyState, no_schedule
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.views.schedule.keyed import SchedulePane, beat_spans

_COUNTED = (("late", "warning bold"), ("disabled", "muted"))
CODE = (
    ("task_send_sent_event", "each run is seen when beat sends it"),
    ("beat_enable_remote_control", "beat answers a ping"),
)


class ScheduleList(SchedulePane, LoadedTable[ScheduleEntry]):
    """Every entry: what is missed or late first, then the next to run."""

    NAME = "Schedule"
    NOUN = "entry"
    LABELS: ClassVar[Mapping[str, str]] = {"row.open": "runs"}
    COLUMNS = SCHEDULE_COLUMNS
    FIGURES = (MISSED_RUNS,)
    SOUGHT = "part of a name, a task or a schedule"
    ORDER = "missed and late first, then the next to run"

    keeps_cursor = True

    @property
    def rows_wanted(self) -> int:
        return len(self._all)

    def read(self) -> list[ScheduleEntry]:
        return list(self.reading.entries)

    def put_in_order(self) -> None:
        super().put_in_order()
        first = self._items[0].name if self._items else None
        self.session.entry = self.chosen or first

    def trouble(self, *, crowded: bool) -> Callable[[ScheduleEntry], Any]:
        return _order

    def titles(self) -> tuple[Spans, Spans]:
        left = [*self.left_title(), ("  ", "text"), *beat_spans(self)]
        return left, self.narrowed() if self.word else self._counts()

    def _counts(self) -> list[Span]:
        dot: Span = (f" {self.session.glyphs.dot} ", "faint")
        right: list[Span] = [*found, dot] if (found := self.troubles()) else []
        if failed := len(self.reading.errors):
            right += [(counted(failed, "source failed", "sources failed"), "failure bold"), dot]
        for standing, role in _COUNTED:
            if number := sum(entry.standing == standing for entry in self._all):
                right += [(f"{number:,} {standing}", role), dot]
        return [*right, (counted(len(self._all), "entry", "entries"), "muted")]

    def left_out(self) -> list[Span]:
        reading, source = self.reading, self.reading.source
        if warnings := (*reading.errors, *reading.cuts):
            return [(clean("; ".join(warnings), limit=200), "warning bold")]
        return [("of ", "muted"), (clean(source, limit=120), "text")] if source else []

    def key_of(self, item: ScheduleEntry) -> str:
        return item.name

    def name_of(self, item: ScheduleEntry) -> str:
        return f"{item.name} {item.plan.task} {item.words}"

    def document(self, item: ScheduleEntry) -> dict[str, Any]:
        return entry_row(item)

    def nothing(self) -> EmptyState:
        reading = self.reading
        if reading.read_at is None:
            return no_schedule(self.session)
        if reading.errors:
            errors = clean("; ".join(reading.errors), limit=400)
            return EmptyState("The schedule cannot be read", errors, warns=True)
        if not reading.sources or reading.source == "app.conf":
            return EmptyState(
                "No periodic tasks",
                "The app's beat_schedule is empty and it uses no scheduler that is known here. "
                "Start celerytui with -A, or with --schedule and the URL of the database or of "
                "the Redis that keeps them.",
            )
        return EmptyState("No periodic tasks", f"Looked at {clean(reading.source, limit=200)}.")

    def cursor_moved(self) -> None:
        self.session.entry = self.chosen or self.session.entry
        for pane in self.siblings:
            if isinstance(pane, SchedulePane):
                pane.paint()

    def open_row(self, key: str) -> None:
        self.session.entry = key
        self.post_message(PaneAsked("entry"))


def _order(entry: ScheduleEntry) -> tuple[int, float]:
    # Running or not, what can run comes in one order.
    weight = entry_weight(entry)
    due = math.inf if entry.due_at is None else entry.due_at
    return (weight if weight < 2 or entry.due_at is None else 2), due
