"""The columns of the table of task types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from celerytui.columns.column import CellContext, Column
from celerytui.columns.formats import (
    format_age,
    format_count,
    format_duration,
    format_percent,
    format_rate,
    meter,
    natural,
    short_name,
    sparkline,
)
from celerytui.columns.glyphs import signs
from celerytui.model import TaskState, TypeFigures

Figure = Callable[[TypeFigures], float | None]


def type_name(figures: TypeFigures) -> str:
    """The name of a type, or of how many the figures of all other names are."""
    if figures.others is None:
        return figures.name
    return f"other names ({figures.others:,})"


def _name_text(figures: TypeFigures, context: CellContext, width: int) -> str:
    return short_name(type_name(figures), width, ascii=context.ascii)


def _failed_text(figures: TypeFigures, context: CellContext, width: int) -> str:
    return _marked(figures.failed, TaskState.FAILURE, context, width)


def _retried_text(figures: TypeFigures, context: CellContext, width: int) -> str:
    return _marked(figures.retries, TaskState.RETRY, context, width)


def _marked(number: int, state: TaskState, context: CellContext, width: int) -> str:
    if not number:
        return signs(context.ascii).unknown
    return f"{signs(context.ascii).states[state]} {format_count(number, width - 2)}"


def _failed_role(figures: TypeFigures) -> str:
    return "failure" if figures.failed else "muted"


def _retried_role(figures: TypeFigures) -> str:
    return "warning" if figures.retries else "muted"


def _failure_rate_text(figures: TypeFigures, context: CellContext, width: int) -> str:
    rate = figures.failure_rate
    return signs(context.ascii).unknown if not rate else format_percent(rate)


def _trend_text(figures: TypeFigures, context: CellContext, width: int) -> str:
    return sparkline(joined(figures.trend, width), width, ascii=context.ascii)


def joined(trend: Sequence[float | None], width: int) -> list[float | None]:
    """The values of a trend as at most `width` means of as many slices each, newest last."""
    size = max(1, -(-len(trend) // max(1, width)))
    means: list[float | None] = []
    for end in range(len(trend), 0, -size):
        known = [one for one in trend[max(0, end - size) : end] if one is not None]
        means.append(sum(known) / len(known) if known else None)
    return means[::-1]


def _share_text(figures: TypeFigures, context: CellContext, width: int) -> str:
    return format_percent(figures.share, ascii=context.ascii)


def _quantile(
    id: str, head: str, meaning: str, figure: Figure, *, least: int = 0, width: int = 6
) -> Column[TypeFigures]:
    """A column of durations in tables of `least` cells and more."""
    return Column(
        id=id,
        header=head,
        help=meaning,
        width=width,
        min_table_width=least,
        align="right",
        text=lambda figures, context, width: format_duration(figure(figures), ascii=context.ascii),
        key=lambda figures, now: figure(figures),
        role=lambda figures: "muted" if width > 6 or figure(figures) is None else "text",
    )


TYPE_COLUMNS: tuple[Column[TypeFigures], ...] = (
    Column(
        id="name",
        header="TYPE",
        help="task name",
        width=16,
        max_width=24,
        stretch=1,
        text=_name_text,
        key=lambda figures, now: natural(figures.name),
    ),
    Column(
        id="rate",
        header="RATE",
        help="tasks that ended per second",
        width=7,
        min_table_width=60,
        align="right",
        text=lambda figures, context, width: format_rate(figures.per_second, ascii=context.ascii),
        key=lambda figures, now: figures.per_second,
    ),
    Column(
        id="succeeded",
        header="DONE",
        help="tasks that succeeded",
        width=7,
        min_table_width=84,
        align="right",
        text=lambda figures, context, width: format_count(figures.succeeded, width),
        key=lambda figures, now: figures.succeeded,
    ),
    Column(
        id="trend",
        header="TREND",
        help="tasks that ended over the window, oldest at the left",
        width=10,
        max_width=20,
        min_table_width=112,
        drawn=True,
        text=_trend_text,
        key=lambda figures, now: sum(one or 0 for one in figures.trend[-3:]),
        role=lambda figures: "muted",
    ),
    Column(
        id="failed",
        header="FAILED",
        help="tasks that failed",
        width=7,
        align="right",
        text=_failed_text,
        key=lambda figures, now: figures.failed,
        role=_failed_role,
    ),
    Column(
        id="failing",
        header="%",
        label="FAILURE RATE",
        help="part of the tasks that failed",
        width=4,
        min_table_width=68,
        align="right",
        text=_failure_rate_text,
        key=lambda figures, now: figures.failure_rate,
        role=_failed_role,
    ),
    Column(
        id="retries",
        header="RETRIED",
        help="runs that ended in a retry",
        width=7,
        min_table_width=101,
        align="right",
        text=_retried_text,
        key=lambda figures, now: figures.retries,
        role=_retried_role,
    ),
    _quantile("p50", "p50", "median runtime", lambda one: one.runtime.p50),
    _quantile("p95", "p95", "95 % ran less long", lambda one: one.runtime.p95),
    _quantile("p99", "p99", "99 % ran less long", lambda one: one.runtime.p99, least=92),
    _quantile("max", "MAX", "longest runtime", lambda one: one.runtime.max),
    _quantile("wait_p50", "WAIT p50", "median wait", lambda one: one.wait.p50, least=142, width=8),
    _quantile(
        "wait_p95",
        "WAIT p95",
        "95 % waited no longer",
        lambda one: one.wait.p95,
        least=121,
        width=8,
    ),
    Column(
        id="seen",
        header="SEEN",
        help="time since one ended",
        width=8,
        min_table_width=152,
        align="right",
        text=lambda figures, context, width: format_age(
            max(0.0, context.now - figures.last_seen), ascii=context.ascii
        ),
        key=lambda figures, now: figures.last_seen,
        live=True,
        role=lambda figures: "muted",
    ),
    Column(
        id="share",
        header="SHARE",
        help="part of the run time of all tasks",
        width=5,
        align="right",
        text=_share_text,
        key=lambda figures, now: figures.share,
        role=lambda figures: "strong" if (figures.share or 0) >= 0.005 else "muted",
    ),
    Column(
        id="bar",
        header="",
        label="OF RUN TIME",
        help="the same, drawn",
        width=6,
        max_width=11,
        min_table_width=130,
        drawn=True,
        text=lambda figures, context, width: meter(figures.share, width, ascii=context.ascii),
        key=lambda figures, now: figures.share,
        role=lambda figures: "started",
    ),
)
