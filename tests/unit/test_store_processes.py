"""Several processes under one worker's name: which is whose, and what is lost with one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from celerytui.model import Batch, Event, TaskState
from celerytui.store import Store
from celerytui.store.verdicts import LOST_AFTER, STOPPING_LIMIT
from tests.unit.store_stream import (
    ALPHA,
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


class Real:
    """A process as it really is: what it sends has its pid, its clock and its count of tasks."""

    def __init__(self, store: Store, pid: int, at: float, processed: int = 0) -> None:
        self.store = store
        self.pid = pid
        self.at = at
        self.clock = 0
        self.processed = processed
        self.active: set[str] = set()

    def send(self, event: Event) -> None:
        self.clock += 1
        event.pid, event.clock = self.pid, self.clock
        feed(self.store, event)

    def say(self, kind: str, at: float) -> None:
        event = beat(at, active=len(self.active), processed=self.processed)
        event.type = f"worker-{kind}"
        self.send(event)

    def do(self, kind: str, at: float, id: str, **fields: Any) -> None:
        if kind == "received":
            self.processed += 1
        if kind == "started":
            self.active.add(id)
        if kind == "succeeded":
            self.active.discard(id)
        self.send(task_event(kind, at, id, **fields))


def overlap(store: Store, first: Real, second: Real, until: float) -> None:
    """Both send their heartbeats, at their own paces, and the store is swept each second."""
    second.say("online", 10.0)
    for half in range(20, int(until * 2) + 1):
        now = half / 2
        if (now - first.at) % 2 == 0:
            first.say("heartbeat", now)
        if now > 10 and (now - second.at) % 2 == 0:
            second.say("heartbeat", now)
        if now % 1 == 0:
            store.sweep(T0 + now)


@pytest.mark.parametrize(("pids", "processed"), [((7, 9), 0), ((1, 1), 0), ((1, 1), 500)], ids=str)
def test_two_processes_of_one_name_are_told_apart(pids: tuple[int, int], processed: int) -> None:
    store = Store()
    first, second = Real(store, pids[0], 0.5, processed), Real(store, pids[1], 0.0)
    first.say("online", 0.5)
    first.do("received", 1, "a")
    first.do("started", 1, "a")
    overlap(store, first, second, 14.0)
    second.do("received", 15, "b")
    second.do("started", 15, "b")
    second.say("heartbeat", 16)
    first.say("heartbeat", 16.5)
    store.sweep(T0 + 17)
    worker = known(store)
    assert sorted(worker.pids) == sorted(pids)
    assert worker.status == "online"
    assert worker.active == 2
    assert worker.processed == processed + 2
    # The first one is killed: its task goes with it, the other's does not.
    for now in range(18, 40, 2):
        second.say("heartbeat", now)
        store.sweep(T0 + now)
    assert held(store, "a").state is TaskState.LOST
    assert held(store, "b").state is TaskState.STARTED
    assert (known(store).pids, known(store).pid) == ((), pids[1])
    assert known(store).status == "online"


@pytest.mark.parametrize("pid", [9, 1])
def test_a_restart_is_no_second_process(pid: int) -> None:
    store = Store()
    first, second = Real(store, 1, 0.5), Real(store, pid, 0.0)
    first.say("online", 0.5)
    first.say("heartbeat", 2.5)
    for now in (4, 6, 8, 10, 12, 14, 16, 18, 20):
        second.say("online" if now == 4 else "heartbeat", now)
        store.sweep(T0 + now)
        assert known(store).pids == ()
    assert known(store).status == "online"


@pytest.mark.parametrize("pid", [9, 1])
def test_once_another_is_started_in_its_place_a_silent_process_is_gone(pid: int) -> None:
    store = Store()
    first, second = Real(store, 1, 0.5, processed=500), Real(store, pid, 0.0)
    first.say("online", 0.5)
    first.do("received", 1, "a")
    first.do("started", 1, "a")
    first.say("heartbeat", 2.5)
    assert (known(store).active, known(store).processed) == (1, 501)
    for now in (4, 6):
        second.say("online" if now == 4 else "heartbeat", now)
        store.sweep(T0 + now)
        # What it says is at once what is shown; the other may still be heard of.
        assert (known(store).active, known(store).processed) == (0, 0)
        assert held(store, "a").state is TaskState.STARTED
    for now in range(8, 20, 2):
        second.say("heartbeat", now)
        store.sweep(T0 + now)
        # In containers, whose is what cannot be told for certain: there it has its time.
        lost = pid != 1 or now - 2.5 > LOST_AFTER
        assert held(store, "a").state is (TaskState.LOST if lost else TaskState.STARTED)
    worker = known(store)
    assert (worker.status, worker.pids, worker.running) == ("online", (), 0)


def test_a_process_that_is_heard_of_after_another_came_has_its_time() -> None:
    store = Store()
    first, second = Real(store, 7, 0.5, processed=500), Real(store, 9, 0.0)
    first.say("online", 0.5)
    first.do("received", 1, "a")
    first.do("started", 1, "a")
    for now in range(4, 24, 2):
        second.say("online" if now == 4 else "heartbeat", now)
        if now < 8:
            first.say("heartbeat", now + 0.5)
            assert known(store).processed == 501
        store.sweep(T0 + now + 1)
        lost = now + 1 - 6.5 > LOST_AFTER
        assert held(store, "a").state is (TaskState.LOST if lost else TaskState.STARTED)
    second.say("heartbeat", 24)
    assert known(store).processed == 0


@pytest.mark.parametrize("pid", [9, 1])
def test_the_next_process_of_a_name_takes_nothing_from_one_that_stops(pid: int) -> None:
    store = Store()
    first, second = Real(store, 1, 0.5), Real(store, pid, 0.0)
    first.say("online", 0.5)
    for id in "abc":
        first.do("received", 1, id)
    for id in "ab":
        first.do("started", 1, id)
    first.say("heartbeat", 2.5)
    first.say("offline", 3)
    assert [held(store, id).state.label for id in "abc"] == ["started", "started", "sent"]
    second.say("online", 4)
    second.do("received", 5, "c")
    second.do("started", 5, "c")
    for now in range(6, 60, 2):
        second.say("heartbeat", now)
        store.sweep(T0 + now)
        # What the new process runs is not all that runs under the name.
        lists: Any = {"active": {ALPHA: [{"id": "c"}]}, "reserved": {ALPHA: []}}
        store.seed(survey(now, stats={ALPHA: {"pid": pid}}, scheduled={ALPHA: []}, **lists))
    worker = known(store)
    assert (worker.status, worker.stopping, worker.pids) == ("online", 2, ())
    assert [held(store, id).state.label for id in "abc"] == ["started"] * 3
    # Its events come in one piece when it has finished all.
    first.do("succeeded", 60, "a", runtime=59.0)
    first.do("succeeded", 60, "b", runtime=59.0)
    store.sweep(T0 + 61)
    assert known(store).stopping == 0
    assert [held(store, id).state.label for id in "abc"] == ["success", "success", "started"]
    assert known(store).pid == pid


def test_what_a_process_that_stops_never_tells_of_is_missed_after_a_limit() -> None:
    store = Store()
    first, second = Real(store, 1, 0.5), Real(store, 2, 0.0)
    first.say("online", 0.5)
    first.do("started", 1, "a")
    first.say("offline", 3)
    second.say("online", 4)
    for now in range(6, int(STOPPING_LIMIT) + 4, 2):
        second.say("heartbeat", now)
        store.sweep(T0 + now)
        assert held(store, "a").state is (
            TaskState.STARTED if now <= STOPPING_LIMIT + 3 else TaskState.MISSED
        )
    store.sweep(T0 + STOPPING_LIMIT + 5)
    assert held(store, "a").state is TaskState.MISSED
    assert known(store).stopping == 0


def test_a_worker_that_lost_its_broker_comes_back_with_its_tasks() -> None:
    store = Store()
    first = Real(store, 1, 0.5)
    first.say("online", 0.5)
    first.do("started", 1, "a")
    # What it could not send comes in one piece: goodbye to the old connection, hello to the new.
    first.say("offline", 3)
    first.say("online", 8)
    store.sweep(T0 + 9)
    assert (known(store).status, known(store).stopping) == ("online", 0)
    assert held(store, "a").state is TaskState.STARTED


# Whatever happens


class Deploys(RuleBasedStateMachine):
    """Processes of one name that come, work, stop in good order or die, as they really would."""

    pids = strategies.sampled_from((1, 1, 1, 7, 8))

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.now = 0.0
        self.alive: list[Real] = []
        self.stopping: list[Real] = []
        self.dead: list[tuple[Real, float]] = []
        self.used: list[int] = []
        self.number = 0

    @initialize()
    def first(self) -> None:
        self.come(1)

    @rule(pid=pids)
    def come(self, pid: int) -> None:
        if len(self.alive) < 2 and all(one.pid != pid or pid == 1 for one in self.alive):
            self.now += 0.7
            self.used.append(pid)
            one = Real(self.store, pid, self.now)
            one.say("online", self.now)
            self.alive.append(one)
            self.pass_time(4)

    @rule(which=strategies.integers(0, 1))
    def start_a_task(self, which: int) -> None:
        if which < len(self.alive):
            self.number += 1
            for kind in ("received", "started"):
                self.alive[which].do(kind, self.now, f"t{self.number}")

    @rule(which=strategies.integers(0, 1))
    def end_a_task(self, which: int) -> None:
        if which < len(self.alive) and self.alive[which].active:
            one = self.alive[which]
            one.do("succeeded", self.now, min(one.active), runtime=1.0)

    @rule(which=strategies.integers(0, 1))
    def shut_down(self, which: int) -> None:
        if which < len(self.alive):
            one = self.alive.pop(which)
            one.say("offline", self.now)
            self.stopping.append(one)

    @rule()
    def end(self) -> None:
        for one in self.stopping:
            for id in sorted(one.active):
                one.do("succeeded", self.now, id, runtime=1.0)
        self.stopping.clear()

    @rule(which=strategies.integers(0, 1))
    def die(self, which: int) -> None:
        if which < len(self.alive):
            self.dead.append((self.alive.pop(which), self.now))

    @rule(seconds=strategies.integers(1, 20))
    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds * 10):
            self.now = round(self.now + 0.1, 1)
            for one in self.alive:
                if round((self.now - one.at) * 10) % 20 == 0:
                    one.say("heartbeat", self.now)
            if round(self.now * 10) % 10 == 0:
                self.store.sweep(T0 + self.now)

    @invariant()
    def what_can_still_end_is_not_lost(self) -> None:
        for one in (*self.alive, *self.stopping):
            for id in one.active:
                assert held(self.store, id).state is TaskState.STARTED

    def teardown(self) -> None:
        self.pass_time(20)
        worker = known(self.store)
        assert (worker.status == "online") == bool(self.alive)
        if len(set(self.used)) == len(self.used):  # else whose a task is cannot be told for certain
            for one, _ in self.dead:
                for id in one.active:
                    assert held(self.store, id).state is TaskState.LOST
            assert worker.stopping == sum(len(one.active) for one in self.stopping)
        pids = sorted(one.pid for one in self.alive)
        assert sorted(worker.pids) == (pids if len(pids) > 1 else [])


TestDeploys = Deploys.TestCase
TestDeploys.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


TURNS = strategies.tuples(strategies.sampled_from("onf"), strategies.integers(0, 9))


@given(strategies.lists(TURNS))
def test_one_process_whose_events_come_in_any_order_is_one(order: list[tuple[str, int]]) -> None:
    store = Store()
    kinds = {"o": "online", "n": "heartbeat", "f": "offline"}
    for kind, at in order:
        clock, figures = at + 1, dict[str, Any](active=0, processed=at, freq=2.0)
        event = worker_event(kinds[kind], 2.0 * at, pid=1, clock=clock, **figures)
        store.apply(Batch([event], T0 + 20))
    store.sweep(T0 + 20)
    assert all(worker.pids == () for worker in store.workers())
