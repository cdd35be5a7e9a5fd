"""The app's result backend: what it holds of a task, and the one mark that is written there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from celerytui.masking import mask, one_line
from celerytui.model import Item, ResultMeta, id_text, id_value
from celerytui.wire.result_backend import close_django, open_backend, task_meta

MAX_CHILDREN = 200


def read_result(app: Any, task_id: str, now: float) -> ResultMeta:
    """What the backend holds of a task; raises nothing."""
    try:
        meta = task_meta(app, task_id)
        status = str(meta.get("status"))
        result = None if status == "PENDING" else mask(repr(meta.get("result")))
    except Exception as exc:
        return ResultMeta(task_id, now, error=one_line(exc))
    retries = meta.get("retries")
    return ResultMeta(
        task_id,
        now,
        status=status,
        result=result,
        traceback=_text(meta.get("traceback")),
        date_done=_text(meta.get("date_done")),
        children=tuple(filter(None, _ids(meta.get("children"))))[:MAX_CHILDREN],
        name=_text(meta.get("name")),
        args=_repr(meta.get("args")),
        kwargs=_repr(meta.get("kwargs")),
        worker=_text(meta.get("worker")),
        retries=retries if isinstance(retries, int) else None,
        queue=_text(meta.get("queue")),
    )


def abort(app: Any, task_id: str) -> Item:
    """Mark a task as aborted where it has not ended; raises nothing.

    What is written is what celery.contrib.abortable writes, and only an AbortableTask looks at it.
    """
    try:
        backend = open_backend(app)
        status = task_meta(app, task_id).get("status")
        if status in ("SUCCESS", "FAILURE", "REVOKED"):
            # The mark would take the place of its result.
            return Item(task_id, False, f"already finished: its result says {status}")
        backend.store_result(id_value(task_id), result=None, state="ABORTED", traceback=None)
        marked = task_meta(app, task_id).get("status") == "ABORTED"
    except Exception as exc:
        return Item(task_id, False, one_line(exc))
    finally:
        close_django()
    if not marked:
        return Item(task_id, False, "the result backend did not keep the mark")
    return Item(task_id, True, "marked as aborted; stops when it checks for the mark")


def _text(value: Any) -> str | None:
    return None if value is None else mask(str(value))


def _repr(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else mask(value)
    return mask(repr(value))


def _ids(children: Any) -> Iterator[str]:
    """The ids in Celery's `((id, parent), members)`, those of a group's members too."""
    for child in children if isinstance(children, (list, tuple)) else ():
        if isinstance(child, (list, tuple)) and len(child) == 2:
            head, members = child
            if members:
                yield from _ids(members)
            elif isinstance(head, (list, tuple)) and head:
                yield id_text(head[0]) or ""
        elif getattr(child, "id", None):
            yield id_text(child.id) or ""
