"""Everything that is asked of workers and done to them, and the registry of it."""

from celerytui.control.action import (
    LOCAL,
    Action,
    CurrentValues,
    Group,
    Param,
    Scope,
    SectionReader,
)
from celerytui.control.actionlog import (
    ITSELF,
    ActionLog,
    LogEntry,
    log_line,
    log_path,
    overall,
)
from celerytui.control.choices import Choices, Order, choices_path
from celerytui.control.client import Control
from celerytui.control.command_line import set_mark
from celerytui.control.doubts import Answer, Question
from celerytui.control.inspection import SECTIONS
from celerytui.control.lookback import registered
from celerytui.control.params import problem
from celerytui.control.questions import Silences
from celerytui.control.registry import ACTIONS, GROUPS, action, find_action, in_group
from celerytui.control.replies import without_aside
from celerytui.control.resolutions import Resolutions
from celerytui.control.schedule import Entries
from celerytui.control.survey import SURVEY_SECTIONS, TASK_SECTIONS, survey_of
from celerytui.control.task_events import Switch, switches
from celerytui.control.user import user_name
from celerytui.control.workers import DISABLE_EVENTS, ENABLE_EVENTS

__all__ = [
    "ACTIONS",
    "DISABLE_EVENTS",
    "ENABLE_EVENTS",
    "GROUPS",
    "ITSELF",
    "LOCAL",
    "SECTIONS",
    "SURVEY_SECTIONS",
    "TASK_SECTIONS",
    "Action",
    "ActionLog",
    "Answer",
    "Choices",
    "Control",
    "CurrentValues",
    "Entries",
    "Group",
    "LogEntry",
    "Order",
    "Param",
    "Question",
    "Resolutions",
    "Scope",
    "SectionReader",
    "Silences",
    "Switch",
    "action",
    "choices_path",
    "find_action",
    "in_group",
    "log_line",
    "log_path",
    "overall",
    "problem",
    "registered",
    "set_mark",
    "survey_of",
    "switches",
    "user_name",
    "without_aside",
]
