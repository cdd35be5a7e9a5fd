"""Questions to a silent backend: each is answered once, in time, and none holds up the others."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from celery import Celery

from celerytui.control import Silences
from celerytui.engine import request_pool as module
from celerytui.engine.request_pool import THREADS, RequestPool
from celerytui.model import ResultMeta, Section
from celerytui.settings import Settings
from celerytui.store import Store
from tests.waiting import wait_until


class Backend:
    """Stands for what the questions are put to; says nothing about ids that begin with "stuck"."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.freed = threading.Event()
        self.left = threading.Semaphore(0)
        self.says: dict[str, Any] = {}

    def read_result(self, task_id: str) -> ResultMeta:
        self.asked.append(task_id)
        if task_id.startswith("stuck"):
            assert self.freed.wait(300)
            self.left.release()
        if task_id == "broken":
            raise RuntimeError("no such backend")
        return ResultMeta(task_id, 1.0, status="SUCCESS")

    def inspect(self, hostname: str, sections: list[str]) -> dict[str, Section]:
        self.asked.append(hostname)
        assert self.freed.wait(300)
        return {name: Section(hostname, name, 1.0, self.says.get(name)) for name in sections}

    def close(self) -> None:
        """Nothing to close."""


class Asked:
    """A RequestPool on such a backend, with what was answered."""

    def __init__(self, **options: Any) -> None:
        app = Celery("t", broker="memory://", set_as_current=False)
        self.told = 0
        self.store = Store()
        self.questions = RequestPool(
            app, Settings(**options), self.store, self._tell, lambda: 9.0, Silences()
        )
        self.backend = Backend()
        self.questions._control = self.backend  # type: ignore[assignment]  # a backend of the test
        self.questions._lookup = lambda: self.backend  # type: ignore[method-assign, assignment, return-value]  # a backend of the test
        self.answers: list[tuple[str, Any]] = []

    def _tell(self) -> None:
        self.told += 1

    def ask(self, *ids: str) -> None:
        for id in ids:
            self.questions.read_result(id, self._take)

    def _take(self, meta: ResultMeta) -> None:
        self.answers.append((meta.task_id, meta.error))

    def wait_for(self, condition: Any, what: str) -> None:
        wait_until(condition, 20, what)

    def end(self) -> None:
        self.backend.freed.set()
        self.questions.stop()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(module, "LATE_SECONDS", 0.0)
    monkeypatch.setattr(module, "LATE_REPLIES", 0)
    one = Asked()
    yield one
    one.end()


STUCK = [f"stuck {number}" for number in range(THREADS)]


def test_stuck_questions_are_answered_and_their_threads_replaced(asked: Asked) -> None:
    asked.ask(*STUCK, "good")
    asked.wait_for(lambda: len(asked.backend.asked) == THREADS, "all threads to be held up")
    assert asked.answers == []

    asked.questions.give_up_late()
    asked.wait_for(lambda: len(asked.answers) == THREADS + 1, "all to be answered")
    late = {id: error for id, error in asked.answers if error}
    assert sorted(late) == STUCK
    assert {"no reply within 0 s"} == set(late.values())
    assert ("good", None) in asked.answers

    # Once they are freed they say nothing more, and no thread of theirs takes another question.
    asked.backend.freed.set()
    for _ in STUCK:
        assert asked.backend.left.acquire(timeout=300)
    asked.ask("after")
    asked.wait_for(lambda: ("after", None) in asked.answers, "one more answer")
    assert len(asked.answers) == THREADS + 2
    assert 0 < asked.questions._threads <= THREADS


def test_however_often_it_hangs_there_is_a_thread_for_the_next(asked: Asked) -> None:
    for turn in range(3):
        asked.ask(*(f"{id} of {turn}" for id in STUCK))
        asked.wait_for(lambda: len(asked.backend.asked) >= (turn + 1) * THREADS, "all asked")  # noqa: B023  called before the next turn
        asked.questions.give_up_late()
    asked.ask("good")
    asked.wait_for(lambda: ("good", None) in asked.answers, "the good one")
    assert len(asked.answers) == 3 * THREADS + 1
    assert asked.told >= len(asked.answers) - 1


def test_a_worker_that_is_stuck_is_answered_for_once(asked: Asked) -> None:
    found: list[Section] = []
    asked.questions.inspect("w1@h", "stats", found.append)
    asked.wait_for(lambda: asked.backend.asked == ["w1@h"], "the worker to be asked")
    asked.questions.give_up_late()
    asked.backend.freed.set()
    asked.ask("good")
    asked.wait_for(lambda: ("good", None) in asked.answers, "the good one")

    assert [(section.name, bool(section.error)) for section in found] == [("stats", True)]


def test_whoever_opens_a_page_learns_of_the_size_of_the_pool(asked: Asked) -> None:
    found: list[Section] = []
    pool = {"max-concurrency": 2, "processes": [71, 72, 73]}
    asked.backend.says = {"stats": {"pid": 70, "pool": pool}}
    asked.backend.freed.set()
    asked.questions.inspect("w1@h", "stats", found.append)
    asked.wait_for(lambda: bool(found), "the answer")
    worker = asked.store.worker("w1@h")
    assert worker is not None
    assert worker.concurrency == 3


def test_what_fails_is_an_answer_too(asked: Asked) -> None:
    asked.ask("broken", "good")
    asked.wait_for(lambda: len(asked.answers) == 2, "both")
    assert ("good", None) in asked.answers
    [(_, error)] = [answer for answer in asked.answers if answer[0] == "broken"]
    assert "RuntimeError" in str(error)


def test_a_reply_is_waited_for_as_long_as_the_user_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATE_SECONDS", 0.0)
    found: list[Section] = []
    one = Asked(reply_timeout=300.0)
    try:
        one.questions.inspect("w1@h", "stats", found.append)
        one.wait_for(lambda: one.backend.asked == ["w1@h"], "the worker to be asked")
        one.questions.give_up_late()
        assert found == []
    finally:
        one.end()
    one.wait_for(lambda: bool(found), "the answer")
    assert found[0].error is None
