"""Which tasks changed, in the order in which they did."""

from __future__ import annotations

from collections import deque
from itertools import islice

LOG_LENGTH = 2**18
"""Long enough for a view that falls two seconds behind a storm."""
LEAST_LENGTH = 2**15


class ChangeLog:
    """Numbers every change; the number of the last one is the store's revision.

    Writers note changes one by one and commit them together: only then does `revision` grow, so
    whoever read a revision gets everything after it. An entry is a task's id, or "" for a change
    that is no task's; `note` marks the task of that id as changed by the commit to come.
    """

    __slots__ = ("_log", "_pending", "note", "revision")

    def __init__(self, length: int = LOG_LENGTH, revision: int = 0) -> None:
        self.revision = revision
        self._log: deque[str] = deque(maxlen=length)
        self._pending: list[str] = []
        self.note = self._pending.append

    def commit(self, *, other: bool = False) -> None:
        """Publish what was noted; `other` if something that is no task changed as well."""
        pending = self._pending
        if not pending:
            if not other:
                return
            pending.append("")
        self._log.extend(pending)
        self.revision += len(pending)
        pending.clear()

    @property
    def upcoming(self) -> int:
        """The number that the change that is noted next will have."""
        return self.revision + len(self._pending) + 1

    def newest(self, count: int) -> list[str]:
        """The last `count` entries, newest first, with repeats."""
        return list(islice(reversed(self._log), count))

    def since(self, revision: int, limit: int | None = None) -> list[str] | None:
        """The entries after `revision`, oldest first, with repeats; None if no longer known.

        With a `limit`, no more than so many.
        """
        count = self.revision - revision
        if count <= 0:
            return [] if count == 0 else None
        if count > len(self._log):
            return None
        skipped = 0 if limit is None else max(0, count - limit)
        entries = list(islice(reversed(self._log), skipped, count))
        entries.reverse()
        return entries


def log_length(max_tasks: int) -> int:
    """How many changes to keep of so many tasks.

    Who is further behind than each of them changed twice reads all anew. Each entry may be all that
    is left of a task that was evicted, and keeps its id.
    """
    return min(LOG_LENGTH, max(LEAST_LENGTH, 2 * max_tasks))
