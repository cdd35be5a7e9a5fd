"""Makes the events of a task again, from what is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from celerytui.model import CustomEvent, Event, Message, Progress, Task, TaskState
from celerytui.store.custom_events import PROGRESS_EVENT
from celerytui.store.runs import Run, assign_messages, known_messages, known_runs

RETOLD_EVENT = "celerytui-task"
"""The type of the event with what no other event says: a name or queue that workers reported, and
in `state` and `source` of its extra fields a state that nobody saw it come into, and where its end
was found."""

_ENDS = {
    TaskState.RETRY: "task-retried",
    TaskState.SUCCESS: "task-succeeded",
    TaskState.FAILURE: "task-failed",
    TaskState.REVOKED: "task-revoked",
    TaskState.REJECTED: "task-rejected",
    TaskState.CANCELLED: "task-cancelled",
}


def retell(task: Task) -> list[Event]:
    """Events after which a new store knows of the task what is known here, in their order.

    Their times are those of their senders, as the task keeps them. What a batch of them says of
    clocks is wrong, so it has a `lag`, unless each event is applied at its own time. Not told are
    the process id in the pool, and fields of custom events that were cut.
    """
    return [*_lifelong(task), *_verdict(task)]


def _lifelong(task: Task) -> Iterator[Event]:
    """What was sent of it, run by run."""
    runs, messages = known_runs(task), known_messages(task)
    assign_messages(messages, runs, lambda _: task.apart or 0.0)
    left = sorted(messages, key=lambda message: message.at)
    begin = min((run.begin for run in runs), default=task.seen)
    yield from _described(task, runs, messages, begin)
    for run in runs:
        while left and (run.sent is None or left[0].at <= run.sent) and left[0].at <= run.begin:
            yield _sent(task, left.pop(0))
        brought = next((one for one in messages if one.at == run.sent), None)
        if brought in left:
            left.remove(brought)
            yield _sent(task, brought)
        yield from _ran(task, run, brought)
    for message in left:
        yield _sent(task, message)
    yield from _own_events(task)


def _described(
    task: Task, runs: list[Run], messages: tuple[Message, ...], begin: float
) -> Iterator[Event]:
    """What the task is, where no event brings it."""
    carried = bool(messages) or any(run.received is not None for run in runs)
    if not carried or (task.queue is not None and not messages):
        yield Event(
            RETOLD_EVENT,
            timestamp=begin,
            **_message(task, task.retries, task.more.eta, task.more.expires),
            queue=task.queue,
        )


def _message(
    task: Task, retries: int | None, eta: float | None, expires: float | None
) -> dict[str, Any]:
    """What events say of a task's message."""
    return {
        "uuid": task.id,
        "name": task.name,
        "args": task.args,
        "kwargs": task.kwargs,
        "root_id": task.root_id,
        "parent_id": task.parent_id,
        "retries": retries,
        "eta": _iso(eta),
        "expires": _iso(expires),
    }


def _sent(task: Task, message: Message) -> Event:
    return Event(
        "task-sent",
        task.more.client or "",
        message.at,
        **_message(task, message.retries, message.eta, message.expires),
        queue=task.queue,
        exchange=task.more.exchange,
        routing_key=task.more.routing_key,
    )


def _ran(task: Task, run: Run, brought: Message | None) -> Iterator[Event]:
    """The steps of a run, as its worker reports them."""
    worker, more = run.worker or "", task.more
    eta, expires = (more.eta, more.expires) if brought is None else (brought.eta, brought.expires)
    if run.received is not None:
        message = _message(task, run.retries, eta, expires)
        yield Event(
            "task-received", worker, run.received, **(message | {"name": run.name or task.name})
        )
    if run.started is not None:
        yield Event("task-started", worker, run.started, uuid=task.id)
    if run.ended is None:
        return
    ended = Event(
        _ENDS[run.state],
        worker,
        run.ended,
        uuid=task.id,
        result=run.result,
        runtime=run.runtime,
        exception=run.exception,
        traceback=run.traceback,
    )
    if run.revocation is not None:
        ended.terminated, ended.expired = run.revocation.terminated, run.revocation.expired
        ended.signum = run.revocation.signum
    if run.state is TaskState.REJECTED:
        ended.requeue = more.requeue
    yield ended
    if run.shown and more.rejected is not None and run.state is not TaskState.REJECTED:
        yield Event("task-rejected", worker, more.rejected, uuid=task.id, requeue=more.requeue)


def _own_events(task: Task) -> Iterator[Event]:
    """What the task's own code sent."""
    told: list[CustomEvent | Progress] = [*task.more.custom_events]
    if task.more.progress is not None:
        told.append(task.more.progress)
    for one in sorted(told, key=lambda one: one.at):
        if isinstance(one, CustomEvent):
            kind, fields = one.type, _fields(one.fields)
        else:
            kind = PROGRESS_EVENT
            known = {"current": one.current, "total": one.total, "message": one.message}
            fields = {name: value for name, value in known.items() if value is not None}
        yield Event(kind, task.worker or "", one.at, uuid=task.id, extra=fields)


def _verdict(task: Task) -> Iterator[Event]:
    """What became of it in the end, where no event said so."""
    state, more = task.state, task.more
    fields: dict[str, Any] = {}
    event = Event(RETOLD_EVENT, timestamp=task.seen, uuid=task.id, extra=fields)
    unseen = state >= TaskState.SUCCESS and task.finished is None
    if unseen or (state is TaskState.RETRY and not more.attempts):
        fields["state"] = state.label
        event.result, event.exception, event.traceback = (
            task.result,
            more.exception,
            more.traceback,
        )
    if more.source is not None:
        fields["source"] = more.source
    if fields:
        yield event


def _fields(text: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(text) if text else None
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _iso(at: float | None) -> str | None:
    """A time as messages have it; None for one that no calendar has."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
