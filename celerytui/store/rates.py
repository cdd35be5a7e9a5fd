"""How much happened in each second, and in which seconds nobody was looking."""

from __future__ import annotations

from array import array
from collections import deque

KEPT = 900
"""Seconds that are kept of what is counted by the second."""

MAX_GAPS = 100


class Ring:
    """Counts by the slot of time, a second or longer, over the `kept` slots up to `last`.

    Those that may be over four billion are `wide`.
    """

    __slots__ = ("_counts", "_kept", "last")

    def __init__(self, kept: int = KEPT, *, wide: bool = False) -> None:
        self._kept = kept
        kind = "Q" if wide else "I"
        self._counts = array(kind, bytes(kept * array(kind).itemsize))
        self.last = 0

    def add(self, slot: int, count: int) -> None:
        """Count `count` more in `slot`; one before all history means a clock set back."""
        last, kept = self.last, self._kept
        counts = self._counts
        if slot <= last - kept:
            last = slot - kept
        if slot > last:
            if slot - last < kept:
                for gone in range(last + 1, slot + 1):
                    counts[gone % kept] = 0
            else:
                counts[:] = array(counts.typecode, bytes(kept * counts.itemsize))
            self.last = slot
        counts[slot % kept] += count

    def state(self) -> tuple[int, list[int]]:
        """The last slot, and the counts up to it, without those that are zero before."""
        counts = [self.at(slot) for slot in range(self.first, self.last + 1)]
        begin = next((place for place, count in enumerate(counts) if count), len(counts))
        return self.last, counts[begin:]

    def restore(self, state: tuple[int, list[int]]) -> None:
        """Be as another one of this kind was; what is no count of it is left out."""
        last, counts = state
        self._counts = array(self._counts.typecode, bytes(len(self._counts.tobytes())))
        self.last = last
        for slot, count in zip(range(last, last - self._kept, -1), reversed(counts), strict=False):
            if 0 <= count < 1 << 8 * self._counts.itemsize:
                self._counts[slot % self._kept] = count

    @property
    def first(self) -> int:
        """The first slot in the history: what is before it is not known any more."""
        return self.last - self._kept + 1

    def at(self, slot: int) -> int:
        """The count of `slot`, zero where it is not in the history."""
        if self.first <= slot <= self.last:
            return self._counts[slot % self._kept]
        return 0

    def total(self, first: int, last: int) -> int:
        """The sum over the slots from `first` to `last`."""
        first, last = max(first, self.first), min(last, self.last)
        if first > last:
            return 0
        start, end, counts = first % self._kept, last % self._kept, self._counts
        if start <= end:
            return sum(counts[start : end + 1])
        return sum(counts[start:]) + sum(counts[: end + 1])


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
        return ring.total(end - seconds, end - 1)

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
