"""What a worker cannot reply to costs no other answer, and is asked again with growing pauses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from celerytui.control.doubts import Answer, Question, ask_for_tasks
from celerytui.control.pidbox import Pidbox
from celerytui.control.questions import (
    MAX_SILENCES,
    PAUSES,
    RISKY,
    Silences,
    put,
    unsent,
)
from celerytui.control.survey import SURVEY_SECTIONS, take_survey
from tests.unit.test_control import Node, app

pytestmark = pytest.mark.slow

__all__ = ["app"]

INFO = {"id": "a", "name": "proj.add", "time_start": 5.0}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """The commands that a worker gets, in order; `broken` are those it cannot reply to."""

    def __init__(self, *broken: str, pid: int = 7) -> None:
        self.asked: list[str] = []
        self.arguments: dict[str, dict[str, Any]] = {}
        self.broken = set(broken)
        self.pid = pid

    def handlers(self) -> dict[str, Callable[..., Any]]:
        answers: dict[str, Callable[[], Any]] = {
            "stats": lambda: {"pid": self.pid},
            "active_queues": list,
            "active": lambda: [INFO],
            "reserved": list,
            "scheduled": list,
            "query_task": lambda: {"a": ["reserved", INFO]},
        }

        def handler(name: str) -> Callable[..., Any]:
            def handle(state: Any, **arguments: Any) -> Any:
                self.asked.append(name)
                self.arguments[name] = arguments
                # A set is what JSON cannot carry: the reply fails as a real worker's does.
                return {1} if name in self.broken else answers[name]()

            return handle

        return {name: handler(name) for name in answers}


class Quiet(Node):
    """A mailbox that survives a reply that cannot be sent."""

    def _tap(self, node: Any) -> None:
        dispatch = node.dispatch

        def tapped(method: str, **more: Any) -> Any:
            try:
                return dispatch(method, **more)
            except Exception:
                return None

        node.dispatch = tapped


def ignore(reply_to: dict[str, str], ticket: str) -> None:
    pass


@pytest.fixture
def pidbox(app: Any) -> Iterator[Pidbox]:
    box = Pidbox(app, 1.5, threading.Event())
    yield box
    box.close()


def test_what_cannot_fail_is_asked_first_and_the_rest_alone(app: Any, pidbox: Pidbox) -> None:
    worker = Worker()
    with Quiet(app, "w@h", before=ignore, **worker.handlers()):
        answers = put(pidbox, ["w@h"], SURVEY_SECTIONS, Silences())

    assert set(worker.asked[:3]) == {"stats", "active", "active_queues"}
    assert worker.asked[3:] == ["reserved", "scheduled"]
    assert worker.arguments["active"] == {"safe": True}
    assert all(answer.keys() == {"w@h"} for answer in answers.values())
    assert unsent(answers, Silences()) == {}


def test_who_cannot_reply_to_one_question_is_not_missing_and_asked_again_later(
    app: Any, pidbox: Pidbox
) -> None:
    clock = Clock()
    silences = Silences(clock)
    worker = Worker("reserved")
    with Quiet(app, "w@h", before=ignore, **worker.handlers()):
        for pause in (*PAUSES, PAUSES[-1]):
            survey = take_survey(pidbox, ["w@h"], (), SURVEY_SECTIONS, 9.0, silences)
            assert survey.missing == ()
            assert survey.active == {"w@h": [INFO]}
            assert survey.scheduled == {"w@h": []}
            assert survey.unsent == {"w@h": {"reserved": pause}}
            asked = worker.asked.count("reserved")
            clock.now += pause - 1
            survey = take_survey(pidbox, ["w@h"], (), ("active", "reserved"), 9.0, silences)
            assert survey.unsent == {"w@h": {"reserved": 1.0}}
            assert worker.asked.count("reserved") == asked
            clock.now += 1
        worker.broken.clear()
        survey = take_survey(pidbox, ["w@h"], (), ("reserved",), 9.0, silences)
        assert (survey.reserved, survey.unsent) == ({"w@h": []}, {})


def test_another_process_of_the_name_is_asked_at_once(app: Any, pidbox: Pidbox) -> None:
    silences = Silences()
    worker = Worker("scheduled")
    with Quiet(app, "w@h", before=ignore, **worker.handlers()):
        put(pidbox, ["w@h"], SURVEY_SECTIONS, silences)
        put(pidbox, ["w@h"], SURVEY_SECTIONS, silences)
        assert worker.asked.count("scheduled") == 1
        worker.pid = 8
        put(pidbox, ["w@h"], SURVEY_SECTIONS, silences)
        assert worker.asked.count("scheduled") == 2


def test_who_is_silent_altogether_is_missing_and_asked_no_more(app: Any, pidbox: Pidbox) -> None:
    survey = take_survey(pidbox, ["w@h"], (), SURVEY_SECTIONS, 9.0, Silences())
    assert (survey.missing, survey.unsent) == (("w@h",), {})


def test_so_many_silences_are_kept() -> None:
    silences = Silences(Clock())
    silences.note([f"w{n}@h" for n in range(MAX_SILENCES + 1)], "reserved", [])
    assert silences.pause("w0@h", "reserved") == 0.0
    assert silences.pause("w1@h", "reserved") == PAUSES[0]
    assert silences.pause(f"w{MAX_SILENCES}@h", "reserved") == PAUSES[0]


class TestAskForTasks:
    """What a worker's mailbox makes of questions about tasks in doubt."""

    def ask(
        self, app: Any, worker: Worker, pidbox: Pidbox, question: Question, silences: Silences
    ) -> Answer | None:
        with Quiet(app, "w@h", before=ignore, **worker.handlers()):
            return ask_for_tasks(pidbox, {"w@h": question}, silences).get("w@h")

    def test_it_says_where_a_task_is(self, app: Any, pidbox: Pidbox) -> None:
        worker = Worker()
        answer = self.ask(app, worker, pidbox, Question("tasks", ("a", "b")), Silences())
        assert answer == Answer({"a": ("reserved", INFO)})
        assert worker.asked == ["query_task"]

    def test_where_it_cannot_reply_it_says_what_it_runs(self, app: Any, pidbox: Pidbox) -> None:
        worker, clock = Worker("query_task"), Clock()
        silences = Silences(clock)
        question, again = (Question("tasks", ("a", "b"), silent) for silent in (False, True))
        runs = Answer({"a": ("active", INFO)}, only_running=True)
        assert self.ask(app, worker, pidbox, question, silences) is None
        assert self.ask(app, worker, pidbox, again, silences) == runs
        # It is known now, and it is tried again after a pause.
        assert self.ask(app, worker, pidbox, question, silences) == runs
        clock.now += PAUSES[0]
        assert self.ask(app, worker, pidbox, question, silences) is None
        assert worker.asked == ["query_task", "active", "active", "query_task"]

    def test_who_is_silent_says_nothing(self, app: Any, pidbox: Pidbox) -> None:
        assert ask_for_tasks(pidbox, {"w@h": Question("tasks", ("a",))}, Silences()) == {}


def test_the_risky_ones_are_sections_of_a_survey() -> None:
    assert {*RISKY} - {"query_task"} < {*SURVEY_SECTIONS}
