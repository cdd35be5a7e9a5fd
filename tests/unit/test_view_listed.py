"""The first rows of another order, taken from the list of the order before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event
from celerytui.query import EMPTY, TaskView, listed_tasks, preview
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


def test_no_list_of_all_tasks_is_made_before_the_first_rows() -> None:
    clock = Clock()
    store = Store(max_tasks=500, clock=clock)
    for number in range(300):
        succeed(store, number, START + number, runtime=300.0 - number)
    copied = 0
    seen: list[int] = []
    view = TaskView(store, clock, lambda: seen.append(copied))
    all_tasks = store.all_tasks

    def counted() -> list[object]:
        nonlocal copied
        copied += 1
        return list(all_tasks())

    store.all_tasks = counted  # type: ignore[method-assign,assignment]  # counts what it does
    view.refresh()
    assert (seen, copied) == ([1], 1)
    view.configure(sort="runtime")
    view.refresh()
    assert (seen, copied) == ([1, 1], 2)


def test_evicted_tasks_are_not_kept_in_memory() -> None:
    store = Store(max_tasks=100, clock=Clock())
    for number in range(100):
        succeed(store, number, START + number)
    kept = ListedTasks(store)
    assert kept.current() == []
    kept.replace(store.all_tasks())
    assert len(kept.current()) == 100
    for number in range(100, 150):
        succeed(store, number, START + number)
    assert [task.id for task in kept.current()[-2:]] == ["id148", "id149"]
    assert kept.drop_if_old() == []
    for number in range(150, 251):
        succeed(store, number, START + number)
    assert len(kept.drop_if_old()) == 150
    assert kept.current() == []


def test_more_new_tasks_than_are_worth_it_are_not_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed_tasks, "NEW_AT_MOST", 5)
    store = Store(max_tasks=100, clock=Clock())
    kept = ListedTasks(store)
    for number in range(10):
        succeed(store, number, START + number)
    kept.replace(store.all_tasks())
    for number in range(10, 15):
        succeed(store, number, START + number)
    assert len(kept.current()) == 15
    for number in range(15, 21):
        succeed(store, number, START + number)
    assert kept.current() == []
