"""Which tasks to show, and in which order."""

from __future__ import annotations

from celerytui.query.fields import FIELDS, Field
from celerytui.query.flag import check_filters, parse_query, read_since
from celerytui.query.hints import hint
from celerytui.query.parse import EMPTY, Filter, parse_filter
from celerytui.query.required import Required
from celerytui.query.suggest import half_typed, quoted, suggest
from celerytui.query.view import TaskView

__all__ = [
    "EMPTY",
    "FIELDS",
    "Field",
    "Filter",
    "Required",
    "TaskView",
    "check_filters",
    "half_typed",
    "hint",
    "parse_filter",
    "parse_query",
    "quoted",
    "read_since",
    "suggest",
]
