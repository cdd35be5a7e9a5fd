"""The columns of the table of workers."""

from __future__ import annotations

from celerytui.columns.alerts import worst_role
from celerytui.columns.column import CellContext, Column
from celerytui.columns.formats import (
    format_age,
    format_clock,
    format_count,
    format_load,
    format_rate,
    meter,
    natural,
    short_worker,
)
from celerytui.columns.glyphs import signs
from celerytui.columns.redelivery import lost_shortly
from celerytui.columns.text import clean, cut
from celerytui.counts import agree
from celerytui.health.workers import LATE, LOST, SILENT
from celerytui.model import Worker

_ROLES = {
    "online": "success",
    "late": "warning",
    "lost": "failure",
    "stopping": "muted",
    "offline": "muted",
    "unknown": "muted",
}
STATUS_SIGNS = {
    "online": "alive",
    "late": "growing",
    "lost": "lost",
    "stopping": "waiting",
    "offline": "lost",
    "unknown": "unknown",
}
"""The sign of each status, a field of `Glyphs`."""
_ORDER = ("lost", "late", "unknown", "online", "stopping", "offline")


def status_role(worker: Worker) -> str:
    """The colour role of a worker's status."""
    return _ROLES[worker.status]


def _word_role(worker: Worker) -> str:
    return "muted" if _ROLES[worker.status] == "muted" else "text"


def _bar_role(worker: Worker) -> str:
    return "started"


def _last_role(worker: Worker) -> str:
    return worst_role(worker.alerts) or ("muted" if worker.gone else "text")


def _status_text(worker: Worker, context: CellContext, width: int) -> str:
    glyph = signs(context.ascii)[STATUS_SIGNS[worker.status]]
    return glyph if width < 4 else f"{glyph} {worker.status}"


def _unless_gone(worker: Worker, text: str) -> str:
    """What a worker did last says nothing about one that is not there."""
    return "" if worker.gone else text


def _busy_text(worker: Worker, context: CellContext, width: int) -> str:
    active = format_count(worker.running, 5, ascii=context.ascii)
    if worker.concurrency is None:
        return _unless_gone(worker, active)
    return _unless_gone(worker, f"{active}/{format_count(worker.concurrency, 5)}")


def busy_part(worker: Worker) -> float | None:
    """The part of its concurrency that a worker uses, None while either is unknown."""
    if worker.running is None or not worker.concurrency:
        return None
    return worker.running / worker.concurrency


def _done_text(worker: Worker, context: CellContext, width: int) -> str:
    if SILENT.on(worker):
        return "! off"
    if LATE.on(worker) and worker.patience is not None:
        since = worker.last_heartbeat or worker.last_seen
        return f"busy, or gone {format_age(max(0.0, context.now - since))}"
    if not worker.gone:
        return format_rate(worker.done_per_second, ascii=context.ascii)
    if worker.stopping and not LOST.on(worker):
        return f"stopping: {stopping_words(worker)}"
    since = worker.offline_since or worker.last_heartbeat or worker.last_seen
    text = f"{worker.status} {format_age(max(0.0, context.now - since))}"
    lost = worker.lost_tasks
    if lost is not None:
        return f"{text}, {lost_shortly(lost, context.now, context.utc)}"
    if LOST.on(worker) and worker.active:
        text += f", {format_count(worker.active, 5)} {agree(worker.active, 'task')}"
    return text


def stopping_words(worker: Worker) -> str:
    """What a worker that shuts down is still to do."""
    count = worker.stopping
    return f"{format_count(count, 5)} {agree(count, 'task')} to finish"


def left_in_order(worker: Worker) -> bool:
    """Whether it is gone and nothing is wrong with that."""
    return worker.gone and not LOST.on(worker)


def trouble_first(worker: Worker) -> tuple[int, float]:
    """A key that puts workers in trouble before all others, the newest trouble before the older.

    Those that went as they should come last.
    """
    if LATE.on(worker) or LOST.on(worker):
        return 0, -(worker.last_heartbeat or worker.last_seen)
    return (2 if left_in_order(worker) else 1), 0.0


def software(worker: Worker) -> str:
    """The worker's program and version, `celery 5.7.0`; not cleaned, empty if unknown."""
    name = worker.sw_ident or ""
    return " ".join(part for part in (name.removeprefix("py-"), worker.sw_ver) if part)


