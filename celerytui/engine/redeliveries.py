"""Which of the tasks that went down with a worker the broker delivers again, and when.

A task that had not started was not acknowledged: it comes again. One that had started comes again
only where its kind is acknowledged late, for else it was acknowledged as it started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf

from celerytui.columns import format_span
from celerytui.model import LostTasks, Redelivery, Task, TaskState
from celerytui.store import Store
from celerytui.wire.broker import Broker, UnackedReader

LOOK_SECONDS = 2.0
LONGEST_PAUSE = 60.0

AT_ONCE = "at once"
ACKNOWLEDGED = "acknowledged when it started"
EARLY = "no longer unacknowledged before its time: back in its queue, or lost by the broker"


class Redeliveries:
    """Looks what becomes of lost tasks; one thread calls `look` and `close`, any may call `of`.

    `known` has what is known by task id; a new one is made where anything may have changed.

    `acks_late` says of a task's name whether it is acknowledged late, None where that is not known.
    """

    def __init__(
        self,
        store: Store,
        broker: Broker,
        reader: UnackedReader | None,
        acks_late: Callable[[str | None], bool | None],
    ) -> None:
        self._store = store
        self._broker = broker
        self._reader = reader
        self._acks_late = acks_late
        self.known: Mapping[str, Redelivery] = {}
        self._told: set[str] = set()
        self._held: dict[str, float] = {}
        self._acknowledged: set[str] = set()
        self._next = 0.0
        self._pause = LOOK_SECONDS

    def of(self, task_id: str) -> Redelivery | None:
        """What is known of a lost task; None for a task that is not lost, or not looked at yet."""
        return self.known.get(task_id)

    def look(self, now: float, tick: float) -> None:
        """Look at all lost tasks, at growing pauses where the broker holds too much to look at.

        `now` is by the clock of the times, `tick` by one that nobody sets.
        """
        if tick < self._next:
            return
        lost = self._store.lost.tasks()
        tasks = [task for some in lost.values() for task in some]
        ids = {task.id for task in tasks}
        due: Mapping[str, float | None] | None = None
        if self._reader is not None and tasks:
            due = self._reader.due(ids)
            complete = len(due) == len(tasks)
            self._pause = LOOK_SECONDS if complete else min(2 * self._pause, LONGEST_PAUSE)
            self._next = tick + self._pause
        elif self._reader is not None:
            self._reader.close()
        self._acknowledged &= ids
        self._held = {id: at for id, at in self._held.items() if id in ids}
        self._held |= {id: at for id, at in (due or {}).items() if at is not None}
        self.known = {task.id: self._judge(task, due, now) for task in tasks}
        for hostname in self._told - lost.keys():
            self._store.lost.set(hostname, None)
        self._told = set(lost)
        for hostname, some in lost.items():
            self._store.lost.set(hostname, summed(some, self.known))

    def close(self) -> None:
        """Close the connection."""
        if self._reader is not None:
            self._reader.close()

    def _judge(self, task: Task, due: Mapping[str, float | None] | None, now: float) -> Redelivery:
        if self._reader is None or due is None:
            return self._by_rule(task)
        timeout = self._reader.timeout
        how = f"visibility timeout {format_span(timeout)} unless the workers have another"
        if task.id not in due:
            if was_started(task):
                return Redelivery(None, why="too many unacknowledged messages to look at all")
            return Redelivery(True, why=how)
        at = due[task.id]
        if at is not None:
            return Redelivery(True, at, how)
        if (time := self._held.get(task.id)) is not None:
            if now < time:
                self._held[task.id] = inf  # its time says nothing any more
                return Redelivery(None, why=EARLY)
            return Redelivery(True, why="back in its queue")
        # Too early for the timeout: nobody but its worker can have taken it off.
        if was_started(task) and now - task.seen < timeout:
            self._acknowledged.add(task.id)
        if task.id in self._acknowledged:
            return Redelivery(False, why=ACKNOWLEDGED)
        return Redelivery(None, why="no longer unacknowledged: done, or back in its queue")

    def _by_rule(self, task: Task) -> Redelivery:
        if not self._broker.requeues_at_once:
            return Redelivery(None, why=f"{self._broker.title} does not say")
        if not was_started(task):
            return Redelivery(True, why=AT_ONCE)
        late = self._acks_late(task.name)
        if late is None:
            return Redelivery(None, why=f"{AT_ONCE} if its acks_late is set, else never")
        return Redelivery(True, why=AT_ONCE) if late else Redelivery(False, why=ACKNOWLEDGED)


def was_started(task: Task) -> bool:
    """Whether a lost task was running when its worker went away."""
    return task.more.lost_from is not TaskState.RECEIVED


def summed(tasks: Sequence[Task], known: Mapping[str, Redelivery]) -> LostTasks:
    """What becomes of the lost tasks of one worker, together."""
    found = [known[task.id] for task in tasks]
    again = [one for one in found if one.again]
    times = [one.at for one in again if one.at is not None]
    started = sum(map(was_started, tasks))
    return LostTasks(
        started,
        len(tasks) - started,
        len(again),
        sum(one.again is False for one in found),
        min(times, default=None),
        max(times, default=None),
        again[0].why if again else "",
    )
