"""Queues: history, growth, when they are empty, and who takes from them."""

from __future__ import annotations

import pytest

from celerytui.columns import QUEUE_COLUMNS, CellContext, columns_for, row_cells
from celerytui.model import Queue, QueueDepth
from celerytui.store import Store
from celerytui.store.queues import empty_in
from tests.unit.store_stream import ALPHA, BETA, T0, beat, feed, survey, task_event, worker_event


def read(store: Store, at: float, ready: int | None, consumers: int | None = None) -> Queue:
    depth = QueueDepth("mail", ready=ready, consumers=consumers)
    store.record_queues([depth], T0 + at)
    return store.queues()[0]


def test_a_sample_each_five_seconds_and_none_where_nothing_was_read() -> None:
    store = Store()
    for at, ready in ((0, 1), (2, 2), (4, 3), (6, 4), (22, 5)):
        queue = read(store, at, ready)
    assert queue.history == (3, 4, None, None, 5)
    assert (queue.ready, queue.read_at) == (5, T0 + 22)
    for at in range(0, 2000, 5):
        queue = read(store, 30 + at, at)
    assert len(queue.history) == 120
    assert queue.history[-1] == 1995


def test_growth_and_when_it_is_empty() -> None:
    store = Store()
    for at in range(0, 60, 2):
        queue = read(store, at, 1000 - 10 * at)
    assert queue.growth == pytest.approx(-10)
    assert queue.empty_in == pytest.approx((1000 - 580) / 10)
    for at in range(60, 180, 2):
        queue = read(store, at, 4 * at)
    assert queue.growth == pytest.approx(4)
    assert queue.empty_in is None


def test_a_spike_does_not_move_the_trend() -> None:
    store = Store()
    for at in range(0, 60, 5):
        queue = read(store, at, 900_000 if at == 30 else 100)
    assert queue.growth == 0


def test_too_little_says_nothing() -> None:
    store = Store()
    assert read(store, 0, 5).growth is None
    assert read(store, 9, 9).growth is None
    assert read(store, 15, None).ready is None
    assert read(store, 200, 9).growth is None


def test_an_error_stands_in_its_row() -> None:
    store = Store()
    read(store, 0, 5)
    store.record_queues([QueueDepth("mail", error="NOT_FOUND")], T0 + 5)
    queue = store.queues()[0]
    assert (queue.ready, queue.error, queue.history) == (None, "NOT_FOUND", (5, None))
    assert read(store, 10, 6).error is None


@pytest.mark.parametrize(
    ("ready", "growth", "expected"),
    [(60, -4.0, 15.0), (0, -4.0, None), (60, 0.0, None), (60, 1.0, None), (60, None, None)],
)
def test_seconds_until_it_is_empty(
    ready: int, growth: float | None, expected: float | None
) -> None:
    assert empty_in(ready, growth) == expected


def test_the_broker_knows_the_consumers() -> None:
    store = Store()
    assert read(store, 0, 5, consumers=0).consumed is False
    assert read(store, 1, 5, consumers=2).consumed is True
    assert read(store, 2, 5).consumed is None


def test_without_the_broker_all_live_workers_must_have_answered() -> None:
    store = feed(Store(), beat(0), beat(0, BETA))
    read(store, 0, 5)
    store.seed(survey(1, active_queues={ALPHA: [{"name": "celery"}]}))
    queues = {queue.name: queue.consumed for queue in store.queues()}
    assert queues == {"celery": True, "mail": None}
    feed(store, worker_event("offline", 2, BETA))
    queues = {queue.name: queue.consumed for queue in store.queues()}
    assert queues == {"celery": True, "mail": False}
    store.seed(survey(3, active_queues={ALPHA: [{"name": "celery"}, {"name": "mail"}]}))
    assert {queue.consumed for queue in store.queues()} == {True}


def test_names_come_from_events_and_answers_up_to_a_bound() -> None:
    store = feed(Store(), task_event("sent", 1, queue="b"))
    store.seed(survey(1, active_queues={ALPHA: [{"name": "a"}]}))
    assert store.queue_names() == {"a", "b"}
    assert [queue.name for queue in store.queues()] == ["a", "b"]
    feed(store, *(task_event("sent", 2, queue=f"q{n}") for n in range(2500)))
    store.record_queues([QueueDepth(f"r{n}", ready=1) for n in range(2500)], T0)
    assert len(store.queue_names()) == 2000
    assert len(store.queues()) == 4000


def test_a_queue_that_was_not_read_yet_is_no_trouble() -> None:
    store = Store()
    store.expect_queues(["new", "secret"])
    store.record_queues([QueueDepth("secret", error="ACCESS_REFUSED")], 5.0)
    layout, context = columns_for(QUEUE_COLUMNS, 80), CellContext(now=9.0)
    new, secret = ([*row_cells(layout, queue, context)] for queue in store.queues())
    assert " ".join(cell.text for cell in new).split() == ["new", "not", "read", "yet"]
    assert {cell.role for cell in new} <= {"text", "muted"}
    assert " ".join(cell.text for cell in secret).split() == ["!", "secret", "ACCESS_REFUSED"]
    assert [queue.unreadable for queue in store.queues()] == [False, True]
