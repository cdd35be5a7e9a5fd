"""What workers answer about tasks in doubt, and what the result backend says of missed ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from celerytui.model import Batch, Event, TaskState
from celerytui.store import Store, TaskOutcome
from celerytui.store.settling import FROM_RESULTS
from celerytui.store.tasks import MAX_MISSED
from tests.unit.store_stream import ALPHA, BETA, T0, beat, feed, held, survey, task_event

Found = dict[str, tuple[str, dict[str, Any]]]
BOOM = "Boom('x')"


def running() -> Store:
    return feed(
        Store(), beat(0), task_event("received", 1, name="proj.add"), task_event("started", 2)
    )


def answer(store: Store, at: float, *asked: str, **places: str) -> list[str]:
    found: Found = {id: (place, {"id": id}) for id, place in places.items()}
    return store.settling.answered(ALPHA, asked, found, T0 + at)


def missed() -> Store:
    store = running()
    assert answer(store, 20, "a") == []
    assert held(store).state is TaskState.MISSED
    return store


def test_what_the_worker_no_longer_has_is_missed_and_to_be_looked_up() -> None:
    store = missed()
    assert held(store).more.lost_from is TaskState.STARTED
    assert store.tasks_of(ALPHA) == []
    assert store.settling.missed(50) == ["a"]
    assert store.settling.missed(50) == []


@pytest.mark.parametrize("place", ["active", "reserved"])
def test_what_it_has_stays(place: str) -> None:
    store = running()
    answer(store, 3, "a", a=place)
    assert held(store).state is TaskState.STARTED


def test_news_of_the_last_seconds_keeps_a_task() -> None:
    store = running()
    answer(store, 6.9, "a")
    assert held(store).state is TaskState.STARTED
    answer(store, 7, "a")
    assert held(store).state is TaskState.MISSED


def test_what_the_worker_dropped_with_its_connection_is_missed() -> None:
    store = running()
    answer(store, 20, "a", a="ready")
    assert held(store).state is TaskState.MISSED


def test_an_answer_from_before_the_end_of_a_gap_settles_nothing() -> None:
    store = running()
    store.mark_gap(T0 + 10, T0 + 30)
    answer(store, 29, "a")
    assert held(store).state is TaskState.STARTED


def test_an_answer_of_a_worker_that_no_longer_has_it_leaves_it_where_it_is() -> None:
    store = feed(running(), task_event("received", 3, host=BETA, name="proj.add"))
    assert answer(store, 20, "a") == []
    assert (held(store).state, held(store).worker) == (TaskState.RECEIVED, BETA)


def test_a_task_that_was_sent_again_is_in_a_queue() -> None:
    store = running()
    feed(store, task_event("sent", 5, host="gen1@host", name="proj.other", queue="mail"))
    answer(store, 20, "a")
    task = held(store)
    assert (task.state, task.started) == (TaskState.SENT, None)
    assert store.settling.missed(50) == []
    feed(store, task_event("received", 30, host=BETA), task_event("started", 31, host=BETA))
    assert (held(store).state, held(store).worker) == (TaskState.STARTED, BETA)


def test_a_task_that_waits_in_its_worker_again_is_received() -> None:
    store = running()
    answer(store, 20, "a", a="reserved")
    assert (held(store).state, held(store).started) == (TaskState.RECEIVED, None)


def lost() -> Store:
    store = running()
    feed(store, beat(3, pid=7))
    store.sweep(T0 + 30)
    assert held(store).state is TaskState.LOST
    return store


@pytest.mark.parametrize("there", [True, False])
def test_a_task_that_was_lost_with_a_worker_that_is_there_after_all(there: bool) -> None:
    store = lost()
    assert store.settling.doubts() == {}
    feed(store, beat(40, pid=7))
    store.sweep(T0 + 41)
    assert store.settling.doubts() == {ALPHA: ("a",)}
    answer(store, 42, "a", **({"a": "active"} if there else {}))
    assert held(store).state is (TaskState.STARTED if there else TaskState.MISSED)
    store.sweep(T0 + 43)
    assert store.settling.doubts() == {}


def test_a_task_that_was_lost_with_another_process_stays_lost() -> None:
    store = lost()
    feed(store, beat(40, pid=8))
    store.sweep(T0 + 41)
    assert store.settling.doubts() == {}
    assert held(store).state is TaskState.LOST


def test_a_waiting_task_that_is_not_named_may_be_held_back() -> None:
    store = feed(Store(), beat(0), task_event("received", 1))
    assert answer(store, 20, "a") == ["a"]
    assert held(store).state is TaskState.RECEIVED
    store.settling.not_held(ALPHA, ["a"], T0 + 30)
    assert held(store).state is TaskState.MISSED


def test_an_unknown_task_that_runs_is_taken() -> None:
    store = feed(Store(), beat(0))
    info = {"id": "new", "name": "proj.add", "time_start": T0 + 1}
    store.settling.answered(ALPHA, (), {"new": ("active", info)}, T0 + 5)
    assert (held(store, "new").state, held(store, "new").started) == (TaskState.STARTED, T0 + 1)


@pytest.mark.parametrize(
    ("status", "state", "result", "exception"),
    [
        ("SUCCESS", TaskState.SUCCESS, BOOM, None),
        ("FAILURE", TaskState.FAILURE, None, BOOM),
        ("REVOKED", TaskState.REVOKED, None, None),
    ],
)
def test_an_outcome_of_the_result_backend(
    status: str, state: TaskState, result: str | None, exception: str | None
) -> None:
    store = missed()
    before = store.workers()[0]
    store.settling.resolve([TaskOutcome("a", status, BOOM, "Traceback", T0 + 4)])
    task = held(store)
    assert (task.state, task.finished, task.more.source) == (state, T0 + 4, FROM_RESULTS)
    assert (task.result, task.more.exception) == (result, exception)
    assert task.more.lost_from is None
    after = store.workers()[0]
    done = (
        (after.succeeded or 0) - (before.succeeded or 0),
        (after.failed or 0) - (before.failed or 0),
    )
    assert done == (int(status == "SUCCESS"), int(status == "FAILURE"))
    assert store.summary(T0).by_state[state.label] == 1


def test_a_retry_of_which_the_backend_knows() -> None:
    store = missed()
    store.settling.resolve([TaskOutcome("a", "RETRY", BOOM, "Traceback", None)])
    task = held(store)
    assert (task.state, task.more.exception, task.finished) == (TaskState.RETRY, BOOM, None)
    feed(store, task_event("received", 30, retries=1), task_event("started", 31))
    assert (held(store).state, held(store).more.source) == (TaskState.STARTED, None)


@pytest.mark.parametrize("status", ["PENDING", "STARTED", "PROGRESS", "", "MISSED"])
def test_where_the_backend_does_not_know_it_stays_missed(status: str) -> None:
    store = missed()
    store.settling.resolve([TaskOutcome("a", status, None, None, None)])
    assert held(store).state is TaskState.MISSED


def test_a_result_of_an_earlier_run_is_none_of_this_one() -> None:
    store = missed()
    store.settling.resolve([TaskOutcome("a", "SUCCESS", "1", None, T0 - 60)])
    assert held(store).state is TaskState.MISSED


def test_an_event_that_comes_after_all_has_the_last_word() -> None:
    store = missed()
    store.settling.resolve([TaskOutcome("a", "SUCCESS", "1", None, T0 + 4)])
    feed(store, task_event("succeeded", 4.1, result="2", runtime=2.0))
    task = held(store)
    assert (task.result, task.runtime, task.more.source) == ("2", 2.0, None)
    late = missed()
    feed(late, task_event("succeeded", 4.1, result="2"))
    late.settling.resolve([TaskOutcome("a", "FAILURE", "E()", None, T0 + 4)])
    assert held(late).state is TaskState.SUCCESS


def test_tasks_to_be_looked_up_are_bounded_and_can_be_put_back() -> None:
    store = missed()
    store.settling.put_back(["x", "y"])
    store.settling.put_last("z")
    assert store.settling.missed(2) == ["x", "y"]
    assert store.settling.missed(9) == ["a", "z"]
    store.settling.put_back([str(number) for number in range(MAX_MISSED + 10)])
    assert len(store.settling.missed(2 * MAX_MISSED)) == MAX_MISSED


class Dropped(RuleBasedStateMachine):
    """Two workers run tasks, of whose events some never come; then both answer the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.now = 0.0
        self.count = 0
        self.places: dict[str, tuple[str, str]] = {}  # id -> (worker, active or reserved)
        self.ended: set[str] = set()

    def tell(self, kind: str, id: str, host: str, seen: bool, **fields: Any) -> None:
        self.now += 0.1
        if seen:
            event = Event(f"task-{kind}", hostname=host, uuid=id, timestamp=T0 + self.now, **fields)
            self.store.apply(Batch([event], T0 + self.now))

    @rule(host=st.sampled_from([ALPHA, BETA]), seen=st.booleans())
    def receive(self, host: str, seen: bool) -> None:
        self.count += 1
        self.places[f"t{self.count}"] = (host, "reserved")
        self.tell("received", f"t{self.count}", host, seen, name="a")

    def chosen(self, data: st.DataObject, place: str) -> tuple[str, str]:
        ids = sorted(id for id, (_, where) in self.places.items() if where == place)
        id = data.draw(st.sampled_from(ids))
        return id, self.places[id][0]

    def any_in(self, place: str) -> bool:
        return any(where == place for _, where in self.places.values())

    @precondition(lambda self: self.any_in("reserved"))
    @rule(data=st.data(), seen=st.booleans())
    def start(self, data: st.DataObject, seen: bool) -> None:
        id, host = self.chosen(data, "reserved")
        self.places[id] = (host, "active")
        self.tell("started", id, host, seen)

    @precondition(lambda self: self.any_in("active"))
    @rule(
        data=st.data(),
        kind=st.sampled_from(["succeeded", "failed", "retried", "revoked", "rejected", ""]),
        seen=st.booleans(),
    )
    def end(self, data: st.DataObject, kind: str, seen: bool) -> None:
        id, host = self.chosen(data, "active")
        del self.places[id]
        self.ended.add(id)
        self.tell(kind, id, host, seen and bool(kind))

    @precondition(lambda self: self.any_in("active"))
    @rule(data=st.data(), other=st.sampled_from([ALPHA, BETA]), seen=st.booleans())
    def redeliver(self, data: st.DataObject, other: str, seen: bool) -> None:
        id, _ = self.chosen(data, "active")
        self.places[id] = (other, "reserved")
        self.tell("received", id, other, seen, name="a")

    @precondition(lambda self: self.any_in("active"))
    @rule(data=st.data(), seen=st.booleans())
    def replace(self, data: st.DataObject, seen: bool) -> None:
        id, _ = self.chosen(data, "active")
        del self.places[id]
        self.tell("sent", id, "gen1@host", seen, name="b")

    @rule()
    def answer(self) -> None:
        """Whoever is in doubt is asked after a while, and says how it is."""
        self.now += 30
        for host in (ALPHA, BETA):
            started = [task for task in self.store.tasks_of(host) if task.state.name == "STARTED"]
            asked = [task.id for task in started]
            found: Found = {
                id: (self.places[id][1], {"id": id, "name": "a"})
                for id in asked
                if id in self.places and self.places[id][0] == host
            }
            self.store.settling.answered(host, asked, found, T0 + self.now)
        for task in self.store.all_tasks():
            if task.state is TaskState.STARTED:
                assert self.places.get(task.id) == (task.worker, "active"), task

    @invariant()
    def counts_agree(self) -> None:
        by_state = self.store.summary(T0 + self.now).by_state
        tasks = self.store.all_tasks()
        assert by_state == {
            state.label: sum(task.state is state for task in tasks) for state in TaskState
        }

    def teardown(self) -> None:
        self.answer()


