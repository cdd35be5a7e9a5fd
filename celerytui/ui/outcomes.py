"""What an action came to, in a few lines: each worker's answer in Celery's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from celerytui.columns import clean, format_id
from celerytui.control import action as action_of
from celerytui.model import Outcome, Reply
from celerytui.ui.glyphs import Glyphs

REPLIES = 6
IDS = 20


class Note(Struct, frozen=True):
    """A toast: its title, its lines, how grave it is, and how long it stays in seconds."""

    title: str
    text: str
    severity: Literal["information", "warning", "error"]
    seconds: float


def outcome_note(outcome: Outcome, glyphs: Glyphs) -> Note:
    """The toast for an outcome; silence is told as silence, never as success."""
    label = action_of(outcome.action).label
    count = len(outcome.targets)
    what = clean(format_id(outcome.targets[0], 24)) if count == 1 else f"{count:,}"
    lines = [_reply(reply, outcome.targets, glyphs) for reply in outcome.replies[:REPLIES]]
    rest = outcome.replies[REPLIES:]
    if rest:
        good = sum(reply.ok is True for reply in rest)
        lines.append(f"{len(rest)} more workers, {good} of them ok")
    if outcome.error is not None:
        lines.insert(0, f"{glyphs.failure} {clean(outcome.error, limit=300)}")
    elif not outcome.replies:
        lines.append(f"{glyphs.unknown} no worker answered")
    if outcome.error is not None or any(reply.ok is False for reply in outcome.replies):
        severity: Literal["information", "warning", "error"] = "error"
    elif not outcome.replies or any(reply.ok is None for reply in outcome.replies):
        severity = "warning"
    else:
        severity = "information"
    seconds = 6.0 if severity == "information" else 12.0
    return Note(f"{label} {what}", "\n".join(lines), severity, seconds)


def _reply(reply: Reply, targets: Sequence[str], glyphs: Glyphs) -> str:
    """A worker's answer, the ids in it cut short: a toast has little room."""
    mark = {True: glyphs.success, False: glyphs.failure, None: glyphs.unknown}[reply.ok]
    text = reply.text
    for target in targets[:IDS]:
        text = text.replace(target, format_id(target))
    return f"{mark} {clean(reply.worker, limit=60)}  {clean(text, limit=160)}"
