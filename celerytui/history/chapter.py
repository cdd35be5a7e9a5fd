"""What a history is told again from: its chapters, oldest first."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from celerytui.model import Task

Position = tuple[float, Any]
"""Where a row of a task is in a chapter: when it was seen last, and what tells it from others."""


class Long(NamedTuple):
    """A task that took long: its first event, its last, and its row, which is in `table`."""

    begin: float
    seen: float
    row: Any
    table: str = "tasks"


class Chapter(Protocol):
    """A part of a history that is told as a whole: a segment, or a day.

    Times are Unix seconds. Every method raises HistoryError where it cannot be read.
    """

    @property
    def key(self) -> Hashable:
        """What tells it from others."""
        ...

    def sessions(self) -> Sequence[tuple[float, float]]:
        """From when to when each process recorded."""
        ...

    def gaps(self) -> Sequence[tuple[float, float | None, str | None]]:
        """The gaps in that, with why: each when it began, and again with its end."""
        ...

    def marks(self) -> Sequence[tuple[float, str, str]]:
        """The marks, each with its time, its text, and who set it."""
        ...

    def actions(self) -> Sequence[tuple[float, str]]:
        """The actions, each with its time, and its entry of the log as JSON."""
        ...

    def count(self, since: float, until: float) -> tuple[int, int]:
        """How many tasks were seen last from `since` to before `until`, and how many failed."""
        ...

    def nth_before(self, moment: float, count: int) -> float:
        """Since when there are so many tasks before a time; minus infinity if there are not."""
        ...

    def page(
        self, since: float, after: Position | None, size: int
    ) -> Sequence[tuple[Position, Task | None]]:
        """The next tasks seen last at `since` or later, oldest first; None for a damaged one."""
        ...

    def long_rows(self, lead: float, most: int) -> Iterator[tuple[Position, float, Task | None]]:
        """The first ended tasks that took longer than `lead`, or were tried again, oldest first.

        Each with its begin, and itself where it was tried again, for that says more.
        """
        ...

    def unfinished(self) -> Iterator[tuple[Any, Task | None]]:
        """The rows of the tasks that had not ended, with the tasks; None for a damaged one."""
        ...

    def task_of(self, one: Long) -> Task | None:
        """The task of a row, None where it is gone."""
        ...

    def failures(self, moment: float, *, back: bool) -> Iterator[Position]:
        """The tasks that failed and were seen last after a time, or before, the nearest first."""
        ...

    def alert(self, moment: float, *, back: bool) -> float | None:
        """When the next alert was raised after a time, or the last one before."""
        ...

    def samples_at(
        self, table: str, subject: str, figures: Sequence[str], moment: float
    ) -> Sequence[tuple[Any, ...]]:
        """The newest sample of each subject before a time: when, its name, the figures."""
        ...

    def samples(
        self, table: str, subject: str, figures: Sequence[str], since: float
    ) -> Iterator[tuple[Any, ...]]:
        """The samples since then, oldest first: when, the subject's name, the figures."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...
