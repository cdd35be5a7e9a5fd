"""What the workers run and have done: from where each figure comes, and that they agree."""

from __future__ import annotations

import pytest

from celerytui.columns import WORKER_COLUMNS, CellContext, column
from celerytui.model import TaskState, Worker
from celerytui.store import Store
from celerytui.store import glance as glance_module
from tests.unit.store_stream import (
    ALPHA,
    BETA,
    T0,
    beat,
    feed,
    known,
    survey,
    task_event,
    worker_event,
)


def figures(worker: Worker) -> tuple[int | None, int | None, int | None]:
    return worker.succeeded, worker.failed, worker.retried


def failed_cell(worker: Worker, *, ascii: bool = False) -> str:
    return column(WORKER_COLUMNS, "failed").text(worker, CellContext(T0, ascii=ascii), 11).strip()


def test_heartbeats_say_what_runs_until_task_events_do() -> None:
    store = feed(Store(), beat(0, active=3), beat(0, BETA, active=4))
    assert (known(store).running, store.glance(None).running) == (3, 7)
    feed(store, task_event("received", 1), task_event("started", 1))
    assert known(store).running == 1
    # A heartbeat is up to two seconds old when it is read; what came since is not.
    feed(store, beat(1, active=0))
    assert (known(store).running, store.glance(None).running) == (1, 5)
    feed(store, task_event("succeeded", 2))
    assert (known(store).running, store.glance(None).running) == (0, 4)


def test_a_worker_runs_no_more_than_its_pool_takes_or_its_heartbeat_counts() -> None:
    store = Store()
    store.seed(survey(0, stats={ALPHA: {"pool": {"max-concurrency": 2}}}))
    for number in range(4):
        feed(store, task_event("received", 1, f"t{number}"), task_event("started", 1, f"t{number}"))
    assert (known(store).running, store.glance(None).running) == (2, 2)
    feed(store, beat(2, active=3))  # its pool has grown since
    assert known(store).running == 3
    feed(store, task_event("succeeded", 3, "t0"), task_event("succeeded", 3, "t1"))
    assert known(store).running == 2


def test_what_a_worker_finishes_while_it_stops_still_runs() -> None:
    store = feed(Store(), beat(0, pid=7), beat(0, BETA, active=4))
    feed(store, task_event("received", 1), task_event("started", 1))
    feed(store, worker_event("offline", 2, pid=7, active=1))
    store.sweep(T0 + 3)
    assert (known(store).status, store.glance(None).running) == ("stopping", 5)
    feed(store, task_event("succeeded", 4, pid=7))
    store.sweep(T0 + 5)
    assert (known(store).status, store.glance(None).running) == ("offline", 4)


def test_what_ran_before_its_events_came_counts() -> None:
    store = feed(Store(), beat(0, active=1))
    store.set_task_events(ALPHA, True, by_us=True)
    assert known(store).running == 0
    store.seed(survey(1, active={ALPHA: [{"id": "old", "time_start": T0}]}))
    assert known(store).running == 1


def test_a_worker_that_is_gone_runs_nothing_and_one_that_is_not_known_to_is_no_zero() -> None:
    store = feed(Store(), worker_event("heartbeat", 0))
    assert (known(store).running, store.glance(None).running) == (None, None)
    feed(store, beat(1, BETA, active=2))
    assert store.glance(None).running == 2
    feed(store, worker_event("offline", 2, BETA))
    assert store.glance(None).running is None


def test_one_glance_has_the_worker_and_its_tasks_of_the_same_moment() -> None:
    store = Store()
    for number in range(5):
        feed(store, task_event("received", number, f"t{number}"))
    feed(store, task_event("started", 6, "t1"), task_event("started", 6, "t3"))
    feed(store, task_event("received", 6, "other", BETA), task_event("started", 7, "other", BETA))
    glance = store.glance(ALPHA)
    assert [*glance.workers] == [ALPHA, BETA]
    assert [task.id for task in glance.tasks] == ["t0", "t1", "t2", "t3", "t4"]
    started = [task.id for task in glance.tasks if task.state is TaskState.STARTED]
    assert started == ["t1", "t3"]
    assert (glance.workers[ALPHA].running, glance.running) == (2, 3)
    feed(store, task_event("succeeded", 8, "t1"))
    assert glance.workers[ALPHA].running == 2
    assert store.glance("nobody@host").tasks == []


def test_of_more_tasks_than_anybody_looks_through_the_running_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(glance_module, "HELD", 5)
    store = feed(Store(), *(task_event("received", 1, f"t{number}") for number in range(50)))
    feed(store, *(task_event("started", 2, f"t{number}") for number in (7, 17, 27)))
    ids = {task.id for task in store.glance(ALPHA).tasks}
    assert len(ids) == 5
    assert ids >= {"t7", "t17", "t27"}


def test_how_tasks_ended_is_not_known_before_anything_was_seen() -> None:
    store = feed(Store(), beat(0, processed=900))
    for switch_on in (False, True):
        worker = known(store)
        assert (figures(worker), worker.seen_since) == ((None, None, None), None)
        assert (failed_cell(worker), failed_cell(worker, ascii=True)) == ("–", "-")
        store.set_task_events(ALPHA, switch_on, by_us=True)
    assert known(store).failed is None
    feed(store, task_event("started", 5))
    worker = known(store)
    assert (figures(worker), worker.seen_since) == ((0, 0, 0), T0 + 5)
    assert failed_cell(worker) == "0"
    feed(store, task_event("failed", 6), task_event("retried", 7, "b"))
    feed(store, task_event("succeeded", 8, "c"), task_event("failed", 8, "d"))
    worker = known(store)
    assert (figures(worker), worker.processed, worker.seen_since) == ((1, 2, 1), 900, T0 + 5)


def test_what_was_seen_is_of_the_process_whose_tasks_are_counted() -> None:
    store = feed(Store(), beat(0, pid=1, processed=9), task_event("failed", 1))
    assert known(store).failed == 1
    feed(store, beat(2, pid=2, processed=0))
    worker = known(store)
    assert figures(worker) == (None, None, None)
    feed(store, task_event("succeeded", 3, "b"))
    assert figures(known(store)) == (1, 0, 0)
    # The pace goes on over the restart.
    store.sweep(T0 + 5)
    assert sum(count or 0 for count in store.series("done", 10, T0 + 5, ALPHA)) == 2
    # The process before it is gone for certain once it was silent for long enough.
    feed(store, beat(19, pid=2, processed=1))
    store.sweep(T0 + 19)
    feed(store, beat(21, pid=2, processed=1))
    assert known(store).processed == 1
