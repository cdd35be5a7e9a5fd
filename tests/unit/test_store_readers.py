"""What readers get: changes, copies, figures, rates, gaps; and that they never wait for long."""

from __future__ import annotations

import threading
import time

import pytest

from celerytui.model import Batch, Event, TaskState
from celerytui.store import Store
from celerytui.store.changes import LEAST_LENGTH, LOG_LENGTH, ChangeLog, log_length
from celerytui.store.lock import FairLock
from tests.unit.store_stream import ALPHA, BETA, T0, beat, feed, held, task_event


def test_changes_come_once_each_in_the_order_of_the_last() -> None:
    store = feed(Store(), task_event("received", 1, "a"), task_event("received", 2, "b"))
    start = store.revision
    assert store.live.changed_since(start, 10) == []
    feed(store, task_event("started", 3, "b"), task_event("started", 4, "a"))
    middle = store.revision
    feed(store, task_event("succeeded", 5, "b"), beat(6))
    assert store.live.changed_since(start, 10) == ["a", "b"]
    assert store.live.changed_since(middle, 10) == ["b"]
    assert store.live.changed_since(0, 1) is None
    assert store.live.changed_since(store.revision + 1, 10) is None


def test_workers_and_queues_count_as_changes_of_no_task() -> None:
    store = Store()
    revision = store.revision
    feed(store, beat(0))
    assert store.revision > revision
    assert store.live.changed_since(revision, 0) == []


def test_a_log_that_is_too_short_says_so() -> None:
    log = ChangeLog(length=3)
    for name in "abcd":
        log.note(name)
        log.commit()
    assert log.since(1) == ["b", "c", "d"]
    assert log.since(0) is None
    log.commit()
    assert log.revision == 4


def test_the_log_is_no_longer_than_what_is_held_is_worth() -> None:
    assert (log_length(1), log_length(20_000)) == (LEAST_LENGTH, 40_000)
    assert log_length(1_000_000) == LOG_LENGTH
    store = Store(max_tasks=10)
    feed(store, *(task_event("received", 1, f"id{number}") for number in range(LEAST_LENGTH + 1)))
    assert store.live.changed_since(0, LOG_LENGTH) is None
    assert store.live.changed_since(store.revision - LEAST_LENGTH, LOG_LENGTH) is not None


def test_copies_do_not_change_under_the_reader() -> None:
    store = feed(Store(), task_event("retried", 1, exception="E1"), beat(1))
    task, worker = held(store), store.workers()[0]
    feed(store, task_event("retried", 2, exception="E2"), beat(3, active=9))
    assert (task.more.exception, len(task.more.attempts)) == ("E1", 1)
    assert (worker.active, worker.last_seen) == (0, T0 + 1)
    assert store.tasks(["a", "nope"]) == [held(store), None]


def test_live_tasks_are_those_that_are_held() -> None:
    store = feed(Store(), *(task_event("received", 1, f"id{number}") for number in range(600)))
    by_id = {task.id: task for task in store.all_tasks()}
    ids = [*reversed(by_id), "not there"]
    assert [id(task) for task in store.live.held(ids)] == [id(by_id[one]) for one in ids[:-1]]


def test_sent_tasks_share_what_they_have_in_common() -> None:
    store = Store()
    for id in "ab":
        feed(store, task_event("sent", 1, id, "gen1@web", queue="q", exchange="", routing_key="q"))
    first, second = store.all_tasks()
    assert first.extra is second.extra
    feed(store, task_event("failed", 2, "a", exception="E"))
    assert (first.more.exception, first.more.client) == ("E", "gen1@web")
    assert (second.more.exception, second.more.client) == (None, "gen1@web")


def test_relatives_are_all_of_one_root() -> None:
    store = feed(
        Store(),
        task_event("received", 1, "root", root_id="root"),
        task_event("received", 2, "kid1", root_id="root", parent_id="root"),
        task_event("received", 3, "kid2", root_id="root", parent_id="kid1"),
        task_event("received", 4, "alien", root_id="alien"),
    )
    assert [task.id for task in store.relatives("kid1")] == ["root", "kid2"]
    assert store.relatives("alien") == store.relatives("nope") == []
    feed(store, *(task_event("received", 5, f"k{n}", root_id="root") for n in range(300)))
    feed(store, task_event("received", 6, "last", root_id="root", parent_id="k299"))
    relatives = store.relatives("last")
    assert len(relatives) == 200
    assert {"root", "k299"} <= {task.id for task in relatives}


