"""How often news is drawn: less often, the more of the line to the terminal a drawing takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from textual.geometry import Size

LINE_RATE: Final = 8_000
"""Bytes a second that news may cost on a terminal of `USUAL_CELLS`, in proportion on a larger."""
USUAL_CELLS: Final = 120 * 40
SLOWEST_SECONDS: Final = 1.5
"""News is never older than this, whatever it costs; keys do not wait for it."""


class RedrawLimiter:
    """Spreads the drawing of news so that people behind a slow line keep up with a storm.

    `sent()` is how many bytes went to the terminal so far, `size()` how large it is.
    """

    def __init__(
        self,
        sent: Callable[[], int],
        size: Callable[[], Size],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sent = sent
        self._size = size
        self._clock = clock
        self._before = 0
        self._began: float | None = None

    def drawing(self) -> None:
        """Say that news is drawn now."""
        self._before, self._began = self._sent(), self._clock()

    @property
    def due_in(self) -> float:
        """Seconds until the next news may be drawn."""
        if self._began is None:
            return 0.0
        rate = LINE_RATE * max(1.0, self._size().area / USUAL_CELLS)
        spent = (self._sent() - self._before) / rate
        return self._began + min(spent, SLOWEST_SECONDS) - self._clock()
