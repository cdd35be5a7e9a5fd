"""Which task goes when there is no more room."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from celerytui.model import Task, TaskState

SUCCESS = TaskState.SUCCESS

# What a lane may hold of entries that no longer count before it is rebuilt.
STALE_SLACK = 1024


class Lane:
    """Finished tasks in the order in which they finished.

    A task that leaves otherwise than by `pop` stays in the line as a stale entry, skipped when
    its turn comes: that makes leaving O(1) at 8 bytes a task.
    """

    __slots__ = ("_line", "_stale", "_stale_count", "add")

    def __init__(self) -> None:
        self._line: deque[Task] = deque()
        self._stale: dict[str, int] = {}
        self._stale_count = 0
        self.add = self._line.append

    def __len__(self) -> int:
        return len(self._line) - self._stale_count

    def leave(self, task: Task) -> None:
        """Take a task out that is in the lane."""
        self._stale[task.id] = self._stale.get(task.id, 0) + 1
        self._stale_count += 1
        if self._stale_count > STALE_SLACK and self._stale_count > len(self._line) // 2:
            kept = [entry for entry in self._line if not self._skip(entry)]
            self._line.clear()
            self._line.extend(kept)

    def newest_first(self) -> Iterator[Task]:
        """The tasks from the newest on; one that came back may be there twice."""
        return reversed(self._line)

    def pop(self) -> Task | None:
        """Take the oldest task out."""
        line = self._line
        while line:
            task = line.popleft()
            if not self._stale_count or not self._skip(task):
                return task
        return None

    def _skip(self, task: Task) -> bool:
        # The oldest entries of an id are its stale ones: it came back at the end of the line.
        count = self._stale.get(task.id)
        if count is None:
            return False
        if count == 1:
            del self._stale[task.id]
        else:
            self._stale[task.id] = count - 1
        self._stale_count -= 1
        return True


class Eviction:
    """The order of leaving: past tasks, successes, other finished tasks, unfinished ones.

    Within each the oldest goes first. `unfinished` holds every task that has not finished, in the
    order in which they came (or came back).
    """

    __slots__ = ("_others", "_past", "_successes", "_victims", "succeed", "unfinished")

    def __init__(self) -> None:
        self.unfinished: dict[str, Task] = {}
        self._successes = Lane()
        self._others = Lane()
        self._past: dict[str, Task] = {}
        self._victims: deque[Task] = deque()
        # What happens to nearly every task, so without a call in between.
        self.succeed = self._successes.add

    def move(self, task: Task, old: TaskState, new: TaskState) -> None:
        """Follow a held task from one state to another."""
        if old >= SUCCESS:
            if self._past.pop(task.id, None) is None:
                (self._successes if old is SUCCESS else self._others).leave(task)
            if new < SUCCESS:
                self.unfinished[task.id] = task
        elif new >= SUCCESS:
            del self.unfinished[task.id]
        if new >= SUCCESS:
            self.finish(task)

    def end_again(self, task: Task) -> None:
        """Follow a held task that was seen to end as it had: it is no past one any more."""
        if self._past.pop(task.id, None) is not None:
            self.finish(task)

    def finish(self, task: Task) -> None:
        """Take in a held task that has finished."""
        (self._successes if task.state is SUCCESS else self._others).add(task)

    def finish_past(self, task: Task) -> None:
        """Take in a held task that ended before anybody watched: the last of them goes first."""
        self._past[task.id] = task

    def past_others(self) -> Iterator[Task]:
        """The past tasks that did not succeed, as they came: the newest first."""
        return (task for task in self._past.values() if task.state is not SUCCESS)

    def newest_others(self) -> Iterator[Task]:
        """Finished tasks that did not succeed, the newest first; some may have left since."""
        return self._others.newest_first()

    def pop(self) -> Task | None:
        """Take out the task that goes next."""
        if self._past:
            return self._past.popitem()[1]
        return self._successes.pop() or self._others.pop() or self._pop_unfinished()

    def _pop_unfinished(self) -> Task | None:
        unfinished = self.unfinished
        while unfinished:
            if not self._victims:
                # A dict finds its first key by walking over the removed ones, so take many a walk.
                most = max(64, len(unfinished) // 64)
                self._victims.extend(islice(unfinished.values(), most))
            task = self._victims.popleft()
            # Another one of that id, which left and came again, is at the end of the line.
            if unfinished.get(task.id) is task:
                return unfinished.pop(task.id)
        return None
