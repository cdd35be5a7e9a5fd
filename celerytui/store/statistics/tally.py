"""What was counted of a type in one slice of time, and in the window that such slices make."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from celerytui.model import TaskState
from celerytui.store.statistics.histogram import Histogram, Packed

STATES = len(TaskState)
SUCCEEDED, FAILED, WAITS = range(3)
"""The histograms of a tally: runtimes of those that succeeded and failed, and waits of all."""


class Slice(Struct, frozen=True, gc=False):
    """A tally that changes no more; `index` is its place in time, in units of its length."""

    index: int
    states: tuple[int, ...]
    busy: int
    times: tuple[Packed | None, ...]


class Tally:
    """Runs by the state they ended in, microseconds of run time, and histograms of durations."""

    __slots__ = ("busy", "states", "times")

    def __init__(self) -> None:
        self.states = [0] * STATES
        self.busy = 0
        self.times = (Histogram(), Histogram(), Histogram())

    def close(self, index: int) -> Slice:
        """What was counted, as a slice of that index."""
        return Slice(index, tuple(self.states), self.busy, tuple(one.pack() for one in self.times))

    def put(self, part: Slice) -> None:
        """Count what a slice holds as well."""
        self.busy += part.busy
        self.states = [*map(int.__add__, self.states, part.states)]
        for own, its in zip(self.times, part.times, strict=True):
            if its is not None:
                own.put(its)

    def take(self, part: Slice, left: Sequence[Slice]) -> None:
        """Count what a slice holds no longer, where those `left` are what remains."""
        self.busy -= part.busy
        self.states = [*map(int.__sub__, self.states, part.states)]
        for at, (own, its) in enumerate(zip(self.times, part.times, strict=True)):
            if its is None:
                continue
            own.take(its)
            if its.longest >= own.longest:
                own.longest = max(
                    (one.longest for rest in left if (one := rest.times[at]) is not None),
                    default=0.0,
                )

    def include(self, other: Tally) -> None:
        """Count what another tally holds as well."""
        self.busy += other.busy
        self.states = [*map(int.__add__, self.states, other.states)]
        for own, its in zip(self.times, other.times, strict=True):
            if its.counts:
                own.include(its)


class Level:
    """The last `kept` slices of `length` units each, and the one that is filled, `open`, at `at`.

    `total` is what the closed ones hold together.
    """

    __slots__ = ("at", "kept", "length", "open", "slices", "total")

    def __init__(self, length: int, kept: int) -> None:
        self.length, self.kept = length, kept
        self.slices: deque[Slice] = deque()
        self.total = Tally()
        self.open: Tally | None = None
        self.at = 0

    def close(self) -> Slice | None:
        """Close the slice that is filled; gives it, None where there is none."""
        if self.open is None:
            return None
        part = self.open.close(self.at)
        self.open = None
        self.add(part)
        return part

    def add(self, part: Slice) -> None:
        """Take a slice, in addition to what there is of the same time; the newest are quickest."""
        self.total.put(part)
        slices = self.slices
        at = len(slices)
        while at and slices[at - 1].index > part.index:
            at -= 1
        if at and slices[at - 1].index == part.index:
            both = Tally()
            both.put(slices[at - 1])
            both.put(part)
            slices[at - 1] = both.close(part.index)
        else:
            slices.insert(at, part)

    def forget(self, at: int) -> None:
        """Drop the slices that leave the window when the one `at` is filled."""
        slices = self.slices
        while slices and slices[0].index < at - self.kept:
            gone = slices.popleft()
            self.total.take(gone, slices)
