"""Tasks from before anybody watched, as a result backend or a history keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from celerytui.model import Task, TaskState
from celerytui.store.changes import ChangeLog
from celerytui.store.extras import own
from celerytui.store.lock import FairLock
from celerytui.store.messages import Messages
from celerytui.store.settling import FROM_RESULTS
from celerytui.store.tasks import HeldTasks

FROM_HISTORY = "history"
"""The source of what was recorded, as `FROM_RESULTS` is that of results."""
AT_ONCE = 250
"""Tasks that are taken at one taking of the lock: half a millisecond."""
_IDENTITY = frozenset(("id", "seq", "state"))
_CONTENT = tuple(name for name in Task.__struct_fields__ if name not in _IDENTITY)


def from_history(task: Task | None) -> Task | None:
    """The task, marked as one that was recorded."""
    if task is not None:
        own(task).source = FROM_HISTORY
    return task


class Taken(Struct, frozen=True):
    """What became of past tasks: `added`, those `known` already, and those without `room`."""

    added: int = 0
    known: int = 0
    no_room: int = 0


class PastTasks:
    """Holds past tasks as long as there is room: the first to go when others need it.

    What events know of a task wins; a past one only fills in what they did not say.
    """

    def __init__(
        self, lock: FairLock, tasks: HeldTasks, changes: ChangeLog, messages: Messages
    ) -> None:
        self._lock = lock
        self._tasks = tasks
        self._changes = changes
        self._messages = messages

    def take(self, past: Sequence[Task], source: str = FROM_RESULTS) -> Taken:
        """Take tasks that have ended, the newest first."""
        return self._take(past, lambda task: self._hold(task, source))

    def take_in_doubt(self, unfinished: Sequence[Task]) -> Taken:
        """Take recorded tasks that had not ended: nobody knows what became of them.

        One that was sent may still be in its queue; one that a worker had is missed until the
        worker says that it has it, or the result backend how it ended.
        """
        return self._take(unfinished, self._doubt)

    def take_recorded(self, recorded: Sequence[Task]) -> Taken:
        """Take recorded tasks as they are, whether they have ended or not, the newest first."""
        return self._take(recorded, self._keep)

    def follow(self, recorded: Sequence[Task]) -> Taken:
        """Take what was recorded since: it makes room for itself, and replaces what is older."""
        added = known = 0
        for start in range(0, len(recorded), AT_ONCE):
            with self._lock:
                for task in recorded[start : start + AT_ONCE]:
                    held = self._tasks.by_id.get(task.id)
                    if held is None:
                        added += 1
                        self._prepare(task, FROM_HISTORY)
                        self._tasks.hold(task, None)
                        self._changes.note(task.id)
                    else:
                        known += 1
                        self._replace(held, task)
                self._changes.commit()
        return Taken(added, known)

    def _take(self, past: Sequence[Task], hold: Callable[[Task], None]) -> Taken:
        added = known = no_room = 0
        for start in range(0, len(past), AT_ONCE):
            with self._lock:
                for task in past[start : start + AT_ONCE]:
                    held = self._tasks.by_id.get(task.id)
                    if held is not None:
                        known += 1
                        self._fill_in(held, task)
                    elif len(self._tasks.by_id) < self._tasks.max_tasks:
                        added += 1
                        hold(task)
                        self._changes.note(task.id)
                    else:
                        no_room += 1
                self._changes.commit()
        return Taken(added, known, no_room)

    def _hold(self, task: Task, source: str) -> None:
        self._prepare(task, source)
        self._tasks.hold_past(task)

    def _keep(self, task: Task) -> None:
        self._prepare(task, FROM_HISTORY)
        if task.state.finished:
            self._tasks.hold_past(task)
        else:
            self._tasks.hold(task, None)

    def _doubt(self, task: Task) -> None:
        if task.state is TaskState.SENT:
            self._prepare(task, None)
            self._tasks.hold(task, None)
        else:
            own(task).lost_from, task.state = task.state, TaskState.MISSED
            self._hold(task, FROM_HISTORY)
        self._tasks.missed.append(task.id)

    def _prepare(self, task: Task, source: str | None) -> None:
        """Have it share its names with others, say where it is from, and join its family."""
        if source is not None:
            own(task).source = source
        messages = self._messages
        if task.name is not None:
            task.name = messages.task_name(task.name)
        if task.queue is not None:
            task.queue = messages.intern(task.queue)
        if task.worker is not None:
            task.worker = messages.intern(task.worker)
        self._tasks.families.join(task)

    def _replace(self, held: Task, newer: Task) -> None:
        if newer.seen < held.seen or (newer.seen, newer.state) == (held.seen, held.state):
            return
        self._prepare(newer, FROM_HISTORY)
        self._tasks.move(held, newer.state, None)
        for name in _CONTENT:
            setattr(held, name, getattr(newer, name))
        self._changes.note(held.id)

    def _fill_in(self, held: Task, past: Task) -> None:
        changed = False
        for name in ("name", "args", "kwargs", "queue", "retries"):
            if getattr(held, name) is None and (value := getattr(past, name)) is not None:
                setattr(held, name, value)
                changed = True
        if held.state is past.state:
            if held.state is TaskState.SUCCESS and held.result is None:
                held.result, changed = past.result, changed or past.result is not None
            if held.more.traceback is None and past.more.traceback is not None:
                own(held).traceback = past.more.traceback
                changed = True
        if changed:
            self._changes.note(held.id)
