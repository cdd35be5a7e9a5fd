"""Which recorded tasks were counted: a history may bring one more than once."""

from __future__ import annotations

from array import array
from bisect import bisect_left

MOST = 1_000_000
"""As many are told apart; those beyond are not counted."""
PARTS = 256


class Recorded:
    """The tasks by the hash of their id, since there may be many; for one thread at a time.

    Eight bytes each: in parts that are kept sorted, and short enough to be added to in no time.
    """

    __slots__ = ("_count", "_parts")

    def __init__(self) -> None:
        self._parts = [array("q") for _ in range(PARTS)]
        self._count = 0

    @property
    def full(self) -> bool:
        """Whether no more are taken."""
        return self._count >= MOST

    def take(self, task_id: str) -> bool:
        """Whether this task is to be counted: it was not before, and there is room."""
        known = hash(task_id)
        part = self._parts[known % PARTS]
        at = bisect_left(part, known)
        if self.full or (at < len(part) and part[at] == known):
            return False
        part.insert(at, known)
        self._count += 1
        return True
