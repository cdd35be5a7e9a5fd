"""Workers: status from signs of life, lost tasks, restarts, evidence of task events, bounds."""

from __future__ import annotations

from typing import Any

import pytest

from celerytui.model import Batch, Event, TaskState
from celerytui.store import Store
from celerytui.store.verdicts import STOPPING_LIMIT
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


@pytest.mark.parametrize(
    ("freq", "silence", "status"),
    [
        (2.0, 5.0, "online"),
        (2.0, 5.1, "late"),
        (2.0, 15.0, "late"),
        (2.0, 15.1, "lost"),
        (10.0, 21.0, "online"),
        (10.0, 50.0, "late"),
        (10.0, 50.1, "lost"),
    ],
)
def test_status_by_silence(freq: float, silence: float, status: str) -> None:
    store = feed(Store(), beat(0, freq=freq))
    store.sweep(T0 + silence)
    assert known(store).status == status


def test_task_events_are_a_sign_of_life_too() -> None:
    store = feed(Store(), beat(0), task_event("started", 14))
    store.sweep(T0 + 16)
    assert (known(store).status, known(store).last_seen) == ("online", T0 + 14)


def test_a_worker_without_heartbeats_is_unknown_once_its_last_sign_is_old() -> None:
    store = Store()
    store.seed(survey(0, stats={ALPHA: {"pid": 1}}))
    store.sweep(T0 + 4)
    assert known(store).status == "online"
    store.sweep(T0 + 60)
    assert known(store).status == "unknown"


def test_offline_and_back() -> None:
    store = feed(Store(), beat(0, pid=1), worker_event("offline", 3, pid=1))
    assert (known(store).status, known(store).offline_since) == ("offline", T0 + 3)
    store.apply(Batch([beat(2, pid=1)], T0 + 4))
    assert known(store).status == "offline"
    feed(store, worker_event("online", 6, pid=2))
    assert (known(store).status, known(store).pid) == ("online", 2)
    store.apply(Batch([worker_event("offline", 3, pid=1)], T0 + 7))
    assert known(store).status == "online"


def test_a_broadcast_answer_blanks_nothing() -> None:
    store = feed(Store(), beat(0, active=3, processed=9, sw_ver="5.7"))
    feed(store, worker_event("heartbeat", 1, freq=5.0, sw_ident="py-celery"))
    worker = known(store)
    assert (worker.freq, worker.active, worker.processed) == (2.0, 3, 9)
    assert worker.loadavg == (0.1, 0.2, 0.3)
    assert (worker.sw_ver, worker.sw_ident) == ("5.7", "py-celery")
    assert worker.last_heartbeat == T0 + 1


@pytest.mark.parametrize("freq", [0.0, -1.0, 1e9])
def test_a_silly_freq_is_not_taken(freq: float) -> None:
    assert known(feed(Store(), beat(0, freq=freq))).freq == 2.0


def run_three(store: Store) -> Store:
    """a is received, b started, c finished, d waits for its retry; e is another worker's."""
    return feed(
        store,
        beat(0, pid=7, processed=5),
        task_event("received", 1, "a"),
        task_event("started", 1, "b"),
        task_event("succeeded", 1, "c"),
        task_event("retried", 1, "d"),
        beat(1, BETA),
        task_event("started", 1, "e", BETA),
    )


def states(store: Store) -> str:
    return " ".join(held(store, id).state.label for id in "abcde")


def test_tasks_of_a_lost_worker_are_lost_and_any_news_revives_them() -> None:
    store = run_three(Store())
    feed(store, beat(20, BETA))
    store.sweep(T0 + 16)
    assert states(store) == "received started success retry started"
    store.sweep(T0 + 16.5)
    assert states(store) == "lost lost success retry started"
    assert held(store, "b").more.lost_from is TaskState.STARTED
    assert store.summary(T0 + 17).by_state["lost"] == 2
    feed(store, task_event("succeeded", 18, "b", result="1"))
    feed(store, task_event("started", 19, "a"))
    assert states(store) == "started success success retry started"
    store.sweep(T0 + 40)
    assert states(store) == "lost success success retry lost"


