"""While the display is frozen the rows stay where they are, and nothing gathers behind them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event
from celerytui.query import TaskView
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
    parsed,
    succeed,
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    make_blocks_small(monkeypatch)


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
    assert view.window(0, 5) == before
    assert view.version == version
    assert [view.position(task.id) for task in before] == [0, 1, 2, 3, 4]
    view.configure(filter=parsed("runtime:>5"))  # who filters wants to see it, frozen or not
    view.refresh()
    assert view.matching_ids() == ["id8", "id7", "id6", "id5", "id4"]
    view.freeze(False)
    assert view.window(0, 1)[0].id == "id8"
    check(store, view, clock.now)


changes = st.one_of(
    st.lists(events, min_size=1, max_size=40),
    st.sampled_from(["refresh", "tick", "fail"]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(events, min_size=5, max_size=60),
    st.sampled_from(FILTERS),
    st.sampled_from(SORTS),
    st.booleans(),
    st.lists(changes, max_size=14),
    st.booleans(),
)
def test_frozen_positions_are_those_of_the_moment(
    before: list[Event], text: str, sort: str, reverse: bool, done: list[Any], few: bool
) -> None:
    clock, store, view = make()
    store.apply(Batch(before, clock.now))
    view.configure(filter=parsed(text), sort=sort, reverse=reverse)
    view.refresh()
    shown, total = view.matching_ids(), view.total
    view.freeze(True)
    with pytest.MonkeyPatch.context() as patch:
        if few:  # so that much news has all of it sorted anew
            patch.setattr(view_module, "CHANGES_AT_LEAST", 2)
        for step in done:
            if isinstance(step, list):
                store.apply(Batch(step, clock.now))
            elif step == "tick":
                clock.now += 25
            elif step == "fail":
                _fail_once(view, patch)
            else:
                view.refresh()
            assert view.matching_ids() == shown
            assert (view.total, view.matched) == (total, len(shown))
            assert [view.position(id) for id in shown] == list(range(len(shown)))
            for task in store.all_tasks():
                assert task.id in shown or view.position(task.id) is None
        view.freeze(False)
        clock.now += 1.5
        view.refresh()
    check(store, view, clock.now)


def _fail_once(view: TaskView, patch: pytest.MonkeyPatch) -> None:
    """A refresh that ends in an error somewhere in its work."""

    def failing() -> None:
        raise ZeroDivisionError

    with patch.context() as inner:
        inner.setattr(view, "_pause", failing)
        try:
            view.refresh()
        except ZeroDivisionError:
            return


def test_after_an_error_everything_is_sorted_anew() -> None:
    clock, store, view = make()
    for number in range(20):
        succeed(store, number, START + number)
    view.refresh()
    for number in range(30, 40):
        succeed(store, number, START + number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view, "_pause", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            view.refresh()
    assert view.refresh()
    check(store, view, clock.now)


@pytest.mark.parametrize("text", ["", "state:success", "state:failure"])
def test_nothing_gathers_behind_frozen_rows(text: str) -> None:
    clock = Clock()
    most = 200
    store = Store(max_tasks=most, clock=clock)
    view = TaskView(store, clock)
    view.configure(filter=parsed(text))
    for number in range(most):
        succeed(store, number, START + number)
    view.refresh()
    view.freeze(True)
    shown = view.matching_ids()
    for number in range(most, 6 * most):
        store.apply(Batch([Event("task-started", "w@h", START + number, uuid=f"id{number}")], 0))
        if number % 50 == 0:
            view.refresh()
        succeed(store, number, START + number + 0.5)
    view.refresh()
    page = view._shown.pinned
    assert page is not None
    assert not isinstance(page.entries, dict)
    assert len(page.moved) <= len(shown)
    assert page.entries.size <= most
    assert [view.position(id) for id in shown] == list(range(len(shown)))
    view.freeze(False)
    check(store, view, clock.now)


def test_frozen_positions_outlast_a_new_sort_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "CHANGES_AT_LEAST", 2)
    _, store, view = make()
    for number in range(8):
        succeed(store, number, START + number)
    view.refresh()
    view.freeze(True)
    shown = view.matching_ids()
    for number in range(8):  # more than are followed one by one
        succeed(store, number, START + 100 - number)
    view.refresh()
    succeed(store, 3, START + 200)
    view.refresh()
    assert [view.position(id) for id in shown] == list(range(len(shown)))
