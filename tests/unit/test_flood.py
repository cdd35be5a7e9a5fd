"""From the wire to the store when all of it is foreign and far too much: bounded and accounted."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from celerytui.model import Batch, TaskState
from celerytui.store import Store
from celerytui.wire.decode import EventDecoder
from celerytui.wire.redis.events import Replies

NOW = 1_800_000_000.0
BODY = 10_000
"""Events in one body, where Celery sends two dozen."""
FLOOD = 30_000
MAX_TASKS, MAX_WORKERS = 2_000, 300
YEAR = 366 * 86400.0

PROPERTIES = {"body_encoding": "base64", "delivery_tag": "t"}


def published(body: bytes) -> bytes:
    """A message as kombu publishes it and Redis hands it on."""
    data = json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {},
            "properties": PROPERTIES,
        }
    ).encode()
    parts = (b"pmessage", b"/0.celeryev/*", b"/0.celeryev/task.multi", data)
    return b"*4\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def received(store: Store, bodies: Iterator[bytes]) -> list[Batch]:
    """What became of the bodies on their way from the wire into the store."""
    decoder = EventDecoder(clock=lambda: NOW)
    replies, batches = Replies(decoder), []
    for body in bodies:
        replies.feed(published(body))
        batch = decoder.take()
        assert batch is not None
        store.apply(batch)
        batches.append(batch)
    return batches


def in_bodies(events: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    pending: list[dict[str, Any]] = []
    for event in events:
        pending.append(event)
        if len(pending) == BODY:
            yield json.dumps(pending).encode()
            pending = []
    if pending:
        yield json.dumps(pending).encode()


def new_store() -> Store:
    return Store(max_tasks=MAX_TASKS, max_workers=MAX_WORKERS, clock=lambda: NOW)


def test_names_without_end_are_bounded_and_what_made_room_is_counted() -> None:
    store = new_store()
    flood = (
        {
            "type": "task-sent" if number % 2 else "task-received",
            "hostname": f"celery@pod-{number}",
            "timestamp": NOW,
            "uuid": f"{number:06}" + "é" * 249,
            "name": f"pkg{number}.tasks.work",
            "queue": f"queue-{number}",
            "args": "a" * 300,
        }
        for number in range(FLOOD)
    )
    received(store, in_bodies(flood))
    summary = store.summary(NOW)

    assert summary.events_received == FLOOD
    assert (summary.events_invalid, summary.held) == (0, MAX_TASKS)
    assert summary.evicted == FLOOD - MAX_TASKS
    assert len(store.workers()) <= MAX_WORKERS
    assert len(store.queue_names()) <= 2_000
    assert len(store.task_names()) <= 5_000
    # What came last is what is there.
    assert store.task(f"{FLOOD - 1:06}" + "é" * 249) is not None


@pytest.mark.parametrize("offset", [-100 * YEAR, -YEAR, 364 * 86400.0, 100 * YEAR, 1e300])
def test_a_clock_that_is_wrong_by_years_harms_nobody_else(offset: float) -> None:
    store = new_store()

    def beat(hostname: str, at: float) -> dict[str, Any]:
        return {"type": "worker-heartbeat", "hostname": hostname, "timestamp": at, "freq": 2.0}

    def life(hostname: str, id: str, at: float) -> list[dict[str, Any]]:
        return [
            {"type": f"task-{kind}", "hostname": hostname, "timestamp": at, "uuid": id}
            for kind in ("received", "started", "succeeded")
        ]

    wrong = [beat("wrong@h", NOW + offset), *life("wrong@h", "wrong", NOW + offset)]
    right = [beat("right@h", NOW), *life("right@h", "right", NOW)]
    received(store, in_bodies(iter([*wrong, *right, *wrong])))
    store.sweep(NOW + 1)

    task, worker = store.task("right"), store.worker("right@h")
    assert task is not None
    assert worker is not None
    assert (task.state, worker.status, task.runtime) == (TaskState.SUCCESS, "online", None)
    assert worker.clock_skew == 0
    odd = store.task("wrong")
    assert odd is None or odd.state is TaskState.SUCCESS
    summary = store.summary(NOW + 1)
    assert summary.events_received + summary.events_invalid == 12


def test_garbage_is_counted_one_by_one_and_good_neighbours_stay() -> None:
    store = new_store()
    good = [
        {"type": "task-received", "hostname": "w@h", "timestamp": NOW, "uuid": f"t{number}"}
        for number in range(200)
    ]
    bad: list[Any] = [
        *(5, None, "x", [[[]]], {"type": 5}, {"type": "task-received"}, {}, {"type": ""}),
        {"type": "worker-heartbeat", "hostname": ["\x1b[2J"]},
        {"type": "task-received", "uuid": "x" * 2_000, "hostname": "w@h"},
    ]
    mixed = [one for event in good for one in (event, *bad)]
    received(store, iter([json.dumps(mixed).encode(), b"\xff\xfe", b"[" * 50_000]))
    summary = store.summary(NOW)

    assert (summary.held, summary.events_received) == (200, 200)
    assert summary.events_invalid == 200 * len(bad) + 2
