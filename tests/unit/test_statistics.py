"""What each type takes: quantiles, windows that forget, and the same figures as a recount."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event, Quantiles, TaskState, TypeFigures
from celerytui.store import Store
from celerytui.store.settling import TaskOutcome
from celerytui.store.statistics import types as bounds
from celerytui.store.statistics.histogram import Histogram, quantiles
from celerytui.store.statistics.record import LENGTHS, SECONDS, WINDOWS
from tests.unit.store_stream import ALPHA, T0, feed, held, task_event
from tests.unit.test_store_fast_path import events

SUCCESS, FAILURE, RETRY = TaskState.SUCCESS, TaskState.FAILURE, TaskState.RETRY


def run(
    at: float, id: str, name: str = "proj.add", runtime: float = 0.5, **fields: Any
) -> list[Event]:
    """A task that waits a second and succeeds `runtime` after that, at `at`."""
    started = at - runtime
    return [
        task_event("received", started - 1, id, name=name, **fields),
        task_event("started", started, id),
        task_event("succeeded", at, id, runtime=runtime),
    ]


def at_once(store: Store, at: float, *stream: Event) -> None:
    """Have all events arrive at one moment."""
    store.sweep(T0 + at, judging=False)
    store.apply(Batch(list(stream), T0 + at))


def figures(store: Store, at: float, window: str = "24h") -> dict[str, TypeFigures]:
    """The figures by name, as of `at`."""
    store.sweep(T0 + at, judging=False)
    return {one.name: one for one in store.types.all(window, T0 + at)}


def exact(values: list[float], part: float) -> float:
    """What numpy's `quantile` gives."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@pytest.mark.parametrize("shape", ["two humps", "even", "heavy tail"])
def test_quantiles_are_within_one_and_a_half_percent(shape: str) -> None:
    rng = random.Random(7)
    shapes: dict[str, Callable[[], float]] = {
        "two humps": lambda: rng.lognormvariate(-1.5, 0.6) + (8.0 if rng.random() < 0.03 else 0.0),
        "even": lambda: rng.uniform(0.001, 30.0),
        "heavy tail": lambda: 0.005 * rng.paretovariate(1.1),
    }
    values = [shapes[shape]() for _ in range(200_000)]
    histogram = Histogram()
    for start in range(0, len(values), 1000):
        histogram.add(values[start : start + 1000])
    parts = (0.5, 0.95, 0.99)
    for part, found in zip(
        parts, quantiles(histogram.counts, histogram.longest, parts), strict=True
    ):
        assert found == pytest.approx(exact(values, part), rel=0.015)
    assert histogram.longest == max(values)


def test_a_quantile_needs_enough_runs() -> None:
    for count, known in ((4, 0), (5, 1), (19, 1), (20, 2), (99, 2), (100, 3)):
        store = Store()
        at_once(store, 50, *(event for n in range(count) for event in run(40, f"{n}")))
        runtime = figures(store, 51)["proj.add"].runtime
        given = [runtime.p50, runtime.p95, runtime.p99]
        assert (runtime.count, runtime.max) == (count, 0.5)
        assert given[:known] == pytest.approx([0.5] * known, rel=0.015)
        assert given[known:] == [None] * (3 - known)


def test_failures_have_times_of_their_own_and_both_count_for_the_share() -> None:
    store = Store()
    failing = [event for n in range(5) for event in run(40, f"f{n}", runtime=4.0)[:2]]
    failing += [task_event("failed", 40, f"f{n}", exception="KeyError(1)") for n in range(5)]
    other = [event for n in range(10) for event in run(40, f"o{n}", "proj.other", 3.0)]
    at_once(store, 50, *(e for n in range(5) for e in run(40, f"{n}")), *failing, *other)
    found = figures(store, 51)
    add = found["proj.add"]
    assert (add.runtime.count, add.failed_runtime.count, add.failure_rate) == (5, 5, 0.5)
    assert add.runtime.max == pytest.approx(0.5)
    assert add.failed_runtime.max == pytest.approx(4.0)
    assert add.wait.count == 10
    assert add.share == pytest.approx(22.5 / 52.5)
    assert found["proj.other"].share == pytest.approx(30 / 52.5)


