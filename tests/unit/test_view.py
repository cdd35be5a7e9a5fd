"""The view is, at any time, the naive answer: sorted(filter(all tasks))."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event, Task
from celerytui.query import EMPTY, Filter, TaskView, preview
from celerytui.query import view as view_module
from celerytui.store import Store
from tests.unit.view_stream import (
    FILTERS,
    SORTS,
    START,
    Clock,
    check,
    events,
    make,
    make_blocks_small,
    naive,
    parsed,
    succeed,
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    make_blocks_small(monkeypatch)


steps = st.one_of(
    st.lists(events, min_size=1, max_size=40),
    st.tuples(st.sampled_from(FILTERS), st.sampled_from(SORTS), st.booleans()),
    st.sampled_from(["refresh", "tick"]),
)


@settings(max_examples=90, deadline=None)
@given(st.lists(steps, max_size=12))
def test_the_view_is_the_naive_answer(done: list[Any]) -> None:
    clock, store, view = make()
    for step in done:
        if isinstance(step, list):
            store.apply(Batch(step, clock.now))
        elif isinstance(step, tuple):
            view.configure(filter=parsed(step[0]), sort=step[1], reverse=step[2])
        elif step == "tick":
            clock.now += 25
        else:
            view.refresh()
            check(store, view, clock.now)
    clock.now += 1.5
    view.refresh()
    check(store, view, clock.now)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(events, min_size=10, max_size=80),
    st.lists(events, max_size=20),
    st.lists(st.sampled_from(FILTERS), min_size=2, max_size=2),
    st.booleans(),
    st.lists(st.sampled_from(SORTS), min_size=2, max_size=2, unique=True),
    st.booleans(),
)
def test_the_first_rows_of_a_sort_are_those_of_the_whole(
    before: list[Event],
    since: list[Event],
    filters: list[str],
    same: bool,
    sorts: list[str],
    reverse: bool,
) -> None:
    clock = Clock()
    store = Store(max_tasks=40, clock=clock)
    firsts: list[list[str]] = []
    view = TaskView(store, clock, lambda: firsts.append(view.ids(0, 99)))
    store.apply(Batch(before, clock.now))
    view.configure(filter=parsed(filters[0]), sort=sorts[0])
    view.refresh()
    firsts.clear()
    store.apply(Batch(since, clock.now))
    clock.now += 1.5
    wanted = parsed(filters[0 if same else 1])
    view.configure(filter=wanted, sort=sorts[1], reverse=reverse)
    view.refresh()
    if len(store.all_tasks()) >= preview.FROM:
        expected = naive(store, wanted, sorts[1], reverse, clock.now)
        assert firsts == [expected[: preview.ROWS]]
    check(store, view, clock.now)


def test_many_in_a_row_without_a_value_are_sorted_too() -> None:
    clock, store, _ = make(max_tasks=80)
    view = TaskView(store, clock, lambda: None)
    for number in range(80):
        args = "(1,)" if number < 32 else None
        event = Event("task-received", "w@h", START, uuid=f"id{number}", name="a", args=args)
        store.apply(Batch([event], START))
    view.configure(sort="id")
    view.refresh()
    for sort in ("info", "runtime"):
        view.configure(sort=sort, reverse=False)
        view.refresh()
        check(store, view, clock.now)


def test_the_newest_is_first_unless_told_otherwise() -> None:
    _, store, view = make()
    for number in range(5):
        succeed(store, number, START + number)
    assert view.refresh()
    assert view.matching_ids() == ["id4", "id3", "id2", "id1", "id0"]
    assert (view.sort, view.reverse, view.filter) == ("seen", True, EMPTY)


def test_nothing_new_is_no_news() -> None:
    _, store, view = make()
    succeed(store, 1, START)
    assert view.refresh()
    version = view.version
    assert not view.refresh()
    assert view.version == version
    succeed(store, 2, START)
    assert view.refresh()
    assert view.version > version


def test_only_what_changed_is_tested_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "FROM", 1_000)
    _, store, view = make(200)
    for number in range(100):
        succeed(store, number, START + number)
    tested: list[str] = []

    def spy(task: Task, now: float) -> bool:
        tested.append(task.id)
        return True

    view.configure(filter=Filter("spy", spy))
    view.refresh()
    assert len(tested) == 100
    tested.clear()
    succeed(store, 7, START + 500)
    view.refresh()
    assert tested == ["id7"]
    assert view.position("id7") == 0


def test_a_running_task_moves_with_the_clock() -> None:
    clock, store, view = make()
    started = Event("task-started", "w@h", START, uuid="runs")
    store.apply(Batch([started], START))
    succeed(store, 1, START, runtime=10.0)
    view.configure(sort="runtime", reverse=True)
    view.refresh()
    assert view.matching_ids() == ["id1", "runs"]
    clock.now += 60
    assert view.refresh()
    assert view.matching_ids() == ["runs", "id1"]
    view.configure(filter=parsed("runtime:>100"), sort="runtime")
    view.refresh()
    assert view.matching_ids() == []
    clock.now += 60
    assert view.refresh()
    assert view.matching_ids() == ["runs"]


def test_a_filter_by_age_goes_with_the_clock() -> None:
    clock, store, view = make()
    succeed(store, 1, START)
    view.configure(filter=parsed("age:>1m"))
    view.refresh()
    assert view.matched == 0
    clock.now += 90
    assert view.refresh()
    assert view.matching_ids() == ["id1"]


def test_all_are_asked_again_by_the_clock_once_a_second_at_the_most() -> None:
    clock, store, view = make()
    for number in range(4):
        succeed(store, number, START + number)
    asked: list[float] = []

    def spy(task: Task, now: float) -> bool:
        asked.append(now)
        return True

    view.configure(filter=Filter("spy", spy, frozenset({"always"})))
    view.refresh()
    asked.clear()
    for step in (0.0, 0.5, 0.25):
        clock.now += step
        view.refresh()
    assert asked == []
    clock.now += 10
    view.refresh()
    assert asked == [clock.now] * 4
    clock.now -= 50  # a clock that was set back
    view.refresh()
    assert asked[4:] == [clock.now] * 4


def test_what_is_asked_for_is_stale_until_refreshed() -> None:
    _, store, view = make()
    succeed(store, 1, START)
    view.refresh()
    view.configure(filter=parsed("state:failure"), sort="name", reverse=False)
    assert (view.stale, view.matching_ids()) == (True, ["id1"])
    assert (view.sort, view.reverse, view.filter.text) == ("name", False, "state:failure")
    view.refresh()
    assert (view.stale, view.matching_ids()) == (False, [])
    with pytest.raises(KeyError):
        view.configure(sort="nope")


def test_what_went_is_gone() -> None:
    clock, store, view = make(10)
    for number in range(10):
        succeed(store, number, START + number)
    view.refresh()
    for number in range(10, 15):
        succeed(store, number, START + number)
    # Before the refresh the view still names them, but has no rows for them.
    assert len(view.window(0, 10)) == len([id for id in view.ids(0, 10) if store.task(id)])
    view.refresh()
    check(store, view, clock.now)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("text", ["", "state:success", "retries:>5"])
@pytest.mark.parametrize("reverse", [True, False])
def test_the_first_screen_comes_before_the_rest(
    monkeypatch: pytest.MonkeyPatch, sort: str, text: str, reverse: bool
) -> None:
    monkeypatch.setattr(preview, "ROWS", 20)
    clock = Clock()
    store = Store(max_tasks=500, clock=clock)
    rng = random.Random(1)
    for number in range(300):
        succeed(store, number, START + rng.random(), runtime=rng.random())
    seen: list[tuple[bool, list[str]]] = []
    view = TaskView(store, clock, lambda: seen.append((view.stale, view.ids(0, 99))))
    view.refresh()
    assert seen == [(True, view.ids(0, 20))]
    seen.clear()
    view.configure(filter=parsed(text), sort=sort, reverse=reverse)
    view.refresh()
    expected = naive(store, parsed(text), sort, reverse, clock.now)
    # Turning the order round needs no work at all, and of no rows there are no first ones.
    if sort != "seen" or text == "state:success":
        assert seen == [(True, expected[:20])]
    check(store, view, clock.now)


def test_what_has_no_order_comes_last_in_the_first_rows_too() -> None:
    clock = Clock()
    store = Store(clock=clock)
    for number in range(30):
        succeed(store, number, START, runtime=1.0 if number == 20 else float("nan"))
    seen: list[list[str]] = []
    view = TaskView(store, clock, lambda: seen.append(view.ids(0, 99)))
    view.configure(sort="runtime", reverse=True)
    view.refresh()
    assert seen == [["id20", "id29", "id28", "id27", "id26"]]
    assert view.ids(0, 5) == seen[0]


@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize("sort", ["runtime", "name"])
def test_the_first_rows_leave_out_what_has_no_key(sort: str, reverse: bool) -> None:
    clock = Clock()
    store = Store(clock=clock)
    for number in range(60):
        kind = "sent" if number % 3 == 0 else "started"
        name = f"job{number % 5}" if number % 3 else None
        event = Event(f"task-{kind}", "w@h", START - number % 7, uuid=f"id{number}")
        named = Event("task-sent", "c@h", START - 10, uuid=f"id{number}", name=name)
        store.apply(Batch([event, named], clock.now))
    seen: list[list[str]] = []
    view = TaskView(store, clock, lambda: seen.append(view.ids(0, 99)))
    view.configure(sort=sort, reverse=reverse)
    view.refresh()
    assert seen == [naive(store, EMPTY, sort, reverse, clock.now)[: preview.ROWS]]
    check(store, view, clock.now)


def test_a_whole_order_is_not_replaced_by_its_first_rows() -> None:
    clock = Clock()
    store = Store(max_tasks=100, clock=clock)
    seen: list[int] = []
    view = TaskView(store, clock, lambda: seen.append(view.matched))
    for number in range(100):
        succeed(store, number, START + number)
    view.configure(sort="runtime")
    view.refresh()
    assert seen == [preview.ROWS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view_module, "CHANGES_AT_LEAST", 1)
        for number in range(50):  # more than are followed one by one
            succeed(store, number, START + 200, runtime=2.0)
        view.refresh()
    assert seen == [preview.ROWS]
    check(store, view, clock.now)


def test_another_question_ends_the_following_of_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "CHANGED_AT_ONCE", 10)
    clock, store, view = make(100)
    for number in range(100):
        succeed(store, number, START + number)
    view.refresh()
    for number in range(100):
        succeed(store, number, START + 200, runtime=float(number % 7))
    asked = [("", "seen", False), ("state:success", "seen", False), ("", "runtime", True)]
    pause = view._pause

    def interrupting() -> None:
        if asked:
            text, sort, reverse = asked.pop(0)
            view.configure(filter=parsed(text), sort=sort, reverse=reverse)
        pause()

    monkeypatch.setattr(view, "_pause", interrupting)
    view.refresh()
    assert (view.sort, asked) == ("runtime", [])
    check(store, view, clock.now)


def test_another_question_ends_the_work_on_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, store, view = make(100)
    for number in range(100):
        succeed(store, number, START + number, runtime=float(number % 7))
    view.refresh()
    asked = ["state:failure", "runtime:>3", "runtime:>5"]
    pause = view._pause

    def interrupting() -> None:
        if asked:
            view.configure(filter=parsed(asked.pop(0)), sort="runtime" if asked else "seen")
        pause()

    monkeypatch.setattr(view, "_pause", interrupting)
    view.configure(filter=parsed("nothing"))
    view.refresh()
    assert view.filter.text == "runtime:>5"
    check(store, view, clock.now)


def test_readers_are_never_torn() -> None:
    clock, store, view = make(400)
    stop, torn = threading.Event(), list[str]()

    def read() -> None:
        while not stop.is_set():
            ids = view.matching_ids()
            if len(set(ids)) != len(ids):
                torn.append("twice")
            for id in ids[:20]:
                view.position(id)
            view.window(0, 20)
            stop.wait(0.0005)  # so that the other thread gets on at all

    reader = threading.Thread(target=read)
    reader.start()
    rng = random.Random(2)
    try:
        for turn in range(12):
            for _ in range(30):
                succeed(store, rng.randrange(600), START + turn, runtime=rng.random())
            view.configure(sort=rng.choice(["seen", "runtime"]), reverse=rng.random() < 0.5)
            view.refresh()
            check(store, view, clock.now)
    finally:
        stop.set()
        reader.join(100)
    assert not torn
