"""What an action is: one thing that can be done to the cluster, and what it is given to do it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from celerytui.control.talk import Talk
from celerytui.model import Reply


class Scope(enum.Enum):
    """What the targets of an action are: ids of tasks, hostnames, names of queues, or nothing."""

    TASK = "task"
    WORKER = "worker"
    QUEUE = "queue"
    CLUSTER = "cluster"


class Param(Struct, frozen=True):
    """A value that an action asks for; with `choices` it must be one of them."""

    name: str
    label: str
    choices: tuple[str, ...] = ()
    default: str = ""


class Call(Struct, frozen=True):
    """One use of an action, as its `run` gets it.

    `params` holds a value for every declared Param, `workers` the hostnames that are expected to
    answer. A `run` that takes long looks at `cancelled()` between its steps.
    """

    app: Any
    talk: Talk
    targets: tuple[str, ...]
    params: Mapping[str, str]
    workers: tuple[str, ...]
    cancelled: Callable[[], bool]


class Result(Struct, frozen=True):
    """What came back from a `run`; `error` says in one line why it did not do all of it."""

    replies: tuple[Reply, ...]
    error: str | None = None


class Action(Struct, frozen=True, kw_only=True):
    """One thing that can be done to the cluster; its key, menu line and dialog follow from it.

    `changes` is what read-only mode refuses, `destructive` what asks before it is done.
    """

    id: str
    key: str
    label: str
    scope: Scope
    run: Callable[[Call], Result]
    changes: bool = True
    destructive: bool = False
    params: tuple[Param, ...] = ()

    @property
    def targeted(self) -> bool:
        """Whether it needs at least one target."""
        return self.scope is not Scope.CLUSTER
