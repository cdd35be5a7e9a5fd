"""The rows of what a flush has beside tasks: samples, and what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celerytui.history.flush import Flush
from celerytui.history.redaction import Redaction, safe
from celerytui.history.rows import QUEUE, WORKER, as_count


def rows_beside(
    flush: Flush, word: Callable[[int, str], int], redaction: Redaction, now: float
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows by their tables, each in the order of its columns; `word` numbers names."""
    at = now if flush.at is None else flush.at
    workers = [
        (at, word(WORKER, one.hostname), one.status, *map(as_count, (one.running, one.processed,
         one.succeeded, one.failed, one.retried)), one.loadavg[0] if one.loadavg else None)
        for one in flush.workers
    ]  # fmt: skip
    queues = [
        (at, word(QUEUE, one.name), *map(as_count, (one.ready, one.unacked, one.consumers)))
        for one in flush.queues
    ]
    alerts = [
        (now, raised, one.id, safe(one.subject), one.severity, one.since, safe(one.text))
        for raised, one in flush.alerts
    ]
    return {
        "workers": workers,
        "queues": queues,
        "alerts": alerts,
        "gaps": [(since, until, safe(why)) for since, until, why in flush.gaps],
        "marks": [(one.at, safe(one.text), safe(one.by)) for one in flush.marks],
        "actions": [(when, redaction.action(line)) for when, line in flush.actions],
    }
