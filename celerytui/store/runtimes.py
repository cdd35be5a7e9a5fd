"""How long tasks usually take: of a name, and of a worker."""

from __future__ import annotations

from collections import deque
from statistics import median

KEPT = 20
MAX_KEYS = 5_000


class Runtimes:
    """The last `KEPT` runtimes that were noted for each of up to `MAX_KEYS` names."""

    def __init__(self) -> None:
        self._last: dict[str, deque[float]] = {}

    def note(self, key: str, seconds: float) -> None:
        """Note that a task of that name, or on that worker, took so long."""
        last = self._last.get(key)
        if last is None:
            if len(self._last) >= MAX_KEYS:
                del self._last[next(iter(self._last))]
            last = self._last[key] = deque(maxlen=KEPT)
        last.append(seconds)

    def usual(self, *keys: str | None) -> float | None:
        """The median of the first of these that is known, in seconds."""
        last = self._first(keys)
        return None if last is None else median(last)

    def longest(self, *keys: str | None) -> float | None:
        """The longest of the first of these that is known, in seconds."""
        last = self._first(keys)
        return None if last is None else max(last)

    def _first(self, keys: tuple[str | None, ...]) -> deque[float] | None:
        return next((self._last[key] for key in keys if key in self._last), None)
