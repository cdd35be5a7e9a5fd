"""The looks at what came of an action: again and again while nothing tells, up to its patience."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from celerytui.control import ActionLog
from celerytui.engine import action_executor
from celerytui.engine.action_executor import ActionExecutor
from celerytui.engine.job import Job
from celerytui.model import Finding, Item, Outcome
from celerytui.store import Store

NOW = 1_795_750_000.0


class Answers:
    """What is asked of the cluster: an outcome, and one answer for each look."""

    def __init__(self, params: dict[str, str], answers: Sequence[bool | None]) -> None:
        items = (Item("sync", True, "written"),)
        self.outcome = Outcome("entry.run_now", ("sync",), (), NOW, NOW, None, items, params)
        self.answers = list(answers)

    def perform(self, *args: Any, **more: Any) -> Outcome:
        return self.outcome

    def look_back(self, outcome: Outcome, *args: Any) -> Finding | None:
        return Finding(outcome.action, outcome.started_at, NOW, self.answers.pop(0), "")


class Surveys:
    def note_events(self, outcome: Outcome) -> None:
        """Nobody's task events were changed."""

    learn = None


class Ticks:
    """A clock that the test sets."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("by", "answers", "found_after"),
    [
        ("beat", [None, None, True], [18.0]),
        ("beat", [None, False], [12.0]),
        ("beat", [None] * 10, [60.0]),
        ("celerytui", [None], [6.0]),
    ],
)
def test_a_look_that_finds_nothing_comes_again(
    by: str, answers: list[bool | None], found_after: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = Ticks()
    monkeypatch.setattr(action_executor, "time", ticks)
    asked = Answers({"by": by}, answers)
    log = ActionLog(None, user="ana", app="shop", broker="")
    nothing: Any = Surveys()
    control: Any = asked
    executor = ActionExecutor(
        control, Store(clock=lambda: NOW), nothing, lambda: None, lambda: NOW, log
    )
    job = Job("entry.run_now", ("sync",), {"by": by}, NOW)
    executor.running.append(job)
    executor.do(job, None)
    found = []
    for seconds in range(1, 80):
        ticks.now = 100.0 + seconds
        executor.look_back()
        found += [float(seconds)] * len(executor.findings)
        executor.findings.clear()
    assert found == found_after
