"""The actions on workers."""

from __future__ import annotations

from celerytui.control.action import Action, Call, Result, Scope
from celerytui.control.replies import replies


def command(name: str, call: Call, **arguments: object) -> Result:
    """Send one control command to the targets, which are workers."""
    answers = call.talk.ask(name, arguments, call.targets)
    return Result(replies(answers, call.targets, call.talk.timeout))


ENABLE_EVENTS = Action(
    id="worker.enable_events",
    key="E",
    label="Enable task events",
    scope=Scope.WORKER,
    run=lambda call: command("enable_events", call),
)
DISABLE_EVENTS = Action(
    id="worker.disable_events",
    key="",
    label="Disable task events",
    scope=Scope.WORKER,
    run=lambda call: command("disable_events", call),
)
"""Not in the registry yet: it only undoes what this program turned on."""

ACTIONS = (ENABLE_EVENTS,)
