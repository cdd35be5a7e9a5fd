"""Durations counted in buckets whose width is a fixed part of what they hold.

Unlike digests and samples these can be subtracted again, which is how a window forgets. A
quantile is within 1 % of the duration that it stands for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import exp, log
from typing import cast

from msgspec import Struct

GAMMA = 1.02
"""How many times as long as the shortest of a bucket the longest is."""
SCALE = 1 / log(GAMMA)
OFFSET = 1000
"""The bucket of one second: those of all durations that count have numbers from 1 on."""
LEAST, MOST = 1e-8, 1e9
"""Seconds: what is shorter is in bucket 0, as clocks that differ make it, what is longer in one."""
TOP = int(log(MOST) * SCALE + OFFSET)


def buckets_of(seconds: Sequence[float]) -> list[int]:
    """The bucket of each duration; none of them is NaN."""
    if min(seconds) > LEAST and max(seconds) < MOST:
        return [int(one * SCALE + OFFSET) for one in map(log, seconds)]
    return [
        int(log(one) * SCALE + OFFSET) if LEAST < one < MOST else TOP if one >= MOST else 0
        for one in seconds
    ]


def proper(seconds: Sequence[float | None], least: float = 0.0) -> Sequence[float]:
    """The durations that are any, and no shorter than `least`: a worker may send anything."""
    # Nearly always these are all of them, and three passes in C cost less than a test of each.
    numbers = cast("Sequence[float]", seconds)  # where one is None, TypeError is raised
    try:
        if least <= min(numbers, default=least) and sum(numbers) < MOST:
            return numbers
    except TypeError:
        pass
    return [one for one in seconds if one is not None and least <= one < MOST]


def seconds_of(bucket: int) -> float:
    """The duration in the middle of a bucket, by proportion."""
    return exp((bucket - OFFSET + 0.5) / SCALE) if bucket else 0.0


class Packed(Struct, frozen=True, gc=False):
    """A histogram that changes no more: buckets, how many are in each, and the longest."""

    buckets: Sequence[int]
    numbers: Sequence[int]
    longest: float


class Histogram:
    """How many durations there are in each bucket; the longest one is exact."""

    __slots__ = ("counts", "longest")

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.longest = 0.0

    def add(self, seconds: Sequence[float]) -> None:
        """Count these durations."""
        if seconds:
            self.counts.update(buckets_of(seconds))
            self.longest = max(self.longest, max(seconds))

    def remove(self, seconds: float) -> None:
        """Take back one that was counted; the longest stays what it was."""
        self._merge(buckets_of((seconds,)), (1,), -1)

    def pack(self) -> Packed | None:
        """All that it holds, None where that is nothing."""
        counts = self.counts
        if not counts:
            return None
        numbers = list(counts.values())
        small = min(numbers) >= 0 and max(numbers) < 2**16
        return Packed(array("H", list(counts)), array("H" if small else "q", numbers), self.longest)

    def put(self, packed: Packed) -> None:
        """Count what another holds as well."""
        self._merge(packed.buckets, packed.numbers, 1)
        self.longest = max(self.longest, packed.longest)

    def take(self, packed: Packed) -> None:
        """Count what another holds no longer; who calls says what the longest is then."""
        self._merge(packed.buckets, packed.numbers, -1)

    def include(self, other: Histogram) -> None:
        """Count what another one holds as well, which may still change."""
        if self.counts:
            self._merge(other.counts, other.counts.values(), 1)
        else:
            self.counts.update(other.counts)
        self.longest = max(self.longest, other.longest)

    def _merge(self, buckets: Iterable[int], numbers: Iterable[int], sign: int) -> None:
        counts = self.counts
        get = counts.get
        for bucket, number in zip(buckets, numbers, strict=True):
            total = get(bucket, 0) + sign * number
            if total:
                counts[bucket] = total
            else:
                del counts[bucket]


def quantiles(
    counts: Mapping[int, int], longest: float, parts: Sequence[float]
) -> tuple[float, ...]:
    """The durations below which these parts of all are, as numpy's `quantile` has them."""
    ordered = sorted(bucket for bucket, number in counts.items() if number > 0)
    sums = list(accumulate(counts[bucket] for bucket in ordered))
    found = []
    for part in parts:
        place = part * (sums[-1] - 1)
        low = int(place)
        below = seconds_of(ordered[bisect_right(sums, low)])
        above = seconds_of(ordered[bisect_right(sums, min(low + 1, sums[-1] - 1))])
        found.append(min(longest, below + (above - below) * (place - low)))
    return tuple(found)


def part_below(counts: Mapping[int, int], seconds: float) -> float | None:
    """The part of all that took less long: those of the same bucket count half. None of none."""
    total = sum(counts.values())
    if total <= 0:
        return None
    own = buckets_of((seconds,))[0]
    below = sum(number for bucket, number in counts.items() if bucket < own)
    return max(0.0, min(1.0, (below + counts.get(own, 0) / 2) / total))
