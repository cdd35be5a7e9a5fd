"""The tasks that are still to be written, so many at most."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice

from celerytui.model import Task, TaskState

LIMIT = 50_000
SUCCESS = TaskState.SUCCESS
MOST_RECENT = 100_000
"""As many tasks are remembered that were written: their end may be told of once more."""


class Pending:
    """Live tasks, each once, in the order of their last change; for one thread.

    Where there are more than `limit`, the oldest successes are dropped first, and counted in
    `dropped`. One that has not ended waits for the next `turn`: most end before it. What is told of
    again and has been written as it is, is not written again.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.dropped = 0
        self._limit = limit
        self._successes: dict[str, Task] = {}
        self._others: dict[str, Task] = {}
        self._unfinished: dict[str, Task] = {}
        self._young: dict[str, Task] = {}
        self._recent: dict[str, tuple[TaskState, float]] = {}

    def __len__(self) -> int:
        ended = len(self._successes) + len(self._others)
        return ended + len(self._unfinished) + len(self._young)

    def add(self, tasks: Iterable[Task]) -> None:
        """Have these written, as they are by then."""
        successes, others = self._successes, self._others
        unfinished, young, recent = self._unfinished, self._young, self._recent
        for task in tasks:
            task_id, state = task.id, task.state
            if state >= SUCCESS:
                if recent.get(task_id) == (state, task.seen):
                    continue
                unfinished.pop(task_id, None)
                young.pop(task_id, None)
                if state is SUCCESS:
                    others.pop(task_id, None)
                    successes[task_id] = task
                else:
                    successes.pop(task_id, None)
                    others[task_id] = task
            else:
                successes.pop(task_id, None)
                others.pop(task_id, None)
                (unfinished if task_id in unfinished else young)[task_id] = task
        excess = len(self) - self._limit
        if excess > 0:
            self._drop(excess)

    def turn(self) -> None:
        """Have those written as well that have not ended."""
        self._unfinished.update(self._young)
        self._young.clear()

    def next(self, count: int) -> list[Task]:
        """Up to `count` of them, which stay until they are `written`."""
        found = chain(self._others.values(), self._unfinished.values(), self._successes.values())
        return list(islice(found, count))

    def written(self, tasks: Iterable[Task], copies: Iterable[Task]) -> None:
        """Forget these, which `next` gave and of which these copies were written."""
        recent = self._recent
        for task, copy in zip(tasks, copies, strict=True):
            task_id = task.id
            for kept in (self._successes, self._unfinished, self._others):
                if kept.pop(task_id, None) is not None:
                    break
            if copy.state >= SUCCESS:
                # It may have ended after what was told of it.
                recent.pop(task_id, None)
                recent[task_id] = copy.state, copy.seen
        for task_id in list(islice(recent, max(0, len(recent) - MOST_RECENT))):
            del recent[task_id]

    def forget_before(self, seen: float) -> None:
        """Forget the ended ones without news since then: another session wrote them."""
        for kept in (self._others, self._successes):
            for task_id in [one.id for one in kept.values() if one.seen < seen]:
                del kept[task_id]

    def _drop(self, excess: int) -> None:
        self.dropped += excess
        for kept in (self._successes, self._young, self._unfinished, self._others):
            for task_id in list(islice(kept, excess)):
                del kept[task_id]
                excess -= 1
