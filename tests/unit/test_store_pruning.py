"""Whoever keeps ids of tasks keeps no more of them than there are tasks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch
from celerytui.store import Pruning, Store
from celerytui.store import pruning as pruning_module
from tests.unit.store_stream import T0, task_event


def receive(store: Store, *numbers: int) -> None:
    store.apply(Batch([task_event("received", 0, f"t{n}") for n in numbers], T0))


def test_which_are_gone() -> None:
    store = Store(max_tasks=300)
    receive(store, *range(900))
    ids = [f"t{n}" for n in range(900)]
    assert store.live.gone(ids) == ids[:600]
    assert store.live.gone(ids[::-1]) == ids[599::-1]
    assert (store.evicted, store.live.gone([])) == (600, [])


def test_a_few_go_at_once() -> None:
    store = Store(max_tasks=3)
    pruning, kept = Pruning(store), {"t0", "t1", "t4"}
    receive(store, 0, 1, 2)
    pruning.step(kept)  # nothing was evicted, whatever is in the set
    assert kept == {"t0", "t1", "t4"}
    receive(store, 3, 4)
    pruning.step(kept)
    assert kept == {"t4"}
    receive(store, 5, 6, 7)
    pruning.step(kept)
    assert kept == set()


def test_no_step_looks_at_more_than_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning_module, "AT_ONCE", 10)
    store = Store(max_tasks=50)
    receive(store, *range(200))
    looked: list[int] = []
    gone = store.live.gone

    def spy(ids: list[str]) -> list[str]:
        looked.append(len(ids))
        return gone(ids)

    monkeypatch.setattr(store.live, "gone", spy)
    pruning, kept = Pruning(store), {f"t{n}" for n in range(200)}
    sizes = []
    for _ in range(60):
        pruning.step(kept)
        sizes.append(len(kept))
    assert kept == {f"t{n}" for n in range(150, 200)}
    assert max(looked) == 10
    # Each id was looked at once, and no step took more than ten of them out.
    assert sum(looked) == 200
    assert max(a - b for a, b in pairwise(sizes)) <= 10


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.lists(st.integers(0, 60), min_size=1, max_size=12),
            st.sets(st.integers(0, 60), max_size=12),
            st.just("step"),
        ),
        max_size=40,
    ),
    st.integers(1, 6),
)
def test_in_the_end_only_what_is_held_is_kept(done: list[object], at_once: int) -> None:
    store = Store(max_tasks=10)
    pruning, kept = Pruning(store), set[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pruning_module, "AT_ONCE", at_once)
        for one in done:
            if isinstance(one, list):
                receive(store, *one)
            elif isinstance(one, set):
                kept ^= {f"t{n}" for n in one}
            else:
                pruning.step(kept)
        receive(store, *range(100, 111))  # so that something was evicted since
        held = {task.id for task in store.all_tasks()}
        expected = kept & held
        for _ in range(100):
            pruning.step(kept)
    assert kept == expected
