"""Who follows the store is told of every task that changed, those included that were evicted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import Batch, TaskState
from celerytui.store import Store, following
from celerytui.store import tasks as held_tasks
from tests.unit.store_stream import T0, task_event

SUCCESS = TaskState.SUCCESS


def run(store: Store, *ids: str, at: float = 0.0) -> None:
    """Have these tasks succeed, in one batch."""
    events = [
        task_event(kind, at + step, id, pid=1)
        for id in ids
        for step, kind in enumerate(("received", "started", "succeeded"))
    ]
    store.apply(Batch(events, T0 + at))


def test_what_changed_is_told_once() -> None:
    store = Store()
    follower = store.follow()
    run(store, "a", "b")
    assert [one.id for one in follower.take().tasks] == ["a", "b"]
    assert follower.take().tasks == []
    run(store, "c")
    assert [one.id for one in follower.take().tasks] == ["c"]


def test_what_was_before_is_not_told() -> None:
    store = Store()
    run(store, "a")
    assert store.follow().take().tasks == []


def test_a_task_that_is_evicted_at_once_is_told_as_it_was() -> None:
    store = Store(max_tasks=2)
    follower = store.follow()
    run(store, "a", "b", "c")
    found = {one.id: one.state for one in follower.take().tasks}
    assert found == {"a": SUCCESS, "b": SUCCESS, "c": SUCCESS}


def test_a_task_that_was_told_is_not_told_again_for_its_eviction() -> None:
    store = Store(max_tasks=2)
    follower = store.follow()
    run(store, "a", "b")
    follower.take()
    run(store, "c", at=5)
    assert [one.id for one in follower.take().tasks] == ["c"]


def test_an_unfinished_task_is_told_of_when_it_is_evicted() -> None:
    store = Store(max_tasks=1)
    follower = store.follow()
    store.apply(Batch([task_event("received", 0, "a", pid=1)], T0))
    follower.take()
    store.apply(Batch([task_event("received", 1, "b", pid=1)], T0 + 1))
    assert {one.id for one in follower.take().tasks} == {"a", "b"}


def test_who_is_too_far_behind_is_given_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celerytui.store.changes.LEAST_LENGTH", 8)
    store = Store(max_tasks=4)
    follower = store.follow()
    run(store, *"abcdefgh")
    found = follower.take()
    assert found.everything
    assert {one.id for one in found.tasks} == set("abcdefgh")
    assert follower.take() == following.Followed([])


def test_what_cannot_be_noted_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_tasks, "MAX_DEPARTED", 2)
    store = Store(max_tasks=1)
    follower = store.follow()
    run(store, *"abcde")
    found = follower.take()
    assert {one.id for one in found.tasks} == {"a", "b", "e"}
    assert found.missed == 2
    assert follower.take().missed == 0


def test_nothing_is_noted_while_nobody_follows() -> None:
    store = Store(max_tasks=1)
    run(store, *"abc")
    assert store._tasks.departed is None


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=20),
    st.integers(1, 4),
    st.integers(1, 7),
    st.integers(1, 5),
)
def test_every_end_is_told_of(ids: list[str], most: int, at_once: int, every: int) -> None:
    """Whatever is evicted when, and however little is taken at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "MOST_AT_ONCE", at_once)
        store = Store(max_tasks=most)
        follower = store.follow()
        told: list[tuple[str, float | None]] = []
        done = []
        for number, id in enumerate(ids):
            run(store, f"{id}{number}", at=number * 10.0)
            done.append((f"{id}{number}", T0 + number * 10.0 + 2))
            if number % every == 0:
                told += [(one.id, one.finished) for one in follower.take().tasks]
        while follower.behind:
            told += [(one.id, one.finished) for one in follower.take().tasks]
    ends = [one for one in told if one[1] is not None]
    assert sorted(set(ends)) == sorted(done)
