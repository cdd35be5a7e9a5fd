"""How a task ended without a result, and whether the broker redelivers it."""

from __future__ import annotations

from celerytui.columns import clean, redelivery_text
from celerytui.model import Task, TaskState
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session


def fate_lines(session: Session, task: Task, label: int) -> list[Spans]:
    """A line on how it ended and one on its redelivery, each where there is anything."""
    lines: list[Spans] = []
    words = _how(task)
    if words:
        lines.append([("how".ljust(label), "muted"), (", ".join(words), "warning")])
    again = redelivery(session, task)
    if again:
        lines.append([("again".ljust(label), "muted"), (again, "warning")])
    return lines


def redelivery(session: Session, task: Task) -> str:
    """Whether a lost task is redelivered, as far as that is known; "" for any other task."""
    found = session.engine.broker.redelivery(task.id)
    if found is None or task.state is not TaskState.LOST:
        return ""
    return redelivery_text(found, session.now(), session.utc)


def _how(task: Task) -> list[str]:
    more = task.more
    words = []
    if more.terminated:
        words.append(f"terminated with {clean(str(more.signum), limit=20)}")
    if more.expired:
        words.append("expired")
    if more.requeue:
        words.append("requeued")
    if more.lost_from is not None:
        missed = task.state is TaskState.MISSED
        end = "; outcome unknown" if missed else " when its worker was lost"
        words.append(f"was {more.lost_from.label}{end}")
    if more.source is not None:
        words.append(f"from the {clean(more.source, limit=40)}")
    return words