def test_a_custom_event_shows_that_a_lost_task_runs() -> None:
    store = run_three(Store())
    store.sweep(T0 + 100)
    feed(store, task_event("progress", 101, "b"))
    assert held(store, "b").state is TaskState.STARTED


def test_a_lost_task_that_is_delivered_again_begins_a_new_try() -> None:
    store = run_three(Store())
    store.sweep(T0 + 100)
    feed(store, task_event("received", 101, "b", BETA))
    task = held(store, "b")
    assert (task.state, task.worker, task.started) == (TaskState.RECEIVED, BETA, None)


def test_a_worker_that_says_goodbye_returns_what_it_did_not_start_and_finishes_the_rest() -> None:
    store = run_three(Store())
    feed(store, worker_event("offline", 5, pid=7))
    assert states(store) == "sent started success retry started"
    assert held(store, "a").worker is None
    store.sweep(T0 + 60)
    worker = known(store)
    assert (worker.status, worker.stopping, worker.gone) == ("stopping", 1, True)
    assert worker.stopping_until == T0 + 5 + STOPPING_LIMIT
    assert store.tasks_of(ALPHA) == [held(store, "b")]
    feed(store, task_event("succeeded", 61, "b", pid=7), task_event("received", 62, "a", BETA))
    store.sweep(T0 + 63)
    assert (known(store).status, known(store).stopping) == ("offline", 0)
    assert states(store)[:24] == "received success success"


def test_tasks_of_a_worker_that_said_goodbye_are_missed_after_a_limit() -> None:
    store = run_three(Store())
    feed(store, worker_event("offline", 5, pid=7))
    store.sweep(T0 + 5 + STOPPING_LIMIT)
    assert held(store, "b").state is TaskState.STARTED
    store.sweep(T0 + 5.1 + STOPPING_LIMIT)
    assert held(store, "b").state is TaskState.MISSED
    assert store.settling.missed(9) == ["b"]
    assert known(store).status == "offline"


def test_a_task_that_ended_unsaid_keeps_no_worker_stopping() -> None:
    store = run_three(Store())
    feed(store, worker_event("offline", 5, pid=7, active=0))
    store.sweep(T0 + 9)
    assert (known(store).status, known(store).stopping) == ("stopping", 1)
    store.sweep(T0 + 10.1)
    assert (known(store).status, known(store).stopping) == ("offline", 0)
    assert held(store, "b").state is TaskState.MISSED
    assert store.settling.missed(9) == ["b"]


def test_a_worker_stops_until_the_tasks_that_it_counted_have_ended() -> None:
    store = feed(Store(), beat(0, pid=7))
    for number, id in enumerate(("ignored", "one", "two", "before")):
        feed(store, task_event("received", number, id), task_event("started", number, id))
    feed(store, task_event("received", 4, "waiting"))
    feed(store, worker_event("offline", 5, pid=7, active=2))
    for kind, second in (("received", 6), ("started", 7), ("succeeded", 8)):
        feed(store, task_event(kind, second, "waiting", BETA))
    # Said before the goodbye, and sent after it; and one that its pool had not begun.
    feed(store, task_event("succeeded", 4.9, "before", pid=7))
    feed(store, task_event("started", 5.1, "last", pid=7))
    store.sweep(T0 + 11)
    assert (known(store).status, known(store).stopping) == ("stopping", 3)
    feed(store, task_event("succeeded", 12, "two", pid=7))
    store.sweep(T0 + 13)
    assert known(store).stopping == 2
    feed(store, task_event("retried", 14, "one", pid=7))
    store.sweep(T0 + 15)
    assert known(store).stopping == 1
    feed(store, task_event("succeeded", 16, "last", pid=7))
    store.sweep(T0 + 17)
    assert known(store).status == "offline"
    assert held(store, "ignored").state is TaskState.MISSED