def test_the_rate_is_of_the_time_in_which_events_were_received() -> None:
    store = Store()
    store.apply(Batch([], T0))
    store.mark_gap(T0 + 20, T0 + 60)
    at_once(store, 99, *(event for n in range(30) for event in run(98, f"{n}")))
    found = figures(store, 100, "5m")["proj.add"]
    assert found.per_second == pytest.approx(30 / 60)
    assert sum(one or 0 for one in found.trend) == 30
    assert found.trend[0] is None


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, str, float]]:
    """Runs as (seconds after T0, name, runtime), in order, with pauses of up to a day."""
    pauses = st.sampled_from([0, 1, 7, 10, 45, 60, 290, 1800, 3500, 40_000, 90_000])
    at, found = 0, []
    for _ in range(draw(st.integers(1, 40))):
        at += draw(pauses)
        found.append((at, draw(st.sampled_from("xy")), draw(st.sampled_from([0.1, 1.0, 7.0]))))
    return found


@settings(max_examples=60, deadline=None)
@given(histories(), st.sampled_from([0, 5, 30, 400, 4000, 100_000]))
def test_windows_forget_exactly(history: list[tuple[int, str, float]], later: int) -> None:
    store = Store()
    for number, (at, name, runtime) in enumerate(history):
        at_once(store, at, *run(at, f"{number}", name, runtime))
    end = history[-1][0] + later
    for (window, seconds), length in zip(WINDOWS.items(), LENGTHS, strict=True):
        size = length * SECONDS
        first = int((T0 + end) // size) - seconds // size
        left: dict[str, list[float]] = defaultdict(list)
        for at, name, runtime in history:
            if int((T0 + at) // size) >= first:
                left[name].append(runtime)
        found = figures(store, end, window)
        assert {name: one.succeeded for name, one in found.items()} == {
            name: len(runtimes) for name, runtimes in left.items()
        }
        total = sum(sum(runtimes) for runtimes in left.values())
        for name, runtimes in left.items():
            one = found[name]
            assert one.runtime.count == len(runtimes) == one.wait.count
            assert one.runtime.max == max(runtimes)
            assert one.share == pytest.approx(sum(runtimes) / total)
            assert sum(count or 0 for count in one.trend) == len(runtimes)
            if one.runtime.p50 is not None:
                assert one.runtime.p50 == pytest.approx(exact(runtimes, 0.5), rel=0.015)


def recount(store: Store) -> dict[str, Counter[TaskState]]:
    """The ended runs by name and state, counted among the tasks that are held."""
    found: dict[str, Counter[TaskState]] = defaultdict(Counter)
    for task in store.all_tasks():
        runs = [(one.name or task.name, one.state) for one in task.more.attempts]
        if task.state is not RETRY:
            runs.append((task.name, task.state))
        for name, state in runs:
            if name is not None and state >= RETRY and not state.guessed:
                found[name][state] += 1
    return dict(found)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(events(), max_size=60), st.integers(1, 20))
def test_any_stream_gives_the_figures_of_a_recount(stream: list[Event], size: int) -> None:
    store = Store()
    for start in range(0, len(stream), size):
        store.apply(Batch(stream[start : start + size], T0 + start))
    found = {
        name: Counter({state: one.states[state] for state in TaskState if one.states[state]})
        for name, one in figures(store, 100).items()
    }
    assert found == recount(store)


def test_a_run_that_a_later_event_corrects_is_counted_once() -> None:
    store = Store()
    feed(store, *run(10, "a")[:2], task_event("revoked", 9.9, "a", terminated=True))
    feed(store, task_event("succeeded", 10, "a", runtime=0.5, result="1"))
    state = held(store).state
    counted = figures(store, 20)["proj.add"].states
    assert [TaskState(at) for at, number in enumerate(counted) if number] == [state]


def test_a_run_without_a_name_counts_once_the_name_is_known() -> None:
    store = Store()
    received, started, succeeded = run(10, "a")
    feed(store, succeeded)
    assert figures(store, 11) == {}
    feed(store, received, started)
    found = figures(store, 12)["proj.add"]
    assert (found.succeeded, found.wait.count) == (1, 1)


def test_a_retried_task_counts_each_try() -> None:
    store = Store()
    first = [*run(10, "a")[:2], task_event("retried", 10, "a", exception="OSError()")]
    feed(store, *first, *run(20, "a", retries=1))
    found = figures(store, 30)["proj.add"]
    assert (found.succeeded, found.retries, found.runs) == (1, 1, 2)
    assert found.failure_rate == 0.0


def test_an_outcome_that_the_result_backend_has_counts_as_well() -> None:
    store = Store()
    feed(store, *run(10, "a")[:2])
    task = store.live.held(["a"])[0]
    with store._lock:
        store._tasks.give_up(task, TaskState.MISSED)
    assert figures(store, 11) == {}
    store.settling.resolve([TaskOutcome("a", "FAILURE", "ValueError()", None, T0 + 10)])
    assert figures(store, 20)["proj.add"].failed == 1


def test_names_beyond_the_bound_are_counted_in_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_NAMES", 3)
    store = Store()
    for number in range(8):
        at_once(store, 50 + number, *run(40, f"{number}", f"proj.n{number}"))
    found = figures(store, 60)
    assert [name for name in found if name] == ["proj.n0", "proj.n1", "proj.n2"]
    assert (found[""].others, found[""].succeeded) == (5, 5)
    # A day later nobody needs their rows, and new names get them.
    at_once(store, 100_000, *run(100_000, "late", "proj.late"))
    assert set(figures(store, 100_001)) == {"proj.late"}
    # What they had in a longer window is counted with the others.
    week = {one.name: one for one in store.types.all("7d", T0 + 100_001)}
    assert {name: one.succeeded for name, one in week.items()} == {"proj.late": 1, "": 8}
    assert week[""].others == 8
    assert week[""].runtime.count == 8


def test_a_name_keeps_a_bounded_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_PLACES", 2)
    store = Store()
    for number in range(5):
        host = f"w{number}@host"
        lives = [
            task_event("received", 1, f"{number}", host, name="proj.add"),
            task_event("started", 2, f"{number}", host),
            task_event("succeeded", 3, f"{number}", host, runtime=1.0),
        ]
        at_once(store, 10, *lives)
    detail = store.types.one("proj.add", "5m", T0 + 11)
    assert detail is not None
    assert sorted((one.worker or "", one.succeeded) for one in detail.places) == [
        ("", 3),
        ("w0@host", 1),
        ("w1@host", 1),
    ]
    # An hour later those workers are gone, and others get their places.
    at_once(store, 5000, *run(5000, "late"))
    late = store.types.one("proj.add", "5m", T0 + 5001)
    assert late is not None
    assert [one.worker for one in late.places] == [ALPHA]


def test_a_detail_has_the_workers_the_buckets_and_the_course_of_a_type() -> None:
    store = Store()
    for number in range(40):
        at_once(store, 50 + number, *run(50 + number, f"{number}", runtime=1 + number / 10))
    detail = store.types.one("proj.add", "5m", T0 + 100)
    assert detail is not None
    assert sum(number for _, number in detail.runtime_buckets) == 40
    assert detail.figures.runtime.max == pytest.approx(4.9)
    medians = [one.p50 for one in detail.runtimes if one is not None and one.p50 is not None]
    assert medians == sorted(medians)
    assert len(medians) >= 4
    assert [(one.worker, one.succeeded) for one in detail.places] == [(ALPHA, 40)]
    assert store.types.one("proj.none", "5m", T0 + 100) is None


def test_where_a_run_stands_among_its_type() -> None:
    store = Store()
    at_once(
        store, 50, *(event for n in range(100) for event in run(40, f"{n}", runtime=1 + n / 10))
    )
    standing = store.types.standing("proj.add", 9.0)
    assert standing is not None
    part, count = standing
    assert count == 100
    assert part == pytest.approx(0.8, abs=0.02)
    assert store.types.standing("proj.none", 1.0) is None


@pytest.mark.parametrize("odd", [-3.0, float("inf"), float("nan"), 1e300, 0.0])
def test_an_odd_runtime_breaks_nothing(odd: float) -> None:
    store = Store()
    feed(store, *run(10, "a")[:2], task_event("succeeded", 10, "a", runtime=odd))
    feed(store, *run(12, "b"))
    found = figures(store, 20)["proj.add"]
    assert found.succeeded == 2
    assert found.runtime.max == 0.5
    assert isinstance(found.runtime, Quantiles)


def test_a_silent_type_keeps_nothing_of_a_window_that_is_over() -> None:
    store = Store()
    at_once(store, 10, *run(10, "a"))
    assert figures(store, 20)["proj.add"].succeeded == 1
    assert figures(store, 1000, "5m") == {}
    assert figures(store, 1000)["proj.add"].succeeded == 1
    assert figures(store, 200_000) == {}
