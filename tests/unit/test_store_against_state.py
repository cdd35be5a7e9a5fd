"""The store and `celery.events.state.State` on the same streams.

Where they differ on purpose, and why:

- A retry whose events arrive out of order: State takes the last to arrive, so that a task can end
  as RETRY though it succeeded. The store goes by the timestamps, and its answer does not depend on
  the order at all (`test_order_of_arrival_does_not_matter`).
- A new try: State keeps start, exception and traceback of the try before; the store drops them
  (they are in `attempts`), so that what is shown is of this try. Compared are therefore `started`
  once the try has started, and `exception` while the task is in the state that has one.
- The task-sent of a retry comes while the try before still runs. Both take its retries, ETA and
  expiry at once; State lets an event of the try before that comes later take them back.
- An id that runs again: State goes by the precedence of states, so that a task that succeeded once
  is a success for ever; the store shows the newest run (test_store_reruns.py).
- A retry is sent with the task's own id as that of its parent: State takes it, the store does not.
- task-rejected never changes the state in State once the task was received; task-cancelled is a
  custom state there that no redelivery ends; custom events become the state. See
  test_store_merge.py for what the store makes of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from celery.events.state import State
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.iso_time import epoch
from celerytui.model import Batch, Event, Task, TaskState
from celerytui.store import Store

pytestmark = pytest.mark.slow

BEGIN = 1_700_000_000.0
ARRIVAL = BEGIN + 1000
WORKERS = ("alpha@host", "beta@host")
CLIENT = "gen77@web"
STATES = {
    "PENDING": TaskState.SENT,
    "RECEIVED": TaskState.RECEIVED,
    "STARTED": TaskState.STARTED,
    "RETRY": TaskState.RETRY,
    "SUCCESS": TaskState.SUCCESS,
    "FAILURE": TaskState.FAILURE,
    "REVOKED": TaskState.REVOKED,
}
TEXTS = st.sampled_from(["()", "(1, 2)", "{}", "{'a': 1}", '("é",)', "x" * 40])


@dataclass
class Life:
    """One task's events in the order in which they happened, as dicts off the wire."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, hostname: str, task_id: str, after: float, **fields: Any) -> None:
        last = self.events[-1]["timestamp"] if self.events else BEGIN
        event = {"type": f"task-{kind}", "hostname": hostname, "uuid": task_id}
        self.events.append(event | {"timestamp": last + after, "clock": 1} | fields)


@st.composite
def lives(draw: st.DrawFn, number: int, max_tries: int) -> list[dict[str, Any]]:
    """A believable life of one task, cut off anywhere."""
    task_id = f"id-{number}"
    life = Life()
    step = st.sampled_from([0.001, 0.5, 3.25])
    message = {
        "name": draw(st.sampled_from(["proj.add", "proj.mul"])),
        "args": draw(TEXTS),
        "kwargs": draw(TEXTS),
        "root_id": draw(st.sampled_from([task_id, "id-0", "id-none"])),
        "parent_id": draw(st.sampled_from([None, "id-0", "id-none"])),
        "expires": draw(st.sampled_from([None, "2026-12-01T00:00:00"])),
    }
    sends = draw(st.booleans())
    tries = draw(st.integers(1, max_tries))
    worker = previous = WORKERS[0]
    for retries in range(tries):
        worker = draw(st.sampled_from(WORKERS))
        eta = draw(st.sampled_from([None, f"2026-11-0{retries + 1}T00:00:00"]))
        delivered = message | {"retries": retries, "eta": eta}
        if sends:
            address = {"queue": "celery", "exchange": "", "routing_key": "celery"}
            life.add("sent", CLIENT, task_id, draw(step), **delivered, **address)
        if retries:
            # The child sends the new message before the worker tells that it retries.
            exception = {"exception": f"Retry({retries})", "traceback": f"Trace {retries}"}
            life.add("retried", previous, task_id, draw(step), **exception)
        life.add("received", worker, task_id, draw(step), **delivered)
        life.add("started", worker, task_id, draw(step))
        previous = worker
    ending = draw(st.sampled_from(["succeeded", "failed", "revoked"]))
    fields: dict[str, dict[str, Any]] = {
        "succeeded": {"result": draw(TEXTS), "runtime": draw(st.sampled_from([None, 0.25]))},
        "failed": {"exception": "KeyError('é')", "traceback": "Traceback ..."},
        "revoked": {"terminated": True, "signum": "SIGTERM", "expired": False},
    }
    life.add(ending, worker, task_id, draw(step), **fields[ending])
    return life.events[: draw(st.integers(1, len(life.events)))]


