"""The columns of the table of failures."""

from __future__ import annotations

from celerytui.columns.column import CellContext, Column
from celerytui.columns.formats import (
    format_age,
    format_clock,
    format_count,
    natural,
    short_name,
    short_worker,
    sparkline,
    state_glyph,
)
from celerytui.columns.text import clean
from celerytui.model import TaskState
from celerytui.store import FailureRow, in_cells

_STANDINGS = ("new", "again", "", "resolved")


def short_class(name: str) -> str:
    """A class without its module, cleaned."""
    return clean(name, limit=256).rpartition(".")[2] or clean(name, limit=256)


def _role(row: FailureRow) -> str:
    return "muted" if row.standing == "resolved" else "text"


def _count_text(row: FailureRow, context: CellContext, width: int) -> str:
    if row.failed or not row.retried:
        return format_count(row.failed, width, ascii=context.ascii)
    retried = format_count(row.retried, width - 1, ascii=context.ascii)
    return state_glyph(TaskState.RETRY, ascii=context.ascii) + retried


def _count_role(row: FailureRow) -> str:
    return "strong" if row.failed and row.standing != "resolved" else "muted"


def _trend_role(row: FailureRow) -> str:
    return "failure" if row.failed and row.standing != "resolved" else "muted"


def _standing_role(row: FailureRow) -> str:
    return "warning bold" if row.standing in ("new", "again") else "muted"


def _standing_text(row: FailureRow, context: CellContext, width: int) -> str:
    if width >= len(row.standing):
        return row.standing
    if row.standing == "resolved":
        return state_glyph(TaskState.SUCCESS, ascii=context.ascii)
    return "!" if row.standing else ""


def _exception_text(row: FailureRow, context: CellContext, width: int) -> str:
    name = short_class(row.exception)
    message = clean(row.message, limit=512)
    return f"{name}  {message}" if message else name


def _workers_text(row: FailureRow, context: CellContext, width: int) -> str:
    names = [short_worker(name, context.worker_prefix, ascii=context.ascii)
             for name, _ in row.workers]  # fmt: skip
    return " ".join(names)


FAILURE_COLUMNS: tuple[Column[FailureRow], ...] = (
    Column(
        id="count",
        header="COUNT",
        help="failures in the window; where there are none, the retried attempts with their sign",
        width=6,
        align="right",
        text=_count_text,
        key=lambda row, now: row.failed,
        role=_count_role,
    ),
    Column(
        id="retried",
        header="RETRIED",
        help="attempts in the window that were retried",
        width=7,
        min_table_width=92,
        align="right",
        text=lambda row, context, width: (
            format_count(row.retried, width, ascii=context.ascii) if row.retried else ""
        ),
        key=lambda row, now: row.retried,
        role=_role,
    ),
    Column(
        id="trend",
        header="TREND",
        help="failures over the window",
        width=10,
        min_table_width=70,
        drawn=True,
        text=lambda row, context, width: sparkline(
            in_cells(row.slices, width), width, ascii=context.ascii
        ),
        key=lambda row, now: row.failed,
        role=_trend_role,
    ),
    Column(
        id="standing",
        header="",
        label="NEW",
        help="new: first seen after the last mark, else in the last hour; again: was resolved",
        width=5,
        narrow_under=104,
        narrow_width=1,
        text=_standing_text,
        key=lambda row, now: _STANDINGS.index(row.standing),
        role=_standing_role,
    ),
    Column(
        id="name",
        header="TASK",
        help="task name",
        width=16,
        narrow_under=70,
        narrow_width=12,
        text=lambda row, context, width: short_name(row.task or None, width, ascii=context.ascii),
        key=lambda row, now: natural(row.task),
        role=_role,
    ),
    Column(
        id="exception",
        header="EXCEPTION",
        help="exception, or what happened to the task, and the newest message",
        width=18,
        stretch=1,
        text=_exception_text,
        key=lambda row, now: short_class(row.exception).lower(),
        role=_role,
    ),
    Column(
        id="place",
        header="AT",
        help="innermost line of your own code, in the newest failure",
        width=16,
        min_table_width=116,
        text=lambda row, context, width: clean(row.place, limit=80),
        key=lambda row, now: row.place or None,
        role=lambda row: "muted",
    ),
    Column(
        id="first",
        header="FIRST",
        help="when it was first seen",
        width=8,
        min_table_width=92,
        align="right",
        text=lambda row, context, width: format_clock(
            row.first_seen, context.utc, now=context.now, ascii=context.ascii
        ),
        key=lambda row, now: row.first_seen,
        role=lambda row: "muted",
    ),
    Column(
        id="last",
        header="LAST",
        help="time since it was last seen",
        width=10,
        min_table_width=56,
        align="right",
        text=lambda row, context, width: format_age(
            max(0.0, context.now - row.last_seen), ascii=context.ascii
        ),
        key=lambda row, now: row.last_seen,
        role=_role,
    ),
    Column(
        id="workers",
        header="WORKERS",
        help="workers it failed on, the most frequent first",
        width=12,
        min_table_width=126,
        text=_workers_text,
        key=lambda row, now: len(row.workers),
        role=lambda row: "muted",
    ),
)
