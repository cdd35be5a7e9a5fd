"""What is asked for while the display is paused is shown as soon as it comes; nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.demo.traffic import BILL
from celerytui.model import Event, Section
from celerytui.ui.messages import RowOpened
from celerytui.ui.views.failures.detail import FailureDetailPane
from celerytui.ui.views.failures.list import FailureList
from celerytui.ui.views.tasks.table import TaskTable
from celerytui.ui.views.worker.sections import WorkerSections
from tests.ui.fake_engine import FakeEngine
from tests.ui.pilot import driven, rows

pytestmark = pytest.mark.slow


def _received(name: str) -> Event:
    return Event("task-received", BILL, NOW, uuid=name, name="late.comer", args="()", kwargs="{}")


def _failed(name: str, at: float) -> list[Event]:
    return [
        Event("task-received", BILL, at, uuid=name, name=name, args="()", kwargs="{}"),
        Event("task-started", BILL, at + 0.1, uuid=name),
        Event("task-failed", BILL, at + 0.2, uuid=name, exception="KeyError('x')"),
    ]


def names(failures: FailureList) -> set[str | None]:
    return {row.task for row in failures.window(0, failures.length())}


async def test_another_order_or_filter_is_drawn_without_a_key() -> None:
    async with driven() as at:
        await at.press("2", "p")
        at.engine.show(sort="name", reverse=False)
        await at.news()
        table = at.app.main.body.query_one(TaskTable)
        assert "NAME▴" in at.screen_text()
        first = at.engine.view.ids(0, 1)
        assert first[0][:4] in rows(table)[2]
        at.engine.show(filter=None, sort="seen", reverse=True)
        await at.news()
        assert at.engine.view.ids(0, 1) != first
        assert "SEEN▾" in at.screen_text()
        shown = rows(table)
        await at.news(_received("unseen"))
        assert rows(table) == shown
        at.app.main.repaint()
        assert rows(table) == shown


async def test_what_a_worker_answers_to_its_page_is_drawn_without_a_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late: list[Callable[[], None]] = []
    inspect = FakeEngine.inspect

    def asked(
        self: FakeEngine, hostname: str, section: str, done: Callable[[Section], None]
    ) -> None:
        late.append(lambda: inspect(self, hostname, section, done))

    monkeypatch.setattr(FakeEngine, "inspect", asked)
    async with driven() as at:
        await at.press("p", "3")
        at.app.main.post_message(RowOpened(Scope.WORKER, BILL))
        await at.pilot.pause()
        sections = at.app.main.body.query_one(WorkerSections)
        assert "asking" in rows(sections)[0]
        assert late
        for answer in late:
            answer()
        await at.news()
        assert "asking" not in rows(sections)[0]


async def test_another_window_of_types_and_failures_is_drawn_with_its_own_figures() -> None:
    async with driven() as at:
        for name, at_time in (("old.one", NOW - 1_000.0), ("new.one", NOW - 5.0)):
            await at.news(*_failed(name, at_time))
        await at.press("6", "left_square_bracket", "p")
        failures = at.app.main.body.query_one(FailureList)
        detail = at.app.main.body.query_one(FailureDetailPane)
        assert "last 5m" in rows(failures)[0]
        assert not {"old.one"} & names(failures)
        assert "in 5m" in rows(detail)[0]
        await at.press("right_square_bracket")
        assert "last 1h" in rows(failures)[0]
        assert {"old.one", "new.one"} <= names(failures)
        assert "in 1h" in rows(detail)[0]


async def test_a_group_that_is_resolved_is_shown_so() -> None:
    async with driven() as at:
        await at.press("6", "p", "m")
        failures = at.app.main.body.query_one(FailureList)
        standings = [row.standing for row in failures.window(0, failures.length())]
        assert standings.count("resolved") == 1
