"""The line that shows how far a long command is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from celerytui.columns import format_count, format_percent, meter

SHOWN_AFTER_SECONDS = 0.7
"""What is over sooner needs no progress shown."""
SHOWN_EVERY_SECONDS = 0.1
BAR = 20
"""Cells of the bar."""


class Progress:
    """`show` draws a line, and clears it for an empty text; None where nobody would see it."""

    def __init__(self, show: Callable[[str], None] | None) -> None:
        self._show = show
        self._due = time.monotonic() + SHOWN_AFTER_SECONDS
        self._shown = False

    @property
    def due(self) -> bool:
        """Whether to show it again."""
        return self._show is not None and time.monotonic() >= self._due

    def show(self, done: int, rows: int, said: Sequence[str]) -> None:
        """Show how many of the rows are done, and what is `said` beside it."""
        if self._show is None:
            return
        self._due = time.monotonic() + SHOWN_EVERY_SECONDS
        self._shown = True
        share = done / rows if rows else 1.0
        parts = [
            f"{meter(share, BAR)} {format_percent(share)}",
            f"{format_count(done)} of {format_count(rows)} rows",
            *said,
        ]
        self._show("  ".join(parts))

    def clear(self) -> None:
        """Clear the line, for what is printed instead."""
        if self._shown and self._show is not None:
            self._shown = False
            self._show("")
