"""A rule that raises costs one event: the rest of its batch is applied, and it is counted."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event, Task, TaskState
from celerytui.query import TaskView
from celerytui.store import Store
from tests.unit.store_stream import ALPHA, T0, beat, feed, held, task_event

BAD = "bad"
KINDS = ("sent", "received", "started", "succeeded", "failed", "retried", "revoked", "custom")


class Broken(Exception):
    """What a rule with a fault in it raises."""


def break_at(store: Store, patch: pytest.MonkeyPatch) -> None:
    """Let whatever holds or moves the task `BAD` raise, half done."""
    table = store._tasks
    hold, move = table.hold, table.move

    def holding(task: Task, record: Any) -> None:
        hold(task, record)
        if task.id == BAD:
            raise Broken

    def moving(task: Task, new: TaskState, record: Any) -> None:
        move(task, new, record)
        if task.id == BAD:
            raise Broken

    patch.setattr(table, "hold", holding)
    patch.setattr(table, "move", moving)


def facts(store: Store) -> list[Task]:
    return [task for task in store.all_tasks() if task.id != BAD]


events = st.builds(
    lambda kind, id, at: task_event(kind, at, id),
    st.sampled_from(KINDS),
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 20),
)
broken = st.sampled_from(["failed", "retried", "sent"]).map(lambda kind: task_event(kind, 1, BAD))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(events, broken), min_size=1, max_size=40))
def test_the_others_are_applied_as_if_it_had_not_been_there(stream: list[Event]) -> None:
    whole, plain = Store(), Store()
    with pytest.MonkeyPatch.context() as patch:
        break_at(whole, patch)
        patch.setattr(logging.getLogger("celerytui.store.event_errors"), "disabled", True)
        whole.apply(Batch(stream, T0))
    plain.apply(Batch([event for event in stream if event.uuid != BAD], T0))
    assert [(t.id, t.state, t.seen) for t in facts(whole)] == [
        (t.id, t.state, t.seen) for t in facts(plain)
    ]
    failed = whole.summary(T0 + 1).events_failed
    assert (failed > 0) is any(event.uuid == BAD for event in stream)
    assert failed <= sum(event.uuid == BAD for event in stream)
    assert whole.summary(T0 + 1).events_received == len(stream)
    assert sum(whole.summary(T0 + 1).by_state.values()) == len(whole.all_tasks())


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4])
def test_each_event_but_the_failing_one_is_applied(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    break_at(store, monkeypatch)
    stream = [task_event("received", 0, f"t{number}") for number in range(4)]
    stream.insert(place, task_event("retried", 0, BAD))
    store.apply(Batch(stream, T0))
    assert store.summary(T0).events_failed == 1
    assert {task.id for task in facts(store)} == {f"t{number}" for number in range(4)}


def test_a_usual_step_that_raises_costs_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    store = feed(Store(), task_event("received", 0, "a"))
    evict = store._tasks.evict
    monkeypatch.setattr(store._tasks, "max_tasks", 1)
    monkeypatch.setattr(store._tasks, "evict", lambda: evict() or 1 / 0)
    store.apply(
        Batch(
            [
                task_event("received", 1, "b"),
                task_event("started", 2, "b"),
                task_event("succeeded", 3, "b"),
            ],
            T0,
        )
    )
    summary = store.summary(T0)
    assert (summary.events_failed, summary.held, summary.evicted) == (1, 1, 1)
    assert held(store, "b").state is TaskState.SUCCESS


def test_what_a_failing_rule_had_changed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    store = feed(Store(), task_event("received", 0, BAD), task_event("received", 0, "b"))
    view = TaskView(store, lambda: T0)
    view.configure(sort="state", reverse=False)
    view.refresh()
    revision = store.revision
    break_at(store, monkeypatch)
    store.apply(Batch([task_event("failed", 5, BAD)], T0))
    assert held(store, BAD).state is TaskState.FAILURE
    assert BAD in (store.live.changed_since(revision, 10) or ())
    assert view.refresh()
    fresh = TaskView(store, lambda: T0)
    fresh.configure(sort="state", reverse=False)
    fresh.refresh()
    assert view.matching_ids() == fresh.matching_ids()


def test_worker_events_that_raise_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    monkeypatch.setattr(store._workers, "came", lambda event, now: 1 / 0)
    store.apply(Batch([beat(0), task_event("received", 1), beat(2)], T0))
    assert store.summary(T0).events_failed == 2
    assert held(store).worker == ALPHA


def test_failures_are_logged_now_and_then(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    break_at(store, monkeypatch)
    for second in range(121):
        store.apply(Batch([task_event("retried", 0, BAD)] * 5, T0 + second))
    said = [record.getMessage() for record in caplog.records if "not be applied" in record.msg]
    assert said == [
        "a task-retried event could not be applied (1 so far)",
        "a task-retried event could not be applied (301 so far)",
        "a task-retried event could not be applied (601 so far)",
    ]
    assert caplog.records[0].exc_info is not None
