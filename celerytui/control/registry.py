"""The registry of everything that can be done to the cluster."""

from __future__ import annotations

from celerytui.control import tasks, workers
from celerytui.control.action import Action
from celerytui.errors import UsageError

ACTIONS: tuple[Action, ...] = (*tasks.ACTIONS, *workers.ACTIONS)

_BY_ID = {one.id: one for one in ACTIONS}


def action(id: str) -> Action:
    """The action with this id; UsageError where there is none."""
    try:
        return _BY_ID[id]
    except KeyError:
        raise UsageError(f"there is no action {id!r}") from None
