"""Durations as people write them: `300ms`, `2.5s`, `1h30m`; a bare number is seconds."""

from __future__ import annotations

import math
import re

UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PIECE = r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([^0-9.\s]*)\s*"


class DurationError(ValueError):
    """A text that is no duration; `start` and `end` are the offsets of what is wrong with it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


def read_duration(text: str) -> float:
    """Seconds, finite and not negative; raises DurationError."""
    if not text.strip():
        raise DurationError("Nothing stands here.", 0, len(text))
    total, position = 0.0, 0
    match_piece = re.compile(_PIECE).match  # not at the import: the first frame needs none
    while position < len(text):
        piece = match_piece(text, position)
        if piece is None:
            raise DurationError(f"“{text}” is not a duration.", 0, len(text))
        number, unit = piece[1], piece[2]
        alone = piece.span() == (0, len(text))
        if unit not in UNIT_SECONDS and not (alone and not unit):
            start, end = piece.span(2 if unit else 1)
            said = f"Unknown unit “{unit}”." if unit else f"“{number}” has no unit."
            raise DurationError(said, start, end)
        total += float(number) * UNIT_SECONDS[unit or "s"]
        position = piece.end()
    if not math.isfinite(total):
        raise DurationError(f"“{text}” is too long a duration.", 0, len(text))
    return total
