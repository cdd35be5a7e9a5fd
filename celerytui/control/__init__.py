"""Everything that is asked of workers and done to them, and the registry of it."""

from celerytui.control.action import Action, Group, Param, Scope
from celerytui.control.actionlog import ActionLog, Entry, log_path, user_name
from celerytui.control.client import Control
from celerytui.control.inspection import SECTIONS
from celerytui.control.lookback import LOOKS, registered
from celerytui.control.params import problem
from celerytui.control.registry import ACTIONS, GROUPS, action, in_group

__all__ = [
    "ACTIONS",
    "GROUPS",
    "LOOKS",
    "SECTIONS",
    "Action",
    "ActionLog",
    "Control",
    "Entry",
    "Group",
    "Param",
    "Scope",
    "action",
    "in_group",
    "log_path",
    "problem",
    "registered",
    "user_name",
]
