"""Garbage that lived long is taken where nobody notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from celerytui.interpreter import collect_all

ROUND_SECONDS: Final = 60.0
BETWEEN_KEYS_SECONDS: Final = 0.3
QUIET_SECONDS: Final = 5.0
QUIET_RATE: Final = 100
LATE_ROUNDS: Final = 3
LITTLE: Final = 1_000
"""Objects of garbage that were not worth looking through all others for."""
MOST_REST: Final = 15


class Tidying:
    """Collects all garbage when nothing comes or is typed, the more seldom the less there was.

    Where events and keys never stop coming, a moment between two keys has to do in the end.
    `rate` are events a second, `untouched` the seconds since the last key; `collect` says how many
    objects it found.
    """

    def __init__(
        self,
        rate: Callable[[], float | None],
        untouched: Callable[[], float],
        collect: Callable[[], int] = collect_all,
    ) -> None:
        self._rate = rate
        self._untouched = untouched
        self._collect = collect
        self._rounds = 0
        self._rest = 0

    def turn(self) -> float | None:
        """One round; the seconds after which to come again out of turn, None for the next round."""
        self._rounds += 1
        waited = self._rounds - self._rest
        if waited <= 0:
            return None
        overdue, untouched = waited >= LATE_ROUNDS, self._untouched()
        if overdue and untouched < BETWEEN_KEYS_SECONDS:
            return BETWEEN_KEYS_SECONDS
        if overdue or ((self._rate() or 0) < QUIET_RATE and untouched >= QUIET_SECONDS):
            little = self._collect() < LITTLE
            self._rest = min(MOST_REST, 2 * self._rest + 1) if little else 0
            self._rounds = 0
        return None
