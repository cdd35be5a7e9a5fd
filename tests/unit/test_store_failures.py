"""The groups of failures: what is counted is what the tasks show, in whatever order they came."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event, TaskState
from celerytui.store import Store
from celerytui.store.failures import groups as groups_module
from celerytui.store.failures.ends import failure_key
from celerytui.store.failures.group import (
    MOST_VARIANTS,
    MOST_WORKERS,
    OTHERS,
    FailureRow,
    variant_rows,
)
from celerytui.store.failures.groups import WATCHED
from celerytui.store.failures.slices import SLICES, WINDOWS, Slices, Window, in_cells
from celerytui.store.runs import known_runs
from tests.unit.failure_texts import CHARGE, RAISE, block
from tests.unit.store_stream import BETA, T0, beat, feed, task_event

TRACE = block(CHARGE, RAISE)
NOW = T0 + 1000


def failed(at: float, id: str = "a", text: str = "Declined('x')", **fields: Any) -> Event:
    return task_event("failed", at, id, exception=text, traceback=TRACE, **fields)


def ran(id: str, at: float, *, name: str = "shop.charge", host: str = "alpha@host") -> list[Event]:
    return [
        task_event("received", at, id, host, name=name, retries=0),
        task_event("started", at + 1, id, host),
    ]


def rows(store: Store, now: float = NOW) -> list[FailureRow]:
    store.failures.update(now)
    return store.failures.rows(now, every=True)


def only(store: Store, now: float = NOW) -> FailureRow:
    (row,) = rows(store, now)
    return row


def test_a_failure_makes_a_group() -> None:
    store = feed(Store(), *ran("a", 0), failed(2))
    row = only(store)
    assert (row.task, row.exception, row.message) == ("shop.charge", "shop.errors.Declined", "x")
    assert (row.count, row.retries, row.failed) == (1, 0, 1)
    assert (row.first_seen, row.last_seen) == (T0 + 2, T0 + 2)
    assert row.workers == (("alpha@host", 1),)
    assert row.place == "gateway.py:67"
    detail = store.failures.detail(row.key)
    assert detail is not None
    assert detail.example is not None
    assert detail.example.task_id == "a"
    assert detail.example.traceback == TRACE
    assert detail.frames == (("billing/tasks", "charge"), ("billing/gateway", "_raise_for"))
    assert store.failures.group_of("a") == row.key


def test_retries_are_counted_apart() -> None:
    store = feed(
        Store(),
        *ran("a", 0),
        task_event("retried", 2, exception="Declined('x')", traceback=TRACE),
        *ran("b", 3),
        failed(5, "b"),
    )
    row = only(store)
    assert (row.count, row.retries) == (1, 1)


def test_one_task_is_counted_for_each_of_its_tries() -> None:
    store = feed(Store(), *ran("a", 0))
    for number in range(3):
        store.apply(Batch([task_event("retried", 2 + 4 * number, exception="Declined('x')",
                                      traceback=TRACE),
                           task_event("received", 3 + 4 * number, retries=number + 1),
                           task_event("started", 4 + 4 * number)], NOW))  # fmt: skip
        store.failures.update(NOW)
    feed(store, failed(15))
    row = only(store)
    assert (row.count, row.retries) == (1, 3)


def test_celerys_own_retry_is_no_group() -> None:
    store = feed(Store(), *ran("a", 0), task_event("retried", 2, exception="Retry('in 3s')"))
    assert rows(store) == []


ENDS: dict[str, tuple[str, str, list[Event]]] = {
    "rejected": ("rejected", "requeued", [task_event("rejected", 2, requeue=True)]),
    "terminated": (
        "terminated",
        "signal 15",
        [task_event("revoked", 2, terminated=True, expired=False, signum=15)],
    ),
    "killed": (
        "WorkerLostError",
        "signal 9",
        [task_event("failed", 2, exception="WorkerLostError('signal 9')")],
    ),
    "timed out": (
        "TimeLimitExceeded",
        "30",
        [task_event("failed", 2, exception="TimeLimitExceeded(30,)")],
    ),
}


@pytest.mark.parametrize("end", [*ENDS])
def test_ends_are_named_for_what_they_are(end: str) -> None:
    exception, message, events = ENDS[end]
    row = only(feed(Store(), *ran("a", 0), *events))
    assert (row.exception, row.message, row.count) == (exception, message, 1)


@pytest.mark.parametrize("fields", [{"expired": True, "terminated": False}, {"terminated": False}])
def test_what_was_revoked_before_it_ran_is_no_failure(fields: dict[str, Any]) -> None:
    assert rows(feed(Store(), *ran("a", 0)[:1], task_event("revoked", 2, **fields))) == []


def test_a_rejection_after_a_failure_is_that_failure() -> None:
    for events in ([failed(2), task_event("rejected", 3)], [task_event("rejected", 3), failed(2)]):
        store = feed(Store(), *ran("a", 0))
        for event in events:
            feed(store, event)
            store.failures.update(NOW)
        row = only(store)
        assert (row.exception, row.count) == ("shop.errors.Declined", 1)


def test_lost_tasks_are_a_group_until_they_come_back() -> None:
    store = feed(Store(), beat(0), *ran("a", 0), *ran("b", 0)[:1])
    for second in range(0, 700, 5):
        store.sweep(T0 + second)
    row = only(store)
    detail = store.failures.detail(row.key)
    assert (row.exception, row.count) == ("lost", 2)
    assert detail is not None
    assert detail.variants == (("before it started", 1), ("while running", 1))
    feed(store, task_event("succeeded", 705, result="1", runtime=1.0))
    detail = store.failures.detail(only(store).key)
    assert detail is not None
    assert detail.variants == (("before it started", 1),)
    feed(store, task_event("started", 706, "b"), task_event("succeeded", 707, "b", runtime=1.0))
    assert rows(store) == []


def test_a_name_that_is_told_late_is_that_of_the_group() -> None:
    store = feed(Store(), failed(2))
    assert only(store).task == ""
    feed(store, task_event("sent", 0, host="client@web", name="shop.charge"))
    assert only(store).task == "shop.charge"


def test_evicted_tasks_stay_counted() -> None:
    store = Store(max_tasks=10)
    for number in range(100):
        feed(store, *ran(f"t{number}", number), failed(number + 2, f"t{number}"))
        if number % 7 == 0:
            store.failures.update(NOW)
    assert only(store).count == 100
    assert len(store.failures._known) <= 10


def test_an_id_that_comes_again_after_its_eviction_is_counted_again() -> None:
    store = Store(max_tasks=1)
    for at in (0, 10):
        feed(store, *ran("a", at), failed(at + 2), *ran("b", at + 4), failed(at + 6, "b"))
    assert only(store).count == 4


def test_variants_and_workers_are_counted_and_bounded() -> None:
    store = Store()
    for number in range(60):
        word = "abcdefghij"[number % 10] * (1 + number // 10)
        host = f"w{number}@host"
        feed(store, *ran(str(number), number, host=host),
             failed(number + 2, str(number), f"Declined('{word}')", host=host))  # fmt: skip
    row = only(store)
    detail = store.failures.detail(row.key)
    assert detail is not None
    assert len(detail.variants) == MOST_VARIANTS + 1
    assert len(row.workers) == MOST_WORKERS + 1
    assert detail.variants[-1] == (OTHERS, 60 - MOST_VARIANTS)
    assert sum(count for _, count in row.workers) == 60


def test_groups_are_bounded_and_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_module, "MOST_GROUPS", 5)
    store = Store()
    for number in range(12):
        feed(
            store,
            *ran(str(number), number, name=f"shop.n{number}"),
            failed(number + 2, str(number)),
        )
    assert [row.task for row in rows(store)] == [f"shop.n{number}" for number in range(11, 6, -1)]
    assert store.failures.others == 7


def test_tasks_that_wait_to_be_counted_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celerytui.store.tasks.MAX_FAILING", 5)
    store = Store(max_tasks=20)
    for number in range(50):
        feed(store, *ran(str(number), number), failed(number + 2, str(number)))
    assert len(store._tasks.failing) == 5
    assert only(store).count == 5
    assert store.failures.others >= 45
    assert len(store.failures._known) <= 20


def test_long_tracebacks_keep_their_end() -> None:
    store = feed(Store(), *ran("a", 0), task_event("failed", 2, exception="Declined('x')",
                 traceback="x" * 100_000 + TRACE))  # fmt: skip
    detail = store.failures.detail(only(store).key)
    assert detail is not None
    assert detail.example is not None
    assert len(detail.example.traceback or "") <= 8_192
    assert (detail.example.traceback or "").endswith(TRACE)


def test_new_is_what_came_after_some_time_of_watching() -> None:
    store = feed(Store(), *ran("a", 0), failed(2))
    assert only(store, T0 + 3).standing == ""
    feed(store, *ran("b", WATCHED + 10, name="shop.late"), failed(WATCHED + 12, "b"))
    late, early = rows(store, T0 + WATCHED + 13)
    assert (late.standing, early.standing) == ("new", "")
    late, early = rows(store, T0 + WATCHED + 12 + 3601)
    assert (late.standing, early.standing) == ("", "")


def test_a_resolved_group_opens_when_it_comes_again() -> None:
    store = feed(Store(), *ran("a", 0), failed(2))
    key = only(store).key
    assert store.failures.resolve(key, T0 + 10)
    assert only(store).standing == "resolved"
    feed(store, *ran("b", 20), failed(22, "b"))
    assert only(store).standing == "again"
    assert store.failures.resolve(key, T0 + 30)
    assert only(store).standing == "resolved"
    assert not store.failures.resolve(key, T0 + 31)
    assert only(store).standing == ""
    assert not store.failures.resolve("unknown", T0)


def test_what_was_resolved_before_the_start_is_again_when_it_comes() -> None:
    store = feed(Store(), *ran("a", 0), failed(2))
    store.failures.restore({only(store).key: T0 - 3600})
    assert only(store).standing == "again"


def test_a_worker_with_another_clock_is_counted_by_ours() -> None:
    store = Store()
    ahead = 300.0
    for second in range(0, 40, 2):
        event = beat(second + ahead, BETA)
        store.apply(Batch([event], T0 + second))
    store.apply(Batch([*ran("a", 40 + ahead, host=BETA), failed(42 + ahead, host=BETA)], T0 + 42))
    assert only(store, T0 + 43).last_seen == pytest.approx(T0 + 42, abs=1)


@pytest.mark.parametrize("at", [-1e300, math.inf, math.nan, 1e300, -1.0])
def test_impossible_times_are_now(at: float) -> None:
    store = feed(Store(), *ran("a", 0))
    store.apply(Batch([Event(type="task-failed", hostname="alpha@host", uuid="a", timestamp=at,
                             exception="Declined('x')", traceback=TRACE)], NOW))  # fmt: skip
    for row in rows(store):
        assert row.last_seen == NOW
        assert row.failed == 1


KINDS = ("received", "started", "succeeded", "failed", "retried", "revoked", "rejected")
stream = st.lists(
    st.builds(
        lambda kind, id, at, host, text: task_event(
            kind, at, id, host, exception=text, traceback=TRACE if text else None, name=f"shop.{id}"
        ),
        st.sampled_from(KINDS),
        st.sampled_from("abc"),
        st.integers(0, 30),
        st.sampled_from(["alpha@host", BETA]),
        st.sampled_from([None, "Declined('a')", "Declined('b')"]),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(stream, st.sets(st.integers(0, 40)))
def test_counts_are_those_of_the_runs_that_are_held(events: list[Event], looks: set[int]) -> None:
    store = Store()
    for number, event in enumerate(events):
        feed(store, event)
        if number in looks:
            store.failures.update(NOW)
    found = rows(store)
    expected: Counter[tuple[str, str]] = Counter()
    for task in store.all_tasks():
        key = failure_key(task)
        assert key is None or key == store.failures.group_of(task.id)
        assert key is not None or task.state not in (TaskState.FAILURE, TaskState.REJECTED)
        for run in known_runs(task):
            if run.state.label in ("failure", "retry"):
                if run.state.label == "failure" or run.exception:
                    expected[task.name or "", run.state.label] += 1
            elif run.state.label == "rejected":
                expected[task.name or "", "failure"] += 1
    counted: Counter[tuple[str, str]] = Counter()
    for row in found:
        counted[row.task, "failure"] += row.count
        counted[row.task, "retry"] += row.retries
        detail = store.failures.detail(row.key)
        assert detail is not None
        assert sum(count for _, count in detail.variants) == row.count + row.retries
        assert row.failed == row.count
    assert +counted == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 200_000), st.booleans()), max_size=200),
    st.sampled_from(WINDOWS),
    st.integers(0, 300_000),
)
def test_windows_forget(times: list[tuple[int, bool]], window: Window, later: int) -> None:
    slices, newest = Slices(), 0
    expected: Counter[int] = Counter()
    for at, back in times:
        newest = max(newest, at // window.width)
        slices.add(at)
        expected[at // window.width] += 1
        if back:
            slices.add(at, -1)
            expected[at // window.width] -= 1
    # What is older than the window of the newest is not counted, nor what comes later than now.
    last = later // window.width
    places = range(last - SLICES + 1, last + 1)
    values = slices.values(window, later)
    assert values == [expected[one] if one > newest - SLICES else 0 for one in places]
    for cells in (1, 7, 20, 60, 90):
        sums = in_cells(values, cells)
        assert sum(sums) == sum(values)
        assert len(sums) <= cells


def test_messages_that_nobody_counted_are_not_given_a_number() -> None:
    row = only(feed(Store(), *ran("a", 0), failed(2)))
    known = [("a", 3), ("b", 2), ("c", 1)]
    assert [(one.text, one.others) for one in variant_rows(row, known, 2)] == [
        ("a", 0), ("b", 0), ("", 1)
    ]  # fmt: skip
    assert variant_rows(row, [*known, (OTHERS, 40)], 2)[-1].others is None
