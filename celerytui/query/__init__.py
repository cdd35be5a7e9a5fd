"""Which tasks to show, and in which order."""

from __future__ import annotations

from celerytui.query.fields import FIELDS, Field
from celerytui.query.hints import hint
from celerytui.query.parse import EMPTY, Filter, parse_filter
from celerytui.query.suggest import quoted, suggest
from celerytui.query.view import TaskView

__all__ = [
    "EMPTY",
    "FIELDS",
    "Field",
    "Filter",
    "TaskView",
    "hint",
    "parse_filter",
    "quoted",
    "suggest",
]
