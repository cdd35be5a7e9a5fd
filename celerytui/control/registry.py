"""The registry of everything that can be done to the cluster."""

from __future__ import annotations

from celerytui.control import marks, queues, schedule, send, tasks, types, workers
from celerytui.control.action import Action, Group
from celerytui.errors import UsageError

ACTIONS: tuple[Action, ...] = (
    *tasks.ACTIONS,
    *send.ACTIONS,
    *types.ACTIONS,
    *workers.ACTIONS,
    *queues.ACTIONS,
    *marks.ACTIONS,
    *schedule.ACTIONS,
)
GROUPS: tuple[Group, ...] = (*workers.GROUPS, *schedule.GROUPS)

ERRORS = {part: meaning for one in ACTIONS for part, meaning in one.errors.items()}
"""The known errors of all actions: one command may send what another one means."""

_BY_ID = {one.id: one for one in ACTIONS}


def find_action(id: str) -> Action | None:
    """The action with this id, None where this version has none."""
    return _BY_ID.get(id)


def action(id: str) -> Action:
    """The action with this id; UsageError where there is none."""
    found = find_action(id)
    if found is None:
        raise UsageError(f"there is no action {id!r}")
    return found


def in_group(id: str) -> tuple[Action, ...]:
    """The actions under a group's key, in the order of its menu."""
    return tuple(one for one in ACTIONS if one.group == id)
