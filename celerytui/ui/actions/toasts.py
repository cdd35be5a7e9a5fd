"""What came of an action, in a few lines: each worker's answer in Celery's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from celerytui.columns import clean, format_id
from celerytui.control import action as action_of
from celerytui.control import overall, without_aside
from celerytui.counts import counted
from celerytui.model import Finding, Item, Outcome, Reply
from celerytui.ui.draw.glyphs import Glyphs

REPLIES = 6
IDS = 20

Severity = Literal["information", "warning", "error"]
SEVERITIES: dict[bool | None, Severity] = {True: "information", None: "warning", False: "error"}
"""How grave it is how something went."""


class Toast(Struct, frozen=True):
    """A toast: its title, its lines, how grave it is, and how long it stays in seconds."""

    title: str
    text: str
    severity: Severity
    seconds: float


def outcome_toast(outcome: Outcome, glyphs: Glyphs) -> Toast:
    """The toast for an outcome; silence is shown as silence, never as success."""
    label = action_of(outcome.action).label
    count = len(outcome.targets)
    what = clean(format_id(outcome.targets[0], 24)) if count == 1 else f"{count:,}" if count else ""
    concerned, others = without_aside(outcome.replies, action_of(outcome.action).aside)
    lines = [_reply(reply, outcome.targets, glyphs) for reply in concerned[:REPLIES]]
    if others:
        lines.append(f"{glyphs.dot} {others}")
    rest = concerned[REPLIES:]
    if rest:
        good = sum(reply.ok is True for reply in rest)
        lines.append(f"{counted(len(rest), 'more worker')}, {good:,} ok")
    if outcome.error is not None:
        lines.insert(0, f"{glyphs.failure} {clean(outcome.error, limit=300)}")
    elif not outcome.replies and not outcome.items:
        lines.append(f"{glyphs.unknown} no worker replied")
    lines += _items(outcome.items, glyphs)
    signs = [reply.ok for reply in outcome.replies] + [item.ok for item in outcome.items]
    severity = SEVERITIES[overall(signs, outcome.error)]
    seconds = 6.0 if severity == "information" else 12.0
    return Toast(f"{label} {what}".rstrip(), "\n".join(lines), severity, seconds)


def finding_toast(finding: Finding) -> Toast:
    """The toast for what was seen of an action afterwards."""
    label = action_of(finding.action).label
    severity = SEVERITIES[finding.ok]
    return Toast(f"{label}, afterwards", clean(finding.text, limit=300), severity, 12.0)


def _items(items: Sequence[Item], glyphs: Glyphs) -> list[str]:
    """What came of the targets: of one in its words, of many by their number."""
    if len(items) == 1:
        item = items[0]
        sign, _ = glyphs.mark(item.ok)
        lines = [f"{sign} {clean(item.text, limit=300)}"]
        if item.new_id and item.new_id not in item.text:
            lines.append(f"{glyphs.then} {clean(item.new_id, limit=64)}")
        return lines
    counts = (
        (glyphs.success, sum(item.ok is True for item in items), "done"),
        (glyphs.failure, sum(item.ok is False for item in items), "failed"),
        (glyphs.unknown, sum(item.ok is None for item in items), "not tried"),
    )
    return [f"{mark} {count:,} {word}" for mark, count, word in counts if count]


def _reply(reply: Reply, targets: Sequence[str], glyphs: Glyphs) -> str:
    """A worker's answer, the ids in it cut short: a toast has little room."""
    sign, _ = glyphs.mark(reply.ok)
    text = reply.text
    for target in targets[:IDS]:
        text = text.replace(target, format_id(target))
    return f"{sign} {clean(reply.worker, limit=60)}  {clean(text, limit=160)}"
