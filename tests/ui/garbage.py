"""Apps that have ended, until it pays to collect them.

An app is some thousand objects in cycles, and its views set aside from the collector whatever
there is. While a test runs the collector finds nothing that would be worth its passes.
"""

from __future__ import annotations

import gc
from typing import Final

TOGETHER: Final = 40
"""A process holds as many, of 4 MB each."""


class AppsInARow:
    """Counts the tests that have left an app behind."""

    def __init__(self) -> None:
        self._left = 0

    def one_more(self) -> None:
        """Note that one more test has ended; collects when there are enough."""
        self._left += 1
        if self._left == TOGETHER:
            self._left = 0
            gc.unfreeze()
            gc.collect()
            gc.freeze()
