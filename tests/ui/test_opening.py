"""Where the monitor opens, and the link to what is on the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.link import Opening
from celerytui.model import Event, Link, LinkState, ResultMeta
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.ui.app import MonitorApp
from celerytui.ui.draw.theme import PALETTES
from celerytui.ui.views.task.result import ResultDialog
from tests.ui.fake_engine import FakeEngine
from tests.ui.pilot import Driver, driven

COMMAND = ("celerytui", "-A", "shop")


@asynccontextmanager
async def opened(
    opening: Opening, *, store: Store | None = None, result: ResultMeta | None = None
) -> AsyncIterator[Driver]:
    engine = FakeEngine(Settings(theme="dark", utc=True), store)
    engine.result = result
    app = MonitorApp(engine, palette=PALETTES["dark"], opening=opening)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)


def words(at: Driver) -> str:
    """What the panes say, as one line."""
    return " ".join(at.screen_text().replace("│", " ").split())


async def test_it_opens_with_the_tasks_of_a_filter() -> None:
    async with opened(Opening(filter="state:failure")) as at:
        assert at.app.main.navigator.view.name == "tasks"
        assert "/ state:failure" in at.screen_text()
        assert {task.state.label for task in at.engine.view.window(0, 99)} == {"failure"}
        await at.press("escape")
        assert at.app.session.filter_text == ""
        await at.press("escape")
        assert at.app.main.navigator.view.name == "dashboard"


async def test_it_opens_with_a_task_that_is_known() -> None:
    async with driven() as at:
        task = at.engine.view.window(0, 1)[0]
    async with opened(Opening(task=task.id)) as at:
        assert at.app.main.navigator.view.name == "task"
        assert at.app.main.current_task == task.id
        assert task.id in at.screen_text()


async def test_a_task_that_is_not_known_opens_when_it_appears() -> None:
    store = Store(clock=lambda: NOW)
    async with opened(Opening(task="later-1"), store=store) as at:
        text = at.screen_text()
        assert "No event of this task yet" in text
        assert "later-1 opens here with its first event" in text
        assert at.app.main.current_task == "later-1"
        await at.news(
            Event(
                type="task-received",
                hostname="celery@w1",
                uuid="later-1",
                timestamp=NOW - 1,
                name="shop.late",
            )
        )
        assert "shop.late" in at.screen_text()
        assert "No event of this task yet" not in at.screen_text()


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        (ResultMeta("later-1", NOW, status="SUCCESS", date_done="2026-11-23T10:00:00"), "success"),
        (ResultMeta("later-1", NOW, status="PENDING"), "has no result of it"),
        (ResultMeta("later-1", NOW, error="no result backend"), "no result backend"),
        (ResultMeta("later-1", NOW, flaw="not valid json"), "not decoded: not valid json"),
    ],
)
async def test_the_result_backend_is_asked_for_it(meta: ResultMeta, said: str) -> None:
    async with opened(Opening(task="later-1"), store=Store(), result=meta) as at:
        await at.pilot.pause()
        assert said in words(at)
        await at.press("r")
        assert isinstance(at.app.screen, ResultDialog)
        assert at.app.screen.task_id == "later-1"


async def test_nobody_is_asked_before_there_is_a_connection() -> None:
    async with opened(Opening(), store=Store()) as at:
        asked: list[str] = []
        at.engine.read_result = lambda task_id, done: asked.append(task_id)  # type: ignore[method-assign]  # noted
        at.engine.reception.link = Link(LinkState.CONNECTING)
        at.app.main.navigator.open(Scope.TASK, "later-1")
        at.app.main.repaint()
        assert asked == []
        at.engine.reception.link = Link(LinkState.CONNECTED)
        at.app.main.repaint()
        at.app.main.repaint()
        assert asked == ["later-1"]


async def test_a_task_that_was_evicted_is_no_task_to_come() -> None:
    store = Store(max_tasks=1, clock=lambda: NOW)
    async with opened(Opening(task="a"), store=store) as at:
        for id in ("a", "b"):
            event = Event(type="task-received", hostname="celery@w1", uuid=id, timestamp=NOW - 1)
            await at.news(event)
        assert "This task is no longer in memory" in at.screen_text()
    async with opened(Opening(task="c"), store=store) as at:
        assert "c was evicted, or had no event since the start" in words(at)


async def test_the_link_is_to_the_task_else_the_filter_else_the_row() -> None:
    async with opened(Opening(command=COMMAND)) as at:
        await at.press("2", "l")
        assert at.app.clipboard == "celerytui -A shop"
        await at.press("j", "l")
        first = at.app.main.current_task
        assert at.app.clipboard == f"celerytui -A shop --task {first}"
        await at.press("/", *"name:*charge", "enter", "l")
        assert at.app.clipboard == "celerytui -A shop --filter 'name:*charge'"
        await at.press("j", "enter", "l")
        task = at.app.main.current_task
        assert at.app.clipboard == f"celerytui -A shop --task {task}"
