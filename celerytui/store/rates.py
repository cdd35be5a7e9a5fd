"""How much happened in each second, and in which seconds nobody was looking."""

from __future__ import annotations

from array import array
from collections import deque

KEPT = 900
"""Seconds that are kept."""

MAX_GAPS = 100


class Ring:
    """Counts by the second over the `KEPT` seconds up to `last`."""

    __slots__ = ("_counts", "last")

    def __init__(self) -> None:
        self._counts = array("I", bytes(KEPT * array("I").itemsize))
        self.last = 0

    def add(self, second: int, count: int) -> None:
        """Count `count` more in `second`; one before all history means a clock set back."""
        last = self.last
        counts = self._counts
        if second <= last - KEPT:
            last = second - KEPT
        if second > last:
            for gone in range(max(last + 1, second - KEPT + 1), second + 1):
                counts[gone % KEPT] = 0
            self.last = second
        counts[second % KEPT] += count

    def at(self, second: int) -> int:
        """The count of `second`, zero where it is not in the history."""
        if self.last - KEPT < second <= self.last:
            return self._counts[second % KEPT]
        return 0


class Rates:
    """Events, finished and failed tasks by the second of their arrival, and the gaps between."""

    def __init__(self) -> None:
        self.events = Ring()
        self.done = Ring()
        self.failed = Ring()
        self.gaps: deque[tuple[float, float | None]] = deque(maxlen=MAX_GAPS)
        self.gap_count = 0
        self.watched_from: int | None = None

    def watch(self, now: float) -> None:
        """Say that events are listened for at `now`."""
        if self.watched_from is None or now < self.watched_from:
            self.watched_from = int(now)

    def mark_gap(self, since: float, until: float | None) -> None:
        """Note a time without a connection; an open gap keeps its first beginning."""
        if self.gaps and self.gaps[-1][1] is None:
            since = self.gaps.pop()[0]
        else:
            self.gap_count += 1
        self.gaps.append((since, until))

    def series(self, ring: Ring | None, seconds: int, now: float) -> list[float | None]:
        """The counts of the last complete `seconds`, oldest first; None where none could be."""
        end = int(now)
        start = end - seconds
        unknown = self.unwatched(start, end)
        at = _nothing_at if ring is None else ring.at
        return [None if second in unknown else float(at(second)) for second in range(start, end)]

    def mean(self, ring: Ring, seconds: int, now: float) -> float | None:
        """The mean a second over the last complete `seconds`, None if none of them was watched."""
        known = [count for count in self.series(ring, seconds, now) if count is not None]
        return sum(known) / len(known) if known else None

    def total(self, ring: Ring, seconds: int, now: float) -> int:
        """The sum over the last `seconds`, the running one included."""
        end = int(now) + 1
        return sum(ring.at(second) for second in range(end - seconds, end))

    def unwatched(self, start: int, end: int) -> set[int]:
        """The seconds from `start` to before `end` in which events may have been missed."""
        watched_from = end if self.watched_from is None else self.watched_from
        unknown = set(range(start, min(max(watched_from, end - KEPT), end)))
        for since, until in self.gaps:
            last = end - 1 if until is None else min(int(until), end - 1)
            unknown.update(range(max(int(since), start), last + 1))
        return unknown


def _nothing_at(second: int) -> int:
    return 0
