"""How fast a queue moves, from a line of readings, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from statistics import fmean, median

Reading = tuple[float, int]
"""When, and how many messages were waiting."""

FLOOR = 10
"""Messages: what moves by fewer stands, and a queue that never had so many has no trend."""

JUMP = 4.0
"""Times the usual spread beyond which a step is a burst or a purge and no part of the pace."""

NOISE = 2.5
"""Standard errors that a pace has to be off zero by."""


class Pace:
    """The slope of a line of readings without its jumps, and how sure it is."""

    __slots__ = ("change", "error", "seconds", "slope")

    def __init__(self, line: Sequence[Reading]) -> None:
        steps = [(then - at, later - ready) for (at, ready), (then, later) in pairwise(line)]
        self.change = line[-1][1] - line[0][1]
        """From the first reading to the last, with the jumps."""
        middle = median(change / seconds for seconds, change in steps)
        off = [abs(change - middle * seconds) for seconds, change in steps]
        usual = max(float(FLOOR), JUMP * median(off))
        kept = [step for step, far in zip(steps, off, strict=True) if far <= usual]
        self.seconds = sum(seconds for seconds, _ in kept)
        self.slope = sum(change for _, change in kept) / self.seconds
        spread = fmean(abs(change - self.slope * seconds) for seconds, change in kept)
        # The deviation of a normal spread is 1.25 times its mean; one step pays for the slope.
        self.error = 1.25 * spread * len(kept) / sqrt(max(1, len(kept) - 1))
        """By how many messages the whole of the line may be off by chance."""

    @property
    def certain(self) -> bool:
        """Whether it moves by more than its noise and by more than a few messages."""
        return abs(self.slope) * self.seconds >= max(float(FLOOR), NOISE * self.error)

    def agrees(self, slope: float) -> bool:
        """Whether the readings could be those of a queue with that slope."""
        off = abs(slope - self.slope) * self.seconds
        return off <= max(float(FLOOR), NOISE * self.error)
