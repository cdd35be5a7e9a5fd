"""The columns of the table of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celerytui.columns.column import CellContext, Column
from celerytui.columns.formats import (
    format_clock,
    format_count,
    format_duration,
    format_id,
    format_until,
    meter,
    short_name,
    short_worker,
    state_glyph,
)
from celerytui.columns.glyphs import UNICODE, signs
from celerytui.columns.text import clean, cut
from celerytui.model import CLOCKS_AGREE, Progress, Task, TaskState

CORRECTED = UNICODE.corrected
"""Stands before a figure that two clocks which differ were corrected for."""

_INFO_LIMIT = 512
_NO_KWARGS = frozenset({None, "", "{}"})
_STATE_ROLES = {
    TaskState.SENT: "sent",
    TaskState.RECEIVED: "received",
    TaskState.STARTED: "started",
    TaskState.RETRY: "retry",
    TaskState.SUCCESS: "success",
    TaskState.FAILURE: "failure",
    TaskState.REVOKED: "muted",
    TaskState.REJECTED: "warning",
    TaskState.CANCELLED: "muted",
    TaskState.LOST: "failure",
    TaskState.MISSED: "missed",
}
_RECEDING = frozenset({TaskState.SUCCESS, TaskState.REVOKED, TaskState.CANCELLED})
_STARTED, _RETRY, _SUCCESS = TaskState.STARTED, TaskState.RETRY, TaskState.SUCCESS
_UNSTARTED = frozenset({TaskState.SENT, TaskState.RECEIVED, TaskState.RETRY})


def state_role(state: TaskState) -> str:
    """The colour role of a state's glyph, and of its word unless the row recedes."""
    return _STATE_ROLES[state]


def _state_word(task: Task) -> str:
    return "muted" if task.state in _RECEDING else _STATE_ROLES[task.state]


def _state_mark(task: Task) -> str:
    return _STATE_ROLES[task.state]


def _receding(task: Task) -> str:
    return "muted" if task.state in _RECEDING else "text"


def _muted(_row: Any) -> str:
    return "muted"


def _state_text(task: Task, context: CellContext, width: int) -> str:
    glyph = state_glyph(task.state, ascii=context.ascii)
    if width < 4:
        return glyph
    word = task.state.label
    if task.state is TaskState.STARTED:
        word = progress_text(task.progress, width - 2, ascii=context.ascii) or word
    elif task.state is TaskState.RETRY:
        if task.retries is not None:
            word = f"{word} {format_count(task.retries, 4)}"
    elif task.more.eta is not None and task.held_until(context.now) is not None:
        word = "until ETA"
    stored = f" {signs(context.ascii).stored}" if task.more.source is not None else ""
    return f"{glyph} {word}{stored}"


def progress_text(progress: Progress | None, width: int, *, ascii: bool = False) -> str:
    """A bar and `42%`, or `at 1,204` where the total is unknown; empty where nothing is."""
    if progress is None or progress.current is None:
        return ""
    part = progress.part
    if part is None:
        return f"at {format_count(round(progress.current), width - 3)}"
    # Not rounded up: what is not done is no 100%.
    return f"{meter(part, max(1, width - 5), ascii=ascii)} {int(part * 100):>3}%"


def _foreign(value: str | None, context: CellContext, width: int) -> str:
    if value is None:
        return signs(context.ascii).unknown
    ellipsis = signs(context.ascii).ellipsis
    # A cell never shows more than its width, so that a result of 10 MB costs no more than a word.
    return cut(clean(value, limit=max(16, width * 4)), width, ellipsis=ellipsis)


def task_info(task: Task) -> str | None:
    """The arguments, or the exception of a task that failed or is tried again; not cleaned."""
    if task.state in (TaskState.FAILURE, TaskState.RETRY) and task.more.exception:
        return task.more.exception
    if task.kwargs in (None, "", "{}"):
        return task.args
    if task.args in (None, "", "()", "[]"):
        return task.kwargs
    # Both may be of any length, and a cell shows little of them.
    return f"{task.args[:_INFO_LIMIT]} {task.kwargs[:_INFO_LIMIT]}"


