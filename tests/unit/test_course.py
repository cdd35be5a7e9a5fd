"""How the cluster went: any stream gives what a recount gives, and windows forget exactly."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Course, Event, QueueDepth, Task, TaskState
from celerytui.store import Store
from celerytui.store.course import LEVEL_WIDTHS, WIDTHS
from celerytui.store.rates import Ring
from celerytui.store.statistics import WINDOWS
from tests.unit.store_stream import ALPHA, T0, task_event

NAMES = ("shop.a", "shop.b", "shop.c")


def life(at: float, id: str, name: str, ends: str, runtime: float = 0.5) -> list[Event]:
    fields: dict[str, Any] = {"runtime": runtime} if ends == "succeeded" else {}
    return [
        task_event("received", at - runtime - 1, id, name=name),
        task_event("started", at - runtime, id),
        task_event(ends, at, id, **fields),
    ]


def watched(until: float, *runs: tuple[float, str, str], every: float = 1.0) -> Store:
    """A store that was swept from T0 on, and saw runs as (ended, name, how)."""
    store = Store(clock=lambda: T0)
    left = sorted(runs)
    at = 0.0
    while at <= until:
        while left and left[0][0] <= at:
            ended, name, how = left.pop(0)
            store.apply(Batch(life(ended, f"{ended}{name}{how}", name, how), T0 + ended))
        store.sweep(T0 + at)
        at += every
    return store


ENDS = st.sampled_from(("succeeded", "failed", "retried", "revoked"))
RUNS = st.lists(
    st.tuples(st.integers(3, 400).map(float), st.sampled_from(NAMES), ENDS), max_size=30,
    unique_by=lambda run: run,
)  # fmt: skip
FIELDS = {
    "done": ("succeeded", "failed"),
    "failed": ("failed",),
    "retried": ("retried",),
    "stopped": ("revoked",),
}


@settings(max_examples=25, deadline=None)
@given(RUNS, st.integers(410, 700))
def test_any_stream_gives_what_a_recount_gives(
    runs: list[tuple[float, str, str]], now: int
) -> None:
    store = watched(now, *runs, every=5.0)
    seen = store.course.read("5m", T0 + now)
    counted = {name: Counter[int]() for name in FIELDS}
    for ended, _, how in runs:
        for name, hows in FIELDS.items():
            # It was applied at its own time, whatever the sweeps did.
            counted[name][int(ended)] += how in hows
    for name in FIELDS:
        series = getattr(seen, name)
        assert (series.start, series.width) == (T0 + now - 300, 1.0)
        expected = [counted[name][now - 300 + n] for n in range(300)]
        assert list(series.values) == expected, name


def totals(course: Course) -> float:
    return sum((value or 0.0) * course.done.width for value in course.done.values)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_forgets(window: str) -> None:
    step = float(WIDTHS[window])
    store = watched(20 * step, (10 * step, "shop.a", "succeeded"), every=step)
    seconds = WINDOWS[window]
    assert totals(store.course.read(window, T0 + 20 * step)) == pytest.approx(1.0)
    last = T0 + 10 * step + seconds
    assert totals(store.course.read(window, last - step)) == pytest.approx(1.0)
    assert totals(store.course.read(window, last + 2 * step)) == 0.0


@pytest.mark.parametrize("window", WINDOWS)
def test_what_nobody_watched_is_no_zero(window: str) -> None:
    width = WIDTHS[window]
    store = watched(10 * width, every=float(width))
    store.mark_gap(T0 + 4 * width, T0 + 7 * width)
    known = store.course.read(window, T0 + 10 * width + width * 0.5).done
    at = {
        round((known.start - T0) / width) + place: value for place, value in enumerate(known.values)
    }
    assert at[-1] is None
    assert at[3] == 0.0
    assert at[5] is at[6] is None
    assert at[9] == 0.0


def test_queues_and_what_runs_are_means_of_their_slots() -> None:
    store = Store(clock=lambda: T0)
    store.sweep(T0)
    for second in range(1, 31):
        depths = [QueueDepth("a", second, None), QueueDepth("b", None, None, error="gone")]
        store.record_queues(depths, T0 + second)
        if second == 16:
            store.apply(Batch(life(100.0, "x", "shop.a", "succeeded")[:2], T0 + second))
        store.sweep(T0 + second)
    course = store.course.read("5m", T0 + 30)
    width = LEVEL_WIDTHS["5m"]
    place = int((T0 + 10 - course.queued.start) // width)
    assert course.queued.values[place : place + 3] == (12.0, 17.0, 22.0)
    running = course.running.values[place : place + 3]
    assert (running[0], running[2]) == (0.0, 1.0)
    assert course.queued.values[0] is None


def test_the_times_of_all_types_are_those_of_each() -> None:
    runs = [(float(n), NAMES[n % 3], "succeeded") for n in range(12, 292)]
    store = watched(300, *runs)
    course = store.course.read("5m", T0 + 300)
    counts = [one.count for one in course.runtime.values if one is not None]
    assert sum(counts) == len(runs)
    assert sum(one.count for one in course.wait.values if one is not None) == len(runs)
    assert all(
        one.p50 == pytest.approx(0.5, rel=0.015)
        for one in course.runtime.values
        if one is not None and one.p50 is not None
    )
    # A slot has the runs that ended in it.
    place = int((T0 + 100 - course.runtime.start) // 10)
    slot = course.runtime.values[place]
    assert slot is not None
    assert slot.count == 10
    hour = store.course.read("1h", T0 + 300).runtime
    assert sum(one.count for one in hour.values if one is not None) == len(runs)


def test_a_silent_cluster_moves_on() -> None:
    store = watched(200, (20.0, "shop.a", "succeeded"))
    assert any(store.course.read("5m", T0 + 200).runtime.values)
    for at in range(200, 800, 5):
        store.sweep(T0 + at)
    assert not any(store.course.read("5m", T0 + 800).runtime.values)
    assert any(store.course.read("1h", T0 + 800).runtime.values)


def test_what_is_kept_has_bounds() -> None:
    store = Store(clock=lambda: T0)
    for minute in range(0, 4000, 7):
        at = minute * 60.0
        store.apply(Batch(life(at, f"{minute}", "shop.a", "succeeded"), T0 + at))
        store.sweep(T0 + at)
    for window, seconds in WINDOWS.items():
        course = store.course.read(window, T0 + 4000 * 60)
        assert len(course.done.values) == seconds // WIDTHS[window]
        assert len(course.queued.values) == seconds // LEVEL_WIDTHS[window]
        assert len(course.runtime.values) <= 61
    assert len(store.types.whole._known) <= 30 + 60 + 48


def test_events_of_a_worker_that_is_unknown_count_too() -> None:
    store = Store(clock=lambda: T0)
    store.sweep(T0)
    store.apply(Batch([Event("task-failed", ALPHA, T0 + 1, uuid="a", exception="E()")], T0 + 1))
    assert store.course.throughput("5m", T0 + 3)[1].values[-2:] == (1.0, 0.0)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=20),
    st.integers(-10, 80),
    st.integers(-10, 80),
)
def test_a_ring_sums_what_its_slots_have(
    counts: list[tuple[int, int]], first: int, last: int
) -> None:
    ring = Ring(17)
    for slot, count in counts:
        ring.add(slot, count)
    assert ring.total(first, last) == sum(ring.at(slot) for slot in range(first, last + 1))


def test_what_a_result_backend_kept_did_not_end_now() -> None:
    store = watched(10, (5.0, "shop.a", "succeeded"))
    old = Task("old", 0, TaskState.SUCCESS, finished=T0 - 9_000, seen=T0 - 9_000)
    store.past.take([old])
    store.apply(Batch(life(12.0, "x", "shop.a", "failed"), T0 + 12))
    course = store.course.read("5m", T0 + 20)
    assert totals(course) == 2.0
    assert sum(value or 0.0 for value in course.failed.values) == 1.0


def test_what_has_been_forgotten_is_no_zero() -> None:
    store = watched(10, (5.0, "shop.a", "succeeded"))
    store.apply(Batch(life(900.0, "x", "shop.a", "succeeded"), T0 + 900))
    then = store.course.read("5m", T0 + 10).done
    assert set(then.values) == {None}
