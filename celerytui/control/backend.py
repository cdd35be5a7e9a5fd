"""The one mark that is written into the app's result backend."""

from __future__ import annotations

from typing import Any

from celerytui.masking import one_line
from celerytui.model import Item, id_value
from celerytui.wire.result_backend import close_django, open_backend, task_meta


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