def task_outcome(task: Task) -> str | None:
    """The result, or the exception where there is one; not cleaned."""
    return task.more.exception if task.result is None else task.result


def format_running(task: Task, now: float, *, ascii: bool = False) -> str:
    """How long it ran, `1.20s`, or runs, `~3m02s…`; empty where it did not start."""
    seconds = task.running(now)
    if seconds is None:
        return ""
    running = task.state is TaskState.STARTED
    text = format_duration(seconds, running=running, ascii=ascii)
    return CORRECTED + text if running and task.more.worker_ahead else text


def _runtime_text(task: Task, context: CellContext, _width: int) -> str:
    if task.state in _UNSTARTED:
        due = task.held_until(context.now)
        return "" if due is None else format_until(due - context.now, ascii=context.ascii)
    return format_running(task, context.now, ascii=context.ascii)


def _runtime_role(task: Task) -> str:
    return "retry" if task.state in _UNSTARTED else _receding(task)


def _wait_text(task: Task, context: CellContext, _width: int) -> str:
    seconds = task.waiting(context.now)
    if seconds is None:
        unknown = task.state < _SUCCESS or task.clocks_differ(context.now) is not None
        return signs(context.ascii).unknown if unknown else ""
    text = format_duration(seconds, ascii=context.ascii)
    return CORRECTED + text if is_wait_corrected(task) else text


def is_wait_corrected(task: Task) -> bool:
    """Whether the clocks of two hosts differ and its wait was corrected by as much."""
    extra = task.extra
    if extra is None:
        return False
    if task.started is not None or task.state.finished:
        return task.sent is not None and bool(task.apart)
    return bool(extra.worker_ahead if task.sent is None else extra.client_ahead)


def _eta_text(task: Task, context: CellContext, _width: int) -> str:
    eta = task.more.eta
    return "" if eta is None else format_clock(eta, context.utc, now=context.now)


# The keys of many tasks: what is so for most of them is found without a call for each.


def _infos(tasks: Sequence[Task], _now: float) -> list[str | None]:
    return [
        task.args if task.extra is None and task.kwargs in _NO_KWARGS else task_info(task)
        for task in tasks
    ]


def _outcomes(tasks: Sequence[Task], _now: float) -> list[str | None]:
    return [task.result if task.extra is None else task_outcome(task) for task in tasks]


def _etas(tasks: Sequence[Task], _now: float) -> list[float | None]:
    return [None if (extra := task.extra) is None else extra.eta for task in tasks]


def _waits(tasks: Sequence[Task], now: float) -> list[float | None]:
    return [
        task.waiting(now)
        if task.state is _RETRY
        or (
            (extra := task.extra) is not None
            and not (extra.eta is extra.retried is extra.worker_shift is extra.client_shift is None)
        )
        else None
        if (begin := task.received if task.sent is None else task.sent) is None
        or ((end := task.started) is None and (end := _unless_finished(task, now)) is None)
        or (waited := end - begin) < -CLOCKS_AGREE
        else (waited if waited > 0.0 else 0.0)
        for task in tasks
    ]


def _unless_finished(task: Task, now: float) -> float | None:
    return None if task.state >= _SUCCESS else now


def _shifted(task: Task, now: float) -> float:
    return now + task.more.worker_ahead


def _runtimes(tasks: Sequence[Task], now: float) -> list[float | None]:
    return [
        seconds
        if (seconds := task.runtime) is not None
        else None
        if (begin := task.started) is None
        or (end := _shifted(task, now) if task.state is _STARTED else task.finished) is None
        else (lasted if (lasted := end - begin) > 0.0 else 0.0)
        for task in tasks
    ]


