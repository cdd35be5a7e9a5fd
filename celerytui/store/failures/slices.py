"""How often something came in each slice of a window, forgotten slice by slice."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from msgspec import Struct

SLICES = 60
"""Slices that a window has."""


class Window(Struct, frozen=True):
    """A time up to now, in `SLICES` of `width` seconds; `label` is what it is called."""

    label: str
    width: int


DAY = Window("24h", 1440)
WINDOWS = (Window("5m", 5), Window("1h", 60), DAY, Window("7d", 10_080), Window("30d", 43_200))


class Slices:
    """Counts by the slice for each of the `WINDOWS`: a ring of `SLICES` up to the newest."""

    __slots__ = ("_counts", "_newest")

    def __init__(self) -> None:
        self._counts = tuple(array("i", bytes(4 * SLICES)) for _ in WINDOWS)
        self._newest = [0] * len(WINDOWS)

    def add(self, at: float, number: int = 1) -> None:
        """Count `number` more at a time, less if negative; what is over is left out."""
        for which, window in enumerate(WINDOWS):
            counts, place = self._counts[which], int(at) // window.width
            newest = self._newest[which]
            if place > newest:
                for gone in range(max(newest + 1, place - SLICES + 1), place + 1):
                    counts[gone % SLICES] = 0
                self._newest[which] = place
            elif place <= newest - SLICES:
                continue
            counts[place % SLICES] += number

    def values(self, window: Window, now: float) -> list[int]:
        """The counts of the slices up to `now`, the running one included; the oldest first."""
        which = WINDOWS.index(window)
        counts, newest = self._counts[which], self._newest[which]
        first = (newest + 1) % SLICES
        values = [*counts[first:], *counts[:first]]
        over = int(now) // window.width - newest
        if over >= 0:
            return [*values[over:], *[0] * min(over, SLICES)]
        return [*[0] * min(-over, SLICES), *values[:over]]


def in_cells(values: Sequence[int], cells: int) -> list[int]:
    """The values as at most `cells` sums of as many each, the newest whole; the oldest first."""
    size = max(1, -(-len(values) // max(1, cells)))
    ends = range(len(values), 0, -size)
    return [sum(values[max(0, end - size) : end]) for end in ends][::-1]
