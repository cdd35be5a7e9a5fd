"""Stored results as the tasks that filters, columns and panes know."""

from __future__ import annotations

from typing import Any

from celerytui.masking import mask, masked, masked_repr
from celerytui.model import BY_CONSTANT, Lineage, StoredResult, Task, TaskExtra, TaskState


def as_task(result: StoredResult) -> Task:
    """The task that a result is of: arguments and results as the reprs that events have.

    A state of the project's own is that of a task that runs.
    """
    state = BY_CONSTANT.get(result.state, TaskState.STARTED)
    task = Task(
        result.id,
        0,
        state,
        name=result.name,
        worker=result.worker,
        queue=result.queue,
        args=_args_text(result.args),
        kwargs=_text(result.kwargs),
        result=result_text(result) if state is TaskState.SUCCESS else None,
        retries=result.retries,
        started=result.started,
        finished=result.finished if state.finished else None,
        seen=result.finished or result.started or result.created or 0.0,
    )
    if result.parent_id is not None:
        task.lineage = Lineage(None, result.parent_id)
    if result.exception is not None or result.traceback is not None:
        task.extra = TaskExtra(exception=result.exception, traceback=result.traceback)
    return task


def result_text(result: StoredResult) -> str | None:
    """The repr of what a task returned; None where that could not be decoded."""
    if result.result is None and result.flaw is not None:
        return None
    return masked_repr(result.result)


def _args_text(args: Any) -> str | None:
    """As a worker reports them: positional arguments are a tuple."""
    shown = masked(args)
    return mask(repr(tuple(shown))) if isinstance(shown, list) else _text(args)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(masked(value)) if isinstance(value, str) else masked_repr(value)
