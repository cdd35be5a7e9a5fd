"""Numbers, durations and times as a filter writes them."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from celerytui.durations import DurationError, read_duration

NUMBERS = "Expected a number: 3  >3  <=2.5"
DURATIONS = "Expected a duration: 300ms 2.5s 10s 5m 2h 1d"
TIMES = "Expected a time: 10:00  2026-11-23T10:00  -15m"

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
        raise LiteralError(f"“{text}” is not a number.", 0, len(text), NUMBERS)
    return float(text)


def duration(text: str, expected: str = DURATIONS) -> float:
    """Seconds of `300ms`, `2.5s`, `1h30m`; a bare number is seconds. Raises LiteralError."""
    try:
        return read_duration(text)
    except DurationError as error:
        raise LiteralError(str(error), error.start, error.end, expected) from None


def moment(text: str) -> Callable[[float], float]:
    """A time, given the time at which the filter is asked.

    `-15m` goes with the clock; `10:00` is that of the local day on which the filter is asked; a
    date without a zone is local. Raises LiteralError.
    """
    if text.startswith(("-", "+")):
        try:
            away = duration(text[1:], TIMES)
        except LiteralError as error:
            raise LiteralError(str(error), error.start + 1, error.end + 1, TIMES) from None
        away = -away if text[0] == "-" else away
        return lambda asked: asked + away
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hour, minute, second = int(clock[1]), int(clock[2]), float(clock[3] or 0)
        if hour <= 23 and minute <= 59 and second < 60:
            return _on_the_day(hour, minute, second)
    fixed = _fixed(text)
    if fixed is None:
        raise LiteralError(f"“{text}” is not a time.", 0, len(text), TIMES)
    return lambda asked: fixed


def moves(text: str) -> Literal["always", "daily"] | None:
    """Whether a time goes with the clock, as `-15m` does, or with the day, as `10:00` does."""
    if text.startswith(("-", "+")):
        return "always"
    return "daily" if _CLOCK.fullmatch(text) else None


def local_day(now: float) -> tuple[int, int, int]:
    """Year, month and day of a time by the local clock."""
    return time.localtime(now)[:3]


def _on_the_day(hour: int, minute: int, second: float) -> Callable[[float], float]:
    """That time of the local day on which it is asked for."""
    last = 0.0, math.nan

    def moment_of_day(asked: float) -> float:
        nonlocal last
        if last[0] != asked:  # which is the same for all tasks of one pass
            last = asked, _time_of_day(local_day(asked), hour, minute, second)
        return last[1]

    return moment_of_day


def _time_of_day(day: tuple[int, int, int], hour: int, minute: int, second: float) -> float:
    return time.mktime((*day, hour, minute, int(second), 0, 0, -1)) + second % 1


def _fixed(text: str) -> float | None:
    if not re.match(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
