"""How long something usually takes: the tasks of a name, or of a worker."""

from __future__ import annotations

from collections import deque
from statistics import median

from msgspec import Struct, field

KEPT = 20
MAX_KEYS = 5_000
REMEMBERED = 300.0
"""The longest is that of the last five to ten minutes, or longer ago where fewer came since."""


class _Times(Struct):
    """The last ones, in seconds, and the longest: of these, since the last turn, and before it.

    The longest of these is looked for when it is asked for: more often they are noted.
    """

    last: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    longest_last: float | None = None
    longest: float = 0.0
    earlier: float = 0.0


class UsualTimes:
    """The last `KEPT` times, and the longest lately, of each of up to `MAX_KEYS` names."""

    def __init__(self) -> None:
        self._times: dict[str, _Times] = {}
        self._turned = 0.0

    def turn(self, now: float) -> None:
        """Forget in time what was the longest; called every now and then."""
        if abs(now - self._turned) > REMEMBERED:
            self._turned = now
            for times in self._times.values():
                times.earlier, times.longest = times.longest, 0.0

    def note(self, key: str, seconds: float) -> None:
        """Note that it took so long once."""
        times = self._times.get(key)
        if times is None:
            if len(self._times) >= MAX_KEYS:
                del self._times[next(iter(self._times))]
            times = self._times[key] = _Times()
        times.last.append(seconds)
        times.longest_last = None
        if seconds > times.longest:
            times.longest = seconds

    def usual(self, *keys: str | None) -> float | None:
        """The median of the first of these that is known, in seconds."""
        times = self._first(keys)
        return None if times is None else median(times.last)

    def longest(self, *keys: str | None) -> float | None:
        """The longest of the first of these that is known, in seconds."""
        times = self._first(keys)
        if times is None:
            return None
        if times.longest_last is None:
            times.longest_last = max(times.last)
        return max(times.longest, times.earlier, times.longest_last)

    def _first(self, keys: tuple[str | None, ...]) -> _Times | None:
        return next((self._times[key] for key in keys if key in self._times), None)
