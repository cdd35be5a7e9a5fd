"""What a task's own events say of it: how far it is, and whatever else its code sends."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from celerytui.masking import mask
from celerytui.model import CustomEvent, Event, Progress, Task
from celerytui.store.extras import own

PROGRESS_EVENT = "task-progress"
"""The type of the event whose fields are those that `update_state(meta=...)` has for progress."""
KEPT = 20
"""As many other events of a task are kept, the newest."""
TEXT_KEPT = 200
"""Characters of a message, or of the fields of an event."""
LARGEST = 1e15
LATE = 60.0
"""Seconds that a report may come after a newer one; one that is older still is by another clock."""


def note_custom(task: Task, event: Event) -> None:
    """Keep what an event of the application's own says of a task."""
    extra = own(task)
    if event.type == PROGRESS_EVENT:
        progress = progress_after(extra.progress, task.started, event)
        if progress is not None:
            extra.progress = progress
            return
    noted = CustomEvent(event.timestamp, event.type, _fields_text(event.extra or {}))
    extra.custom_events = (*extra.custom_events, noted)[-KEPT:]


def progress_after(before: Progress | None, started: float | None, event: Event) -> Progress | None:
    """What is known after a report of progress; None where that says nothing.

    What it leaves out stays as it was reported `before` in the same run, which began at `started`.
    One that comes late changes nothing.
    """
    fields = event.extra or {}
    current, total = _number(fields.get("current")), _number(fields.get("total"))
    message = fields.get("message")
    # A password that is cut is not masked later.
    message = mask(message)[:TEXT_KEPT] if isinstance(message, str) and message.strip() else None
    if current is None and total is None and message is None:
        return None
    if before is None or (started is not None and before.at < started):
        before = Progress(event.timestamp)
    elif before.at - LATE < event.timestamp < before.at:
        return before
    if "total" not in fields:
        total = before.total
    elif total is not None and total <= 0:
        total = None
    return Progress(
        event.timestamp,
        before.current if current is None else current,
        total,
        before.message if message is None else message,
    )


def _number(value: Any) -> float | None:
    """A value that is a number of any use."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if -LARGEST < value < LARGEST and math.isfinite(value) else None


def _fields_text(fields: Mapping[str, Any]) -> str:
    """The fields as JSON, "" for none."""
    if not fields:
        return ""
    text = mask(json.dumps(fields, ensure_ascii=False))
    return text if len(text) <= TEXT_KEPT else text[: TEXT_KEPT - 1] + "…"