def test_the_summary_counts() -> None:
    store = Store()
    assert store.summary(T0).events_per_second is None
    store.sweep(T0 - 10)
    feed(store, beat(0), beat(0, BETA))
    feed(store, *(task_event("received", n, f"t{n}") for n in range(4)))
    feed(store, task_event("started", 4, "t0"), task_event("succeeded", 4, "t1"))
    feed(store, task_event("failed", 4, "t2"), task_event("sent", 4, "s"))
    store.apply(Batch([], T0 + 4, invalid=3))
    store.mark_gap(T0 + 30, T0 + 31)
    summary = store.summary(T0 + 5)
    assert (store.glance(None).running, summary.held) == (1, 5)
    assert summary.failed_5m == 1
    assert (summary.workers_online, summary.workers_total) == (2, 2)
    assert (summary.events_received, summary.events_invalid, summary.gaps) == (10, 3, 1)
    assert (summary.first_event_at, summary.last_event_at) == (T0, T0 + 4)
    by_state = {state: count for state, count in summary.by_state.items() if count}
    assert by_state == {"sent": 1, "received": 1, "started": 1, "success": 1, "failure": 1}
    assert (summary.events_per_second, summary.done_per_second) == (2.0, 0.4)
    assert store.summary(T0 + 304).failed_5m == 0
    assert store.summary(T0 + 303).failed_5m == 1


def test_seconds_in_a_gap_or_before_the_start_are_not_known() -> None:
    store = Store()
    assert store.series("events", 3, T0) == [None, None, None]
    store.sweep(T0)
    for second in (0, 1, 5):
        store.apply(Batch([task_event("started", second), beat(second)], T0 + second))
    store.mark_gap(T0 + 2.5, None)
    assert store.series("events", 5, T0 + 4) == [None, 2.0, 2.0, None, None]
    store.mark_gap(T0 + 2.5, T0 + 3.5)
    assert store.series("events", 7, T0 + 6) == [None, 2.0, 2.0, None, None, 0.0, 2.0]
    assert store.gaps() == [(T0 + 2.5, T0 + 3.5)]


def test_series_hold_a_quarter_of_an_hour() -> None:
    store = Store()
    for second in range(1000):
        store.apply(Batch([task_event("failed", second, f"t{second}")], T0 + second))
    series = store.series("failed", 1000, T0 + 1000)
    assert series == [None] * 100 + [1.0] * 900
    store.apply(Batch([beat(0)], T0 + 5000))
    assert store.series("done", 900, T0 + 5001) == [0.0] * 900


def test_a_clock_set_back_starts_the_history_anew() -> None:
    store = feed(Store(), beat(100_000))
    feed(store, beat(0))
    assert store.series("events", 2, T0 + 1) == [None, 1.0]


def test_a_waiting_thread_gets_the_lock_before_its_holder_again() -> None:
    lock = FairLock()
    order: list[str] = []

    def read() -> None:
        with lock:
            order.append("reader")

    thread = threading.Thread(target=read)
    with lock:
        thread.start()
        deadline = time.monotonic() + 100
        while not lock._turn.locked() and time.monotonic() < deadline:
            time.sleep(0.001)
    with lock:
        order.append("writer")
    thread.join(100)
    assert order == ["reader", "writer"]


def test_readers_see_whole_states_while_a_storm_comes_in() -> None:
    store = Store(max_tasks=500)
    failures: list[str] = []
    over = threading.Event()

    def read() -> None:
        revision = 0
        while not over.is_set():
            revision, changed = store.revision, store.live.changed_since(revision, 10_000)
            for task in store.tasks((changed or [])[:50]):
                if task is not None and task.state is TaskState.SUCCESS and task.finished is None:
                    failures.append("a success without its end")
            summary = store.summary(T0)
            if summary.held > 500 or sum(summary.by_state.values()) != summary.held:
                failures.append("counts that do not agree")
            store.workers()

    thread = threading.Thread(target=read)
    thread.start()
    kinds = ("received", "started", "succeeded")
    for start in range(0, 6000, 300):
        numbers = range(start, start + 300)
        events: list[Event] = [task_event(kind, 1, f"t{n}") for kind in kinds for n in numbers]
        store.apply(Batch(events, T0 + 1))
    over.set()
    thread.join(100)
    assert failures == []
    assert not thread.is_alive()
    assert store.summary(T0).by_state["success"] == 500
    assert store.evicted == 5500


@pytest.mark.parametrize("count", [0, 1, 249, 250, 251, 700])
def test_batches_of_any_size_are_taken_whole(count: int) -> None:
    store = Store()
    store.apply(Batch([task_event("received", 1, f"t{n}") for n in range(count)], T0))
    assert store.summary(T0).events_received == len(store.all_tasks()) == count
    assert [task.seq for task in store.all_tasks()] == list(range(1, count + 1))
    assert {task.worker for task in store.all_tasks()} <= {ALPHA}


def test_the_lag_is_that_of_the_newest_events_while_they_are_new() -> None:
    store = Store()
    assert store.summary(T0).lag is None
    store.apply(Batch([task_event("started", 0)], T0 + 3.4, lag=3.4))
    store.apply(Batch([], T0 + 4, invalid=1))

    assert store.summary(T0 + 5).lag == 3.4
    assert store.summary(T0 + 9).lag is None
