"""The warning before a task is sent again that will run anyway: it would run twice."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.columns import format_clock
from celerytui.control import Action
from celerytui.model import Task, TaskState
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.session import Session


def twice_lines(session: Session, action: Action, tasks: Sequence[Task]) -> list[Spans]:
    """What of these runs twice, or may, if the action is done; nothing for any other action."""
    if not action.sends_again:
        return []
    mark: Span = (f"{session.glyphs.warning}  ", "warning bold")
    texts = [*_unfinished(tasks), *_redelivered(session, tasks)]
    return [[mark, (text, "text")] for text in texts]


def _unfinished(tasks: Sequence[Task]) -> list[str]:
    """Of one task only: the question about several says it beside each state."""
    if len(tasks) != 1 or tasks[0].state.finished:
        return []
    return [f"it has not finished ({tasks[0].state.label}): it would run twice"]


def _redelivered(session: Session, tasks: Sequence[Task]) -> list[str]:
    lost = [task for task in tasks if task.state is TaskState.LOST]
    found = [session.engine.broker.redelivery(task.id) for task in lost]
    again = [one for one in found if one is not None and one.again]
    unknown = sum(one is None or one.again is None for one in found)
    times = [one.at for one in again if one.at is not None]
    lines = []
    if again:
        first = min(times, default=None)
        how = f" ({again[0].why})" if again[0].why else ""
        if first is not None:
            clock = format_clock(first, session.utc, now=session.now())
            how = f" at {clock}" if len(again) == 1 else f", the first at {clock}"
        who = "it" if len(again) == 1 else "they"
        what = _what(len(again), tasks)
        lines.append(f"the broker will deliver {what} again{how}: {who} would run twice")
    if unknown:
        what = _what(unknown, tasks)
        lines.append(f"unknown whether the broker will deliver {what} again: may run twice")
    return lines


def _what(count: int, tasks: Sequence[Task]) -> str:
    return "it" if len(tasks) == 1 else f"{count:,} of these"
