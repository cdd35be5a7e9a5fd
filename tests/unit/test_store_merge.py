"""The merge rules where celery's State has none, or a wrong one."""

from __future__ import annotations

import pytest

from celerytui.iso_time import epoch
from celerytui.model import Batch, Event, TaskState
from celerytui.store import Store
from tests.unit.store_stream import ALPHA, BETA, T0, beat, feed, held, known, survey, task_event

RUNNING = (task_event("received", 1, name="proj.add", args="(1,)"), task_event("started", 2))


def test_sent_names_a_client_and_not_a_worker() -> None:
    sent = task_event("sent", 0, host="gen42@web", name="proj.add", queue="q", routing_key="r")
    store = feed(Store(), sent)
    task = held(store)
    assert (task.state, task.worker, task.queue) == (TaskState.SENT, None, "q")
    assert (task.more.client, task.more.routing_key) == ("gen42@web", "r")
    assert store.workers() == []


def test_received_describes_whatever_came_before() -> None:
    sent = task_event("sent", 0, host="gen1@web", name="old", args="(0,)", eta="2026", retries=3)
    received = task_event("received", 1, name="new", args="(1,)", kwargs="{}", retries=0)
    for order in ((sent, received), (received, sent)):
        task = held(feed(Store(), *order))
        assert (task.name, task.args, task.kwargs) == ("new", "(1,)", "{}")
        assert (task.retries, task.more.eta) == (0, None)
        assert (task.sent, task.received) == (T0, T0 + 1)


def test_cancelled_ends_a_try_and_a_redelivery_revives_it() -> None:
    store = feed(Store(), *RUNNING, task_event("cancelled", 3))
    assert (held(store).state, held(store).finished) == (TaskState.CANCELLED, T0 + 3)
    feed(store, task_event("received", 5, host=BETA, name="proj.add"))
    task = held(store)
    assert (task.state, task.worker) == (TaskState.RECEIVED, BETA)
    assert (task.started, task.finished) == (None, None)


def test_a_late_started_does_not_revive_a_cancelled_task() -> None:
    store = feed(Store(), RUNNING[0], task_event("cancelled", 3), RUNNING[1])
    assert held(store).state is TaskState.CANCELLED


@pytest.mark.parametrize("late_failure", [False, True])
def test_rejected_after_failed_keeps_the_failure(late_failure: bool) -> None:
    ends = [
        task_event("failed", 3, exception="Reject()"),
        task_event("rejected", 4, requeue=False),
    ]
    store = feed(Store(), *RUNNING, *(reversed(ends) if late_failure else ends))
    task = held(store)
    assert (task.state, task.finished) == (TaskState.FAILURE, T0 + 3)
    assert (task.more.exception, task.more.rejected) == ("Reject()", T0 + 4)
    assert task.more.requeue is False


def test_rejected_ends_a_started_task_until_it_is_delivered_again() -> None:
    store = feed(Store(), *RUNNING, task_event("rejected", 3, requeue=True))
    assert held(store).state is TaskState.REJECTED
    feed(store, task_event("received", 4), task_event("started", 5))
    assert (held(store).state, held(store).started) == (TaskState.STARTED, T0 + 5)


def test_custom_events_touch_a_task_and_change_nothing_else() -> None:
    store = feed(Store(), *RUNNING)
    before = store.revision
    progress = task_event("progress", 9, extra={"pct": 50})
    feed(store, progress, task_event("progress", 9, id="unknown"))
    assert (held(store).state, held(store).seen) == (TaskState.STARTED, T0 + 9)
    assert store.task("unknown") is None
    assert store.live.changed_since(before, 10) == ["a"]
    feed(store, Event(type="deploy-done", hostname="gen1@web", timestamp=T0 + 9))


def test_a_retry_starts_anew_and_keeps_its_attempts() -> None:
    store = feed(
        Store(),
        *RUNNING,
        task_event("retried", 3, exception="Boom(1)", traceback="tb"),
    )
    waiting = held(store)
    assert (waiting.state, waiting.more.exception) == (TaskState.RETRY, "Boom(1)")
    feed(store, task_event("received", 4, retries=1), task_event("started", 10))
    task = held(store)
    assert (task.state, task.retries, task.started) == (TaskState.STARTED, 1, T0 + 10)
    assert task.running(T0 + 15) == 5.0
    assert task.more.exception is None
    assert [(a.at, a.exception) for a in task.more.attempts] == [(T0 + 3, "Boom(1)")]
    feed(store, task_event("succeeded", 16, result="7", runtime=6.0))
    assert (held(store).state, held(store).result) == (TaskState.SUCCESS, "7")
    assert known(store).retried == 1


