"""Judges the workers' silence once a second, and notices when it was us who stood still."""

from __future__ import annotations

from collections.abc import Callable

from celerytui.model import LinkState
from celerytui.store import Store

SWEEP_SECONDS = 1.0
STOOD_STILL_SECONDS = 5.0
"""A sweep that comes so much later than the thread's own pace: we were stopped, or the machine."""


class Sweeper:
    """Sweeps the store, for a thread that looks every `pace` whether a `turn` is due.

    Silence says nothing while the `link` is not there, nor while the broker has `silenced` the
    workers, and nobody is judged while it is `unsure` whether it has. `stood_still` is called
    where a gap was found and noted. Times are by `clock`.
    """

    def __init__(
        self,
        store: Store,
        link: Callable[[], LinkState],
        silenced: Callable[[], bool],
        unsure: Callable[[], bool],
        stood_still: Callable[[], None],
        *,
        pace: float,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._link = link
        self._silenced = silenced
        self._unsure = unsure
        self._stood_still = stood_still
        self._pace = pace
        self._clock = clock
        self._swept = 0.0

    def is_due(self) -> bool:
        """Whether it is time to sweep."""
        return not self._swept or abs(self._clock() - self._swept) >= SWEEP_SECONDS

    def turn(self) -> None:
        """Sweep."""
        now = self._clock()
        since, self._swept = self._swept or now, now
        if self._link() is not LinkState.CONNECTED:
            return
        if now - since > STOOD_STILL_SECONDS + self._pace:
            self._store.mark_gap(since, now)
            self._stood_still()
        if self._silenced():
            self._store.hold_judgement(now)
        self._store.sweep(now, judging=not self._unsure())
