"""What result backends keep: tasks that ended, whether or not anybody watched."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from celerytui.model.tasks import Task


class StoredGroup(Struct, frozen=True):
    """A group or a chord's header as a result backend keeps it.

    `members` are the ids that are known: `partial` says that there may be more, `size` how many
    there are where that is known otherwise. `missing` is how many parts a chord still waits for,
    where the backend counts them. `parent_id` is the task that sent it, where its result says so.
    `body` are the tasks that a chord sends when all members ended, as far as something says so.
    `flaw` says why its members are not known.
    """

    id: str
    members: tuple[str, ...]
    missing: int | None = None
    created: float | None = None
    flaw: str | None = None
    size: int | None = None
    partial: bool = False
    parent_id: str | None = None
    body: tuple[str, ...] = ()

    @property
    def count(self) -> int | None:
        """How many members it has, None where nobody says."""
        if self.size is not None:
            return max(len(self.members), self.size)
        return None if self.partial or not self.members else len(self.members)


class StoredResult(Struct, frozen=True):
    """One task as a result backend keeps it; None is what that backend does not keep.

    `state` is in Celery's constants or the project's own. `args`, `kwargs`, `result` and `meta` are
    plain values as they were decoded, `args` and `kwargs` a text where the backend keeps a repr;
    `exception` is a repr. `children` are ids, those of the members of `groups`, which it sent,
    among them. `flaw` says why a part of it could not be decoded.
    """

    id: str
    state: str
    name: str | None = None
    args: Any = None
    kwargs: Any = None
    result: Any = None
    exception: str | None = None
    traceback: str | None = None
    worker: str | None = None
    queue: str | None = None
    retries: int | None = None
    created: float | None = None
    started: float | None = None
    finished: float | None = None
    parent_id: str | None = None
    group_id: str | None = None
    children: tuple[str, ...] | None = None
    meta: Any = None
    flaw: str | None = None
    groups: tuple[StoredGroup, ...] = ()


class ResultMeta(Struct, frozen=True):
    """What the result backend holds of a task; `error` says in one line why nothing was read.

    `status` is Celery's (PENDING also means that the backend has never heard of it), `result` a
    repr that is not cut short; `name` to `queue` are there with result_extended only. `group` has
    its members where it was saved, `meta` is what else is kept, as a repr. `flaw` says which part
    could not be decoded: that one is None.
    """

    task_id: str
    taken_at: float
    status: str | None = None
    result: str | None = None
    traceback: str | None = None
    date_done: str | None = None
    children: tuple[str, ...] = ()
    name: str | None = None
    args: str | None = None
    kwargs: str | None = None
    worker: str | None = None
    retries: int | None = None
    queue: str | None = None
    error: str | None = None
    parent_id: str | None = None
    group: StoredGroup | None = None
    meta: str | None = None
    flaw: str | None = None


class Results(Struct, frozen=True):
    """What was read of some tasks until the first failure or the time limit.

    `error` says what failed, `absent` that there is no backend that could be asked at all.
    """

    metas: tuple[ResultMeta, ...] = ()
    error: str | None = None
    absent: bool = False


class TaskGroups(Struct, frozen=True):
    """The groups that a result backend knows a task or its parent in, and those that they sent.

    `results` are what it keeps of members that are not in memory. `error` says in one line what
    could not be read; `absent` that there is no backend that could be asked at all.
    """

    task_id: str
    taken_at: float
    groups: tuple[StoredGroup, ...] = ()
    results: tuple[Task, ...] = ()
    error: str | None = None
    absent: bool = False
