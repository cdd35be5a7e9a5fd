"""The registry of everything that can be done to the cluster."""

from __future__ import annotations

from celerytui.control import queues, send, tasks, types, workers
from celerytui.control.action import Action, Group
from celerytui.errors import UsageError

ACTIONS: tuple[Action, ...] = (
    *tasks.ACTIONS,
    *send.ACTIONS,
    *types.ACTIONS,
    *workers.ACTIONS,
    *queues.ACTIONS,
)
GROUPS: tuple[Group, ...] = workers.GROUPS

_BY_ID = {one.id: one for one in ACTIONS}


def action(id: str) -> Action:
    """The action with this id; UsageError where there is none."""
    try:
        return _BY_ID[id]
    except KeyError:
        raise UsageError(f"there is no action {id!r}") from None


def in_group(id: str) -> tuple[Action, ...]:
    """The actions under a group's key, in the order of its menu."""
    return tuple(one for one in ACTIONS if one.group == id)
