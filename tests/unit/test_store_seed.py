"""What the workers answer: new tasks, facts, and tasks that are gone after a gap."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from celerytui.control.survey import survey_of
from celerytui.iso_time import epoch
from celerytui.model import Section, TaskState
from celerytui.store import Store
from tests.unit.store_stream import ALPHA, BETA, T0, beat, feed, held, known, survey, task_event

pytestmark = pytest.mark.slow


def info(id: str, **fields: Any) -> dict[str, Any]:
    """One task in the shape of `inspect active` and `reserved`."""
    base = {
        "id": id,
        "name": "proj.add",
        "args": [1, "é"],
        "kwargs": {"a": None},
        "type": "proj.add",
        "hostname": ALPHA,
        "time_start": None,
        "acknowledged": False,
        "delivery_info": {"exchange": "", "routing_key": "mail", "priority": 0},
        "worker_pid": None,
    }
    return base | fields


def test_what_a_sender_wrote_of_its_arguments_as_json_is_shown_as_that() -> None:
    store = Store()
    active = info("a", args=[1, "é"], kwargs={"user": None})
    store.seed(survey(0, active={ALPHA: [active]}))

    assert (held(store).args, held(store).kwargs) == ('[1, "é"]', '{"user": null}')


@pytest.mark.parametrize("list_", ["active", "reserved", "scheduled"])
@pytest.mark.parametrize(
    ("own", "id"),
    [
        (uuid.UUID(int=7), f"{uuid.UUID(int=7)} (uuid)"),
        (7, "7 (int)"),
        (b"job", "job (bytes)"),
        ("x" * 300, "x" * 300),
    ],
    ids=str,
)
def test_a_task_with_an_id_of_any_type_is_taken(list_: str, own: Any, id: str) -> None:
    store = Store()
    listed: Any = [info(own), info("7")]
    if list_ == "scheduled":
        listed = [{"eta": None, "priority": 6, "request": one} for one in listed]
    checked = survey_of({ALPHA: {list_: Section(ALPHA, list_, T0, data=listed)}}, T0)
    store.seed(checked)

    assert {task.id for task in store.all_tasks()} == {id, "7"}


def test_what_a_worker_could_not_reply_with_is_noted_until_it_does() -> None:
    store = Store()
    pauses = {"reserved": 15.0, "scheduled": 15.0}
    store.seed(replace(survey(0, active={ALPHA: []}), unsent={ALPHA: pauses}))
    assert known(store, ALPHA).unsent == ("reserved", "scheduled")

    store.seed(survey(1, active={ALPHA: []}, scheduled={ALPHA: []}))
    assert known(store, ALPHA).unsent == ("reserved",)
    assert known(store, ALPHA).inspected is not None

    store.seed(survey(2, reserved={ALPHA: []}))
    assert known(store, ALPHA).unsent == ()


def test_running_tasks_show_at_once() -> None:
    store = Store()
    active = info("a", args="(1, 'é')", kwargs="{'a': None}", time_start=T0 - 30, worker_pid=44)
    store.seed(survey(0, active={ALPHA: [active]}))
    task = held(store)
    assert (task.state, task.worker, task.queue) == (TaskState.STARTED, ALPHA, "mail")
    assert (task.name, task.args, task.kwargs) == ("proj.add", "(1, 'é')", "{'a': None}")
    assert (task.started, task.seen, task.more.worker_pid) == (T0 - 30, T0 - 30, 44)
    feed(store, task_event("succeeded", 1, result="2"))
    assert held(store).state is TaskState.SUCCESS


def test_waiting_tasks_show_with_their_eta() -> None:
    store = Store()
    entry = {"eta": "2026-01-01T00:00:00+00:00", "priority": 6, "request": info("b")}
    store.seed(survey(0, reserved={ALPHA: [info("a")]}, scheduled={ALPHA: [entry]}))
    assert held(store).state is held(store, "b").state is TaskState.RECEIVED
    assert held(store, "b").more.eta == epoch("2026-01-01T00:00:00+00:00")
    assert store.queue_names() == {"mail"}


def test_a_start_that_cannot_be_is_now() -> None:
    for strange in (12345.6, -1, T0 + 500, "x", None, True, 1e300):
        store = Store()
        store.seed(survey(0, active={ALPHA: [info("a", time_start=strange)]}))
        assert held(store).started == T0


def test_a_survey_never_takes_back_what_events_say() -> None:
    store = feed(
        Store(),
        task_event("received", 1, "a", name="real", args="(9,)"),
        task_event("started", 2, "b"),
        task_event("succeeded", 2, "c"),
        task_event("retried", 2, "d"),
        task_event("received", 2, "e"),
    )
    store.seed(
        survey(
            3,
            active={ALPHA: [info("a", time_start=T0 + 2), info("c"), info("d")]},
            reserved={ALPHA: [info("b"), info("e")]},
        )
    )
    assert [held(store, id).state.label for id in "abcde"] == [
        "started",
        "started",
        "success",
        "retry",
        "received",
    ]
    assert (held(store).name, held(store).args, held(store).started) == ("real", "(9,)", T0 + 2)
    store.seed(survey(30, active={ALPHA: [info("d", time_start=T0 + 20)]}))
    assert (held(store, "d").state, held(store, "d").started) == (TaskState.STARTED, T0 + 20)


def test_a_lost_task_that_is_listed_is_back() -> None:
    store = feed(Store(), beat(0), task_event("started", 1), task_event("received", 1, "b"))
    store.sweep(T0 + 100)
    assert held(store).state is held(store, "b").state is TaskState.LOST
    store.seed(survey(101, active={ALPHA: [info("a"), info("b")]}))
    assert held(store).state is held(store, "b").state is TaskState.STARTED
    assert (held(store).started, held(store, "b").started) == (T0 + 1, T0 + 101)


def gap_store() -> Store:
    store = feed(
        Store(),
        beat(0),
        beat(0, BETA),
        task_event("started", 1, "gone"),
        task_event("received", 1, "stays"),
        task_event("started", 1, "other", BETA),
    )
    store.mark_gap(T0 + 10, T0 + 20)
    return feed(store, task_event("received", 21, "fresh"))


def test_what_ended_in_a_gap_is_missed_once_its_worker_answers() -> None:
    store = gap_store()
    answers = {ALPHA: [info("stays")]}
    store.seed(survey(21.5, active={ALPHA: []}, reserved=answers, scheduled={ALPHA: []}))
    labels = [held(store, id).state.label for id in ("gone", "stays", "other", "fresh")]
    assert labels == ["missed", "received", "started", "received"]
    assert held(store, "gone").more.lost_from is TaskState.STARTED


def test_without_a_whole_answer_nothing_is_missed() -> None:
    store = gap_store()
    store.seed(survey(21, active={ALPHA: []}, reserved={ALPHA: []}))
    store.seed(survey(19, active={ALPHA: []}, reserved={ALPHA: []}, scheduled={ALPHA: []}))
    assert held(store, "gone").state is TaskState.STARTED


def test_without_a_gap_only_what_ran_and_was_silent_is_missed() -> None:
    store = feed(
        Store(),
        task_event("started", 1, "silent"),
        task_event("received", 1, "held back"),
        task_event("started", 58, "fresh"),
    )
    store.seed(survey(60, active={ALPHA: []}, reserved={ALPHA: []}, scheduled={ALPHA: []}))
    labels = [held(store, id).state.label for id in ("silent", "held back", "fresh")]
    assert labels == ["missed", "received", "started"]
    feed(store, task_event("succeeded", 61, "silent", result="2"))
    assert held(store, "silent").state is TaskState.SUCCESS


def missed_store() -> Store:
    store = feed(Store(), task_event("received", 1), task_event("started", 2))
    store.seed(survey(60, active={ALPHA: []}, reserved={ALPHA: []}, scheduled={ALPHA: []}))
    assert held(store).state is TaskState.MISSED
    assert (store.summary(T0 + 60).by_state["missed"], store.glance(None).running) == (1, 0)
    return store


def test_a_missed_task_is_back_where_an_event_or_an_answer_says_so() -> None:
    assert held(feed(missed_store(), task_event("progress", 61))).state is TaskState.STARTED
    again = feed(missed_store(), task_event("received", 61, host=BETA))
    assert (held(again).state, held(again).worker) == (TaskState.RECEIVED, BETA)
    listed = missed_store()
    listed.seed(survey(70, active={ALPHA: [info("a")]}))
    assert (held(listed).state, held(listed).more.lost_from) == (TaskState.STARTED, None)


def test_a_missed_task_that_was_sent_again_is_in_a_queue() -> None:
    store = feed(missed_store(), task_event("sent", 0, host="gen1@web", name="early"))
    assert held(store).state is TaskState.MISSED
    feed(store, task_event("sent", 61, host="gen1@web", queue="other"))
    task = held(store)
    assert (task.state, task.queue, task.started) == (TaskState.SENT, "other", None)
    assert task.more.lost_from is None


def test_facts_of_a_worker() -> None:
    store = feed(Store(), beat(0, pid=5, processed=1))
    stats = {
        "pid": 5,
        "uptime": 61,
        "prefetch_count": 16,
        "total": {"proj.add": 7, "proj.mul": 3},
        "pool": {"implementation": "celery.concurrency.prefork:TaskPool", "max-concurrency": 4},
    }
    queues = [{"name": "mail"}, {"name": "celery"}]
    store.seed(survey(1, stats={ALPHA: stats}, active_queues={ALPHA: queues}, missing=("x@h",)))
    worker = known(store)
    assert (worker.pool, worker.concurrency, worker.prefetch) == ("prefork", 4, 16)
    assert (worker.uptime, worker.processed, worker.queues) == (61.0, 10, ("mail", "celery"))
    assert (worker.inspected, worker.no_answer) == (T0 + 1, None)
    assert store.worker("x@h") is None
    store.seed(survey(9, missing=(ALPHA,)))
    assert (known(store).no_answer, known(store).pool) == (T0 + 9, "prefork")
    store.seed(survey(12, active={ALPHA: []}))
    assert known(store).no_answer is None


def test_pools_are_called_as_on_the_command_line() -> None:
    for module, pool in (("thread", "threads"), ("solo", "solo"), ("gevent", "gevent")):
        store = Store()
        implementation = f"celery.concurrency.{module}:TaskPool"
        store.seed(survey(0, stats={ALPHA: {"pool": {"implementation": implementation}}}))
        assert known(store).pool == pool


def test_long_arguments_are_cut() -> None:
    store = Store()
    store.seed(survey(0, active={ALPHA: [info("a", args=["x" * 5000], kwargs="{'safe': 1}")]}))
    assert len(held(store).args or "") == 1024
    assert held(store).kwargs == "{'safe': 1}"


KEYS = (
    *("id", "name", "args", "kwargs", "time_start", "delivery_info", "routing_key", "worker_pid"),
    *("request", "eta", "pid", "uptime", "total", "pool", "max-concurrency", "implementation"),
    "prefetch_count",
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.tuples(JSON, JSON, JSON, JSON, JSON))
def test_answers_of_any_shape_harm_nothing(answers: tuple[Any, ...]) -> None:
    names = ("active", "reserved", "scheduled", "stats", "active_queues")
    store = feed(Store(), task_event("started", 0), beat(0))
    store.mark_gap(T0, T0 + 1)
    hosts = {name: {ALPHA: answer} for name, answer in zip(names, answers, strict=True)}
    lists = {name: {ALPHA: [answer]} for name, answer in zip(names, answers, strict=True)}
    store.seed(survey(60, **hosts))
    store.seed(survey(61, **lists))
    assert store.summary(T0 + 62).held == len(store.all_tasks())


def test_a_survey_of_many_tasks_is_taken_whole() -> None:
    store = Store()
    infos = [info(f"t{number}") for number in range(1234)]
    store.seed(survey(0, active={ALPHA: infos[:700]}, reserved={BETA: infos[700:]}))
    by_state = store.summary(T0).by_state
    assert (by_state["started"], by_state["received"]) == (700, 534)