TestDropped = Dropped.TestCase
TestDropped.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)


def test_what_a_survey_misses_is_looked_up_too() -> None:
    store = running()
    store.seed(survey(60, active={ALPHA: []}, reserved={ALPHA: []}, scheduled={ALPHA: []}))
    assert store.settling.missed(1) == ["a"]


def sent(at: float, **more: Any) -> Event:
    return task_event("sent", at, host="gen1@host", name="proj.add", queue="celery", **more)


def gone_on(store: Store, *, gap: tuple[float, float] = (10, 30), now: float = 40) -> Store:
    store.mark_gap(T0 + gap[0], T0 + gap[1])
    store.sweep(T0 + now)
    return store


def test_what_was_sent_before_the_end_of_a_gap_is_looked_up_once() -> None:
    store = gone_on(feed(Store(), sent(1)))
    assert store.settling.missed(50) == ["a"]
    store.sweep(T0 + 41)
    assert store.settling.missed(50) == []
    assert held(store).state is TaskState.SENT

    store.settling.resolve([TaskOutcome("a", "SUCCESS", "3", at=T0 + 20)])
    task = held(store)
    assert (task.state, task.result, task.finished) == (TaskState.SUCCESS, "3", T0 + 20)
    assert task.more.source == FROM_RESULTS


