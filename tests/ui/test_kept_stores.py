"""A store that is read back is as good as the one that was built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from celerytui.demo import sample
from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event
from celerytui.store import Store
from tests.ui import kept_stores, large_cluster

BOTH = [
    (sample.sample_store, kept_stores.sample_store),
    (large_cluster.large_store, kept_stores.large_store),
]


def known(store: Store) -> list[object]:
    """What readers of a store are told."""
    store.types.catch_up(NOW)
    store.failures.update(NOW)
    return [
        store.revision,
        store.all_tasks(),
        store.workers(),
        store.queues(),
        store.summary(NOW),
        store.types.all("5m", NOW),
        store.failures.rows(NOW),
        [store.relatives(task.id) for task in store.all_tasks()[-200:]],
    ]


def one_more() -> Batch:
    received = Event("task-received", "new@host", NOW, uuid="one-more", name="shop.more", pid=1)
    failed = Event("task-failed", "new@host", NOW, uuid="one-more", exception="E('x')", pid=1)
    return Batch([received, failed], NOW)


@pytest.mark.parametrize(("build", "given"), BOTH)
def test_it_knows_the_same_and_goes_on_alike(
    build: Callable[[], Store], given: Callable[[], Store]
) -> None:
    built, kept = build(), given()
    assert known(kept) == known(built)
    for store in (built, kept):
        store.apply(one_more())
        store.sweep(NOW + 1)
    assert kept.task("one-more") is not None
    assert known(kept) == known(built)


@pytest.mark.parametrize(("build", "given"), BOTH)
def test_what_one_is_told_no_other_knows(
    build: Callable[[], Store], given: Callable[[], Store]
) -> None:
    one, other = given(), given()
    one.apply(one_more())
    assert other.task("one-more") is None
    assert other.revision < one.revision
    assert known(other) == known(build())
