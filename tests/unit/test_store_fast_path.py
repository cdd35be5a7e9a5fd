"""The loop over usual steps and the rule for each kind of event: one answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event
from celerytui.store import Store
from tests.unit.store_stream import (
    ALPHA,
    BETA,
    T0,
    beat,
    feed,
    held,
    known,
    survey,
    task_event,
    worker_event,
)

pytestmark = pytest.mark.slow

KINDS = ("received", "started", "succeeded")
LIVES = ("online", "heartbeat", "offline")
ODD = ("sent", "failed", "retried", "revoked", "rejected", "cancelled", "progress")


class Ruled(Store):
    """A store in which every event goes to its rule."""

    def __init__(self, **bounds: Any) -> None:
        super().__init__(**bounds)
        intake: Any = self._intake
        loop, usual = intake._usual.apply, frozenset(f"task-{kind}" for kind in KINDS)

        def apply(events: list[Event], now: float) -> None:
            for event in events:
                if event.type in usual:
                    intake._rule(event)
                else:
                    loop([event], now)

        intake._usual.apply = apply


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event of one of a few tasks on one of two workers, likely a usual step."""
    kind = draw(st.sampled_from(KINDS * 5 + ODD + LIVES))
    pid = draw(st.sampled_from([None, 7, 7, 7, 9]))
    if kind in LIVES:
        host = draw(st.sampled_from([ALPHA, BETA]))
        return worker_event(kind, draw(st.integers(0, 20)), host, pid=pid, active=1, processed=3)
    id = draw(st.sampled_from("abcd"))
    fields: dict[str, Any] = {}
    if kind in ("sent", "received"):
        fields["name"] = draw(st.sampled_from([None, "proj.add"]))
        fields["args"] = draw(st.sampled_from([None, "()", "(" + "1, " * 9 + ")"]))
        fields["root_id"] = draw(st.sampled_from([None, id, "a"]))
        fields["parent_id"] = draw(st.sampled_from([None, "b"]))
        fields["eta"] = draw(st.sampled_from([None, "2026-12-01T00:00:00"]))
        fields["retries"] = draw(st.sampled_from([None, 0, 1]))
    if kind == "succeeded":
        fields["result"] = draw(st.sampled_from([None, "None", "x" * 20]))
        fields["runtime"] = draw(st.sampled_from([None, 0.5, 15.0]))
    host = draw(st.sampled_from([ALPHA, ALPHA, ALPHA, BETA, "", "gen7@web"]))
    return task_event(kind, draw(st.integers(0, 20)), id, host, pid=pid, **fields)


def facts(store: Store) -> Any:
    """All that a reader can be told."""
    workers = store.workers()
    return (
        store.all_tasks(),
        workers,
        [store.tasks_of(worker.hostname) for worker in workers],
        [store.relatives(id) for id in "abcd"],
        store.summary(T0),
        store.types.all("24h", T0 + 100),
        store.latest_failure,
        store.task_names(),
    )


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(events(), min_size=1, max_size=12), max_size=6), st.sampled_from([2, 9]))
def test_the_usual_way_and_the_rules_agree(batches: list[list[Event]], max_tasks: int) -> None:
    usual, ruled = Store(max_tasks=max_tasks), Ruled(max_tasks=max_tasks)
    one_queue = survey(0, active_queues={ALPHA: [{"name": "mail"}]})
    for store in (usual, ruled):
        store.seed(one_queue)
    for number, batch in enumerate(batches):
        usual.apply(Batch(batch, T0 + number))
        ruled.apply(Batch(batch, T0 + number))
        assert facts(usual) == facts(ruled)
        for revision in range(usual.revision + 1):
            assert usual.live.changed_since(revision, 99) is not None


def test_a_life_in_one_batch_is_told_step_by_step() -> None:
    store = Store()
    revision = store.revision
    life = [task_event(kind, at) for at, kind in enumerate(KINDS)]
    store.apply(Batch([beat(0), *life], T0 + 3))
    task = held(store)
    assert (task.received, task.started, task.finished) == (T0, T0 + 1, T0 + 2)
    assert store.live.changed_since(revision, 9) == ["a"]
    assert known(store).succeeded == store.summary(T0 + 3).by_state["success"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_of_no_task_is_counted_as_invalid(kind: str) -> None:
    store = feed(Store(), Event(f"task-{kind}", ALPHA, T0))
    assert store.summary(T0).events_invalid == 1
    assert store.all_tasks() == []


def test_a_common_text_is_held_once() -> None:
    store = Store()
    for name in "abc":
        args, result = "".join(["(", ")"]), "".join(["No", "ne"])
        feed(store, task_event("received", 0, name, args=args), task_event("started", 1, name))
        feed(store, task_event("succeeded", 2, name, result=result))
    tasks = store.all_tasks()
    assert len({id(task.args) for task in tasks}) == len({id(task.result) for task in tasks}) == 1
