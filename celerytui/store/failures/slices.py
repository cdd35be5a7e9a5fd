"""How often something came in each slice of a window, forgotten slice by slice."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

SLICES = 60
"""Slices that a window has."""


class Window(Struct, frozen=True):
    """A time up to now, in `SLICES` of `width` seconds; `label` is what it is called."""

    label: str
    width: int

    def total(self, counts: Mapping[int, int], now: float) -> int:
        """How often in the window, the running slice included."""
        oldest = int(now) // self.width - SLICES
        return sum(count for at, count in counts.items() if at > oldest)

    def values(self, counts: Mapping[int, int], now: float, cells: int) -> list[float | None]:
        """The counts of all slices in `cells` sums, oldest first."""
        newest = int(now) // self.width
        size = max(1, -(-SLICES // max(1, cells)))
        sums: list[float | None] = []
        for last in range(newest, newest - SLICES, -size):
            first = max(last - size, newest - SLICES)
            sums.append(float(sum(counts.get(at, 0) for at in range(last, first, -1))))
        return sums[::-1]


WINDOWS = (Window("5m", 5), Window("1h", 60), Window("24h", 1440))


class Slices:
    """Counts by the slice for each of the `WINDOWS`; those that are over go as others come."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: tuple[dict[int, int], ...] = tuple({} for _ in WINDOWS)

    def add(self, at: float, number: int = 1) -> None:
        """Count `number` more at a time, less if negative."""
        for window, counts in zip(WINDOWS, self.counts, strict=True):
            place = int(at) // window.width
            counts[place] = counts.get(place, 0) + number
            if len(counts) > 2 * SLICES:
                oldest = max(counts) - SLICES
                for old in [one for one in counts if one <= oldest]:
                    del counts[old]