def test_nobody_is_late_or_lost_while_judgement_is_held_and_a_lost_one_stays_lost() -> None:
    store = feed(Store(), beat(0, BETA))
    store.sweep(T0 + 60)
    feed(store, beat(60, ALPHA))
    for second in range(61, 160):
        store.hold_judgement(T0 + second)
        store.sweep(T0 + second)
        assert (known(store, ALPHA).status, known(store, BETA).status) == ("online", "lost")
    # Silence counts from the end on.
    store.sweep(T0 + 159 + 4)
    assert known(store, ALPHA).status == "online"
    store.sweep(T0 + 159 + 16)
    assert known(store, ALPHA).status == "lost"
    feed(store, beat(180, BETA))
    assert known(store, BETA).status == "online"


def test_nobody_is_judged_by_a_sweep_that_is_told_so() -> None:
    store = feed(Store(), beat(0))
    store.sweep(T0 + 60, judging=False)
    assert known(store).status == "online"
    store.sweep(T0 + 60)
    assert known(store).status == "lost"


def test_a_gap_is_no_silence() -> None:
    store = run_three(Store())
    store.mark_gap(T0 + 2, None)
    store.mark_gap(T0 + 2, T0 + 500)
    store.sweep(T0 + 503)
    assert known(store).status == "online"
    store.sweep(T0 + 516)
    assert known(store).status == "lost"
    assert store.gaps() == [(T0 + 2, T0 + 500)]


@pytest.mark.parametrize(
    ("sign", "silence"), [({"pid": 8}, 5.0), ({"pid": 7, "processed": 0}, 15.0)], ids=str
)
def test_a_restart_loses_what_ran_once_the_old_process_is_silent(
    sign: dict[str, Any], silence: float
) -> None:
    store = run_three(Store())
    store.set_task_events(ALPHA, True, True)
    feed(store, worker_event("online", 4, **sign))
    worker = known(store)
    assert (worker.task_events, worker.events_enabled_by_us) == (None, False)
    feed(store, beat(1 + silence, **(sign | {"processed": 0})))
    store.sweep(T0 + 1 + silence)
    assert states(store) == "received started success retry started"
    store.sweep(T0 + 1.1 + silence)
    assert states(store)[:23] == "lost lost success retry"
    assert known(store).status == "online"


def test_the_same_process_coming_online_again_loses_nothing() -> None:
    store = run_three(Store())
    feed(store, worker_event("online", 4, pid=7, processed=5))
    store.apply(Batch([worker_event("online", -5, pid=7, processed=0)], T0 + 5))
    assert states(store) == "received started success retry started"
    assert known(store).task_events is True


def test_task_events_are_judged_by_what_comes() -> None:
    store = feed(Store(), beat(0, processed=10))
    assert known(store).task_events is None
    feed(store, beat(2, processed=11))
    assert known(store).task_events is None
    feed(store, beat(4, processed=12))
    assert known(store).task_events is False
    feed(store, task_event("received", 5))
    assert known(store).task_events is True
    feed(store, beat(6, processed=13), beat(8, processed=14), beat(10, processed=16))
    assert known(store).task_events is False


def test_a_custom_or_a_sent_event_proves_nothing_about_task_events() -> None:
    store = feed(Store(), beat(0))
    feed(store, task_event("progress", 1), task_event("sent", 1, host=ALPHA))
    assert known(store).task_events is None


def test_the_gap_is_no_evidence_of_missing_task_events() -> None:
    store = feed(Store(), beat(0, processed=10), beat(2, processed=10))
    store.mark_gap(T0 + 3, T0 + 50)
    feed(store, beat(51, processed=90), beat(53, processed=91))
    assert known(store).task_events is None


def test_who_turned_the_events_on_is_kept() -> None:
    store = feed(Store(), beat(0))
    store.set_task_events(ALPHA, True, True)
    store.set_task_events(ALPHA, True, False)
    assert (known(store).task_events, known(store).events_enabled_by_us) == (True, True)
    store.set_task_events(ALPHA, False, True)
    assert (known(store).task_events, known(store).events_enabled_by_us) == (False, False)