TASK_COLUMNS: tuple[Column[Task], ...] = (
    Column(
        id="state",
        header="STATE",
        help="state; of a retry, its number; of a run, its progress",
        width=12,
        narrow_under=50,
        narrow_width=1,
        text=_state_text,
        # Plain ints: members of an enum compare more slowly, and a sort compares millions.
        key=lambda task, now: int(task.state),
        keys=lambda tasks, now: [+task.state for task in tasks],
        role=_state_word,
        mark=_state_mark,
    ),
    Column(
        id="name",
        header="NAME",
        help="task name",
        width=16,
        max_width=24,
        stretch=1,
        text=lambda task, context, width: short_name(task.name, width, ascii=context.ascii),
        key=lambda task, now: task.name,
        keys=lambda tasks, now: [task.name for task in tasks],
        role=_receding,
    ),
    Column(
        id="info",
        header="INFO",
        help="arguments, or the exception of a failure or retry",
        width=20,
        stretch=2,
        min_table_width=110,
        text=lambda task, context, width: _foreign(task_info(task) or "", context, width),
        key=lambda task, now: task_info(task),
        keys=_infos,
        role=_receding,
    ),
    Column(
        id="id",
        header="ID",
        help="task id, shortened in the middle",
        width=8,
        min_table_width=72,
        text=lambda task, context, width: format_id(task.id, width, ascii=context.ascii),
        key=lambda task, now: task.id,
        keys=lambda tasks, now: [task.id for task in tasks],
        role=_muted,
    ),
    Column(
        id="queue",
        header="QUEUE",
        help="queue it was sent to",
        width=8,
        min_table_width=84,
        text=lambda task, context, width: _foreign(task.queue or "", context, width),
        key=lambda task, now: task.queue,
        keys=lambda tasks, now: [task.queue for task in tasks],
        role=_receding,
    ),
    Column(
        id="worker",
        header="WORKER",
        help="worker that received it, without what all names share",
        width=6,
        max_width=12,
        min_table_width=78,
        text=lambda task, context, width: short_worker(
            task.worker, context.worker_prefix, width, ascii=context.ascii
        ),
        key=lambda task, now: task.worker,
        keys=lambda tasks, now: [task.worker for task in tasks],
        role=_receding,
    ),
    Column(
        id="result",
        header="RESULT",
        help="return value, or the exception",
        width=20,
        min_table_width=190,
        text=lambda task, context, width: _foreign(task_outcome(task) or "", context, width),
        key=lambda task, now: task_outcome(task),
        keys=_outcomes,
        role=_receding,
    ),
    Column(
        id="retries",
        header="RETRIES",
        help="number of retries",
        width=7,
        min_table_width=144,
        align="right",
        text=lambda task, context, width: format_count(task.retries, width) if task.retries else "",
        key=lambda task, now: task.retries,
        keys=lambda tasks, now: [task.retries for task in tasks],
        role=_receding,
    ),
    Column(
        id="eta",
        header="ETA",
        help="earliest start time",
        width=8,
        min_table_width=166,
        align="right",
        text=_eta_text,
        key=lambda task, now: task.more.eta,
        keys=_etas,
        role=_receding,
    ),
    Column(
        id="received",
        header="RECEIVED",
        help="when a worker received it",
        width=8,
        min_table_width=156,
        align="right",
        text=lambda task, context, width: format_clock(
            task.received, context.utc, now=context.now, ascii=context.ascii
        ),
        key=lambda task, now: task.received,
        keys=lambda tasks, now: [task.received for task in tasks],
        role=_muted,
    ),
    Column(
        id="wait",
        header="WAIT",
        help="time until it started, without ETA and retry delays",
        width=6,
        min_table_width=90,
        align="right",
        text=_wait_text,
        key=lambda task, now: task.waiting(now),
        keys=_waits,
        live=True,
        role=_receding,
    ),
    Column(
        id="runtime",
        header="RUNTIME",
        help="run time; before an ETA or a retry, the time left",
        width=7,
        min_table_width=60,
        align="right",
        text=_runtime_text,
        key=lambda task, now: task.running(now),
        keys=_runtimes,
        live=True,
        role=_runtime_role,
    ),
    Column(
        id="seen",
        header="SEEN",
        help="time of its last event",
        width=8,
        min_table_width=66,
        align="right",
        text=lambda task, context, width: format_clock(
            task.seen, context.utc, now=context.now, ascii=context.ascii
        ),
        key=lambda task, now: task.seen,
        keys=lambda tasks, now: [task.seen for task in tasks],
        role=_muted,
    ),
)
