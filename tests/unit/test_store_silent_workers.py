"""Workers that say nothing: without heartbeats, solo ones at work, and those lost before a gap."""

from __future__ import annotations

import pytest

from celerytui.model import TaskState, Worker
from celerytui.store import PING_SECONDS, Store
from celerytui.store.verdicts import BUSY_LIMIT, BUSY_TIMES, PING_TRIES
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


# Workers without heartbeats


def pinged(store: Store, at: float, *, answers: bool) -> Worker:
    names = ([ALPHA], []) if answers else ([], [ALPHA])
    store._clock = lambda: T0 + at
    store.take_pings(*names, T0 + at)
    store.sweep(T0 + at + 1)
    return known(store)


def test_a_worker_without_heartbeats_is_there_while_it_answers() -> None:
    store = feed(Store(), task_event("received", 0), task_event("started", 0, "b"))
    for turn in range(1, 20):
        assert pinged(store, turn * PING_SECONDS, answers=True).status == "online"
    at = 20 * PING_SECONDS
    for turn in range(PING_TRIES - 1):
        assert pinged(store, at + turn * PING_SECONDS, answers=False).status == "late"
    assert held(store, "b").state is TaskState.STARTED
    assert pinged(store, at + PING_TRIES * PING_SECONDS, answers=False).status == "lost"
    assert [held(store, id).state for id in "ab"] == [TaskState.LOST, TaskState.LOST]
    assert pinged(store, at + 100 * PING_SECONDS, answers=True).status == "online"


def test_news_between_two_pings_that_it_leaves_unanswered_counts() -> None:
    store = feed(Store(), task_event("received", 0))
    for turn in range(1, 10):
        at = turn * PING_SECONDS
        pinged(store, at, answers=False)
        feed(store, task_event("started", at + 2, "b"))
        store.sweep(T0 + at + 3)
        assert known(store).status == "online"


def test_the_next_process_without_heartbeats_leaves_the_tasks_of_the_one_before() -> None:
    store = feed(Store(), task_event("started", 0, "a", pid=1))
    feed(store, task_event("received", 5, "b", pid=2))
    for turn in range(1, 10):
        worker = pinged(store, turn * PING_SECONDS, answers=True)
        assert (worker.status, worker.stopping, worker.pid) == ("online", 1, 2)
    assert held(store, "a").state is TaskState.STARTED


# Solo workers at work


def solo(store: Store, *, pool: str | None = "solo") -> Store:
    """One that took 5 s for each of its tasks, and fell silent at T0 + 20."""
    if pool is not None:
        implementation = f"celery.concurrency.{pool}:TaskPool"
        store.seed(survey(0, stats={ALPHA: {"pid": 1, "pool": {"implementation": implementation}}}))
    feed(store, beat(0, pid=1))
    for number in range(3):
        id, at = f"t{number}", 5.0 * number
        feed(store, task_event("received", at, id, pid=1, name="proj.long"))
        feed(store, task_event("started", at, id, pid=1))
        feed(store, task_event("succeeded", at + 5, id, pid=1, runtime=5.0 + number))
        feed(store, beat(at + 5, pid=1))
    return feed(store, beat(20, pid=1))


@pytest.mark.parametrize(("told", "usual", "longest"), [(True, 6.0, 7.0), (False, 5.0, 5.0)])
def test_a_solo_worker_is_silent_at_its_task_for_some_time(
    told: bool, usual: float, longest: float
) -> None:
    # Where it does not tell which task that is, what counts is how long it was silent before.
    store = solo(Store())
    if told:
        feed(store, task_event("received", 20, "a", pid=1, name="proj.long"))
        feed(store, task_event("started", 20, "a", pid=1))
    limit = longest * BUSY_TIMES
    store.sweep(T0 + 20 + limit)
    worker = known(store)
    assert (worker.status, worker.patience, worker.usual) == ("late", limit, usual)
    store.sweep(T0 + 20.1 + limit)
    assert (known(store).status, known(store).patience) == ("lost", limit)
    if told:
        assert held(store, "a").state is TaskState.LOST
    feed(store, beat(90, pid=1))
    store.sweep(T0 + 91)
    assert (known(store).status, known(store).patience) == ("online", None)


def test_a_solo_worker_whose_tasks_nobody_knows_is_given_long() -> None:
    store = Store()
    stats = {ALPHA: {"pid": 1, "pool": {"implementation": "celery.concurrency.solo:TaskPool"}}}
    store.seed(survey(0, stats=stats))
    feed(store, beat(0, pid=1))
    store.sweep(T0 + BUSY_LIMIT)
    assert (known(store).status, known(store).usual) == ("late", None)
    store.sweep(T0 + BUSY_LIMIT + 1)
    assert known(store).status == "lost"


def test_the_one_task_that_it_began_with_its_silence_explains_that() -> None:
    store = solo(Store(), pool=None)
    feed(store, task_event("received", 21, "a", pid=1, name="proj.long"))
    feed(store, task_event("started", 21, "a", pid=1))
    store.sweep(T0 + 40)
    assert known(store).status == "late"
    feed(store, beat(41, pid=1))
    # It sends heartbeats at its task: its silence is none of it.
    store.sweep(T0 + 57)
    assert known(store).status == "lost"


def test_a_worker_with_other_processes_for_its_tasks_has_no_excuse() -> None:
    store = solo(Store(), pool="prefork")
    feed(store, task_event("received", 20, "a", pid=1, name="proj.long"))
    feed(store, task_event("started", 20, "a", pid=1))
    store.sweep(T0 + 36)
    assert known(store).status == "lost"


# Reconnecting


def test_what_was_lost_before_a_gap_is_lost_until_it_shows_itself() -> None:
    store = Store()
    store.seed(survey(0, active_queues={ALPHA: [{"name": "mail"}], BETA: [{"name": "other"}]}))
    feed(store, beat(0, pid=1), beat(0, BETA, pid=2))
    feed(store, worker_event("offline", 1, BETA, pid=2))
    store.sweep(T0 + 16)
    consumed = {queue.name: queue.consumed for queue in store.queues()}
    assert consumed == {"mail": False, "other": False}
    for gap in range(20, 100, 20):
        store.mark_gap(T0 + gap, None)
        store.mark_gap(T0 + gap, T0 + gap + 5)
        for second in range(gap + 5, gap + 20):
            store.sweep(T0 + second)
            assert (known(store).status, known(store, BETA).status) == ("lost", "offline")
            assert not any(queue.consumed for queue in store.queues())
    feed(store, beat(101, pid=1))
    store.sweep(T0 + 101)
    assert known(store).status == "online"
