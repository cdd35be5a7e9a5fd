"""Numbers, durations and times as a filter writes them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime

NUMBERS = "A number was expected: 3  >3  <=2.5"
DURATIONS = "A duration was expected: 300ms 2.5s 10s 5m 2h 1d"
TIMES = "A time was expected: 10:00  2026-11-23T10:00  -15m"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PIECE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([^\d.\s]*)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


class LiteralError(Exception):
    """A value that is none; `start` and `end` are offsets in it, `expected` what would be right."""

    def __init__(self, message: str, start: int, end: int, expected: str) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.expected = expected


def number(text: str) -> float:
    """A plain number; raises LiteralError."""
    if not _NUMBER.fullmatch(text):
        raise LiteralError(f"“{text}” is no number.", 0, len(text), NUMBERS)
    return float(text)


def duration(text: str, expected: str = DURATIONS) -> float:
    """Seconds of `300ms`, `2.5s`, `1h30m`; a bare number is seconds. Raises LiteralError."""
    total, position = 0.0, 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            raise LiteralError(f"“{text}” is no duration.", 0, len(text), expected)
        unit = piece[2]
        if unit == "" and piece.span() == (0, len(text)):
            return float(piece[1])
        if unit not in _UNITS:
            start, end = piece.span(2) if unit else piece.span(1)
            said = f"“{unit}” is no unit." if unit else f"“{piece[1]}” has no unit."
            raise LiteralError(said, start, end, expected)
        total += float(piece[1]) * _UNITS[unit]
        position = piece.end()
    if not text:
        raise LiteralError("Nothing stands here.", 0, 0, expected)
    return total


def moment(text: str, now: float) -> Callable[[float], float]:
    """A time, given the time at which the filter is asked.

    `-15m` goes with the clock; `10:00` is that of the day of `now`; a date without a zone is
    local. Raises LiteralError.
    """
    if text.startswith(("-", "+")):
        try:
            away = duration(text[1:], TIMES)
        except LiteralError as error:
            raise LiteralError(str(error), error.start + 1, error.end + 1, TIMES) from None
        away = -away if text[0] == "-" else away
        return lambda asked: asked + away
    fixed = _fixed(text, now)
    if fixed is None:
        raise LiteralError(f"“{text}” is no time.", 0, len(text), TIMES)
    return lambda asked: fixed


def is_relative(text: str) -> bool:
    """Whether a time goes with the clock, as `-15m` does."""
    return text.startswith(("-", "+"))


def _fixed(text: str, now: float) -> float | None:
    clock = _CLOCK.fullmatch(text)
    try:
        if clock is not None:
            hour, minute, second = int(clock[1]), int(clock[2]), float(clock[3] or 0)
            if hour > 23 or minute > 59 or second >= 60:
                return None
            day = time.localtime(now)
            return time.mktime((*day[:3], hour, minute, int(second), 0, 0, -1)) + second % 1
        if not re.match(r"\d{4}-\d{2}-\d{2}", text):
            return None
        return datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
