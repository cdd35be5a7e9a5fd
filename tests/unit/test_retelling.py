"""Tasks whose events are made again, compared with those that a store had of the real events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from celerytui.model import Batch, Event, Task, TaskState
from celerytui.store import Store, TaskOutcome, retell
from tests.unit.history_tasks import tasks
from tests.unit.store_stream import ALPHA, T0, beat, feed, held, survey, task_event
from tests.unit.test_store_against_state import ARRIVAL, essence, reordered, run_store

pytestmark = pytest.mark.slow


def told_again(task: Task) -> Task:
    """The task as a new store knows it after its events."""
    store = Store()
    store.apply(Batch(retell(task), ARRIVAL, lag=60.0))
    return held(store, task.id)


@settings(max_examples=150, deadline=None)
@given(reordered(max_tries=3))
def test_a_retold_task_is_what_its_events_made_of_it(
    streams: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    store = run_store(streams[1])
    for task in store.all_tasks():
        assert essence(told_again(task)) == essence(task)


@settings(max_examples=150, deadline=None)
@given(tasks)
def test_any_record_of_a_task_can_be_retold(task: Task) -> None:
    twin = told_again(task)
    assert twin.id == task.id
    if task.name is not None and not task.more.attempts:
        assert twin.name == task.name
    if task.queue is not None:
        assert twin.queue == task.queue


def answered() -> Store:
    """A store that knows a task from what its worker answered."""
    info: dict[str, Any] = {
        "id": "a",
        "name": "shop.pay",
        "args": [1],
        "kwargs": {},
        "time_start": None,
    }
    queues = {ALPHA: [{"name": "high"}]}
    store = feed(Store(), beat(0))
    store.seed(survey(1, active={ALPHA: [info]}, active_queues=queues))
    return store


def progressing() -> Store:
    progress = Event(
        "task-progress", ALPHA, T0 + 3, uuid="a", extra={"current": 3, "total": 10, "message": "x"}
    )
    custom = Event("task-cached", ALPHA, T0 + 4, uuid="a", extra={"key": "é"})
    events = task_event("received", 1, name="n"), task_event("started", 2), progress, custom
    return feed(Store(), *events)


def lost() -> Store:
    store = feed(Store(), beat(0), task_event("received", 1, name="n"), task_event("started", 2))
    store.sweep(T0 + 1000)
    assert held(store).state is TaskState.LOST
    return store


def looked_up(status: str, at: float | None = None) -> Store:
    """A store that found in the result backend how a task ended."""
    store = Store()
    received = task_event("received", 1, name="n")
    feed(store, beat(0), received, task_event("started", 2))
    store.mark_gap(T0 + 3, T0 + 500)
    store.apply(Batch([beat(501)], T0 + 501))
    store.settling.answered(ALPHA, ["a"], {}, T0 + 520)
    assert held(store).state is TaskState.MISSED
    store.settling.resolve([TaskOutcome("a", status, "KeyError('x')", "Traceback", at)])
    return store


def rejected() -> Store:
    failed = task_event("failed", 3, exception="E('x')", traceback="T")
    steps = task_event("received", 1, name="n"), task_event("started", 2)
    return feed(Store(), *steps, failed, task_event("rejected", 4, requeue=False))


@pytest.mark.parametrize(
    "store",
    [
        answered(),
        progressing(),
        lost(),
        rejected(),
        looked_up("SUCCESS", T0 + 4),
        looked_up("FAILURE"),
        looked_up("PENDING"),
    ],
)
def test_what_no_event_of_the_task_said_is_told_too(store: Store) -> None:
    task = held(store)
    # An end that was looked up is told like any other, and is news then.
    seen = max(task.seen, task.finished or 0.0)
    assert essence(told_again(task)) == essence(task) | {"seen": seen}