def test_it_is_left_alone_until_the_workers_were_asked() -> None:
    assert gone_on(feed(Store(), sent(1)), now=33).settling.missed(50) == []


def test_what_was_sent_after_the_gap_is_not_looked_up() -> None:
    assert gone_on(feed(Store(), sent(35))).settling.missed(50) == []


def test_what_was_sent_before_its_workers_events_were_on_is_looked_up() -> None:
    now = T0 + 5
    store = feed(Store(clock=lambda: now), sent(1))
    store.set_task_events(ALPHA, True, by_us=True)
    store.sweep(T0 + 20)
    assert store.settling.missed(50) == ["a"]


@pytest.mark.parametrize("status", ["FAILURE", "REVOKED", "SUCCESS"])
def test_the_result_of_an_earlier_run_is_not_the_end_of_what_waits(status: str) -> None:
    store = gone_on(feed(Store(), sent(9)))
    store.settling.resolve([TaskOutcome("a", status, at=T0 + 4), TaskOutcome("a", status)])
    assert held(store).state is TaskState.SENT


def test_what_is_to_be_tried_again_is_looked_up_too() -> None:
    store = gone_on(feed(running(), task_event("retried", 4, exception=BOOM)))
    assert store.settling.missed(50) == ["a"]
    store.settling.resolve([TaskOutcome("a", "RETRY", BOOM, at=T0 + 4)])
    assert held(store).state is TaskState.RETRY
    store.settling.resolve([TaskOutcome("a", "FAILURE", BOOM, "Traceback", at=T0 + 12)])
    assert (held(store).state, held(store).more.exception) == (TaskState.FAILURE, BOOM)


def test_what_was_lost_with_a_process_is_looked_up_once_another_has_its_name() -> None:
    store = feed(Store(), beat(0, pid=7), task_event("received", 1, pid=7, name="proj.add"))
    feed(store, task_event("started", 2, pid=7))
    store.sweep(T0 + 200)
    assert held(store).state is TaskState.LOST
    feed(store, beat(201, pid=99), beat(203, pid=99))
    store.sweep(T0 + 204)
    assert store.settling.missed(50) == ["a"]
    store.settling.resolve([TaskOutcome("a", "SUCCESS", at=T0 + 1 - 10)])
    assert held(store).state is TaskState.LOST
    store.settling.resolve([TaskOutcome("a", "SUCCESS", "3", at=T0 + 20)])
    assert (held(store).state, held(store).result) == (TaskState.SUCCESS, "3")
