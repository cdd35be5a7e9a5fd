"""Marks from the screen, what is new since one, and what tasks report of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from celerytui.demo.sample import NOW
from celerytui.model import Event
from celerytui.store import Store
from celerytui.ui.actions.form import Form
from celerytui.ui.views.failures.detail import FailureDetailPane
from celerytui.ui.views.failures.list import FailureList
from celerytui.ui.views.task.detail import DetailPane
from celerytui.ui.views.tasks.table import TaskTable
from tests.ui.pilot import driven, rows

HOST = "celery@web1"
TRACE = 'Traceback (most recent call last):\n  File "/app/shop/pay.py", line 3, in pay\nOops: no'


def mark(ago: float, text: str) -> Event:
    return Event("deploy-mark", "gen1@ci", NOW - ago, extra={"text": text, "user": "anna"})


def started(id: str, name: str = "shop.import") -> list[Event]:
    return [
        Event("task-received", HOST, NOW - 10, uuid=id, name=name),
        Event("task-started", HOST, NOW - 9, uuid=id),
    ]


def failed(id: str, name: str) -> list[Event]:
    return [
        *started(id, name),
        Event("task-failed", HOST, NOW, uuid=id, exception="Oops('no')", traceback=TRACE),
    ]


def report(**fields: Any) -> Event:
    return Event("task-progress", HOST, NOW - 3, uuid="a", extra=fields)


async def test_the_key_sets_a_mark_with_a_text() -> None:
    async with driven() as at:
        await at.press("M")
        assert isinstance(at.app.screen, Form)
        await at.press(*"v1", "full_stop", "2", "enter")
        assert at.engine.submitted == [("cluster.mark", (), {"text": "v1.2"})]


async def test_a_mark_needs_a_text() -> None:
    async with driven() as at:
        await at.press("M", "enter")
        assert isinstance(at.app.screen, Form)
        assert at.engine.submitted == []


async def test_read_only_sets_none() -> None:
    async with driven(read_only=True) as at:
        await at.press("M")
        assert at.app.screen is at.app.main
        assert at.toasts[-1].message == "read-only: actions are off"


async def test_what_failed_since_the_mark_is_new_since_it() -> None:
    async with driven(store=Store(clock=lambda: NOW)) as at:
        await at.news(mark(0, "v1.2 \x1b[2J"), *failed("a", "shop.pay"))
        await at.press("6")
        head, *lines = rows(at.app.main.query_one(FailureList))
        assert "1 new since v1.2 " in head
        assert any(" new " in line for line in lines)
        assert any(
            "new since v1.2" in line for line in rows(at.app.main.query_one(FailureDetailPane))
        )
        assert "\x1b" not in at.screen_text()


@pytest.mark.parametrize(
    ("fields", "cell", "detail"),
    [
        ({"current": 420, "total": 1000, "message": "users"}, "━━─── 42%", "420 of 1,000  users"),
        ({"current": 1204}, "at 1,204", "progress  1,204"),
        ({"message": "\x1b[31mred"}, "▸ started", "red"),
        ({"current": 12, "total": 10}, "━━━━━ 100%", "12 of 10"),
        ({"current": 5, "total": 0}, "at 5", "progress  5"),
    ],
)
async def test_a_task_that_reports_it_has_a_bar(
    fields: dict[str, Any], cell: str, detail: str
) -> None:
    async with driven(store=Store(clock=lambda: NOW)) as at:
        await at.news(*started("a"), report(**fields))
        shown = [" ".join(line.split()) for line in rows(at.app.main.query_one(TaskTable))]
        assert any(cell in line for line in shown), shown
        await at.press("j", "enter")
        assert any(detail in line for line in rows(at.app.main.query_one(DetailPane)))
        assert "\x1b" not in at.screen_text()


async def test_the_bar_goes_when_the_task_has_ended() -> None:
    async with driven(store=Store(clock=lambda: NOW)) as at:
        ended = Event("task-succeeded", HOST, NOW - 1, uuid="a", result="3", runtime=8.0)
        await at.news(*started("a"), report(current=4, total=4), ended)
        assert not any("100%" in line for line in rows(at.app.main.query_one(TaskTable)))


async def test_other_events_stand_under_the_timeline() -> None:
    async with driven(store=Store(clock=lambda: NOW)) as at:
        shipped = Event("order-shipped", HOST, NOW - 2, uuid="a", extra={"carrier": "ups"})
        await at.news(*started("a"), shipped)
        await at.press("j", "enter")
        lines = rows(at.app.main.query_one(DetailPane))
        assert any('order-shipped  {"carrier": "ups"}' in line for line in lines)
