"""Whom the engine asks about contradictions, how often, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from celerytui.control import Answer, Question, Silences
from celerytui.control.doubts import ask_for_tasks
from celerytui.control.questions import PAUSES
from celerytui.engine.doubts import LONGEST_PAUSE, PAUSE, Doubts
from celerytui.errors import BrokerUnavailable
from celerytui.model import Batch, TaskState
from celerytui.store import Store
from tests.unit.store_stream import ALPHA, BETA, T0, beat, feed, held, survey, task_event


class At:
    """The policy at the time `now`; `says` has what a worker answers to each command.

    It is silent to those that are not there. Each of the hosts has three tasks started on two
    slots.
    """

    def __init__(self, *hosts: str) -> None:
        self.now = 100.0
        self.store = Store()
        self.says: dict[str, dict[str, Any]] = {}
        self.reachable = True
        self.asked: list[tuple[float, str, str, tuple[str, ...]]] = []
        self.silences = Silences(lambda: self.now)
        control: Any = self
        self.doubts = Doubts(
            control, self.store, clock=lambda: T0 + self.now, monotonic=lambda: self.now
        )
        stats: dict[str, Any] = {host: {"pool": {"max-concurrency": 2}} for host in hosts}
        for host in hosts:
            feed(self.store, beat(0, host, active=2))
            for number in range(3):
                id = f"{host}-{number}"
                feed(self.store, task_event("received", 0, id, host, name="proj.add"))
                feed(self.store, task_event("started", 0, id, host))
        self.store.seed(survey(0, stats=stats))
        self.live(0)

    def live(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            for worker in self.store.workers():
                event = beat(self.now, worker.hostname, active=2)
                self.store.apply(Batch([event], T0 + self.now))
            self.store.sweep(T0 + self.now)
            self.doubts.step()
            if self.now >= end:
                break
            self.now += 0.5

    def ask_for_tasks(self, questions: Mapping[str, Question]) -> dict[str, Answer]:
        if not self.reachable:
            self.asked += [(self.now, host, "", ()) for host in questions]
            raise BrokerUnavailable("refused")
        box: Any = Box(self.says)
        answers = ask_for_tasks(box, questions, self.silences)
        for command, arguments, [host] in box.sent:
            self.asked.append((self.now, host, command, tuple(arguments.get("ids", ()))))
        return answers

    @property
    def commands(self) -> list[str]:
        return [command for _, _, command, _ in self.asked]

    @property
    def pauses(self) -> list[float]:
        return [later[0] - sooner[0] for sooner, later in pairwise(self.asked)]

    def states(self, host: str) -> list[TaskState]:
        return [held(self.store, f"{host}-{number}").state for number in range(3)]


def there(*ids: str) -> dict[str, Any]:
    """The answers of a worker that runs these."""
    return {
        "query_task": {id: ["active", {"id": id}] for id in ids},
        "active": [{"id": id} for id in ids],
    }


def test_a_worker_in_doubt_is_asked_alone_and_what_it_does_not_have_is_missed() -> None:
    at = At(ALPHA, BETA)
    at.says[ALPHA] = there(f"{ALPHA}-0", f"{ALPHA}-1")
    at.live(5)
    asked = {host: set(ids) for _, host, _, ids in at.asked}
    assert asked == {host: {f"{host}-{n}" for n in range(3)} for host in (ALPHA, BETA)}
    assert at.commands == ["query_task"] * 2
    assert at.states(ALPHA) == [TaskState.STARTED, TaskState.STARTED, TaskState.MISSED]
    # BETA did not answer, which proves nothing.
    assert at.states(BETA) == [TaskState.STARTED] * 3


def test_no_worker_is_asked_twice_in_ten_seconds_and_with_growing_pauses() -> None:
    at = At(ALPHA)
    at.says[ALPHA] = there(*(f"{ALPHA}-{number}" for number in range(3)))
    at.live(400)
    assert min(at.pauses) >= PAUSE
    assert sorted(at.pauses) == at.pauses
    assert at.pauses[-1] > 8 * PAUSE


def test_a_silent_worker_is_asked_less_and_less_and_once_without_arguments() -> None:
    at = At(ALPHA)
    at.live(2000)
    assert at.pauses[:3] == [2 * PAUSE, 4 * PAUSE, 8 * PAUSE]
    assert max(at.pauses) <= LONGEST_PAUSE + 1
    assert at.commands[:4] == ["query_task", "active", "query_task", "active"]


def test_where_arguments_spoil_the_answer_it_is_asked_without_them() -> None:
    at = At(ALPHA)
    at.says[ALPHA] = {"active": there(f"{ALPHA}-0", f"{ALPHA}-1")["active"]}
    at.live(30)
    assert at.commands == ["query_task", "active"]
    assert at.states(ALPHA)[2] is TaskState.MISSED
    for turn in range(1, 40):
        for number in range(3):
            feed(at.store, task_event("started", at.now, f"{ALPHA}-{turn}-{number}"))
        at.live(50)
    assert at.commands[2:].count("active") > 5
    # It is tried again, more and more seldom: each time costs an error in the worker's log.
    tries = [when for when, _, command, _ in at.asked if command == "query_task"]
    waits = [later - sooner for sooner, later in pairwise(tries)]
    assert len(waits) >= 3
    assert all(wait >= pause for wait, pause in zip(waits, PAUSES, strict=False))
    assert min(at.pauses) >= PAUSE


def test_another_asker_may_know_already_that_arguments_spoil_the_answer() -> None:
    at = At(ALPHA)
    at.silences.note([ALPHA], "query_task", [])
    at.says[ALPHA] = there()
    at.live(5)
    assert at.commands == ["active"]


def test_twenty_workers_a_second_at_the_most() -> None:
    at = At(*(f"w{number}@host" for number in range(60)))
    at.live(8)
    seconds = [when for when, *_ in at.asked]
    assert len(at.asked) == len({host for _, host, *_ in at.asked}) == 60
    for when in seconds:
        assert sum(when <= one < when + 1 for one in seconds) <= 20


def test_nobody_is_asked_while_events_come_late() -> None:
    at = At(ALPHA)
    at.store.apply(Batch([beat(at.now, active=2)], T0 + at.now, lag=2.1))
    at.doubts.step()
    for _ in range(10):
        at.now += 0.5
        at.store.apply(Batch([beat(at.now, active=2)], T0 + at.now, lag=2.1))
        at.store.sweep(T0 + at.now)
        at.doubts.step()
    assert at.store.settling.doubts()
    assert at.asked == []
    at.live(1)
    assert at.asked


def test_a_broker_that_is_gone_costs_a_pause() -> None:
    at = At(ALPHA)
    at.reachable = False
    at.live(15)
    assert len(at.asked) == 1
    assert at.states(ALPHA) == [TaskState.STARTED] * 3


@pytest.mark.parametrize("limited", [True, False])
def test_a_waiting_task_is_given_up_only_where_its_type_has_no_rate_limit(limited: bool) -> None:
    at = At()
    feed(at.store, beat(100), task_event("received", 100, "waits", name="proj.add"))
    types = ["proj.add [rate_limit=10/m]" if limited else "proj.add"]
    at.says[ALPHA] = {"query_task": {}, "registered": types}
    end = at.now + 60
    while at.now < end:
        at.now += 0.5
        at.store.apply(Batch([beat(at.now, active=0)], T0 + at.now))
        at.store.sweep(T0 + at.now)
        at.doubts.step()
    assert at.commands[:2] == ["query_task", "registered"]
    assert at.pauses[0] >= PAUSE
    wanted = TaskState.RECEIVED if limited else TaskState.MISSED
    assert held(at.store, "waits").state is wanted


def test_a_worker_that_runs_what_nobody_knows_is_asked_what_it_runs() -> None:
    at = At()
    at.says[ALPHA] = there()
    feed(at.store, beat(0))
    at.live(300)
    assert set(at.commands) == {"active"}
    assert at.pauses[0] >= PAUSE
    assert sorted(at.pauses) == at.pauses
    assert at.pauses[-1] > 2 * PAUSE
    at.says[ALPHA] = there("new")
    at.live(400)
    assert held(at.store, "new").state is TaskState.STARTED


class Box:
    """Stands for the conversation: what each worker answers to each command."""

    def __init__(self, says: dict[str, dict[str, Any]]) -> None:
        self.says = says
        self.sent: list[tuple[str, dict[str, Any], list[str]]] = []

    def send(self, command: str, arguments: dict[str, Any], *, destination: list[str]) -> Any:
        self.sent.append((command, arguments, destination))
        [host] = destination
        says = self.says.get(host, {})

        class Ask:
            answers = {host: says[command]} if command in says else {}

        return Ask()

    def collect(self, asks: list[Any]) -> None:
        """All answers are there."""


ODD = "6f1c58b8-7c39-4d7f-8e7e-54ee3f54b0a5 (uuid)"
ID, LIMITS = Question("tasks", ("a", "b")), Question("limits")
SAFE = Question("tasks", ("a",), silent=True)
INFO = {"id": "a", "name": "proj.add"}


@pytest.mark.parametrize(
    ("question", "answer", "read"),
    [
        (ID, {"a": ["active", INFO]}, Answer({"a": ("active", INFO)})),
        (ID, {}, Answer({})),
        (ID, {"a": ["active", {"id": ""}], "b": "active", 3: 4}, Answer({})),
        (ID, {7: ["active", {"id": 7}]}, Answer({"7 (int)": ("active", {"id": 7})})),
        (ID, {"error": "no such command"}, None),
        (ID, [INFO], None),
        (SAFE, [INFO, {"id": None}, "x"], Answer({"a": ("active", INFO)}, only_running=True)),
        (SAFE, {"error": "Boom"}, None),
        (LIMITS, ["a [rate_limit=10/m]", "b", 3], Answer(limited=frozenset({"a"}))),
        (LIMITS, {"error": "Boom"}, None),
    ],
)
def test_what_a_worker_answers(question: Question, answer: Any, read: Answer | None) -> None:
    box: Any = Box({ALPHA: dict.fromkeys(("query_task", "active", "registered"), answer)})
    wanted = {} if read is None else {ALPHA: read}
    assert ask_for_tasks(box, {ALPHA: question, BETA: question}, Silences()) == wanted
    assert [whom for _, _, whom in box.sent] == [[ALPHA], [BETA]]


def test_what_is_asked_of_a_worker() -> None:
    box: Any = Box({})
    questions = {
        ALPHA: ID,
        BETA: SAFE,
        "c@host": LIMITS,
        # A reply that has ids for its keys cannot name such a one, nor both of two such.
        "d@host": Question("tasks", (ODD, "a")),
        "e@host": Question("tasks", ("a", "7 (int)")),
        "f@host": Question("tasks", ("7", "7 (int)")),
        "g@host": Question("tasks"),
    }
    ask_for_tasks(box, questions, Silences())
    assert [(command, arguments) for command, arguments, _ in box.sent] == [
        ("query_task", {"ids": ["a", "b"]}),
        ("active", {"safe": True}),
        (
            "registered",
            {"taskinfoitems": ["rate_limit", "soft_time_limit", "time_limit"]},
        ),
        ("active", {"safe": True}),
        ("query_task", {"ids": ["a", 7]}),
        ("active", {"safe": True}),
        ("active", {"safe": True}),
    ]
