"""One task: live, with its relatives as links, to copy."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.model import Event
from celerytui.store import TaskOutcome
from celerytui.ui.messages import RowOpened
from tests.ui.pilot import Driver, driven, rows
from tests.ui.test_monitor import _received

pytestmark = pytest.mark.slow


async def test_detail_follows_the_task_live() -> None:
    async with driven() as at:
        await at.news(_received("followed", "orders.checkout"))
        await at.press("2", "j", "enter")
        assert at.app.main.navigator.view.name == "task"
        assert "received" in at.screen_text()
        await at.news(
            Event("task-started", "celery@web1", NOW, uuid="followed"),
            Event("task-succeeded", "celery@web1", NOW, uuid="followed", result="42", runtime=0.5),
        )
        assert "success" in at.screen_text()
        assert "42" in at.screen_text()


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_a_task_whose_end_was_not_seen_says_so_and_then_what_the_backend_knows(
    size: tuple[int, int],
) -> None:
    async with driven(size) as at:
        store = at.engine.store
        await at.news(_received("gone", "orders.checkout"))
        await at.news(Event("task-started", "celery@web1", NOW, uuid="gone"))
        store.settling.answered("celery@web1", ["gone"], {}, NOW + 30)
        await at.news()
        await at.press("2", "j", "enter")
        assert "? missed" in at.screen_text()
        assert "was started; outcome unknown" in at.screen_text()
        store.settling.resolve([TaskOutcome("gone", "SUCCESS", "'paid'", None, NOW)])
        await at.news()
        assert "from the result backend" in at.screen_text()
        assert "'paid'" in at.screen_text()
        assert "missed" not in at.screen_text()


async def test_links_lead_from_a_task_to_its_relatives_and_escape_back() -> None:
    async with driven() as at:
        await at.news(
            Event("task-received", "w", NOW, uuid="root", name="the.parent", root_id="root"),
            Event(
                "task-received",
                "w",
                NOW + 1,
                uuid="kid",
                name="the.child",
                root_id="root",
                parent_id="root",
            ),
        )
        await at.press("2", "j", "enter")
        assert at.app.main.detail.task_id == "kid"
        await at.press("right_square_bracket", "enter")
        assert at.app.main.detail.task_id == "root"
        assert "the.child" in at.screen_text()
        await at.press("escape")
        assert at.app.main.detail.task_id == "kid"
        await at.press("escape")
        assert at.app.main.navigator.view.name == "tasks"


async def test_t_goes_straight_to_the_traceback() -> None:
    async with driven((80, 24)) as at:
        at.app.main.filter_by("state:failure name:billing.charge")
        await at.press("2", "j", "t")
        await at.pilot.pause()
        assert at.app.main.navigator.view.name == "task"
        assert "Timeline" not in at.screen_text()
        assert "Exception ─" in at.screen_text()
        assert "CardDeclined" in at.screen_text()


async def test_copying_the_id_and_the_row() -> None:
    async with driven() as at:
        await at.press("2", "j", "c")
        assert at.app.clipboard == at.app.main.table.cursor
        await at.press("y")
        document = json.loads(at.app.clipboard)
        assert document["id"] == at.app.main.table.cursor
        assert document["state"] == "SUCCESS"


async def test_a_task_without_relatives_has_none_of_the_task_before() -> None:
    async with driven() as at:
        for uuid, parent in (("root", None), ("kid", "root")):
            await at.news(
                Event("task-received", "w", NOW, uuid=uuid, root_id="root", parent_id=parent)
            )
        await at.news(_received("alone", "orders.checkout"))
        at.app.main.post_message(RowOpened(Scope.TASK, "kid"))
        await at.pilot.pause()
        await at.press("right_square_bracket")
        at.app.main.post_message(RowOpened(Scope.TASK, "alone"))
        await at.pilot.pause()
        await at.press("right_square_bracket", "enter")
        assert at.app.main.detail.task_id == "alone"


async def test_keys_of_links_are_named_where_there_are_any() -> None:
    def named(at: Driver) -> bool:
        return "next link" in rows(at.app.main.footer)[0]

    async with driven((200, 60)) as at:
        await at.news(_received("alone", "orders.checkout"))
        at.app.main.post_message(RowOpened(Scope.TASK, "alone"))
        await at.pilot.pause()
        assert not named(at)
        # One that it sent is seen while it is looked at.
        await at.news(
            Event("task-received", "w", NOW, uuid="kid", root_id="alone", parent_id="alone")
        )
        await at.pilot.pause()
        assert named(at)
        await at.press("escape")
        at.app.main.post_message(RowOpened(Scope.TASK, "kid"))
        await at.pilot.pause()
        assert named(at)


async def test_back_from_a_relative_the_detail_is_of_the_task_at_the_cursor() -> None:
    async with driven() as at:
        await at.press("2", "j", "enter")
        at.app.main.post_message(RowOpened(Scope.TASK, at.engine.store.latest_failure or ""))
        await at.pilot.pause()
        await at.press("escape", "escape", "1")
        assert at.app.main.detail.task_id == at.app.main.table.cursor


async def test_a_paused_detail_keeps_the_failure_that_it_shows() -> None:
    async with driven() as at:
        before = at.app.main.detail.task_id
        await at.press("p")
        await at.news(
            Event("task-received", "w", NOW, uuid="newer"),
            Event("task-failed", "w", NOW, uuid="newer", exception="X()", traceback=""),
        )
        assert at.engine.store.latest_failure == "newer"
        at.app.main.repaint()
        assert at.app.main.detail.task_id == before


def _dated(eta: float) -> Event:
    text = datetime.fromtimestamp(eta, timezone.utc).isoformat()
    return Event("task-received", "celery@web1", NOW, uuid="dated", name="to.come", eta=text)


async def test_an_eta_is_due_only_while_the_task_could_start() -> None:
    async with driven() as at:
        await at.news(_dated(NOW - 5))
        await at.press("2", "j", "enter")
        assert "eta due" in at.screen_text()
        for step in (
            Event("task-started", "celery@web1", NOW, uuid="dated"),
            Event("task-succeeded", "celery@web1", NOW, uuid="dated", result="1", runtime=0.5),
        ):
            await at.news(step)
            assert "eta due" not in at.screen_text()
            assert "eta 10:04:07" in at.screen_text()


async def test_a_task_before_its_eta_says_so_wherever_it_is_shown() -> None:
    async with driven() as at:
        await at.news(_dated(NOW + 900))
        await at.press("2", "j")
        assert "until ETA" in at.screen_text()
        await at.press("enter")
        assert "until ETA" in at.screen_text()
        assert "in worker " not in at.screen_text()


async def test_earlier_runs_are_told_with_how_they_ended_and_where() -> None:
    async with driven() as at:
        day = NOW - 86_400

        def event(kind: str, at: float, host: str = "celery@web1", **fields: Any) -> Event:
            return Event(f"task-{kind}", host, at, uuid="daily", **fields)

        await at.news(
            event("received", day, name="daily.swap", retries=0),
            event("started", day + 1),
            event("received", day + 2, "celery@web2", name="daily.run", retries=0),
            event("started", day + 3, "celery@web2"),
            event("failed", day + 5, "celery@web2", exception="KeyError('k')"),
            event("received", NOW, name="daily.run", retries=0),
        )
        at.app.main.post_message(RowOpened(Scope.TASK, "daily"))
        await at.pilot.pause()
        told = [
            " ".join(line.split()) for line in at.screen_text().splitlines() if "attempt " in line
        ]
        assert "replaced daily.swap celery@web1" in told[0]
        assert "failure celery@web2 ran 2.00s KeyError('k')" in told[1]
        assert at.app.main.detail.task_id == "daily"
