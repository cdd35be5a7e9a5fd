"""Whether a queue grows or drains, and how fast: as its last readings say."""

from __future__ import annotations

from collections import deque

from celerytui.store.pace import FLOOR, Pace, Reading
from celerytui.store.swings import Swings

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


class Trend:
    """The readings of the last minutes, and the `growth` that they have now.

    Messages a second, 0 where it stands, None for too few readings or too short a time. A burst is
    one step among others and left out, so a queue that drains is said to drain after it; where
    bursts come again and again, `Swings` say where it goes.
    """

    __slots__ = ("_lines", "_swings", "_turned", "growth")

    def __init__(self) -> None:
        self.growth: float | None = None
        self._turned = 0
        self._lines: list[deque[Reading]] = [deque(maxlen=STEPS + 1) for _ in STRIDES]
        self._swings = Swings()

    def add(self, at: float, ready: int) -> None:
        """Take one reading; one that is older than the last means that a clock was set back."""
        self._note(at, ready)
        if len(self._lines[-1]) == 1:
            self._swings.clear()
        self._swings.add(at, ready)
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
        """By the last readings and, where it goes up and down, by its highs and lows."""
        last = self._lines[0]
        if len(last) <= STEPS // 2 or last[-1][0] - last[0][0] < SHORTEST_TREND:
            return None
        if max(ready for _, ready in last) < FLOOR:
            return 0.0
        pace = self._pace(Pace(last))
        growth = pace.slope if pace.certain else 0.0
        if self._swings.explain(*last[-1], growth, pace.change):
            return self._swings.growth()
        return growth

    def _pace(self, recent: Pace) -> Pace:
        """That of the longest line with which the last readings agree: it is most precise."""
        for line in reversed(self._lines[1:]):
            if len(line) > STEPS and recent.agrees((pace := Pace(line)).slope):
                return pace
        return recent


def _sign(growth: float) -> int:
    return (growth > 0) - (growth < 0)
