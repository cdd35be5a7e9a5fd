"""The first rows of another order, taken from the list of the order before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event, Task
from celerytui.query import EMPTY, TaskView, listed_tasks, parse_filter, preview
from celerytui.query.chunks import Waste
from celerytui.query.listed_tasks import ListedTasks
from celerytui.store import Store
from tests.unit.view_stream import (
    SORTS,
    START,
    Clock,
    check,
    events,
    make_blocks_small,
    naive,
    succeed,
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    make_blocks_small(monkeypatch)
    monkeypatch.setattr(listed_tasks, "OLD_PART", 1)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(events, min_size=10, max_size=80),
    st.lists(st.lists(events, max_size=30), min_size=1, max_size=3),
    st.lists(st.sampled_from(SORTS), min_size=4, max_size=4),
    st.booleans(),
)
def test_they_are_those_of_the_whole_though_tasks_came_and_went(
    before: list[Event], since: list[list[Event]], sorts: list[str], reverse: bool
) -> None:
    clock = Clock()
    store = Store(max_tasks=20, clock=clock)
    firsts: list[list[str]] = []
    view = TaskView(store, clock, lambda: firsts.append(view.ids(0, 99)))
    store.apply(Batch(before, clock.now))
    view.configure(sort=sorts[0])
    view.refresh()
    for more, sort in zip(since, sorts[1:], strict=False):
        firsts.clear()
        store.apply(Batch(more, clock.now))
        clock.now += 1.5
        view.configure(sort=sort, reverse=reverse)
        view.refresh()
        expected = naive(store, EMPTY, sort, reverse, clock.now)
        for first in firsts:
            assert first == expected[: len(first)]
            assert len(first) > preview.ROWS // 2
        check(store, view, clock.now)


def no_pause() -> None:
    """Nobody waits here."""


class CountingStore(Store):
    """Counts how often all tasks are listed."""

    listed = 0

    def all_tasks(self) -> list[Task]:
        self.listed += 1
        return super().all_tasks()


def test_no_list_of_all_tasks_is_made_before_the_first_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    store = CountingStore(max_tasks=300, clock=clock)
    for number in range(300):
        succeed(store, number, START + number, runtime=300.0 - number)
    seen: list[int] = []
    view = TaskView(store, clock, lambda: seen.append(store.listed))
    view.refresh()
    assert (seen, store.listed) == ([1], 1)
    succeed(store, 300, START + 300)
    view.configure(sort="runtime")
    view.refresh()
    assert (seen, store.listed) == ([1, 1], 1)
    monkeypatch.setattr(listed_tasks, "NEW_AT_MOST", 0)
    succeed(store, 301, START + 301)
    view.configure(sort="runtime", filter=parse_filter("state:success"))
    view.refresh()
    assert (seen, store.listed) == ([1, 1, 1], 2)


def test_all_tasks_are_listed_once_though_they_come_and_go() -> None:
    clock = Clock()
    store = CountingStore(max_tasks=300, clock=clock)
    for number in range(300):
        succeed(store, number, START + number, runtime=300.0 - number)
    view = TaskView(store, clock)
    listed = 0
    for number, sort in enumerate(("seen", "runtime", "name")):
        succeed(store, 300 + number, START + 300)
        view.configure(sort=sort)
        before = store.listed
        view.refresh()
        listed += store.listed - before
        check(store, view, clock.now)
    assert (listed, view.total) == (1, 300)


@given(
    st.lists(
        st.tuples(st.integers(0, 45), st.sampled_from(["nothing", "keep up", "all", "forget"]))
    ),
    st.integers(1, 30),
)
def test_all_is_what_is_held_however_much_came_and_went(
    steps: list[tuple[int, str]], capacity: int
) -> None:
    store = Store(max_tasks=capacity, clock=Clock())
    kept, count = ListedTasks(store, Waste()), 0
    for more, then in steps:
        for number in range(count, count + more):
            succeed(store, number, START + number)
        count += more
        if then == "keep up":
            kept.keep_up(no_pause)
        elif then == "forget":
            store.forget()
        elif then == "all":
            assert kept.all(no_pause) == store.all_tasks()
    assert kept.all(no_pause) == store.all_tasks()


def test_evicted_tasks_are_looked_for_where_the_last_were_found() -> None:
    store = Store(max_tasks=2_000, clock=Clock())
    for number in range(2_000):
        succeed(store, number, START + number)
    kept, pieces = ListedTasks(store, Waste()), 0

    def counted() -> None:
        nonlocal pieces
        pieces += 1

    kept.all(counted)
    for number in range(2_000, 5_000):
        succeed(store, number, START + number)
        kept.all(counted)
    assert len(kept.nearly_all()) == 2_000
    assert pieces < 2 * 3_000


def test_whoever_is_interrupted_while_evicted_tasks_go_loses_none() -> None:
    class Interrupted(Exception):
        pass

    def interrupt() -> None:
        raise Interrupted

    store = Store(max_tasks=50, clock=Clock())
    for number in range(50):
        succeed(store, number, START + number)
    kept = ListedTasks(store, Waste())
    kept.all(no_pause)
    for number in range(50, 80):
        succeed(store, number, START + number)
    for _ in range(3):
        with pytest.raises(Interrupted):
            kept.all(interrupt)
    assert kept.all(no_pause) == store.all_tasks()


def test_evicted_tasks_are_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed_tasks, "OLD_PART", 2)
    store = Store(max_tasks=100, clock=Clock())
    for number in range(100):
        succeed(store, number, START + number)
    kept = ListedTasks(store, Waste())
    assert kept.nearly_all() == []
    kept.all(no_pause)
    for number in range(100, 160):
        succeed(store, number, START + number)
        kept.keep_up(no_pause)
    assert [task.id for task in kept.nearly_all()[:2]] == ["id0", "id1"]
    assert [task.id for task in kept.nearly_all()[-2:]] == ["id158", "id159"]
    for number in range(160, 250):
        succeed(store, number, START + number)
        kept.keep_up(no_pause)
    assert len(kept.nearly_all()) < 160
    assert kept.nearly_all()[0].id >= "id100"


def test_more_new_tasks_than_are_worth_it_are_not_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed_tasks, "NEW_AT_MOST", 5)
    store = Store(max_tasks=100, clock=Clock())
    kept = ListedTasks(store, Waste())
    for number in range(10):
        succeed(store, number, START + number)
    assert len(kept.all(no_pause)) == 10
    for number in range(10, 15):
        succeed(store, number, START + number)
    assert len(kept.nearly_all()) == 15
    for number in range(15, 21):
        succeed(store, number, START + number)
    assert kept.nearly_all() == []
    kept.keep_up(no_pause)
    assert len(kept.all(no_pause)) == 21
