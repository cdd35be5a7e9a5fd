"""The view is, at any time, the naive answer: sorted(filter(all tasks))."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.columns import TASK_COLUMNS, column
from celerytui.model import Batch, Event, Task
from celerytui.query import EMPTY, Filter, TaskView, parse_filter, preview
from celerytui.query import block_list as order
from celerytui.query import chunks as pieces
from celerytui.query import view as view_module
from celerytui.query.block_list import BlockList, Ranking
from celerytui.store import Store

START = 1_700_000_000.0
SORTS = [one.id for one in TASK_COLUMNS]
FILTERS = ["", "state:success", "NOT state:success", "name:a*", "retries:>0", "runtime:>2", "b"]
FILTERS += ["wait:>1", "age:<30", "sent:>-20s", "finished:*", "nothing-has-this"]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "LOAD", 4)
    monkeypatch.setattr(order, "SORT_AT_ONCE", 8)
    monkeypatch.setattr(pieces, "SLICE", 8)
    monkeypatch.setattr(preview, "FROM", 6)
    monkeypatch.setattr(preview, "ROWS", 5)
    monkeypatch.setattr(preview, "SECONDS", 60.0)
    monkeypatch.setattr(preview, "SORT_SECONDS", 60.0)
    monkeypatch.setattr(preview, "SORTED_AT_ONCE", 8)
    monkeypatch.setattr(preview, "TESTED_AT_ONCE", 7)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def make(max_tasks: int = 30) -> tuple[Clock, Store, TaskView]:
    clock = Clock()
    store = Store(max_tasks=max_tasks, clock=clock)
    return clock, store, TaskView(store, clock)


def parsed(text: str) -> Filter:
    return parse_filter(text, lambda: START)


def naive(store: Store, filter: Filter, sort: str, reverse: bool, now: float) -> list[str]:
    key = column(TASK_COLUMNS, sort).key
    tasks = [task for task in store.all_tasks() if filter.matches(task, now)]

    def by_seq(task: Task) -> int:
        return task.seq

    known = sorted(
        (task for task in tasks if key(task, now) is not None),
        key=lambda task: (key(task, now), task.seq),
        reverse=reverse,
    )
    unknown = [task for task in tasks if key(task, now) is None]
    return [task.id for task in known + sorted(unknown, key=by_seq, reverse=reverse)]


def check(store: Store, view: TaskView, now: float) -> None:
    expected = naive(store, view.filter, view.sort, view.reverse, now)
    assert view.matching_ids() == expected
    assert view.matched == len(expected)
    assert view.total == len(store.all_tasks())
    assert not view.stale
    assert [task.id for task in view.window(2, 5)] == expected[2:7]
    assert view.ids(3, 10_000) == expected[3:]
    for place, id in enumerate(expected):
        assert view.position(id) == place
    assert view.position("not there") is None


event_types = st.sampled_from(
    ["sent", "received", "started", "succeeded", "failed", "retried", "revoked"]
)
events = st.builds(
    lambda kind, number, at, name, runtime, retries: Event(
        f"task-{kind}",
        hostname=f"w{number % 3}@h",
        timestamp=START + at,
        uuid=f"id{number}",
        name=name,
        args="(1, 'b')" if number % 2 else None,
        queue="q" if kind == "sent" else None,
        runtime=runtime if kind == "succeeded" else None,
        retries=retries,
        result="None" if kind == "succeeded" else None,
        exception="Boom()" if kind in ("failed", "retried") else None,
    ),
    event_types,
    st.integers(0, 60),
    st.integers(-40, 0),
    st.sampled_from(["a.x", "b.y", None]),
    st.sampled_from([0.5, 2.5, None]),
    st.sampled_from([0, 1, None]),
)
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


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=120),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=60),
)
def test_an_order_keeps_what_it_published(
    changes: list[tuple[int, bool]], first: list[tuple[int, int]]
) -> None:
    entries = [(key, seq, f"{seq}") for seq, (key, _) in enumerate(first)]
    kept, model = BlockList(), list(entries)
    kept.fill(entries)
    pages = []
    for seq, (key, adding) in enumerate(changes, start=len(entries)):
        if adding or not model:
            kept.add((key, seq, f"{seq}"))
            model.append((key, seq, f"{seq}"))
        else:
            gone = model.pop(key % len(model))
            assert gone in kept
            assert kept.remove(gone)
            assert not kept.remove(gone)
            assert gone not in kept
        if seq % 7 == 0:
            pages.append((kept.publish(), sorted(model)))
    pages.append((kept.publish(), sorted(model)))
    assert len(kept) == len(model)
    for page, expected in pages:
        assert page.slice(0, page.size) == [entry[2] for entry in expected]
        assert [page.position(entry) for entry in expected] == list(range(len(expected)))


def succeed(store: Store, number: int, at: float, runtime: float = 1.0) -> None:
    event = Event("task-succeeded", "w@h", at, uuid=f"id{number}", runtime=runtime, result="1")
    store.apply(Batch([event], at))


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

    view.configure(filter=Filter("spy", spy, "event"))
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


def test_frozen_rows_stay_as_they_are() -> None:
    clock, store, view = make(5)
    for number in range(5):
        succeed(store, number, START + number)
    view.refresh()
    view.freeze(True)
    before = view.window(0, 5)
    version = view.version
    for number in range(3, 9):
        succeed(store, number, START + 100 + number, runtime=9.0)
    view.refresh()
    assert view.frozen
    assert view.window(0, 5) == before
    assert view.version == version
    assert [view.position(task.id) for task in before] == [0, 1, 2, 3, 4]
    view.configure(filter=parsed("runtime:>5"))  # who filters wants to see it, frozen or not
    view.refresh()
    assert view.matching_ids() == ["id8", "id7", "id6", "id5", "id4"]
    view.freeze(False)
    assert view.window(0, 1)[0].id == "id8"
    check(store, view, clock.now)


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


def test_waste_is_taken_apart_where_that_was_interrupted() -> None:
    waste, pauses = pieces.Waste(), 0
    things, ranking = list(range(100)), Ranking()
    ranking.fill([(key, key, str(key)) for key in range(100)])
    waste.add(things, ranking)

    def impatient() -> None:
        nonlocal pauses
        pauses += 1
        if pauses % 3 == 0:
            raise InterruptedError

    left = []
    for _ in range(100):
        left.append(len(things) + len(ranking))
        with suppress(InterruptedError):
            waste.clear(impatient)
            break
    assert left == sorted(left, reverse=True)
    assert not things
    assert not len(ranking)


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
