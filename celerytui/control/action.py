"""What an action is: one thing that can be done to the cluster, and what it is given to do it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from celerytui.control.lookback import Look
from celerytui.control.pidbox import Pidbox
from celerytui.model import Item, Reply, Task, TaskState


class Scope(enum.Enum):
    """What the targets of an action are.

    Ids of tasks, names of task types, hostnames, names of queues, names of entries of the schedule,
    or nothing.
    """

    TASK = "task"
    TYPE = "type"
    WORKER = "worker"
    QUEUE = "queue"
    ENTRY = "entry"
    CLUSTER = "cluster"

    @property
    def noun(self) -> str:
        """What one target is called, "" where there is none."""
        return _NOUNS.get(self, self.value)


_NOUNS = {Scope.TYPE: "task name", Scope.CLUSTER: ""}


class Reach(Struct, frozen=True):
    """Where an action is carried out that is no command to workers, in the words of its question.

    `caution` is what the user should know of it.
    """

    where: str
    caution: str = ""


ParamKind = Literal["choice", "text", "number", "json", "duration", "time", "name"]


class Param(Struct, frozen=True):
    """A value that an action asks for; it comes as text, "" where nothing was given.

    `kind` says how the text is read (see `params.value`), `suggest` what completes it: "tasks",
    "queues" or "workers". A "choice" is one of `choices`; a "number" is whole and at least
    `minimum`; "json" is of the `shape` list or object where that is said. It is filled in with what
    the row under the cursor has of the scope `here`: a queue's row or a task's has a queue.
    `ruled_out` gives, of the schedule and the targets, the choices that are none there, each with
    the reason; it waits for nobody.
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
    here: Scope | None = None
    ruled_out: Callable[[Any, Sequence[str]], Mapping[str, str]] | None = None


class Effect(Struct, frozen=True):
    """What an action does to a task in one state; `warns` where that may not be what is wanted.

    `instead` is the id of the action that does more, and `does` says what it does. Where it does
    not `reach` such a task nothing is sent about it.
    """

    text: str
    warns: bool = False
    instead: str = ""
    does: str = ""
    reaches: bool = True


class CurrentValues(Struct, frozen=True):
    """What holds for a target now: values by the name of their parameter, and a text for all."""

    values: Mapping[str, str]
    text: str


class SectionReader(Struct, frozen=True):
    """Where the values that hold now come from: a section of a worker, one of SECTIONS.

    `read` gets the section's data and the target; None where the worker does not list it.
    """

    section: str
    read: Callable[[Any, str], CurrentValues | None]


class Group(Struct, frozen=True):
    """Actions that share one key, which opens a menu of them."""

    id: str
    key: str
    label: str
    scope: Scope


LOCAL = (Scope.ENTRY,)
"""The scopes whose keys work only where their targets are shown: elsewhere they do other things."""

NO_TASKS: Mapping[str, Task] = {}


def unwatched(done: int, total: int, note: str) -> None:
    """Take no notice of progress."""


class Call(Struct, frozen=True):
    """One use of an action, as its `run` gets it.

    `params` holds a text for every declared Param and `values` what it means (None for ""),
    `workers` the hostnames that are expected to answer, `tasks` what is held of the targets that
    are tasks, `entries` is the schedule. A `run` that takes long looks at `cancelled()` between its
    steps and tells `progress` (done, total, what it does now).
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
    entries: Any = None


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

    `words` are others that people look for it by. `changes` is what read-only mode refuses,
    `destructive` what asks before it is done, `typed` what asks for the target's name to be typed.
    An action in a `group` is under the group's key.

    Before: `edits_arguments` finds the task's real arguments for its form, `sends_again` has the
    question say which tasks will run anyway and so twice, `current` fills the form
    with what holds now, `button` is the word on it ("" for the label), `effect` says what will
    become of a task in a state with these parameters, `queue_effect` what of the messages that
    wait in a queue, in words that follow their number, `reach` where it is done (None: by the
    workers). `wanted` says of a worker, or of an entry, that this is what it needs: then its group
    is no menu, and where no worker is chosen, those are meant. `mends` are the ids of the detectors
    whose alerts it answers: it comes first in the menu of what has one.

    Afterwards: `look` is how its effect is checked, `aside` a part of the replies of workers that
    are not concerned, and what is said of their number instead, `errors` what parts of the replies,
    in Celery's words, mean in plain ones, `sets_events` whether a worker that agreed sends task
    events.
    """

    id: str
    label: str
    scope: Scope
    run: Callable[[Call], Result]
    key: str = ""
    group: str = ""
    words: tuple[str, ...] = ()
    changes: bool = True
    destructive: bool = False
    typed: bool = False
    params: tuple[Param, ...] = ()
    help: str = ""
    reach: Reach | None = None
    edits_arguments: bool = False
    sends_again: bool = False
    current: SectionReader | None = None
    button: str = ""
    effect: Callable[[TaskState, Mapping[str, str]], Effect] | None = None
    queue_effect: Callable[[int | None, Mapping[str, str]], str] | None = None
    wanted: Callable[[Any], bool] | None = None
    mends: tuple[str, ...] = ()
    look: Look | None = None
    aside: tuple[str, str] | None = None
    errors: Mapping[str, str] = {}
    sets_events: bool | None = None

    @property
    def targeted(self) -> bool:
        """Whether it needs at least one target."""
        return self.scope is not Scope.CLUSTER
