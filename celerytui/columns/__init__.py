"""The registry of columns, and the only place that turns values into text for people.

A column is one `Column(...)` in `tasks`, `workers`, `queues`, `types`, `failures` or `alerts`.
Foreign text is made safe by the one function `clean`.
"""

from __future__ import annotations

from celerytui.columns.alerts import ALERT_COLUMNS
from celerytui.columns.column import (
    Cell,
    CellContext,
    Column,
    Layout,
    column,
    columns_for,
    has_head,
    header_cells,
    row_cells,
    sort_arrow,
    sorted_rows,
)
from celerytui.columns.failures import FAILURE_COLUMNS, short_class
from celerytui.columns.formats import (
    UNKNOWN,
    common_worker_prefix,
    format_age,
    format_clock,
    format_count,
    format_drain,
    format_duration,
    format_id,
    format_load,
    format_percent,
    format_rate,
    format_size,
    format_span,
    format_step,
    format_until,
    format_when,
    meter,
    natural,
    short_name,
    short_worker,
    sparkline,
    state_glyph,
)
from celerytui.columns.queues import QUEUE_COLUMNS
from celerytui.columns.redelivery import lost_counts, lost_text, redelivery_text
from celerytui.columns.schedule import (
    SCHEDULE_COLUMNS,
    SIGN_ROLES,
    entry_role,
    entry_weight,
    run_glyph,
    run_role,
)
from celerytui.columns.tasks import (
    CORRECTED,
    TASK_COLUMNS,
    format_running,
    state_role,
    task_info,
    task_outcome,
)
from celerytui.columns.text import cell_width, clean, cut, pad
from celerytui.columns.types import TYPE_COLUMNS, type_name
from celerytui.columns.workers import WORKER_COLUMNS, status_role, trouble_first

__all__ = [
    "ALERT_COLUMNS",
    "CORRECTED",
    "FAILURE_COLUMNS",
    "QUEUE_COLUMNS",
    "SCHEDULE_COLUMNS",
    "SIGN_ROLES",
    "TASK_COLUMNS",
    "TYPE_COLUMNS",
    "UNKNOWN",
    "WORKER_COLUMNS",
    "Cell",
    "CellContext",
    "Column",
    "Layout",
    "cell_width",
    "clean",
    "column",
    "columns_for",
    "common_worker_prefix",
    "cut",
    "entry_role",
    "entry_weight",
    "format_age",
    "format_clock",
    "format_count",
    "format_drain",
    "format_duration",
    "format_id",
    "format_load",
    "format_percent",
    "format_rate",
    "format_running",
    "format_size",
    "format_span",
    "format_step",
    "format_until",
    "format_when",
    "has_head",
    "header_cells",
    "lost_counts",
    "lost_text",
    "meter",
    "natural",
    "pad",
    "redelivery_text",
    "row_cells",
    "run_glyph",
    "run_role",
    "short_class",
    "short_name",
    "short_worker",
    "sort_arrow",
    "sorted_rows",
    "sparkline",
    "state_glyph",
    "state_role",
    "status_role",
    "task_info",
    "task_outcome",
    "trouble_first",
    "type_name",
]
