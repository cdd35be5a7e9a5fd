"""Older tasks from results and a history: the key, what is said, the marks, and offline."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from celerytui.demo.sample import NOW
from celerytui.engine.past_search import PastReading
from celerytui.model import Attempt, Link, LinkState, Task, TaskExtra, TaskState
from celerytui.store import Store
from celerytui.ui.bars.footer import Footer
from celerytui.ui.bars.header import Header
from celerytui.ui.bars.progress import Progress
from celerytui.ui.views.tasks.past import past_text
from tests.ui.pilot import Driver, driven, rows
from tests.unit.history_tasks import ended, record
from tests.waiting import wait_until


def keep(folder: Path, id: str, name: str) -> None:
    meta = {"task_id": id, "status": "SUCCESS", "result": 1, "name": name}
    meta["date_done"] = "2026-01-01T10:00:00"
    (folder / f"celery-task-meta-{id}").write_text(json.dumps(meta))


async def read(at: Driver) -> None:
    before = at.engine.past.brought.total()
    await at.press("b")
    past = at.engine.past
    wait_until(lambda: not past.busy and past.brought.total() > before, 20, "the turn")
    at.engine.view.refresh()
    await at.pilot.pause()
    at.app.main.repaint()
    await at.pilot.pause()


async def test_the_key_brings_past_tasks_and_marks_them(tmp_path: Path) -> None:
    keep(tmp_path, "past-task-1", "shop.add")
    async with driven(store=Store()) as at:
        at.engine.app.conf.result_backend = f"file://{tmp_path}"
        await at.press("2")
        assert "look in the result backend" in at.screen_text()
        await read(at)
        text = at.screen_text()
        assert "success ▫" in text
        assert "shop.add" in text
        assert "1 from results" in text


@pytest.mark.parametrize("kept", [None, False])
async def test_where_no_results_are_kept_none_are_offered(kept: bool | None) -> None:
    async with driven(store=Store()) as at:
        at.engine.results_ahead.kept = kept
        await at.press("2")
        assert "look in the" not in at.screen_text()


async def test_only_what_matches_the_filter_comes(tmp_path: Path) -> None:
    keep(tmp_path, "past-task-1", "shop.add")
    keep(tmp_path, "past-task-2", "shop.pay")
    async with driven(store=Store()) as at:
        at.engine.app.conf.result_backend = f"file://{tmp_path}"
        await at.press("2")
        at.app.main.filter_by("name:pay")
        await read(at)
        assert [task.id for task in at.engine.store.all_tasks()] == ["past-task-2"]


def test_what_is_said() -> None:
    some = PastReading("django-db (default)", added=1_000, looked_at=1_000, oldest=NOW - 60)
    text, failed = past_text(some, "b", NOW, utc=True)
    assert not failed
    assert text.startswith("1,000 tasks from django-db (default), back to ")
    assert text.endswith("b reads older ones.")
    none, _ = past_text(PastReading("x", looked_at=5, ended=True), "b", NOW, utc=True)
    assert none == "no match in x. There are no more."
    full, _ = past_text(PastReading("x", added=1, known=2, full=True), "b", NOW, utc=True)
    assert full == "1 task from x; 2 known already. No room for more: see --max-tasks."
    assert past_text(PastReading(error="down\x1b[0m"), "b", NOW, utc=True)[1]


# -- a history -------------------------------------------------------------------------------------


def recorded(folder: Path, *tasks: Task) -> str:
    """The URL of a history that has these tasks."""
    record(folder / "h", [tasks])
    return f"sqlite:///{folder}/h"


async def test_a_search_of_the_history_says_how_far_it_is_and_escape_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = recorded(tmp_path, *(ended(number, NOW - number) for number in range(1, 900)))
    begun, go_on = threading.Event(), threading.Event()
    async with driven(store=Store(), history=history) as at:
        past, take = at.engine.past, at.engine.store.past.take

        def slow(*args: Any) -> Any:
            taken = take(*args)
            begun.set()
            assert go_on.wait(120)
            return taken

        monkeypatch.setattr(at.engine.store.past, "take", slow)
        await at.press("2")
        assert "look in the history" in at.screen_text()
        await at.press("b")
        wait_until(begun.is_set, 20, "the first step")
        assert past.search is not None
        past.search.since -= 60
        past.search.reading = PastReading("the history", back_to=NOW - 3600, looked_at=1_200_000)
        at.app.tell_widgets()
        await at.pilot.pause()
        (bar,) = at.app.main.query(Progress)
        said = rows(bar)[0]
        assert "Searching older tasks" in said
        assert "searched back to" in said
        assert "1,200,000 rows" in said
        await at.press("escape")
        go_on.set()
        wait_until(lambda: not past.busy, 20, "the end of the search")
        await at.until(
            lambda: [one for one in at.toasts if "Stopped; b continues." in one.message], "the end"
        )
        assert past.reading.stopped
        assert "stopping the search" in [toast.message for toast in at.toasts]


async def test_a_task_that_is_only_in_the_history_opens_whole(tmp_path: Path) -> None:
    extra = TaskExtra(exception="ValueError('no')", traceback="Traceback (most recent)\nValueError")
    extra.attempts = (Attempt(NOW - 90, "KeyError('x')", None, retries=0),)
    task = ended(7, NOW - 60, TaskState.FAILURE, args="('from long ago',)", extra=extra)
    async with driven(history=recorded(tmp_path, task)) as at:
        at.app.main.open_task(task.id)
        parts = ("from the history", "from long ago", "KeyError")
        await at.until(lambda: all(part in at.screen_text() for part in parts), "the task")
        at.app.main.open_task("absent")
        said = "The history does not have it."
        await at.until(lambda: said in " ".join(at.screen_text().split()), said)


async def test_offline_the_header_says_so_and_no_action_is_offered(tmp_path: Path) -> None:
    link = Link(LinkState.OFFLINE, NOW, lost_at=NOW - 3600)
    history = recorded(tmp_path, ended(1, NOW - 3600))
    async with driven(link=link, offline=True, history=history) as at:
        (header,) = at.app.main.query(Header)
        said = rows(header)[0]
        assert "OFFLINE data up to" in said
        assert at.app.session.now() == NOW - 3600
        await at.press("2", "j")
        assert at.app.actions.offers.all() == []
        await at.press("a")
        assert at.toasts[-1].message == "offline: actions are off"
        (footer,) = at.app.main.query(Footer)
        assert "offline: actions disabled" in rows(footer)[0]
        await at.press("8")
        assert "No schedule offline" in at.screen_text()


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (Link(LinkState.OFFLINE), "Reading the history"),
        (Link(LinkState.OFFLINE, error="history in /x is damaged"), "history in /x is damaged"),
        (Link(LinkState.OFFLINE, lost_at=NOW), "No tasks recorded"),
    ],
)
async def test_offline_an_empty_table_says_why(link: Link, said: str) -> None:
    async with driven(store=Store(), link=link, offline=True) as at:
        await at.press("2")
        assert said in at.screen_text()


def test_what_is_said_of_a_history() -> None:
    def said(**more: Any) -> str:
        text, failed = past_text(PastReading("the history", **more), "b", NOW, utc=True)
        assert not failed
        return text

    back = said(added=2, looked_at=1_200_000, back_to=NOW - 60, stopped=True)
    assert back.startswith("2 tasks from the history; searched back to ")
    assert back.endswith(", 1,200,000 rows. Stopped; b continues.")
    assert said(looked_at=9, further="x") == "no match in the history. b looks in x."
    assert said(added=1, ended=True, skipped="it is damaged") == (
        "it is damaged. 1 task from the history. There are no more."
    )
    nowhere = PastReading(searched=("the history",), ended=True)
    assert past_text(nowhere, "b", NOW, utc=True)[0] == (
        "no match in the history. There are no more."
    )
