"""What a history says of failures: whether those that look new came before, and all of a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from celerytui.interpreter import give_way
from celerytui.query import parse_filter, quoted
from celerytui.store import Store

if TYPE_CHECKING:
    from celerytui.history.history import History

LONGEST_SECONDS = 5.0
"""For so long a history is searched for one group, the newest tasks first."""
MOST_ASKED = 10_000
"""As many groups are remembered as asked for; then all are asked for once more."""


TOLD = ("state:failure,revoked,rejected,lost,missed", "state:success,cancelled retries:>0")
"""Which recorded tasks tell of failures: the first are few, and found by an index."""
AT_ONCE = 100


def restore_failures(
    history: History, store: Store, since: float, until: float, now: float
) -> Iterator[float]:
    """Have what failed in a time counted, each task once; yields how far back all that was.

    It ends early where no more are told apart. Raises HistoryError.
    """
    for query in TOLD:
        for found in history.search(parse_filter(query), now, since=since, until=until):
            for start in range(0, len(found.tasks), AT_ONCE):
                give_way()
                if not store.failures.take_recorded(found.tasks[start : start + AT_ONCE], now):
                    return
            if found.back_to is not None:
                yield found.back_to


class PastFailures:
    """For one thread: each group is looked for once."""

    def __init__(self, store: Store) -> None:
        self._failures = store.failures
        self._asked: set[str] = set()

    def waiting(self, now: float) -> list[tuple[str, str, float]]:
        """The groups that look new and were not looked for: key, task name, first time."""
        return [one for one in self._failures.new_groups(now) if one[0] not in self._asked]

    def look(self, history: History, group: tuple[str, str, float], now: float) -> None:
        """Look for a group before its first time; raises HistoryError."""
        key, name, first = group
        if len(self._asked) >= MOST_ASKED:
            self._asked.clear()
        self._asked.add(key)
        query = f"failure:{quoted(key)}"
        if name:
            query += f" name:={quoted(name)}"
        end = time.monotonic() + LONGEST_SECONDS
        for found in history.search(parse_filter(query), now, until=first):
            give_way()
            for task in found.tasks:
                self._failures.came_before(key, task.seen - task.more.worker_ahead)
            if found.tasks or time.monotonic() > end:
                return
