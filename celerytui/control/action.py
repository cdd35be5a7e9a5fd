"""What an action is: one thing that can be done to the cluster, and what it is given to do it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct

from celerytui.control.pidbox import Pidbox
from celerytui.model import Item, Reply, Task


class Scope(enum.Enum):
    """What the targets of an action are.

    Ids of tasks, names of task types, hostnames, names of queues, or nothing.
    """

    TASK = "task"
    TYPE = "type"
    WORKER = "worker"
    QUEUE = "queue"
    CLUSTER = "cluster"


ParamKind = Literal["choice", "text", "number", "json", "duration", "time", "name"]


class Param(Struct, frozen=True):
    """A value that an action asks for; it comes as text, "" where nothing was given.

    `kind` says how the text is read (see `params.value`), `suggest` what completes it: "tasks",
    "queues" or "workers". A "choice" is one of `choices`; a "number" is whole and at least
    `minimum`; "json" is of the `shape` list or object where that is said.
    """

    name: str
    label: str
    kind: ParamKind = "text"
    choices: tuple[str, ...] = ()
    default: str = ""
    required: bool = False
    help: str = ""
    suggest: str = ""
    minimum: int | None = None
    shape: Literal["", "list", "object"] = ""


class Group(Struct, frozen=True):
    """Actions that share one key, which opens a menu of them."""

    id: str
    key: str
    label: str
    scope: Scope


NO_TASKS: Mapping[str, Task] = {}


def unwatched(done: int, total: int, note: str) -> None:
    """Take no notice of progress."""


class Call(Struct, frozen=True):
    """One use of an action, as its `run` gets it.

    `params` holds a text for every declared Param and `values` what it means (None for ""),
    `workers` the hostnames that are expected to answer, `tasks` what is held of the targets that
    are tasks. A `run` that takes long looks at `cancelled()` between its steps and tells
    `progress` (done, total, what it does now).
    """

    app: Any
    pidbox: Pidbox
    targets: tuple[str, ...]
    params: Mapping[str, str]
    values: Mapping[str, Any]
    workers: tuple[str, ...]
    cancelled: Callable[[], bool]
    tasks: Mapping[str, Task] = NO_TASKS
    progress: Callable[[int, int, str], None] = unwatched


class Result(Struct, frozen=True):
    """What came back from a `run`; `error` says in one line why it did not do all of it.

    `expected` is what the look back compares with, by hostname.
    """

    replies: tuple[Reply, ...]
    error: str | None = None
    items: tuple[Item, ...] = ()
    expected: Mapping[str, Any] = {}


class Action(Struct, frozen=True, kw_only=True):
    """One thing that can be done to the cluster; its key, menu line and dialog follow from it.

    `changes` is what read-only mode refuses, `destructive` what asks before it is done, `typed`
    what asks for the target's name to be typed. An action in a `group` is under the group's key.
    """

    id: str
    label: str
    scope: Scope
    run: Callable[[Call], Result]
    key: str = ""
    group: str = ""
    changes: bool = True
    destructive: bool = False
    typed: bool = False
    params: tuple[Param, ...] = ()
    help: str = ""

    @property
    def targeted(self) -> bool:
        """Whether it needs at least one target."""
        return self.scope is not Scope.CLUSTER
