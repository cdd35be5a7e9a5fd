"""Rows of numbers made to measure for a chart, and the scale of its axis.

None is "no data" and never zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from celerytui.model import Series

Values = Sequence[float | None]

_STEPS = (1, 2, 4, 5, 8, 10)


def resample(
    values: Values, count: int, join: Callable[[list[float]], float] = max
) -> list[float | None]:
    """The values as exactly `count`, `join` taking those that fall together; each counts once."""
    size = len(values)
    if count <= 0 or not size:
        return [None] * max(0, count)
    out: list[float | None] = []
    for index in range(count):
        start = index * size // count
        end = max(start + 1, (index + 1) * size // count)
        known = [value for value in values[start:end] if value is not None and is_known(value)]
        out.append(join(known) if known else None)
    return out


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean of one value or more."""
    return sum(value / len(values) for value in values)


def is_known(value: float | None) -> bool:
    """Whether there is a value, and a finite one."""
    return value is not None and math.isfinite(value)


def smooth(values: Values, count: int) -> list[float | None]:
    """The values as exactly `count` means, one that lies across a border shared between both.

    A rate stays the same rate, and a chart that moves on by a second does not flicker.
    """
    size = len(values)
    if count <= 0 or not size:
        return [None] * max(0, count)
    if size <= count:
        return resample(values, count)
    out: list[float | None] = []
    for index in range(count):
        start, end = index * size / count, (index + 1) * size / count
        total = weight = 0.0
        for place in range(int(start), min(size, math.ceil(end))):
            value = values[place]
            part = min(end, place + 1) - max(start, place)
            if value is not None and math.isfinite(value) and part > 0:
                total += value * part
                weight += part
        out.append(total / weight if weight > 1e-9 else None)
    return out


def spread(
    series: Series[float], begin: float, end: float, count: int, *, peaks: bool = False
) -> list[float | None]:
    """What a series had in each of `count` equal parts of the time from `begin` to `end`.

    A part has the mean of the slots in it, by how much of each it has, or the highest of them with
    `peaks`.
    """
    out: list[float | None] = []
    values, width, size, isfinite = series.values, series.width, len(series.values), math.isfinite
    step = (end - begin) / max(1, count)
    for index in range(count):
        start = (begin + index * step - series.start) / width
        stop = start + step / width
        total = weight = 0.0
        highest = None
        for place in range(max(0, math.floor(start)), min(size, math.ceil(stop))):
            value = values[place]
            if value is None:
                continue
            # A chart asks for some hundred parts a second: `min` and `max` would cost half of it.
            part = (stop if stop < place + 1 else place + 1) - (start if start > place else place)
            if part > 1e-6 and isfinite(value):
                total += value * part
                weight += part
                if highest is None or value > highest:
                    highest = value
        out.append(highest if peaks else total / weight if weight > 0 else None)
    return out


class Scale:
    """The top of a chart's axis, 1 2 4 5 8 times a power of ten, that does not jump about.

    It grows as soon as it is too small and shrinks once it was too large for `patience` seconds.
    """

    def __init__(self, least: float = 1.0, patience: float = 30.0) -> None:
        self.least = least
        self.patience = patience
        self.top = round_up(least)
        self._wrong_since: float | None = None

    def update(self, highest: float | None, now: float) -> float:
        """The top for a chart whose highest value is `highest` at the time `now`."""
        wanted = round_up(max(self.least, highest or 0.0))
        if wanted >= self.top:
            self.top = wanted
            self._wrong_since = None
        elif self._wrong_since is None or now < self._wrong_since:
            self._wrong_since = now
        elif now - self._wrong_since >= self.patience:
            self.top = wanted
            self._wrong_since = None
        return self.top


def round_up(value: float) -> float:
    """The next of 1 2 4 5 8 times a power of ten, 1 for what is no positive number.

    Between a billionth and 10^15; no rate or count is outside, hostile ones are.
    """
    if not math.isfinite(value) or value <= 0:
        return 1.0
    value = min(max(value, 1e-9), 1e15)
    exponent = math.floor(math.log10(value))
    for shift in (exponent, exponent + 1):
        for step in _STEPS:
            # Divided and not multiplied by a negative power, so that 0.8 comes out as 0.8.
            top = step / 10.0**-shift if shift < 0 else step * 10.0**shift
            if top >= value:
                return top
    return value


def highest(values: Iterable[float | None]) -> float:
    """The largest known value, zero if there is none."""
    return max((v for v in values if v is not None and math.isfinite(v)), default=0.0)
