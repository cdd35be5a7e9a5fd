"""Everything that is asked of workers and done to them, and the registry of it."""

from celerytui.control.action import Action, Param, Scope
from celerytui.control.client import Control
from celerytui.control.registry import ACTIONS, action

__all__ = ["ACTIONS", "Action", "Control", "Param", "Scope", "action"]
