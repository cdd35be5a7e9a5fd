"""Where a run stands among those of its type."""

from __future__ import annotations

from celerytui.model import Task, TaskState
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session

ENOUGH = 20
"""Runs of the type without which a part of them says nothing."""
_COMPARED = (TaskState.STARTED, TaskState.SUCCESS, TaskState.FAILURE)


def standing_line(session: Session, task: Task) -> Spans:
    """`slower than 97% of 412 successful runs in 24h`; empty where that cannot be said.

    One that still runs can only become slower, so it is not called faster.
    """
    ran = task.running(session.now())
    if task.name is None or ran is None or task.state not in _COMPARED:
        return []
    found = session.engine.store.types.standing(task.name, ran)
    if found is None or found[1] < ENOUGH:
        return []
    below, count = found
    runs = task.state is TaskState.STARTED
    if runs and below < 0.5:
        return []
    word, part = ("slower", below) if below >= 0.5 else ("faster", 1 - below)
    before = "already " if runs else ""
    return [
        (f"{before}{word} than ", "muted"),
        (f"{int(part * 100)}%", "text"),
        (" of ", "muted"),
        (f"{count:,}", "text"),
        (" successful runs in 24h", "muted"),
    ]