def test_attempts_are_bounded_and_not_doubled() -> None:
    store = Store()
    for number in range(30):
        retried = task_event("retried", number, exception=f"E{number}")
        feed(store, retried, retried)
    attempts = held(store).more.attempts
    assert [attempt.exception for attempt in attempts] == [f"E{n}" for n in range(10, 30)]
    assert known(store).retried == 30


def test_a_retry_has_the_eta_that_was_sent_while_the_try_before_ran() -> None:
    again = task_event("sent", 3.0, host="gen9@host", retries=1, eta="2026-11-23T10:00:14")
    retried = task_event("retried", 3.1, exception="Boom(1)")
    received = task_event("received", 3.2, retries=1, eta="2026-11-23T10:00:14")
    first = [task_event("received", 1, name="proj.add", retries=0), task_event("started", 2)]
    for order in ([*first, again, retried], [again, *first, retried], [retried, *first, again]):
        store = feed(Store(), *order)
        task = held(store)
        assert (task.state, task.retries) == (TaskState.RETRY, 1)
        assert task.more.eta == epoch("2026-11-23T10:00:14")
        assert held(feed(store, received)).state is TaskState.RECEIVED
        assert (held(store).retries, held(store).started) == (1, None)


def test_a_retry_without_a_countdown_has_no_eta() -> None:
    first = task_event("received", 1, retries=0, eta="2026-11-23T10:00:00", expires="2027")
    store = feed(Store(), first, task_event("started", 2), task_event("sent", 3, retries=1))

    assert (held(store).retries, held(store).more.eta, held(store).more.expires) == (1, None, None)


def test_the_next_try_is_told_by_its_message_though_its_retry_comes_late() -> None:
    store = feed(Store(), *RUNNING, task_event("sent", 3, retries=1))
    store = feed(store, task_event("received", 4, retries=1))

    assert (held(store).state, held(store).retries) == (TaskState.RECEIVED, 1)


def test_a_missed_retry_is_told_by_the_count_of_retries() -> None:
    store = feed(Store(), *RUNNING, task_event("received", 9, retries=1))
    assert (held(store).state, held(store).started) == (TaskState.RECEIVED, None)


def test_clocks_that_are_off_are_not_compared() -> None:
    # beta's clock is a minute behind: its events look older than alpha's, yet come later.
    store = Store()
    store.apply(Batch([beat(-60, BETA)], T0))
    feed(store, *RUNNING, task_event("retried", 3, exception="E"))
    store.apply(Batch([task_event("received", -55, host=BETA, retries=1)], T0 + 5))
    assert (held(store).state, held(store).worker) == (TaskState.RECEIVED, BETA)
    assert known(store, BETA).clock_skew == -60


def test_one_queue_of_a_worker_is_the_queue_of_its_tasks() -> None:
    store = Store()
    store.seed(survey(0, active_queues={ALPHA: [{"name": "mail"}], BETA: [{"name": "a"}, {}]}))
    feed(store, task_event("received", 1, "a"), task_event("received", 1, "b", BETA))
    assert (held(store, "a").queue, held(store, "b").queue) == ("mail", "a")
    store.seed(survey(2, active_queues={BETA: [{"name": "a"}, {"name": "b"}]}))
    feed(store, task_event("received", 3, "c", BETA))
    assert held(store, "c").queue is None


def test_events_without_an_id_are_invalid_and_harm_nothing() -> None:
    store = Store()
    kinds = "sent received started succeeded failed retried revoked rejected cancelled progress"
    events = [Event(type=f"task-{kind}", hostname=ALPHA) for kind in kinds.split()]
    store.apply(Batch(events, T0, invalid=2))
    summary = store.summary(T0)
    assert (summary.events_received, summary.events_invalid, summary.held) == (1, 11, 0)


def test_results_of_duplicated_ends_count_once() -> None:
    succeeded = task_event("succeeded", 3, result="1")
    store = feed(Store(), *RUNNING, succeeded, succeeded, task_event("failed", 4))
    summary = store.summary(T0 + 5)
    assert (summary.by_state["success"], summary.by_state["failure"]) == (1, 0)
    assert (known(store).succeeded, known(store).failed) == (1, 0)
    assert held(store).more.exception is None


def test_a_late_sent_fills_what_is_not_known_and_nothing_else() -> None:
    told = {"name": "proj.add", "args": "(1,)", "kwargs": "{'a': 1}", "root_id": "r"}
    store = feed(Store(), task_event("started", 5), task_event("sent", 1, **told))
    task = held(store)
    assert (task.state, task.root_id) == (TaskState.STARTED, "r")
    assert (task.name, task.args, task.kwargs) == ("proj.add", "(1,)", "{'a': 1}")
    feed(store, task_event("sent", 2, name="x", args="()", kwargs="{}", root_id="y"))
    assert (held(store).name, held(store).args, held(store).kwargs) == (
        *("proj.add", "(1,)", "{'a': 1}"),
    )
    assert held(store).root_id == "r"
