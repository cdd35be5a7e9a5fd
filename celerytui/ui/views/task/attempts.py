"""The earlier attempts of a task, a line each: when, outcome, worker, result or exception."""

from __future__ import annotations

from celerytui.columns import clean, format_clock, format_duration, state_role
from celerytui.model import Attempt, Task, TaskState
from celerytui.ui.draw.glyphs import Glyphs
from celerytui.ui.draw.spans import Span, Spans

LABEL = 10
NAME_LIMIT = 60


def attempt_lines(task: Task, now: float, width: int, *, utc: bool, glyphs: Glyphs) -> list[Spans]:
    """The attempts of a task, oldest first."""
    attempts = task.more.attempts
    names = [*(one.name for one in attempts), task.name][1:]
    lines: list[Spans] = []
    for number, (one, following) in enumerate(zip(attempts, names, strict=True), 1):
        role = state_role(one.state)
        line: list[Span] = [
            (f"attempt {number} ".ljust(LABEL), "muted"),
            (format_clock(one.at, utc, now=now), "muted"),
            (f"  {glyphs.state(one.state)} ", role),
            (_outcome(one, following), role),
        ]
        if one.name is not None and one.name != task.name:
            line.append((f"  {clean(one.name, limit=NAME_LIMIT)}", "text"))
        if one.worker is not None:
            line.append((f"  {clean(one.worker, limit=NAME_LIMIT)}", "muted"))
        seconds = _ran(one)
        if seconds is not None:
            ran = format_duration(seconds, ascii=glyphs.area == "ascii")
            line.append((f"  ran {ran}", "muted"))
        said = one.result if one.exception is None else one.exception
        if said is not None:
            line.append((f"  {clean(said, limit=width)}", "text"))
        lines.append(line)
    return lines


def _outcome(attempt: Attempt, following: str | None) -> str:
    """How an attempt ended, or the last state seen."""
    state = attempt.state
    if state >= TaskState.RETRY:
        return state.label
    if None not in (attempt.name, following) and attempt.name != following:
        return "replaced"
    return f"{state.label}, outcome unknown"


def _ran(attempt: Attempt) -> float | None:
    if attempt.runtime is not None:
        return attempt.runtime
    ended = attempt.state >= TaskState.RETRY and not attempt.state.guessed
    if attempt.started is None or not ended:
        return None
    return max(0.0, attempt.at - attempt.started)
