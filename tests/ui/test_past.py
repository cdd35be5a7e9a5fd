"""Older tasks from the result backend: the key, what is said, and the mark on their rows."""

from __future__ import annotations

import json
from pathlib import Path

from celerytui.demo.sample import NOW
from celerytui.engine.past_search import PastReading
from celerytui.store import Store
from celerytui.ui.views.tasks.past import past_text
from tests.ui.pilot import Driver, driven
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
