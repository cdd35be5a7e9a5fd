"""The columns of the table of queues."""

from __future__ import annotations

import math
from typing import TypeVar

from celerytui.columns.alerts import worst_role
from celerytui.columns.column import CellContext, Column
from celerytui.columns.formats import (
    format_count,
    format_drain,
    format_rate,
    natural,
    sparkline,
)
from celerytui.columns.glyphs import signs
from celerytui.columns.text import clean, cut
from celerytui.health.queues import GROWING, UNCONSUMED, never_drains
from celerytui.model import Queue
from celerytui.store import QUEUE_SAMPLES

T = TypeVar("T")


def queue_role(queue: Queue) -> str:
    """The colour role of a queue: that of its worst alert, `failure` where it cannot be read."""
    if queue.unreadable:
        return "failure"
    return worst_role(queue.alerts) or "text"


def _count_role(queue: Queue) -> str:
    role = queue_role(queue)
    return "strong" if role == "text" and queue.ready else role


def _quiet_role(queue: Queue) -> str:
    role = queue_role(queue)
    return "muted" if role == "text" else role


def _mark_text(queue: Queue, context: CellContext, width: int) -> str:
    if queue.unreadable or UNCONSUMED.on(queue):
        return "!"
    if GROWING.on(queue):
        return signs(context.ascii).growing
    return ""


def _drain_text(queue: Queue, context: CellContext, width: int) -> str:
    if queue.error is not None:
        # One line of the client's words; the detail of the queue has it whole.
        return clean(queue.error, limit=120)
    return format_drain(queue, width, ascii=context.ascii)


def _growth_text(queue: Queue, context: CellContext, width: int) -> str:
    if queue.error is not None or UNCONSUMED.on(queue):
        return ""
    return format_rate(queue.growth, signed=True, ascii=context.ascii)


def _trend(queue: Queue, width: int) -> list[float | None]:
    """The ten minutes of history in `width` means, oldest first; None where nothing was read."""
    size = max(1, math.ceil(QUEUE_SAMPLES / max(1, width)))
    means: list[float | None] = []
    for end in range(len(queue.history), 0, -size):
        known = [value for value in queue.history[max(0, end - size) : end] if value is not None]
        means.append(sum(known) / len(known) if known else None)
    return means[::-1]


def _unless_error(queue: Queue, text: str) -> str:
    return "" if queue.error is not None else text


def _if_read(queue: Queue, value: T | None) -> T | None:
    """What was read last says nothing about a queue that cannot be read."""
    return None if queue.error is not None else value


def _gained(queue: Queue) -> int | None:
    """How many messages more there are than when its history begins."""
    known = [count for count in queue.history if count is not None]
    return known[-1] - known[0] if known else None


def _until_empty(queue: Queue) -> float | None:
    """Seconds; infinite where it grows or has no consumer."""
    return math.inf if never_drains(queue) or UNCONSUMED.on(queue) else queue.empty_in


QUEUE_COLUMNS: tuple[Column[Queue], ...] = (
    Column(
        id="status",
        header="",
        label="TROUBLE",
        help="growing, without a consumer, or unreadable",
        width=1,
        text=_mark_text,
        key=lambda queue, now: ("failure", "warning", "text").index(queue_role(queue)),
        role=queue_role,
    ),
    Column(
        id="name",
        header="QUEUE",
        help="queue name",
        width=7,
        max_width=32,
        stretch=1,
        gap=1,
        text=lambda queue, context, width: cut(
            clean(queue.name, limit=512),
            width,
            where="middle",
            ellipsis=signs(context.ascii).ellipsis,
        ),
        key=lambda queue, now: natural(queue.name),
    ),
    Column(
        id="ready",
        header="WAITING",
        help="messages waiting in the broker",
        width=7,
        max_width=9,
        align="right",
        text=lambda queue, context, width: _unless_error(
            queue, format_count(queue.ready, width, ascii=context.ascii)
        ),
        key=lambda queue, now: _if_read(queue, queue.ready),
        role=_count_role,
    ),
    Column(
        id="unacked",
        header="UNACKED",
        help="messages delivered and not yet acknowledged",
        width=7,
        min_table_width=64,
        align="right",
        text=lambda queue, context, width: _unless_error(
            queue, format_count(queue.unacked, width, ascii=context.ascii)
        ),
        key=lambda queue, now: _if_read(queue, queue.unacked),
        role=_quiet_role,
    ),
    Column(
        id="consumers",
        header="CONSUMERS",
        help="number of consumers",
        width=9,
        min_table_width=76,
        align="right",
        text=lambda queue, context, width: _unless_error(
            queue, format_count(queue.consumers, width, ascii=context.ascii)
        ),
        key=lambda queue, now: _if_read(queue, queue.consumers),
        role=_quiet_role,
    ),
    Column(
        id="trend",
        header="TREND",
        help="messages waiting, last 10 minutes",
        width=5,
        max_width=24,
        stretch=2,
        min_table_width=39,
        gap=1,
        text=lambda queue, context, width: _unless_error(
            queue, sparkline(_trend(queue, width), width, ascii=context.ascii)
        ),
        key=lambda queue, now: _if_read(queue, _gained(queue)),
        drawn=True,
        role=_quiet_role,
    ),
    Column(
        id="growth",
        header="GROWTH",
        help="change of the waiting messages per second",
        width=7,
        min_table_width=44,
        align="right",
        gap=1,
        text=_growth_text,
        key=lambda queue, now: _if_read(queue, queue.growth),
        role=_quiet_role,
    ),
    Column(
        id="drain",
        header="DRAINS",
        help="time until it is empty at the current rate",
        width=8,
        narrow_under=44,
        narrow_width=11,
        max_width=12,
        align="right",
        spills=True,
        text=_drain_text,
        key=lambda queue, now: _if_read(queue, _until_empty(queue)),
        role=_quiet_role,
    ),
)
