"""A survey is taken in steps: the lock is free between them, and events come in."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import TracebackType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event, Survey, TaskState
from celerytui.store import Store
from celerytui.store import seed as seed_module
from celerytui.store.seed import STEP
from tests.unit.store_stream import ALPHA, BETA, T0, beat, feed, held, known, survey, task_event

pytestmark = pytest.mark.slow

HOSTS = [f"w{number}@host" for number in range(1000)]


class Watched:
    """The store's lock, with something done each time it is free again."""

    def __init__(self, store: Store, freed: Callable[[], None]) -> None:
        self._lock = store._lock
        self._freed = freed
        self._busy = False

    def __enter__(self) -> None:
        self._lock.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.__exit__(kind, error, trace)
        if not self._busy:
            self._busy = True
            self._freed()
            self._busy = False


def watch(store: Store, patch: pytest.MonkeyPatch, freed: Callable[[], None]) -> None:
    patch.setattr(store, "_lock", Watched(store, freed))


def of_many(at: float, tasks: int) -> Survey:
    """What 1,000 workers answer that run `tasks` tasks each."""
    stats = {"pid": 7, "uptime": 9, "total": {"a": 1}, "pool": {"max-concurrency": 4}}
    active = {
        host: [{"id": f"{host}-{number}", "name": "a"} for number in range(tasks)] for host in HOSTS
    }
    return survey(
        at,
        active=active,
        reserved={host: [] for host in HOSTS},
        scheduled={host: [] for host in HOSTS},
        stats=dict.fromkeys(HOSTS, stats),
        active_queues={host: [{"name": f"q{host}"}, {"name": "all"}] for host in HOSTS},
        missing=(ALPHA,),
    )


def test_no_step_takes_more_than_some_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    store = feed(Store(), beat(0))
    seen: list[tuple[int, ...]] = [(0, 0, 0, 0)]

    def look() -> None:
        records = store._workers.records.values()
        seen.append(
            (
                sum(record.worker.inspected is not None for record in records),
                sum(record.worker.pid == 7 for record in records),
                sum(record.worker.queues is not None for record in records),
                len(store._tasks.by_id),
            )
        )

    watch(store, monkeypatch, look)
    store.seed(of_many(10, 3))
    assert seen[-1] == (1000, 1000, 1000, 3000)
    assert known(store).no_answer == T0 + 10
    for before, after in pairwise(seen):
        steps = [now - then for then, now in zip(before, after, strict=True)]
        assert min(steps) >= 0
        assert sum(steps) <= STEP


def test_no_step_misses_more_than_some_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    store = feed(Store(), beat(0, pid=1))
    started = [task_event("started", 0, f"t{number}") for number in range(1000)]
    store.apply(Batch(started, T0))
    lost = [0]

    def look() -> None:
        lost.append(sum(task.state is TaskState.MISSED for task in store._tasks.by_id.values()))

    watch(store, monkeypatch, look)
    store.seed(survey(60, active={ALPHA: []}, reserved={ALPHA: []}, scheduled={ALPHA: []}))
    assert lost[-1] == 1000
    assert max(now - then for then, now in pairwise(lost)) <= STEP


def test_events_between_two_steps_have_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    store = feed(Store(), *(beat(0, host) for host in HOSTS[:50]))
    first = f"{HOSTS[0]}-0"
    coming = iter(
        [
            Batch([task_event("succeeded", 11, first, HOSTS[0], result="1")], T0 + 11),
            Batch([task_event("failed", 11, f"{HOSTS[-1]}-0", HOSTS[-1])], T0 + 11),
            Batch([task_event("received", 11, "new", HOSTS[5], name="b")], T0 + 11),
        ]
    )

    def come() -> None:
        batch = next(coming, None)
        if batch is not None:
            store.apply(batch)

    watch(store, monkeypatch, come)
    store.seed(of_many(10, 1))
    assert next(coming, None) is None
    assert held(store, first).state is TaskState.SUCCESS
    assert held(store, f"{HOSTS[-1]}-0").state is TaskState.FAILURE
    assert held(store, "new").state is TaskState.RECEIVED
    assert store.summary(T0 + 12).by_state["started"] == 998


def test_a_gap_that_ends_between_two_steps_is_settled_by_the_next_survey(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = feed(Store(), beat(0), task_event("started", 0, "gone"))
    answers: dict[str, Any] = {name: {ALPHA: []} for name in ("active", "reserved", "scheduled")}
    with monkeypatch.context() as patch:
        patch.setattr(seed_module, "STEP", 1)
        watch(store, patch, lambda: store.mark_gap(T0 + 60, T0 + 70))
        store.seed(survey(65, **answers))
    assert held(store, "gone").state is TaskState.STARTED
    store.seed(survey(80, **answers))
    assert held(store, "gone").state is TaskState.MISSED


ids = st.sampled_from([f"t{number}" for number in range(8)])
hosts = st.sampled_from([ALPHA, BETA, "gamma@host"])
infos = st.lists(st.builds(lambda id: {"id": id, "name": "a"}, ids), max_size=4)
answers = st.dictionaries(hosts, infos, max_size=3)
stats = st.dictionaries(hosts, st.sampled_from([{"pid": 1}, {"pid": 2}, {}]), max_size=3)
kinds = st.sampled_from(["sent", "received", "started", "succeeded", "failed", "retried"])
events = st.builds(task_event, kinds, st.integers(0, 60), ids, hosts)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(events, max_size=20),
    st.tuples(answers, answers, stats),
    st.lists(st.lists(events, min_size=1, max_size=4), max_size=20),
    st.integers(2, 6),
)
def test_the_store_stays_of_one_piece(
    before: list[Event],
    said: tuple[dict[str, Any], dict[str, Any], dict[str, Any]],
    between: list[list[Event]],
    most: int,
) -> None:
    store = Store(max_tasks=most, max_workers=2)
    store.apply(Batch(before, T0 + 50))
    coming = iter(between)

    def come() -> None:
        events = next(coming, None)
        if events is not None:
            store.apply(Batch(events, T0 + 60))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seed_module, "STEP", 1)
        watch(store, patch, come)
        active, reserved, of_workers = said
        empty: dict[str, Any] = {host: [] for host in reserved}
        store.seed(survey(59, active=active, reserved=reserved, scheduled=empty, stats=of_workers))
    tasks = {task.id: task for task in store.all_tasks()}
    summary = store.summary(T0 + 61)
    assert summary.held == len(tasks) <= most
    for state in TaskState:
        counted = sum(task.state is state for task in tasks.values())
        assert summary.by_state[state.label] == counted
    assert summary.events_failed == 0
    for task in tasks.values():
        assert (task.id in store._tasks.eviction.unfinished) is (not task.state.finished)
    for hostname, record in store._workers.records.items():
        for id in record.tasks & tasks.keys():
            assert tasks[id].worker == hostname
            assert tasks[id].state in (TaskState.RECEIVED, TaskState.STARTED)
