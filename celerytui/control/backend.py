"""The app's result backend: what it holds of a task, and the one thing that is written there."""

from __future__ import annotations

from typing import Any

from celerytui.control.talk import one_line
from celerytui.model import Item, ResultMeta


def read_result(app: Any, task_id: str, now: float) -> ResultMeta:
    """What the backend holds of a task; raises nothing."""
    try:
        meta = app.backend.get_task_meta(task_id)
        return ResultMeta(task_id, now, status=meta["status"], result=repr(meta.get("result")))
    except Exception as exc:
        return ResultMeta(task_id, now, error=one_line(exc))


def abort(app: Any, task_id: str) -> Item:
    """Mark a task as aborted where it is an AbortableTask that has not ended; raises nothing."""
    return Item(task_id, False, "not possible")
