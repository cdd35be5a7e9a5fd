"""The tasks that are still to be written, so many at most."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice

from celerytui.model import Task, TaskState

LIMIT = 50_000
SUCCESS = TaskState.SUCCESS


class Pending:
    """Live tasks, each once, in the order of their last change; for one thread.

    Where there are more than `limit`, the oldest successes are dropped first, and counted in
    `dropped`. One that has not ended waits for the next `turn`: most end before it.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.dropped = 0
        self._limit = limit
        self._successes: dict[str, Task] = {}
        self._others: dict[str, Task] = {}
        self._young: dict[str, Task] = {}

    def __len__(self) -> int:
        return len(self._successes) + len(self._others) + len(self._young)

    def add(self, tasks: Iterable[Task]) -> None:
        """Have these written, as they are by then."""
        successes, others, young = self._successes, self._others, self._young
        for task in tasks:
            task_id = task.id
            successes.pop(task_id, None)
            if task.state is SUCCESS:
                others.pop(task_id, None)
                young.pop(task_id, None)
                successes[task_id] = task
            elif task.state > SUCCESS:
                others.pop(task_id, None)
                young.pop(task_id, None)
                others[task_id] = task
            elif task_id not in others:
                young[task_id] = task
            else:
                others[task_id] = task
        excess = len(self) - self._limit
        if excess > 0:
            self._drop(excess)

    def turn(self) -> None:
        """Have those written as well that have not ended."""
        self._others.update(self._young)
        self._young.clear()

    def next(self, count: int) -> list[Task]:
        """Up to `count` of them, which stay until they are `written`."""
        return list(islice(chain(self._others.values(), self._successes.values()), count))

    def written(self, tasks: Iterable[Task]) -> None:
        """Forget these, which `next` gave."""
        for task in tasks:
            for kept in (self._others, self._successes):
                if kept.get(task.id) is task:
                    del kept[task.id]

    def forget_before(self, seen: float) -> None:
        """Forget the ended ones without news since then: another session wrote them."""
        for kept in (self._others, self._successes):
            for task in [one for one in kept.values() if one.state >= SUCCESS and one.seen < seen]:
                del kept[task.id]

    def _drop(self, excess: int) -> None:
        self.dropped += excess
        for kept in (self._successes, self._young, self._others):
            for task_id in list(islice(kept, excess)):
                del kept[task_id]
                excess -= 1
