"""Which recorded tasks were counted: a history may bring one more than once."""

from __future__ import annotations

MOST = 200_000
"""As many are told apart; those beyond are not counted."""


class Recorded:
    """The tasks by the hash of their id, since there may be many; for one thread at a time."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[int] = set()

    @property
    def full(self) -> bool:
        """Whether no more are taken."""
        return len(self._seen) >= MOST

    def take(self, task_id: str) -> bool:
        """Whether this task is to be counted: it was not before, and there is room."""
        known = hash(task_id)
        if known in self._seen or self.full:
            return False
        self._seen.add(known)
        return True
