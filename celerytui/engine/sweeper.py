"""Judges the workers' silence once a second, and notices when it was us who stood still."""

from __future__ import annotations

import time
from collections.abc import Callable

from celerytui.model import LinkState
from celerytui.store import Store

SWEEP_SECONDS = 1.0
STOOD_STILL_SECONDS = 5.0
"""A sweep that comes so much later than the thread's own pace: we were stopped, or the machine."""

CLOCK_SET_SECONDS = 2.0
"""So far apart the two clocks have to go in one turn for `clock` to have been set."""


def steady_clock() -> float:
    """Seconds that nobody sets, and in which a time asleep counts where the system has them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Sweeper:
    """Sweeps the store, for a thread that looks every `pace` whether a `turn` is due.

    Silence says nothing while the `link` is not there. `stood_still` is called where a gap was
    found and noted. Times are by `clock`, which may be set; `steady` tells how long anything took.
    """

    def __init__(
        self,
        store: Store,
        link: Callable[[], LinkState],
        stood_still: Callable[[], None],
        *,
        pace: float,
        clock: Callable[[], float],
        steady: Callable[[], float] = steady_clock,
    ) -> None:
        self._store = store
        self._link = link
        self._stood_still = stood_still
        self._pace = pace
        self._clock = clock
        self._steady = steady
        self._last: tuple[float, float] | None = None

    def is_due(self) -> bool:
        """Whether it is time to sweep."""
        return self._last is None or self._steady() - self._last[1] >= SWEEP_SECONDS

    def turn(self) -> None:
        """Sweep."""
        now, tick = self._clock(), self._steady()
        since, before = self._last or (now, tick)
        self._last = now, tick
        passed = tick - before
        by = now - since - passed
        if abs(by) >= CLOCK_SET_SECONDS:
            self._store.set_clock(by, since, now)
        if self._link() is not LinkState.CONNECTED:
            return
        if passed > STOOD_STILL_SECONDS + self._pace:
            self._store.mark_gap(now - passed, now)
            self._stood_still()
        self._store.sweep(now)
