"""Tasks that ended before anybody watched, as a result backend keeps them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from celerytui.model import Task, TaskState
from celerytui.store.changes import ChangeLog
from celerytui.store.extras import own
from celerytui.store.interning import InternTable
from celerytui.store.lock import FairLock
from celerytui.store.settling import SOURCE
from celerytui.store.tasks import HeldTasks

AT_ONCE = 250
"""Tasks that are taken at one taking of the lock: half a millisecond."""


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
        self, lock: FairLock, tasks: HeldTasks, changes: ChangeLog, intern: InternTable
    ) -> None:
        self._lock = lock
        self._tasks = tasks
        self._changes = changes
        self._intern = intern

    def take(self, past: Sequence[Task]) -> Taken:
        """Take tasks that have ended, the newest first."""
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
                        self._hold(task)
                    else:
                        no_room += 1
                self._changes.commit()
        return Taken(added, known, no_room)

    def _hold(self, task: Task) -> None:
        own(task).source = SOURCE
        for name in ("name", "worker", "queue"):
            text = getattr(task, name)
            if text is not None:
                setattr(task, name, self._intern(text))
        self._tasks.hold_past(task)
        self._changes.note(task.id)

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
