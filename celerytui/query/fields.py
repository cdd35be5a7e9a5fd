"""The fields that a filter can ask about, one `Field` each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from celerytui.model import Task
from celerytui.store.failures.ends import failure_key

Kind = Literal["state", "id", "name", "whole", "worker", "text", "number", "duration", "time"]
Changes = Literal["running", "always", "daily"]
"""What else than an event changes an answer: the clock, for a task that has not ended or for any,
or the beginning of another day."""


class Field(Struct, frozen=True):
    """One field: how its values are read, and when its value can change without an event.

    Kinds of text: `id` matches by its beginning, `whole` and `worker` as a whole, `name` anywhere
    (a pattern as a whole), `text` anywhere.
    """

    name: str
    kind: Kind
    get: Callable[[Task, float], Any]
    says: str
    changes: Changes | None = None


def _age(task: Task, now: float) -> float:
    if task.sent is not None:
        return max(0.0, now + task.more.client_ahead - task.sent)
    begin = task.received if task.received is not None else task.started
    begin = task.seen if begin is None else begin
    return max(0.0, now + task.more.worker_ahead - begin)


FIELDS: tuple[Field, ...] = (
    Field("id", "id", lambda task, now: task.id, "task id, or its beginning"),
    Field("name", "name", lambda task, now: task.name, "task name"),
    Field("state", "state", lambda task, now: task.state, "state"),
    Field(
        "worker",
        "worker",
        lambda task, now: task.worker,
        "worker that received it: full name, or the part before or after the `@`",
    ),
    Field("queue", "whole", lambda task, now: task.queue, "queue it was sent to"),
    Field("args", "text", lambda task, now: task.args, "positional arguments, as text"),
    Field("kwargs", "text", lambda task, now: task.kwargs, "keyword arguments, as text"),
    Field("result", "text", lambda task, now: task.result, "return value, as text"),
    Field(
        "exception",
        "text",
        lambda task, now: task.more.exception,
        "exception, as text",
    ),
    Field(
        "failure",
        "whole",
        lambda task, now: failure_key(task),
        "key of its group in the view of failures",
    ),
    Field(
        "source",
        "text",
        lambda task, now: task.more.source,
        "where its end was found, if not in its events: `result backend`, `history`",
    ),
    Field("traceback", "text", lambda task, now: task.more.traceback, "traceback, as text"),
    Field("retries", "number", lambda task, now: task.retries, "number of retries"),
    Field(
        "runtime",
        "duration",
        lambda task, now: task.running(now),
        "run time, so far if it is running",
        "running",
    ),
    Field(
        "wait",
        "duration",
        lambda task, now: task.waiting(now),
        "waiting time without ETA and retry delays, so far if it is waiting",
        "running",
    ),
    Field("age", "duration", _age, "time since it was sent, or first seen", "always"),
    Field(
        "ended", "duration", lambda task, now: task.ended_ago(now), "time since it ended", "always"
    ),
    Field("sent", "time", lambda task, now: task.sent, "when it was sent"),
    Field("received", "time", lambda task, now: task.received, "when a worker received it"),
    Field("started", "time", lambda task, now: task.started, "when it started"),
    Field("finished", "time", lambda task, now: task.finished, "when it finished"),
    Field("eta", "time", lambda task, now: task.more.eta, "earliest start time"),
    Field("root", "id", lambda task, now: task.root_id, "id of the first task of its workflow"),
    Field("parent", "id", lambda task, now: task.parent_id, "id of the task that sent it"),
)
BY_NAME = {field.name: field for field in FIELDS}
