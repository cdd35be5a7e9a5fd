"""Queues that go up and down: a batch comes every so often and is worked off, or in part, between.

What such a queue does within one swing says nothing of where it goes: that is read from its highs
and lows.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from statistics import fmean

from celerytui.store.pace import FLOOR, Reading

TURNS = 13
"""Highs and lows that are remembered: six swings."""

ENOUGH = 3
"""As many make a swing, and a pace takes one more of each kind."""

OVERDUE = 1.5
"""Times a swing: one that did not turn for so long goes up and down no more."""

BEYOND = 0.25
"""Part of the height of the swings: what goes so far beyond them breaks out, and what is less than
that of a turn is none."""

MOVED = 0.4
"""Part of the height that the later highs and lows have to be off the earlier ones."""


class Swings:
    """The last highs and lows of a queue."""

    __slots__ = ("_end", "_turns", "_way")

    def __init__(self) -> None:
        self._turns: deque[Reading] = deque(maxlen=TURNS)
        self._end: Reading | None = None
        self._way = 0

    def add(self, at: float, ready: int) -> None:
        """Take a reading, which is not older than the one before."""
        if self._end is None:
            self._end = (at, ready)
            return
        moved = ready - self._end[1]
        if not self._way:
            if abs(moved) >= FLOOR:
                self._way = 1 if moved > 0 else -1
                self._end = (at, ready)
        elif moved * self._way >= 0:
            self._end = (at, ready)
        elif abs(moved) >= max(FLOOR, BEYOND * self._height()):
            self._turns.append(self._end)
            self._way = -self._way
            self._end = (at, ready)

    def clear(self) -> None:
        """Forget all: nothing is known of what came between."""
        self._turns.clear()
        self._end, self._way = None, 0

    def explain(self, at: float, ready: int, slope: float, change: int) -> bool:
        """Whether the readings of some time may be of a swing, for all their slope and change.

        They are not where they go that way, and farther than any swing did.
        """
        turns = self._turns
        if len(turns) < ENOUGH or at - turns[-1][0] > OVERDUE * (turns[-1][0] - turns[-ENOUGH][0]):
            return False
        if not slope:
            # No way to go: highs and lows know better than readings that say nothing.
            return True
        way = -1 if slope < 0 else 1
        height = max(self._heights())
        beyond = way * ready > max(way * depth for _, depth in turns) + BEYOND * height
        return not beyond and way * change <= (1 + BEYOND) * height

    def growth(self) -> float:
        """Messages a second that it gains or loses beside its swings.

        One that was empty at its lows will be so again: until then that is how fast it drains.
        """
        turns, end = list(self._turns), self._end
        newest, others = turns[-1::-2][::-1], turns[-2::-2][::-1]
        if self._way < 0 and end is not None and max(depth for _, depth in others) < FLOOR:
            (since, high), (at, ready) = newest[-1], end
            return 0.0 if ready < FLOOR else (ready - high) / (at - since)
        shifts = [_shift(ends) for ends in (newest, others)] if len(others) > ENOUGH else [0.0]
        moved = min(map(abs, shifts)) >= MOVED * self._height()
        same_way = min(shifts) > 0 or max(shifts) < 0
        # What lies between the halves of them is half the time.
        seconds = (turns[-1][0] - turns[0][0]) / 2
        return fmean(shifts) / seconds if moved and same_way else 0.0

    def _height(self) -> float:
        """How far apart highs and lows are, on average."""
        return fmean(self._heights()) if len(self._turns) > 1 else 0.0

    def _heights(self) -> list[int]:
        return [abs(later - sooner) for (_, sooner), (_, later) in pairwise(self._turns)]


def _shift(ends: list[Reading]) -> float:
    """By how much the later half of highs, or lows, is off the earlier; 0 where they overlap."""
    half = len(ends) // 2
    sooner = [depth for _, depth in ends[:half]]
    later = [depth for _, depth in ends[-half:]]
    apart = min(later) > max(sooner) or max(later) < min(sooner)
    return fmean(later) - fmean(sooner) if apart else 0.0
