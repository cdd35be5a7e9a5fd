"""The tables of `snapshot`: its document, for people."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TextIO

from celerytui.columns import (
    ALERT_COLUMNS,
    FAILURE_COLUMNS,
    QUEUE_COLUMNS,
    TASK_COLUMNS,
    WORKER_COLUMNS,
    CellContext,
    common_worker_prefix,
    format_count,
    format_duration,
    format_rate,
)
from celerytui.counts import agree, counted
from celerytui.document import Document
from celerytui.headless.output import NARROWEST, section, takes_unicode, wrapped, write_lines
from celerytui.health import Alerts
from celerytui.model import BY_CONSTANT, Alert, LinkState, Queue, Task, TaskExtra, Worker
from celerytui.store import DAY, FailureRow

# The document has neither the rates nor the history that the other columns show.
_WORKER_IDS = frozenset(
    {
        "status",
        "name",
        "busy",
        "bar",
        "load",
        "processed",
        "failed",
        "pool",
        "software",
        "queues",
        "seen",
    }
)
_FAILURE_IDS = frozenset(("count", "retried", "name", "exception", "first", "last", "workers"))
_QUEUE_IDS = frozenset(("status", "name", "ready", "unacked", "consumers", "drain"))


def print_tables(
    document: Document, stream: TextIO, width: int, utc: bool = False, ascii: bool = False
) -> None:
    """Write the document for people: a summary, alerts and failures if any, workers, queues, tasks.

    There is no colour in it, and no line is wider than `width` cells (40 at the least). ASCII is
    used where the stream's encoding has no more.
    """
    width = max(NARROWEST, width)
    ascii = ascii or not takes_unicode(stream)
    context = CellContext(
        now=document["taken_at"],
        utc=utc,
        ascii=ascii,
        worker_prefix=common_worker_prefix(row["hostname"] for row in document["workers"]),
    )
    everything_named = CellContext(now=context.now, utc=utc, ascii=ascii)
    lines = [*_summary_lines(document, width, ascii), ""]
    alerts = Alerts(Alert(**row) for row in document["alerts"])
    if alerts:
        lines += section("ALERTS", ALERT_COLUMNS, list(alerts), context, width, "")
    alerts.give(workers := [_worker(row) for row in document["workers"]])
    columns = [one for one in WORKER_COLUMNS if one.id in _WORKER_IDS]
    lines += section("WORKERS", columns, workers, everything_named, width, _no_workers(document))
    alerts.give(queues := [_queue(row) for row in document["queues"]])
    queue_columns = [one for one in QUEUE_COLUMNS if one.id in _QUEUE_IDS]
    lines += section("QUEUES", queue_columns, queues, context, width, _no_queues(document))
    if failures := [_failure(row) for row in document["failures"]]:
        failure_columns = [one for one in FAILURE_COLUMNS if one.id in _FAILURE_IDS]
        lines += section("FAILURES", failure_columns, failures, context, width, "")
    tasks = [_task(row) for row in document["tasks"]["rows"]]
    lines += section("TASKS", TASK_COLUMNS, tasks, context, width, _no_tasks(document))
    write_lines(lines, stream)


def _summary_lines(document: Document, width: int, ascii: bool) -> list[str]:
    events, tasks, link = document["events"], document["tasks"], document["connection"]
    observed = format_duration(document["observed_seconds"], ascii=ascii)
    parts = [
        f"{format_count(events['received'])} {agree(events['received'], 'event')} in {observed}"
    ]
    parts[0] += f" ({format_rate(events['per_second'], ascii=ascii)})"
    if events["invalid"]:
        parts.append(f"{format_count(events['invalid'])} invalid")
    if events["failed"]:
        parts.append(f"{format_count(events['failed'])} not applied")
    if events["gaps"]:
        parts.append(f"{format_count(events['gaps'])} {agree(events['gaps'], 'gap')}")
    counts = [(BY_CONSTANT[one].label, count) for one, count in tasks["by_state"].items()]
    states = [f"{format_count(count)} {state}" for state, count in counts if count]
    held = f"{format_count(tasks['held'])} {agree(tasks['held'], 'task')} kept"
    if tasks["evicted"]:
        held += f", {format_count(tasks['evicted'])} evicted"
    said = [
        f"celerytui {document['celerytui']}  {document['app']} @ {document['broker']}",
        link["state"] + (f": {link['error']}" if link["error"] else ""),
        *filter(None, [_unasked(document)]),
        ", ".join(parts),
        held + (": " + ", ".join(states) if states else ""),
    ]
    return [line for text in said for line in wrapped(text, width)]


def _listened(document: Document) -> str:
    return format_duration(document["observed_seconds"])


def _unreached(document: Document) -> str | None:
    """Why nothing could be seen, None if something could."""
    state, error = document["connection"]["state"], document["connection"]["error"]
    if state == LinkState.NO_EVENTS.value:
        why = f": {error.rstrip('.')}" if error else ""
        return f"The {document['transport']} transport carries no events{why}."
    if state != LinkState.CONNECTED.value:
        return f"The broker cannot be reached: {(error or state).rstrip('.')}."
    return None


def _unasked(document: Document) -> str | None:
    """Why the workers could not be asked, None if they could."""
    control = document["control"]
    if control["state"] != "failed":
        return None
    return f"workers cannot be asked: {control['error']}; what ran before the start is unknown"


def _no_workers(document: Document) -> str:
    if unreached := _unreached(document):
        return unreached
    if _unasked(document):
        return f"None sent a heartbeat in {_listened(document)}, and none could be asked."
    return f"None: no reply and no heartbeat in {_listened(document)}."


def _no_queues(document: Document) -> str:
    return _unreached(document) or "None: no worker, event or setting names a queue."


def _no_tasks(document: Document) -> str:
    held = document["tasks"]["held"]
    if held:
        many = f"the {counted(held, 'task')} seen" if held > 1 else "the task seen"
        return f"None of {many} matches the filter."
    said = f"None: no task event in {_listened(document)}, and no worker has a task."
    if _unasked(document):
        said = f"No task event in {_listened(document)}; what workers run is unknown."
    if document["workers"]:
        said += " Workers started without -E send no task events until they are turned on."
    return _unreached(document) or said


def _known(row: Document, names: Iterable[str]) -> Document:
    return {name: row[name] for name in names}


def _worker(row: Document) -> Worker:
    last = row["last_heartbeat"]
    same = _known(row, ("hostname", "status", "active", "processed", "failed", "pool"))
    return Worker(
        **same,
        running=row["active"],
        first_seen=0.0,
        last_seen=math.nan if last is None else last,
        last_heartbeat=last,
        loadavg=None if row["loadavg"] is None else tuple(row["loadavg"]),
        sw_ident=row["software"],
        concurrency=row["concurrency"],
        queues=None if row["queues"] is None else tuple(row["queues"]),
    )


def _queue(row: Document) -> Queue:
    return Queue(**row)


def _task(row: Document) -> Task:
    times = ("sent", "received", "started", "finished")
    texts = ("id", "name", "worker", "queue", "args", "kwargs", "result", "retries")
    known = [row[name] for name in times if row[name] is not None]
    task = Task(
        **_known(row, (*texts, *times)),
        seq=0,
        state=BY_CONSTANT[row["state"]],
        seen=max(known, default=math.nan),
        extra=TaskExtra(
            exception=row["exception"],
            eta=row["eta"],
            source=row["source"],
            client_shift=row["client_clock"],
            worker_shift=row["worker_clock"],
        ),
    )
    if task.state.finished:
        task.runtime = row["runtime"]
    return task


def _failure(row: Document) -> FailureRow:
    # All that was seen is in the window of a snapshot.
    return FailureRow(
        row["key"],
        row["task"] or "",
        row["exception"],
        row["message"],
        "",
        DAY,
        row["count"],
        row["retried"],
        row["count"],
        row["retried"],
        (),
        row["first_seen"],
        row["last_seen"],
        tuple((name, 0) for name in row["workers"]),
    )
