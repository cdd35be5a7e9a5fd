"""Sending tasks: new ones, and those that were there once more."""

from __future__ import annotations

from celerytui.control.action import Action, Call, Param, Result, Scope

OPTIONS = (
    Param("queue", "Queue", "name", suggest="queues", help="as it is routed where empty"),
    Param("countdown", "Countdown", "duration", help="start no sooner than that from now"),
    Param("eta", "ETA", "time", help="or no sooner than at this time"),
    Param("expires", "Expires", "duration", help="do not start later than that from now"),
    Param("priority", "Priority", "number", minimum=0, help="0 to 255, as the broker has them"),
)


def _send(call: Call) -> Result:
    return Result((), "not possible")


def _run_again(call: Call) -> Result:
    return Result((), "not possible")


ACTIONS = (
    Action(
        id="task.run_again",
        key="R",
        label="Run again",
        scope=Scope.TASK,
        params=(
            Param("args", "Args", "json", shape="list", help="as they were where empty"),
            Param("kwargs", "Kwargs", "json", shape="object", help="as they were where empty"),
            *OPTIONS,
        ),
        run=_run_again,
        help="sends a new task with the same arguments, which are never guessed",
    ),
    Action(
        id="task.send",
        label="Send a task",
        scope=Scope.CLUSTER,
        params=(
            Param("name", "Task", "name", required=True, suggest="tasks"),
            Param("args", "Args", "json", default="[]", shape="list"),
            Param("kwargs", "Kwargs", "json", default="{}", shape="object"),
            *OPTIONS,
        ),
        run=_send,
    ),
)
