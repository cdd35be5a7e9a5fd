"""Whether a queue grows or drains, and how fast: as its last readings say."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import sqrt
from statistics import fmean, median

Reading = tuple[float, int]
"""When, and how many messages were waiting."""

STEPS = 6
"""Steps between readings that a pace is drawn from: half of them decide, so a turn shows at the
fourth reading after it."""

STRIDES = (1.8, 10.0, 50.0)
"""Least seconds of a step. The long ones are for queues that move slowly."""

LONGEST_STEP = 60.0
"""Seconds between two readings beyond which nothing is known of what came between them."""

SHORTEST_TREND = 10.0
"""Seconds of readings without which there is no pace: two points always make a line."""

TURN = 2
"""Readings in a row that have to say that it stands, grows or drains after all."""

FLOOR = 10
"""Messages: what moves by fewer stands, and a queue that never had so many has no trend."""

JUMP = 4.0
"""Times the usual spread beyond which a step is a burst or a purge and no part of the pace."""

NOISE = 2.5
"""Standard errors that a pace has to be off zero by."""


class Trend:
    """The readings of the last minutes, and the `growth` that they have now.

    Messages a second, 0 where it stands, None for too few readings or too short a time. A burst is
    one step among others and left out, so a queue that drains is said to drain after it.
    """

    __slots__ = ("_lines", "_turned", "growth")

    def __init__(self) -> None:
        self.growth: float | None = None
        self._turned = 0
        self._lines: list[deque[Reading]] = [deque(maxlen=STEPS + 1) for _ in STRIDES]

    def add(self, at: float, ready: int) -> None:
        """Take one reading; one that is older than the last means that a clock was set back."""
        self._note(at, ready)
        growth, before = self._measured(), self.growth
        if growth is None or before is None or _sign(growth) == _sign(before):
            self._turned = 0
        else:
            self._turned += 1
        if self._turned in (0, TURN):
            self.growth, self._turned = growth, 0

    def _note(self, at: float, ready: int) -> None:
        for line, stride in zip(self._lines, STRIDES, strict=True):
            # The newest reading always ends the line; it moves until its step is long enough.
            if line and not 0 < at - line[-1][0] <= max(LONGEST_STEP, 2 * stride):
                line.clear()
            if len(line) > 1 and line[-1][0] - line[-2][0] < stride:
                line.pop()
            line.append((at, ready))

    def _measured(self) -> float | None:
        """The pace of the longest line with which the last readings agree: it is most precise."""
        last = self._lines[0]
        if len(last) <= STEPS // 2 or last[-1][0] - last[0][0] < SHORTEST_TREND:
            return None
        if max(ready for _, ready in last) < FLOOR:
            return 0.0
        recent = Pace(last)
        for line in reversed(self._lines[1:]):
            if len(line) > STEPS:
                pace = Pace(line)
                if recent.agrees(pace.slope):
                    return pace.slope if pace.certain else 0.0
        return recent.slope if recent.certain else 0.0


class Pace:
    """The slope of a line of readings without its jumps, and how sure it is."""

    __slots__ = ("error", "seconds", "slope")

    def __init__(self, line: Sequence[Reading]) -> None:
        steps = [
            (then - at, later - ready)
            for (at, ready), (then, later) in zip(line, list(line)[1:], strict=False)
        ]
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


def _sign(growth: float) -> int:
    return (growth > 0) - (growth < 0)
