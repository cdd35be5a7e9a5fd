"""The bound of tasks: who goes first, what is counted, and that the bound holds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Task, TaskState
from celerytui.store import Store
from celerytui.store.eviction import STALE_SLACK, Eviction, Lane
from tests.unit.store_stream import ALPHA, T0, beat, feed, held, task_event


def ids(store: Store) -> list[str]:
    return [task.id for task in store.all_tasks()]


def test_successes_go_first_then_other_ends_then_unfinished() -> None:
    store = Store(max_tasks=4)
    feed(
        store,
        task_event("received", 1, "run1"),
        task_event("failed", 2, "bad"),
        task_event("succeeded", 3, "ok"),
        task_event("received", 4, "run2"),
    )
    gone = []
    for number in range(4):
        before = set(ids(store))
        feed(store, task_event("received", 5 + number, f"new{number}"))
        gone += list(before - set(ids(store)))
    assert gone == ["ok", "bad", "run1", "run2"]
    summary = store.summary(T0 + 10)
    assert (summary.held, summary.evicted) == (4, 4)


def test_successes_go_in_the_order_of_their_end() -> None:
    store = Store(max_tasks=3)
    feed(store, *(task_event("received", 0, id) for id in "abc"))
    feed(store, *(task_event("succeeded", 1, id) for id in "cab"))
    feed(store, task_event("received", 2, "d"), task_event("received", 2, "e"))
    assert sorted(ids(store)) == ["b", "d", "e"]


def test_a_task_that_came_back_takes_its_new_place() -> None:
    store = Store(max_tasks=3)
    feed(store, task_event("failed", 1, "a"), task_event("failed", 2, "b"))
    feed(store, task_event("retried", 3, "a"), task_event("failed", 4, "a"))
    feed(store, task_event("received", 5, "c"), task_event("received", 6, "d"))
    assert sorted(ids(store)) == ["a", "c", "d"]


def test_removals_are_told_and_relatives_forgotten() -> None:
    store = Store(max_tasks=2)
    feed(store, task_event("received", 1, "root", root_id="root"))
    feed(store, task_event("received", 2, "kid", root_id="root", parent_id="root"))
    assert [task.id for task in store.relatives("root")] == ["kid"]
    revision = store.revision
    feed(store, task_event("succeeded", 3, "kid"), task_event("received", 4, "x"))
    assert store.live.changed_since(revision, 9) == ["kid", "x"]
    assert store.tasks(["kid", "x"])[0] is None
    assert store.relatives("root") == []


def test_evicted_tasks_are_no_longer_their_workers() -> None:
    store = feed(Store(max_tasks=1), beat(0), *(task_event("received", 1, id) for id in "abc"))
    store.sweep(T0 + 100)
    assert held(store, "c").state is TaskState.LOST
    assert store.summary(T0 + 100).by_state["lost"] == 1


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 8),
    st.lists(
        st.tuples(
            st.sampled_from(["received", "started", "succeeded", "failed", "retried", "sent"]),
            st.integers(0, 20),
            st.booleans(),
        ),
        max_size=80,
    ),
)
def test_the_bound_and_the_counts_hold(bound: int, steps: list[tuple[str, int, bool]]) -> None:
    store = Store(max_tasks=bound)
    evicted = 0
    for at, (kind, number, sweeps) in enumerate(steps):
        before = {task.id: task.state for task in store.all_tasks()}
        feed(store, task_event(kind, at, f"t{number}"))
        tasks = {task.id: task for task in store.all_tasks()}
        for gone in before.keys() - tasks.keys():
            # Whoever stayed had no better reason to go.
            stayed = [before[id] for id in before if id in tasks]
            assert before[gone] is TaskState.SUCCESS or TaskState.SUCCESS not in stayed
            assert before[gone].finished or not any(state.finished for state in stayed)
        if sweeps:
            store.sweep(T0 + at + 1000)
        summary = store.summary(T0 + at)
        assert summary.held == len(tasks) <= bound
        evicted += len((before.keys() | {f"t{number}"}) - tasks.keys())
        assert summary.evicted == evicted
        assert sum(summary.by_state.values()) == len(tasks)


Step = tuple[int, str]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["flip", "pop"])), max_size=60))
def test_a_lane_is_an_ordered_set(steps: list[Step]) -> None:
    tasks = [Task(f"t{number}", number) for number in range(6)]
    lane, model = Lane(), dict[str, None]()
    for number, step in steps:
        task = tasks[number]
        if step == "pop":
            popped = lane.pop()
            assert (popped.id if popped else None) == next(iter(model), None)
            if popped is not None:
                del model[popped.id]
        elif task.id in model:
            lane.leave(task)
            del model[task.id]
        else:
            lane.add(task)
            model[task.id] = None
        assert len(lane) == len(model)


def test_a_lane_does_not_grow_with_tasks_that_come_and_go() -> None:
    lane, task = Lane(), Task("a", 1)
    stay = Task("b", 2)
    lane.add(stay)
    for _ in range(20 * STALE_SLACK):
        lane.add(task)
        lane.leave(task)
    assert len(lane._line) <= 2 * STALE_SLACK + 2
    assert lane.pop() is stay
    assert lane.pop() is None


def test_unfinished_tasks_go_oldest_first_however_many_they_are() -> None:
    eviction = Eviction()
    tasks = [Task(f"t{number}", number) for number in range(1000)]
    for task in tasks:
        eviction.unfinished[task.id] = task
    for task in tasks[::3]:
        eviction.move(task, TaskState.SENT, TaskState.LOST)
    popped = [task.seq for task in iter(eviction.pop, None) if task is not None]
    lost = list(range(0, 1000, 3))
    assert popped == lost + [number for number in range(1000) if number % 3]


def test_the_newest_unfinished_tasks_stay() -> None:
    store = Store(max_tasks=500)
    store.apply(Batch([task_event("received", n, f"t{n}") for n in range(2000)], T0))
    assert ids(store) == [f"t{number}" for number in range(1500, 2000)]
    assert {task.worker for task in store.all_tasks()} == {ALPHA}


def test_a_task_that_left_and_comes_again_is_the_last_to_go() -> None:
    store = feed(Store(max_tasks=3), *(task_event("sent", 0, f"t{number}") for number in range(4)))
    # It succeeds and makes room for another; of its next run the end is the first that is heard.
    feed(store, task_event("succeeded", 0, "t1"), task_event("sent", 0, "t0"))
    assert "t1" not in {task.id for task in store.all_tasks()}
    feed(store, task_event("retried", 0, "t1"))
    states = {task.id: task.state for task in store.all_tasks()}
    sent = dict.fromkeys(("t3", "t0"), TaskState.SENT)
    assert states == sent | {"t1": TaskState.RETRY}
    by_state = store.summary(T0).by_state
    assert (by_state["sent"], by_state["retry"], store.summary(T0).held) == (2, 1, 3)