def _short(text: str, context: CellContext, width: int) -> str:
    glyphs = signs(context.ascii)
    if not text:
        return glyphs.unknown
    return cut(clean(text, limit=max(16, width * 4)), width, ellipsis=glyphs.ellipsis)


def _queues_text(worker: Worker, context: CellContext, width: int) -> str:
    return _short(", ".join(worker.queues or ()), context, width)


WORKER_COLUMNS: tuple[Column[Worker], ...] = (
    Column(
        id="status",
        header="STATUS",
        help="online, late, lost, stopping, offline or unknown",
        width=10,
        narrow_under=70,
        narrow_width=1,
        text=_status_text,
        key=lambda worker, now: _ORDER.index(worker.status),
        role=status_role,
    ),
    Column(
        id="name",
        header="NAME",
        help="worker name",
        width=13,
        max_width=32,
        stretch=1,
        gap=1,
        text=lambda worker, context, width: short_worker(
            worker.hostname, context.worker_prefix, width, ascii=context.ascii
        ),
        key=lambda worker, now: natural(worker.hostname),
        role=_word_role,
    ),
    Column(
        id="busy",
        header="BUSY",
        help="running tasks / concurrency",
        width=5,
        max_width=9,
        align="right",
        gap=1,
        text=_busy_text,
        key=lambda worker, now: None if worker.gone else worker.running,
        role=_word_role,
    ),
    Column(
        id="bar",
        header="",
        label="BUSY PART",
        help="running tasks as a share of concurrency",
        width=7,
        max_width=12,
        min_table_width=36,
        gap=1,
        text=lambda worker, context, width: _unless_gone(
            worker, meter(busy_part(worker), width, ascii=context.ascii)
        ),
        key=lambda worker, now: None if worker.gone else busy_part(worker),
        drawn=True,
        role=_bar_role,
    ),
    Column(
        id="load",
        header="LOAD",
        help="load average of its host, last minute",
        width=4,
        max_width=5,
        min_table_width=42,
        align="right",
        text=lambda worker, context, width: _unless_gone(
            worker, format_load(worker.loadavg, ascii=context.ascii)
        ),
        key=lambda worker, now: worker.loadavg[0] if worker.loadavg and not worker.gone else None,
        role=_word_role,
    ),
    Column(
        id="done",
        header="DONE",
        help="tasks finished per second; if it is gone, since when",
        width=5,
        max_width=8,
        min_table_width=30,
        align="right",
        spills=True,
        text=_done_text,
        key=lambda worker, now: (
            None if worker.gone or SILENT.on(worker) else worker.done_per_second
        ),
        role=_last_role,
    ),
    Column(
        id="processed",
        header="PROCESSED",
        help="tasks processed since the worker started",
        width=9,
        min_table_width=72,
        align="right",
        text=lambda worker, context, width: format_count(
            worker.processed, width, ascii=context.ascii
        ),
        key=lambda worker, now: worker.processed,
        role=_word_role,
    ),
    Column(
        id="failed",
        header="FAILED SEEN",
        help="failures since the monitor started",
        width=11,
        min_table_width=66,
        align="right",
        text=lambda worker, context, width: format_count(worker.failed, width, ascii=context.ascii),
        key=lambda worker, now: worker.failed,
        role=lambda worker: "failure" if worker.failed else "muted",
    ),
    Column(
        id="pool",
        header="POOL",
        help="pool implementation",
        width=8,
        min_table_width=92,
        text=lambda worker, context, width: _short(worker.pool or "", context, width),
        key=lambda worker, now: worker.pool or None,
        role=_word_role,
    ),
    Column(
        id="software",
        header="SOFTWARE",
        help="program and version",
        width=14,
        min_table_width=110,
        text=lambda worker, context, width: _short(software(worker), context, width),
        key=lambda worker, now: software(worker) or None,
        role=_word_role,
    ),
    Column(
        id="queues",
        header="QUEUES",
        help="queues it consumes",
        width=14,
        stretch=2,
        min_table_width=126,
        text=_queues_text,
        key=lambda worker, now: worker.queues or None,
        role=_word_role,
    ),
    Column(
        id="seen",
        header="SEEN",
        help="time of its last event or reply",
        width=8,
        min_table_width=82,
        align="right",
        text=lambda worker, context, width: format_clock(
            worker.last_seen, context.utc, now=context.now, ascii=context.ascii
        ),
        key=lambda worker, now: worker.last_seen,
        role=_last_role,
    ),
)
