"""Everything that is asked of workers and done to them, and the registry of it."""

from celerytui.control.action import Action, Group, Param, Scope
from celerytui.control.actionlog import ITSELF, ActionLog, Entry, log_path, user_name
from celerytui.control.client import Control
from celerytui.control.inspection import SECTIONS
from celerytui.control.lookback import LOOKS, registered
from celerytui.control.params import problem
from celerytui.control.registry import ACTIONS, GROUPS, action, in_group
from celerytui.control.survey import SURVEY_SECTIONS, TASK_SECTIONS
from celerytui.control.task_events import Switch, switches

__all__ = [
    "ACTIONS",
    "GROUPS",
    "ITSELF",
    "LOOKS",
    "SECTIONS",
    "SURVEY_SECTIONS",
    "TASK_SECTIONS",
    "Action",
    "ActionLog",
    "Control",
    "Entry",
    "Group",
    "Param",
    "Scope",
    "Switch",
    "action",
    "in_group",
    "log_path",
    "problem",
    "registered",
    "switches",
    "user_name",
]
