"""The columns of the table of periodic tasks."""

from __future__ import annotations

from celerytui.columns.column import CellContext, Column
from celerytui.columns.formats import (
    format_clock,
    format_count,
    format_span,
    format_when,
    natural,
    short_name,
    state_glyph,
)
from celerytui.columns.glyphs import ASCII, UNICODE, signs
from celerytui.columns.tasks import state_role
from celerytui.columns.text import clean
from celerytui.model import EntryRun, ScheduleEntry, TaskState

_SIGNS = {
    "missed": ("warning", "failure bold"),
    "late": ("growing", "warning bold"),
    "disabled": ("", "muted"),
    "over": ("", "muted"),
}
_WEIGHT = ("missed", "late", "running", "ok", "unknown", "over", "disabled")
OVERDUE = "overdue"
SIGN_ROLES = {" ": "text"} | {
    glyphs.state(state): state_role(state) for glyphs in (ASCII, UNICODE) for state in TaskState
}
"""The colour roles of the signs of states."""


def entry_weight(entry: ScheduleEntry) -> int:
    """The place of an entry by how much it needs a look, what is wrong first."""
    return _WEIGHT.index(entry.standing)


def _is_odd(entry: ScheduleEntry) -> bool:
    """Whether it needs a look though its runs come: it overlaps, differs or cannot be read."""
    plan = entry.plan
    return bool(plan.trouble or plan.unread or entry.differs or entry.running > 1)


def entry_role(entry: ScheduleEntry) -> str:
    """The colour role of how an entry stands."""
    if entry.standing not in _SIGNS and _is_odd(entry):
        return "warning"
    return _SIGNS.get(entry.standing, ("", "text"))[1]


def _sign(entry: ScheduleEntry, context: CellContext, width: int) -> str:
    if entry.standing in ("disabled", "over"):
        return state_glyph(TaskState.REVOKED, ascii=context.ascii)
    glyphs = signs(context.ascii)
    if entry.standing in _SIGNS:
        return str(glyphs[_SIGNS[entry.standing][0]])
    if _is_odd(entry):
        return glyphs.warning
    return state_glyph(TaskState.STARTED, ascii=context.ascii) if entry.running else ""


def _sign_role(entry: ScheduleEntry) -> str:
    if entry.standing not in _SIGNS and entry.running and not _is_odd(entry):
        return "started"
    return entry_role(entry)


def _quiet(entry: ScheduleEntry) -> str:
    return "muted"


def _name_role(entry: ScheduleEntry) -> str:
    return "muted" if entry.standing in ("disabled", "over") else "text"


def _next_text(entry: ScheduleEntry, context: CellContext, width: int) -> str:
    if entry.standing in ("disabled", "over"):
        return entry.why_unknown
    if entry.due_at is None:
        return signs(context.ascii).unknown
    if entry.overdue:
        return OVERDUE
    due = format_when(max(entry.due_at, context.now + 1), context.now, context.utc)
    if len(due) > width:
        return format_clock(entry.due_at, context.utc, now=context.now)
    return f"about {due.removeprefix('in ')}" if entry.about and width > 10 else due


def _next_role(entry: ScheduleEntry) -> str:
    return entry_role(entry) if entry.overdue else _name_role(entry)


def _late_text(entry: ScheduleEntry, context: CellContext, width: int) -> str:
    if entry.standing == "missed":
        return "missed" if width >= 6 else "!"
    return format_span(entry.late_by, ascii=context.ascii)


def _late_role(entry: ScheduleEntry) -> str:
    return entry_role(entry) if entry.overdue else "muted"


def _failed_role(entry: ScheduleEntry) -> str:
    return "failure" if entry.failures else "muted"


def run_glyph(run: EntryRun, *, ascii: bool) -> str:
    """One run in one cell: how it ended, or how far it is."""
    return state_glyph(run.state, ascii=ascii)


def run_role(run: EntryRun) -> str:
    """The colour role of a run."""
    return state_role(run.state)


def _last_runs(entry: ScheduleEntry, context: CellContext, width: int) -> str:
    if not entry.recent:
        return "once, then disabled" if entry.plan.one_off and entry.plan.enabled else ""
    newest = entry.recent[-width:] if width > 0 else ()
    return "".join(run_glyph(run, ascii=context.ascii) for run in newest)


SCHEDULE_COLUMNS: tuple[Column[ScheduleEntry], ...] = (
    Column(
        id="sign",
        header="",
        label="STATE",
        help="missed, late, running, or off; a warning where runs overlap or sources disagree",
        width=1,
        text=_sign,
        key=lambda entry, now: -entry_weight(entry),
        role=_sign_role,
        drawn=True,
    ),
    Column(
        id="name",
        header="NAME",
        help="name of the entry",
        width=16,
        max_width=22,
        stretch=1,
        gap=1,
        narrow_under=60,
        narrow_width=10,
        text=lambda entry, context, width: clean(entry.name, limit=256),
        key=lambda entry, now: natural(entry.name),
        role=_name_role,
    ),
    Column(
        id="task",
        header="TASK",
        help="task that it sends",
        width=18,
        max_width=20,
        min_table_width=112,
        text=lambda entry, context, width: short_name(
            entry.plan.task or None, width, ascii=context.ascii
        ),
        key=lambda entry, now: natural(entry.plan.task),
        role=_quiet,
    ),
    Column(
        id="schedule",
        header="SCHEDULE",
        help="its schedule, with the time zone where that matters",
        width=17,
        max_width=26,
        narrow_under=66,
        narrow_width=14,
        text=lambda entry, context, width: clean(entry.words, limit=200),
        key=lambda entry, now: natural(entry.words),
        role=_name_role,
    ),
    Column(
        id="last",
        header="LAST RUN",
        help="when it was last sent",
        width=8,
        min_table_width=70,
        align="right",
        text=lambda entry, context, width: format_clock(
            entry.last_run_at, context.utc, now=context.now, ascii=context.ascii
        ),
        key=lambda entry, now: entry.last_run_at,
        role=_quiet,
    ),
    Column(
        id="late",
        header="LATE",
        help="by how much the overdue run is late, else the last one was",
        width=6,
        min_table_width=58,
        align="right",
        text=_late_text,
        key=lambda entry, now: entry.late_by,
        role=_late_role,
    ),
    Column(
        id="next",
        header="NEXT",
        help="when it is due next",
        width=12,
        narrow_under=100,
        narrow_width=9,
        text=_next_text,
        key=lambda entry, now: entry.due_at,
        role=_next_role,
    ),
    Column(
        id="runs",
        header="RUNS",
        help="runs seen since the monitor was started",
        width=5,
        min_table_width=84,
        align="right",
        text=lambda entry, context, width: format_count(entry.runs, width, ascii=context.ascii),
        key=lambda entry, now: entry.runs,
        role=_name_role,
    ),
    Column(
        id="failed",
        header="FAILED",
        help="runs of these that failed",
        width=6,
        min_table_width=84,
        align="right",
        text=lambda entry, context, width: format_count(entry.failures, width, ascii=context.ascii),
        key=lambda entry, now: entry.failures,
        role=_failed_role,
    ),
    Column(
        id="recent",
        header="LAST RUNS",
        help="the last runs, one sign each, the newest at the right",
        width=12,
        max_width=24,
        min_table_width=100,
        text=_last_runs,
        key=lambda entry, now: entry.failures,
        role=_quiet,
    ),
)
