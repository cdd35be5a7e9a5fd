"""Missed tasks are looked up some at a time, and a backend that fails is left alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from celerytui.engine.outcome_lookup import AT_ONCE, PAUSE, OutcomeLookup
from celerytui.model import ResultMeta, Results, TaskState
from celerytui.results import ResultLookup
from celerytui.store import Store
from tests.unit.store_stream import ALPHA, T0, beat, feed, held, survey, task_event

Done = Callable[[Results], None]


class At:
    """Missed tasks, and a backend that answers when it is told to."""

    def __init__(self, count: int) -> None:
        self.now = 0.0
        self.ids = [f"t{number}" for number in range(count)]
        self.store = feed(Store(), beat(0), *(task_event("started", 1, id) for id in self.ids))
        self.store.seed(survey(60, active={ALPHA: []}, reserved={ALPHA: []}, scheduled={ALPHA: []}))
        self.asked: list[tuple[list[str], Done]] = []
        requests: Any = self
        self.lookup = OutcomeLookup(self.store, requests, monotonic=lambda: self.now)

    def read_results(self, ids: Sequence[str], done: Done) -> None:
        self.asked.append((list(ids), done))

    def turn(self, seconds: float = 1.0) -> list[str]:
        """What is asked meanwhile."""
        before = len(self.asked)
        end = self.now + seconds
        while self.now < end:
            self.now += 1.0
            self.lookup.turn()
        return [id for ids, _ in self.asked[before:] for id in ids]

    def answer(self, metas: int, error: str | None = None, *, absent: bool = False) -> None:
        ids, done = self.asked[-1]
        found = [
            ResultMeta(id, 1.0, status="SUCCESS", result="3", date_done="2023-11-14T22:14:00")
            for id in ids[:metas]
        ]
        done(Results(tuple(found), error, absent))

    def states(self) -> list[TaskState]:
        return [held(self.store, id).state for id in self.ids]


def test_fifty_at_a_time_and_one_round_after_the_other() -> None:
    at = At(AT_ONCE + 5)
    first = at.turn()
    assert len(first) == AT_ONCE
    assert at.turn(5) == []  # it is at work
    at.answer(AT_ONCE)
    assert at.states().count(TaskState.SUCCESS) == AT_ONCE
    assert held(at.store, first[0]).finished == T0 + 40
    assert len(at.turn()) == 5
    at.answer(5)
    assert set(at.states()) == {TaskState.SUCCESS}
    assert at.turn(5) == []


def test_what_was_not_reached_in_time_comes_next() -> None:
    at = At(3)
    asked = at.turn()
    at.answer(1)
    assert at.turn() == asked[1:]


def test_a_backend_that_fails_is_left_alone_and_it_stands_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    at = At(3)
    asked = at.turn()
    for times in range(1, 4):
        with caplog.at_level(logging.WARNING):
            at.answer(0, "refused")
        assert "refused" in caplog.text
        assert at.turn(PAUSE * 2**times - 1) == []
        # What failed comes last: it holds up no other.
        asked = [*asked[1:], asked[0]]
        assert at.turn(1) == asked
    at.answer(3)
    assert set(at.states()) == {TaskState.SUCCESS}


def test_without_a_backend_nothing_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    at = At(3)
    at.turn()
    with caplog.at_level(logging.INFO):
        at.answer(0, "no result backend", absent=True)
    assert "no result backend" in caplog.text
    assert at.turn(1000) == []
    assert set(at.states()) == {TaskState.MISSED}


@pytest.mark.parametrize("backend", [None, "rpc://"])
def test_where_there_is_none_to_ask(backend: str | None) -> None:
    app = Celery("t", broker="memory://", backend=backend, set_as_current=False)
    results = ResultLookup(app, lambda: 1.0).read_results(["a"])
    assert (results.absent, results.metas) == (True, ())
    assert results.error


def test_what_can_be_read_of_each_result_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    app: Any = Celery("t", broker="memory://", backend=f"file://{folder}", set_as_current=False)
    app.backend.store_result("a", 3, "SUCCESS")
    app.backend.store_result("b", ValueError("x"), "FAILURE", traceback="Traceback")
    (folder / "celery-task-meta-bad").write_text("{")
    (folder / "celery-task-meta-folder").mkdir()
    ids = ["a", "b", "none", "bad", "folder", "a"]
    results = ResultLookup(app, lambda: 1.0).read_results(ids)
    statuses = [meta.status for meta in results.metas]
    assert statuses == ["SUCCESS", "FAILURE", "PENDING", None, None, "SUCCESS"]
    assert results.metas[1].result == "ValueError('x')"
    flaws = [meta.flaw for meta in results.metas if meta.flaw is not None]
    assert flaws == ["not valid json: JSONDecodeError", "is not a regular file"]
    assert (results.absent, results.error) == (False, None)
    folder.rename(tmp_path / "gone")
    gone = ResultLookup(app, lambda: 1.0).read_results(ids)
    assert gone.metas == ()
    assert "No such file or directory" in (gone.error or "")


def test_a_result_that_cannot_be_decoded_is_not_asked_for_again(tmp_path: Path) -> None:
    at = At(2)
    app = Celery("t", broker="memory://", backend=f"file://{tmp_path}", set_as_current=False)
    (tmp_path / f"celery-task-meta-{at.ids[0]}").write_text("{")
    meta = {"status": "SUCCESS", "date_done": "2023-11-14T22:14:00", "result": "\udcff"}
    (tmp_path / f"celery-task-meta-{at.ids[1]}").write_text(json.dumps(meta))
    asked = at.turn()
    at.asked[-1][1](ResultLookup(app, lambda: 1.0).read_results(asked))
    assert at.turn(1_000) == []
    assert at.states() == [TaskState.MISSED, TaskState.SUCCESS]


def test_a_round_has_a_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app: Any = Celery("t", broker="memory://", backend=f"file://{tmp_path}", set_as_current=False)
    monkeypatch.setattr("celerytui.results.lookup.LONGEST_ROUND", -1.0)
    results = ResultLookup(app, lambda: 1.0).read_results(["a", "b"])
    assert (len(results.metas), results.error) == (1, None)
