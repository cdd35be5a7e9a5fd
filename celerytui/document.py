"""The document of `snapshot`: the fields of its JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from celerytui import __version__
from celerytui.columns import type_name
from celerytui.masking import mask, masked
from celerytui.model import (
    ENDED_STATES,
    Alert,
    Attempt,
    Link,
    Progress,
    Quantiles,
    Queue,
    ScheduleEntry,
    ScheduleReading,
    StoredResult,
    Task,
    TaskState,
    TypeFigures,
    Worker,
)
from celerytui.store import FailureRow, Store, Summary

if TYPE_CHECKING:
    from celerytui.control import LogEntry

Document = dict[str, Any]


def snapshot_document(
    store: Store,
    alerts: Iterable[Alert],
    link: Link,
    control: Document,
    app: str,
    broker: str,
    transport: str,
    observed_seconds: float,
    tasks: Sequence[Task],
    now: float,
) -> Document:
    """The known state as plain values: times in Unix seconds, durations in seconds.

    What is not known is None. `control` tells how asking the workers went, `state` and `error`.
    `broker` must be masked already; `alerts` and `tasks` are the rows to list, in that order. The
    runtime of a running task and the wait of a waiting one are those up to `now`.
    """
    summary = store.summary(now)
    store.failures.update(now)
    return {
        "celerytui": __version__,
        "app": app,
        "broker": broker,
        "transport": transport,
        "taken_at": now,
        "observed_seconds": observed_seconds,
        "connection": {"state": link.state.value, "error": link.error or link.note},
        "control": control,
        "events": _events(summary, observed_seconds),
        "alerts": [_alert_row(alert) for alert in alerts],
        "workers": [worker_row(worker) for worker in store.workers()],
        "tasks": {
            "held": summary.held,
            "evicted": summary.evicted,
            "by_state": {one.constant: summary.by_state[one.label] for one in TaskState},
            "rows": [task_row(task, now) for task in tasks],
        },
        "queues": [queue_row(queue) for queue in store.queues()],
        "types": [type_row(one) for one in sorted(store.types.all("24h", now), key=_by_share)],
        "failures": [failure_row(store, row) for row in store.failures.rows(now, every=True)],
    }


def _events(summary: Summary, seconds: float) -> Document:
    return {
        "received": summary.events_received,
        "invalid": summary.events_invalid,
        "failed": summary.events_failed,
        "per_second": summary.events_received / seconds if seconds > 0 else None,
        "gaps": summary.gaps,
    }


def _alert_row(alert: Alert) -> Document:
    return {
        "id": alert.id,
        "subject": alert.subject,
        "severity": alert.severity,
        "since": alert.since,
        "text": alert.text,
    }


def worker_row(worker: Worker) -> Document:
    """A worker as plain values; times in Unix seconds."""
    software = " ".join(part for part in (worker.sw_ident, worker.sw_ver) if part)
    return {
        "hostname": worker.hostname,
        "status": worker.status,
        "pid": worker.pid,
        "active": worker.running,
        "processed": worker.processed,
        "succeeded": worker.succeeded,
        "failed": worker.failed,
        "retried": worker.retried,
        "seen_since": worker.seen_since,
        "loadavg": None if worker.loadavg is None else list(worker.loadavg),
        "software": software or None,
        "pool": worker.pool,
        "concurrency": worker.concurrency,
        "queues": None if worker.queues is None else list(worker.queues),
        "unsent": list(worker.unsent),
        "last_heartbeat": worker.last_heartbeat,
    }


def recorded_row(task: Task) -> Document:
    """A task of a history as plain values: a row of `task_row`, its attempts, where it is from.

    What had not ended is as it was when it was seen last.
    """
    attempts = [_attempt_row(one) for one in task.more.attempts]
    return {**task_row(task, task.seen), "attempts": attempts, "from": "history"}


def _attempt_row(one: Attempt) -> Document:
    return {
        "at": one.at,
        "state": one.state.constant,
        "worker": one.worker,
        "retries": one.retries,
        "received": one.received,
        "started": one.started,
        "runtime": one.runtime,
        "result": _masked(one.result),
        "exception": _masked(one.exception),
        "traceback": _masked(one.traceback),
    }


def task_row(task: Task, now: float) -> Document:
    """A task as plain values: times in Unix seconds, durations in seconds, passwords masked."""
    return {
        "id": task.id,
        "name": task.name,
        "state": task.state.constant,
        "worker": task.worker,
        "queue": task.queue,
        "args": _masked(task.args),
        "kwargs": _masked(task.kwargs),
        "result": _masked(task.result),
        "exception": _masked(task.more.exception),
        "traceback": _masked(task.more.traceback),
        "source": task.more.source,
        "retries": task.retries,
        "eta": task.more.eta,
        "expires": task.more.expires,
        "sent": task.sent,
        "received": task.received,
        "started": task.started,
        "finished": task.finished,
        "progress": _progress(task.progress),
        "runtime": task.running(now),
        "waited": task.waiting(now),
        "client_clock": _shift(task.more.client_shift),
        "worker_clock": _shift(task.more.worker_shift),
        "root_id": task.root_id,
        "parent_id": task.parent_id,
    }


def _progress(found: Progress | None) -> Document | None:
    if found is None:
        return None
    return {
        "current": found.current,
        "total": found.total,
        "message": _masked(found.message),
    }


def result_document(result: StoredResult) -> Document:
    """A stored result as plain values: times in Unix seconds, None where the backend keeps none."""
    return {
        "id": result.id,
        "name": result.name,
        "state": result.state,
        "args": masked(result.args, "args"),
        "kwargs": masked(result.kwargs, "kwargs"),
        "result": masked(result.result, "result"),
        "exception": _masked(result.exception),
        "traceback": _masked(result.traceback),
        "worker": result.worker,
        "queue": result.queue,
        "retries": result.retries,
        "created": result.created,
        "finished": result.finished,
        "parent_id": result.parent_id,
        "group_id": result.group_id,
        "children": None if result.children is None else list(result.children),
        "meta": masked(result.meta, "meta"),
    }


def _shift(seconds: float | None) -> float | None:
    return None if seconds is None or math.isnan(seconds) else seconds


def _masked(text: str | None) -> str | None:
    return None if text is None else mask(text)


def queue_row(queue: Queue) -> Document:
    """A queue of the broker as plain values."""
    return {
        "name": queue.name,
        "ready": queue.ready,
        "unacked": queue.unacked,
        "consumers": queue.consumers,
        "error": queue.error,
    }


def _by_share(figures: TypeFigures) -> tuple[float, str]:
    return -(figures.share or 0.0), figures.name


def type_row(figures: TypeFigures) -> Document:
    """What the tasks of a name took in a window, as plain values; times in seconds."""
    return {
        "name": type_name(figures),
        "states": {state.constant: figures.states[state] for state in ENDED_STATES},
        "per_second": figures.per_second,
        "share": figures.share,
        "failure_rate": figures.failure_rate,
        "retries": figures.retries,
        "runtime": _quantiles(figures.runtime),
        "wait": _quantiles(figures.wait),
        "last_seen": figures.last_seen,
    }


def _quantiles(found: Quantiles) -> Document:
    return {
        "count": found.count,
        "p50": found.p50,
        "p95": found.p95,
        "p99": found.p99,
        "max": found.max,
    }


def schedule_document(reading: ScheduleReading) -> Document:
    """The schedule as plain values: times in Unix seconds, durations in seconds, passwords masked.

    Arguments are texts as in events. `expires` is when the entry ends, else how many seconds after
    it was sent an unstarted run expires.
    """
    beat = reading.beat
    return {
        "source": reading.source,
        "beat": {"state": beat.state, "since": beat.since, "why": mask(beat.why)},
        "entries": [entry_row(entry) for entry in reading.entries],
    }


def entry_row(entry: ScheduleEntry) -> Document:
    """An entry of the schedule as plain values, as in `schedule_document`."""
    plan = entry.plan
    expires = plan.expires_at if plan.expires_at is not None else entry.expires_after
    return {
        "name": entry.name,
        "task": plan.task or None,
        "schedule": entry.words,
        "timezone": plan.timezone,
        "enabled": plan.enabled,
        "last_run_at": entry.last_run_at,
        "next_run_at": entry.due_at,
        "late_by": entry.late_by,
        "total_runs": plan.total_runs,
        "args": None if entry.args is None else mask(entry.args),
        "kwargs": None if entry.kwargs is None else mask(entry.kwargs),
        "queue": _queue_name(plan.options.get("queue")),
        "expires": expires,
        "missed": entry.missed,
    }


def _queue_name(queue: Any) -> str | None:
    """The name of a queue, which an app may give as an object."""
    return None if queue is None else str(getattr(queue, "name", queue))


def failure_row(store: Store, row: FailureRow) -> Document:
    """A group of failures as plain values; times in Unix seconds, passwords masked."""
    detail = store.failures.detail(row.key)
    variants = () if detail is None else detail.variants
    example = None if detail is None else detail.example
    return {
        "key": row.key,
        "task": row.task or None,
        "exception": row.exception,
        "message": _masked(row.message),
        "count": row.count,
        "retried": row.retries,
        "first_seen": row.first_seen,
        "last_seen": row.last_seen,
        "workers": [name for name, _ in row.workers],
        "variants": [{"message": _masked(text), "count": count} for text, count in variants],
        "example": None if example is None else example.task_id,
    }


def log_row(entry: LogEntry) -> Document:
    """An entry of the log of actions as plain values; up to 100 targets are listed."""
    return {
        "time": entry.time,
        "user": entry.user,
        "app": entry.app,
        "broker": entry.broker,
        "action": entry.action,
        "parameters": entry.given,
        "count": entry.count,
        "targets": list(entry.targets),
        "ok": entry.ok,
        "outcome": entry.summary,
        "seconds": entry.seconds,
        "replies": [
            {"worker": one.worker, "ok": one.ok, "text": one.text} for one in entry.replies
        ],
    }
