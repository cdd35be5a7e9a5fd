"""Recordings: what a store was told, and when, to be told again."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from msgspec import Struct


class Entry(NamedTuple):
    """One thing that a store was told, at a time in Unix seconds.

    `what` is a name in `store.Journal` or in the engine's replayer, `args` what it was told.
    """

    at: float
    what: str
    args: tuple[Any, ...]


class Moments(enum.Enum):
    """What one can jump to in a recording; the values are the words for one of them."""

    TROUBLE = "failure or alert"
    MARK = "mark"


class Moment(Struct, frozen=True):
    """A time that has a name: a mark, or a gap, which lasts until `until`."""

    at: float
    text: str
    until: float | None = None


class Bucket(Struct, frozen=True):
    """What happened in one of the equal parts of a recording.

    `events` is None where nothing was recorded; `failures` counts the tasks that failed.
    """

    events: int | None
    failures: int = 0


class Recording(Protocol):
    """What was recorded, oldest first; for one thread at a time.

    `name` is where it is and `kind` what it is, as they are shown. Times are Unix seconds; `events`
    counts what was received, in events or tasks as `unit` says, and `notes` say what could not be
    read, in words.
    Every method raises HistoryError where it cannot be read.
    """

    name: str
    kind: str
    app: str
    broker: str
    unit: str
    begins: float
    ends: float
    events: int
    notes: Sequence[str]
    marks: Sequence[Moment]
    gaps: Sequence[Moment]

    def buckets(self, count: int) -> list[Bucket]:
        """What happened, in so many equal parts from `begins` to `ends`."""
        ...

    def entries(self, since: float) -> Iterator[Entry]:
        """All that a new store has to be told, so that it is at `since` as it was then, and after.

        The first entries may be older than `since`; the last is the recording's last.
        """
        ...

    def begin_of(self, since: float) -> float:
        """The time from which on `entries(since)` tells all that was recorded."""
        ...

    def find(self, what: Moments, after: float, *, back: bool = False) -> float | None:
        """When the next moment of a kind was after a time, or with `back` the last before it."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...
