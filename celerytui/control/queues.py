"""The actions on queues."""

from __future__ import annotations

from celerytui.control.action import Action, Call, Param, Result, Scope
from celerytui.model import Item


def _purge(call: Call) -> Result:
    return Result((), items=tuple(Item(one, None, "not tried") for one in call.targets))


def _purge_by_name(call: Call) -> Result:
    return Result((), items=tuple(Item(one, None, "not tried") for one in call.targets))


ACTIONS = (
    Action(
        id="queue.purge",
        key="X",
        label="Purge",
        scope=Scope.QUEUE,
        destructive=True,
        typed=True,
        run=_purge,
        help="throws away every message that waits in the queue",
    ),
    Action(
        id="queue.purge_by_name",
        label="Purge one kind of task",
        scope=Scope.QUEUE,
        destructive=True,
        typed=True,
        params=(Param("task", "Task", "name", required=True, suggest="tasks"),),
        run=_purge_by_name,
        help="throws away the waiting messages of one task name, on Redis only",
    ),
)
