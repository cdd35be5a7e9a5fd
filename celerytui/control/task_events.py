"""What a worker's answer says of its task events when they were turned on or off."""

from __future__ import annotations

from msgspec import Struct

from celerytui.control.registry import find_action
from celerytui.model import Outcome


class Switch(Struct, frozen=True):
    """A worker's task events are `on` or off since; `changed` where they were not so before."""

    hostname: str
    on: bool
    changed: bool


def switches(outcome: Outcome) -> list[Switch]:
    """What each worker's events are after an outcome; none where it was not about them.

    A worker that was started with -E answers that they are off already, and goes on to send them:
    such an answer says nothing.
    """
    action = find_action(outcome.action)
    on = None if action is None else action.sets_events
    if on is None:
        return []
    found = [
        Switch(reply.worker, on, "already" not in reply.text)
        for reply in outcome.replies
        if reply.ok
    ]
    return [one for one in found if one.on or one.changed]
