"""The numbers on the screen that say that something is wrong, and which rows each counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from msgspec import Struct

from celerytui.control import Scope
from celerytui.health import Detector
from celerytui.health.queues import GROWING, UNCONSUMED
from celerytui.health.schedule import MISSED, is_missed
from celerytui.health.workers import LATE, LOST, SILENT
from celerytui.store import FAILED_WINDOW

_PLACE = "{}"
"""Where the number stands in the words of a figure."""


class Figure(Struct, frozen=True):
    """A number of rows with a trouble; `words` are what stands on the screen, the number in them.

    `narrowing` is the text that leaves exactly these rows in the table of their scope: a filter for
    tasks; workers, queues and entries of the schedule are those that `counts`, else `detector`,
    says it of.
    """

    scope: Scope
    words: str
    narrowing: str
    role: str = "failure"
    detector: Detector | None = None
    counts: Callable[[Any], bool] | None = None

    def has(self, row: Any) -> bool:
        """Whether a worker, a queue or an entry is one of those that it counts."""
        if self.counts is not None:
            return self.counts(row)
        return self.detector is not None and self.detector.on(row)

    def text(self, number: int) -> str:
        """The words with the number, as they stand on the screen."""
        return self.words.format(f"{number:,}")

    def number(self, rows: Iterable[Any]) -> int:
        """How many of these rows it counts."""
        return sum(map(self.has, rows))


FAILED = Figure(Scope.TASK, f"failed {_PLACE}", f"state:failure ended:<{FAILED_WINDOW // 60}m")
LOST_WORKERS = Figure(Scope.WORKER, f"{_PLACE} lost", "is:lost", detector=LOST)
LATE_WORKERS = Figure(Scope.WORKER, f"{_PLACE} late", "is:late", "warning", LATE)
EVENTS_OFF = Figure(Scope.WORKER, f"events off on {_PLACE}", "is:off", "warning", SILENT)
NOT_CONSUMED = Figure(Scope.QUEUE, f"{_PLACE} not consumed", "is:unconsumed", detector=UNCONSUMED)
UNREADABLE = Figure(
    Scope.QUEUE, f"{_PLACE} unreadable", "is:unreadable", counts=attrgetter("unreadable")
)
GROWING_QUEUES = Figure(Scope.QUEUE, f"{_PLACE} growing", "is:growing", "warning", GROWING)

MISSED_RUNS = Figure(
    Scope.ENTRY, f"{_PLACE} missed", "is:missed", detector=MISSED, counts=is_missed
)

FIGURES = (
    LOST_WORKERS,
    NOT_CONSUMED,
    FAILED,
    MISSED_RUNS,
    UNREADABLE,
    LATE_WORKERS,
    EVENTS_OFF,
    GROWING_QUEUES,
)
"""All of them, the gravest first."""

BY_NARROWING = {figure.narrowing: figure for figure in FIGURES}