@pytest.mark.parametrize(
    "event",
    [
        beat(1, "gen1@host"),
        worker_event("online", 1, "gen1@host"),
        task_event("received", 1, host="gen1@host"),
        task_event("started", 1, host="gen1@host"),
        task_event("succeeded", 1, host="gen1@host"),
    ],
)
def test_who_does_what_a_worker_does_is_one_whatever_its_name(event: Event) -> None:
    store = feed(Store(), event)
    assert [worker.hostname for worker in store.workers()] == ["gen1@host"]
    if event.uuid is not None:
        assert held(store).worker == "gen1@host"


def test_who_only_replies_is_a_worker_whatever_its_name() -> None:
    store = Store()
    store.seed(survey(0, stats={"gen1@host": {"pid": 1}}))
    store.take_pings(["gen2@host"], [], T0)
    assert [worker.hostname for worker in store.workers()] == ["gen1@host", "gen2@host"]


def test_a_client_is_no_worker() -> None:
    store = feed(Store(), task_event("sent", 1, host="gen12@web"))
    feed(store, worker_event("deploy", 1, "gen12@web"), task_event("progress", 1, host="gen1@web"))
    feed(store, task_event("started", 2, "b", host=""))
    assert store.workers() == []
    assert held(store, "b").worker is None


def test_the_bound_of_workers_spares_those_that_are_there() -> None:
    store = Store(max_workers=10)
    for number in range(10):
        feed(store, beat(number, f"w{number}@h"))
    feed(store, worker_event("offline", 11, "w7@h"), worker_event("offline", 12, "w3@h"))
    feed(store, beat(13, "new1@h"))
    names = {worker.hostname for worker in store.workers()}
    assert "w7@h" not in names
    assert {"w3@h", "new1@h"} <= names
    feed(store, beat(14, "new2@h"))
    names = {worker.hostname for worker in store.workers()}
    assert "w3@h" not in names
    assert len(names) == 10
    for number in range(200):
        feed(store, beat(20 + number, f"flood{number}@h"))
    assert len(store.workers()) == 10


def test_pace_of_a_worker() -> None:
    store = Store()
    store.sweep(T0)
    for second in range(10):
        events = [task_event("succeeded", second, f"{second}-{n}") for n in range(3)]
        events.append(task_event("failed", second, f"{second}-f"))
        store.apply(Batch(events, T0 + second))
    store.sweep(T0 + 10)
    assert known(store).done_per_second == 4.0
    assert store.series("done", 12, T0 + 10, worker=ALPHA) == [None, None, *[4.0] * 10]
    assert store.series("done", 3, T0 + 10, worker="nobody") == [None, None, None]
    store.sweep(T0 + 30)
    assert known(store).done_per_second == 0.0


def test_a_sweep_that_changes_nothing_is_no_change() -> None:
    store = feed(Store(), beat(0))
    store.sweep(T0 + 1)
    revision = store.revision
    store.sweep(T0 + 2)
    assert store.revision == revision
    store.sweep(T0 + 20)
    assert store.revision > revision


def test_a_poisoned_timestamp_does_not_freeze_a_worker() -> None:
    store = Store()
    store.apply(Batch([beat(1e12, pid=1)], T0))
    feed(store, beat(70, pid=2, active=4))
    assert (known(store).pid, known(store).active) == (2, 4)
    feed(store, worker_event("offline", 80, pid=2))
    assert known(store).status == "offline"


def test_a_task_that_ended_since_its_worker_was_judged_is_not_lost() -> None:
    store = run_three(Store())
    record = store._workers.records[ALPHA]
    feed(store, task_event("succeeded", 2, "b"))
    store._tasks.lose_all(record, ["a", "b", "nope"], before=T0 + 99, started=False)
    assert states(store) == "lost success success retry started"
