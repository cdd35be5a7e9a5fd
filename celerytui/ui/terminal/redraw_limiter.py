"""Limits the rate of updates by the bytes that an update takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from textual.geometry import Size

LINE_RATE: Final = 8_000
"""Bytes a second for updates on a terminal of `USUAL_CELLS`; in proportion for larger ones."""
USUAL_CELLS: Final = 120 * 40
SLOWEST_SECONDS: Final = 1.5
"""Maximum seconds between two updates; keys do not wait for it."""


class RedrawLimiter:
    """Spaces updates out, so that a slow connection keeps up with many events.

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
        """Note that an update is drawn now."""
        self._before, self._began = self._sent(), self._clock()

    @property
    def due_in(self) -> float:
        """Seconds until the next update may be drawn."""
        if self._began is None:
            return 0.0
        rate = LINE_RATE * max(1.0, self._size().area / USUAL_CELLS)
        spent = (self._sent() - self._before) / rate
        return self._began + min(spent, SLOWEST_SECONDS) - self._clock()