@st.composite
def reordered(draw: st.DrawFn, max_tries: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The events of some tasks, in order, and the same in any order with some of them twice."""
    count = draw(st.integers(1, 3))
    ordered = [event for number in range(count) for event in draw(lives(number, max_tries))]
    again = draw(st.lists(st.sampled_from(ordered), max_size=6))
    return ordered, draw(st.permutations(ordered + again))


def run_store(events: list[dict[str, Any]]) -> Store:
    store = Store(max_tasks=1000)
    store.apply(Batch([Event(**event) for event in events], ARRIVAL))
    return store


def run_state(events: list[dict[str, Any]]) -> State:
    state = State()
    for event in events:
        state.event(dict(event, local_received=BEGIN))
    return state


def compare(task: Task, theirs: Any, *, retried: bool) -> None:
    """The fields of one task where State is right about them."""
    state = STATES[theirs.state]
    assert task.state is state
    for name in ("name", "args", "kwargs", "root_id", "result", "runtime"):
        assert getattr(task, name) == getattr(theirs, name), name
    assert task.parent_id == (None if theirs.parent_id == task.id else theirs.parent_id)
    assert (task.sent, task.received) == (theirs.sent, theirs.received)
    assert task.worker == (theirs.worker.hostname if theirs.worker else None)
    assert task.retries == theirs.retries
    assert (task.more.eta, task.more.expires) == (epoch(theirs.eta), epoch(theirs.expires))
    if not retried or state not in (TaskState.SENT, TaskState.RECEIVED):
        assert task.started == theirs.started
    if state in (TaskState.FAILURE, TaskState.RETRY):
        assert task.more.exception == theirs.exception
        assert task.more.traceback == theirs.traceback
    if state.finished:
        assert task.finished == (theirs.succeeded or theirs.failed or theirs.revoked)
    assert task.more.retried == theirs.retried
    assert task.more.client == theirs.client
    assert (task.more.exchange, task.more.routing_key) == (theirs.exchange, theirs.routing_key)


@settings(max_examples=100, deadline=None)
@given(reordered(max_tries=1))
def test_single_tries_in_any_order_are_as_in_state(
    streams: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    _, shuffled = streams
    store, state = run_store(shuffled), run_state(shuffled)
    tasks = {task.id: task for task in store.all_tasks()}
    assert tasks.keys() == dict(state.tasks).keys()
    for task_id, theirs in state.tasks.items():
        compare(tasks[task_id], theirs, retried=False)
    assert {worker.hostname for worker in store.workers()} == set(state.workers)


@settings(max_examples=120, deadline=None)
@given(lives(0, 4), st.data())
def test_retries_in_order_are_as_in_state_after_every_event(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    repeats = [data.draw(st.integers(1, 2)) for _ in events]
    store, state = Store(), State()
    for event, repeat in zip(events, repeats, strict=True):
        for _ in range(repeat):
            store.apply(Batch([Event(**event)], ARRIVAL))
            state.event(dict(event, local_received=BEGIN))
        task = store.task("id-0")
        assert task is not None
        compare(task, state.tasks["id-0"], retried=True)


def essence(task: Task) -> dict[str, Any]:
    """All of a task that the order of arrival must not change."""
    fields = {name: getattr(task, name) for name in Task.__struct_fields__}
    extra = {name: getattr(task.more, name) for name in type(task.more).__struct_fields__}
    # These only help to place what is still to come.
    for name in ("seq", "extra"):
        del fields[name]
    # When something came is no part of State; nor is what tells its runs apart.
    for name in ("client_shift", "worker_shift", "messages", "run_retries"):
        del extra[name]
    return fields | extra


@settings(max_examples=120, deadline=None)
@given(reordered(max_tries=3))
def test_order_of_arrival_does_not_matter(
    streams: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    ordered, shuffled = streams
    expected, store = run_store(ordered), run_store(shuffled)
    for task in expected.all_tasks():
        twin = store.task(task.id)
        assert twin is not None
        assert essence(twin) == essence(task)
    ours, theirs = store.summary(BEGIN + 1), expected.summary(BEGIN + 1)
    assert ours.by_state == theirs.by_state
    assert ours.held == theirs.held
    assert running(store) == running(expected)


def running(store: Store) -> dict[str, int | None]:
    """How many tasks each worker that sent task events runs."""
    workers = store.glance(None).workers.values()
    return {worker.hostname: worker.running for worker in workers if worker.task_events}


@settings(max_examples=60, deadline=None)
@given(reordered(max_tries=3))
def test_counts_and_worker_sets_agree_with_the_tasks(
    streams: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    store = run_store(streams[1])
    tasks = store.all_tasks()
    by_state = store.summary(BEGIN).by_state
    assert by_state == {
        state.label: sum(task.state is state for task in tasks) for state in TaskState
    }
    started = Counter(task.worker for task in tasks if task.state is TaskState.STARTED)
    assert running(store) == {name: started[name] for name in running(store)}
    # All the workers fall silent: exactly the tasks that were theirs are lost.
    active = {t.id for t in tasks if t.state in (TaskState.RECEIVED, TaskState.STARTED)}
    online = [Event(type="worker-heartbeat", hostname=name, timestamp=BEGIN) for name in WORKERS]
    store.apply(Batch(online, ARRIVAL))
    store.sweep(ARRIVAL + 1000)
    assert {task.id for task in store.all_tasks() if task.state is TaskState.LOST} == active
