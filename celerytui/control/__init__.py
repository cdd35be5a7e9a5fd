"""Everything that is asked of workers and done to them, and the registry of it."""

from celerytui.control.action import Action, CurrentValues, Group, Param, Scope, SectionReader
from celerytui.control.actionlog import ActionLog, LogEntry, log_path, overall, user_name
from celerytui.control.client import Control
from celerytui.control.inspection import SECTIONS
from celerytui.control.lookback import registered
from celerytui.control.params import problem
from celerytui.control.registry import ACTIONS, GROUPS, action, find_action, in_group
from celerytui.control.workers import DISABLE_EVENTS, ENABLE_EVENTS

__all__ = [
    "ACTIONS",
    "DISABLE_EVENTS",
    "ENABLE_EVENTS",
    "GROUPS",
    "SECTIONS",
    "Action",
    "ActionLog",
    "Control",
    "CurrentValues",
    "Group",
    "LogEntry",
    "Param",
    "Scope",
    "SectionReader",
    "action",
    "find_action",
    "in_group",
    "log_path",
    "overall",
    "problem",
    "registered",
    "user_name",
]
