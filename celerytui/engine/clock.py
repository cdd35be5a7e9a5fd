"""The one clock that a running program goes by: nobody sets it after the start."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Gives Unix seconds."""


def uptime() -> float:
    """Seconds that pass whether the machine sleeps or its clock is set, from any zero."""
    return time.clock_gettime(_ASLEEP_TOO) if _ASLEEP_TOO is not None else time.monotonic()


def _asleep_too() -> int | None:
    # time.monotonic stands still while the machine sleeps, on Linux as on macOS.
    name = "CLOCK_MONOTONIC" if sys.platform == "darwin" else "CLOCK_BOOTTIME"
    return getattr(time, name, None)


_ASLEEP_TOO = _asleep_too()


class SteadyClock:
    """The machine's clock as it stood at the start, carried on by `uptime`.

    So the difference of two of its times is what passed between them, and a moment of the events
    is compared with a moment of ours alike, whatever happens to the machine's clock meanwhile.
    """

    def __init__(self, wall: Clock = time.time, ticks: Clock = uptime) -> None:
        self._ticks = ticks
        self._offset = wall() - ticks()

    def __call__(self) -> float:
        """Unix seconds."""
        return self._offset + self._ticks()
