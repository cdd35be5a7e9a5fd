"""`e`: the rows of each list in a file, as they are shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from celerytui.demo.sample import NOW
from celerytui.engine import Export
from celerytui.model import Outcome
from celerytui.ui.actions.export import ExportForm
from celerytui.ui.actions.inputs import TextField
from celerytui.ui.bars.progress import Progress
from celerytui.ui.panes.list import ListPane
from tests.ui.pilot import Driver, driven, rows

LISTS = {
    "tasks": ("2", "id"),
    "workers": ("3", "hostname"),
    "queues": ("4", "name"),
    "types": ("5", "name"),
    "failures": ("6", "key"),
    "log": ("9", "action"),
}


def the_list(at: Driver) -> ListPane[Any]:
    found = at.app.main.pane
    assert isinstance(found, ListPane)
    return found


async def export_to(at: Driver, path: Path, *, json_lines: bool = False) -> None:
    """Press `e`, and fill in the form that comes."""
    await at.press("e")
    form = at.app.screen
    assert isinstance(form, ExportForm)
    if json_lines:
        form.fields["format"].focus()
        await at.press("right")
    field = form.fields["file"]
    assert isinstance(field, TextField)
    field.value = str(path)
    field.focus()
    await at.press("enter")
    await written(at)


async def written(at: Driver) -> None:
    """Let the threads that write end, and what they say come."""
    for thread in at.engine.exporter.waiting():
        thread.join(20)
    await at.pilot.pause()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", LISTS)
async def test_each_list_is_written_in_its_order(tmp_path: Path, name: str) -> None:
    key, field = LISTS[name]
    async with driven() as at:
        at.engine.log.record(REVOKED)
        await at.press(key)
        at.app.main.repaint()
        shown = the_list(at)
        keys = [shown.key_of(item) for item in shown.window(0, shown.length())]
        await export_to(at, tmp_path / "rows.jsonl", json_lines=True)
        found = lines_of(tmp_path / "rows.jsonl")
        assert len(found) == len(keys) == shown.length() > 0
        assert name == "log" or [row[field] for row in found] == keys
        assert f"{len(keys):,} row" in at.toasts[-1].message
        assert str(tmp_path / "rows.jsonl") in at.toasts[-1].message
        await export_to(at, tmp_path / "rows.csv")
        with (tmp_path / "rows.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
        assert [row[field] for row in table] == [str(row[field]) for row in found]


REVOKED = Outcome("task.revoke", ("a-task",), (), NOW - 60, NOW - 59)


async def test_what_the_filter_leaves_out_is_not_in_the_file(tmp_path: Path) -> None:
    async with driven() as at:
        await at.press("2", "/", *"state:failure", "enter", "o")
        table = the_list(at)
        keys = [task.id for task in at.engine.view.window(0, 1_000)]
        await export_to(at, tmp_path / "failed.csv", json_lines=True)
        found = lines_of(tmp_path / "failed.csv")
        assert 0 < len(found) == table.length() < at.engine.view.total
        assert [row["id"] for row in found] == keys
        assert {row["state"] for row in found} == {"FAILURE"}


async def test_the_name_has_app_list_and_time_and_follows_the_format() -> None:
    async with driven() as at:
        await at.press("4", "e")
        form = at.app.screen
        assert isinstance(form, ExportForm)
        stem = "shop-queues-20261123-100412"
        assert form.values == {"format": "CSV", "file": f"{stem}.csv"}
        form.fields["format"].focus()
        await at.press("right")
        assert form.values == {"format": "JSON lines", "file": f"{stem}.jsonl"}
        field = form.fields["file"]
        assert isinstance(field, TextField)
        field.value = "own.txt"
        form.fields["format"].focus()
        await at.press("left")
        assert form.values["file"] == "own.txt"


async def test_from_a_panel_without_rows_the_list_of_the_view_is_written(tmp_path: Path) -> None:
    async with driven() as at:
        await at.press("6", "tab")
        assert not isinstance(at.app.main.pane, ListPane)
        await export_to(at, tmp_path / "failures.csv")
        assert (tmp_path / "failures.csv").read_text().startswith("key,task,exception")


async def test_where_there_are_no_rows_it_says_so() -> None:
    async with driven() as at:
        await at.press("9", "e")
        assert at.toasts[-1].message == "nothing to export here"
        await at.press("2", "enter", "e")
        assert at.toasts[-1].message == "nothing to export here"


async def test_what_is_wrong_with_the_name_is_said(tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("mine")
    async with driven() as at:
        await at.press("2")
        await export_to(at, tmp_path / "there.csv")
        assert at.toasts[-1].severity == "error"
        assert "there.csv exists; choose another name" in at.toasts[-1].message
        assert (tmp_path / "there.csv").read_text() == "mine"


async def test_a_long_one_shows_its_progress_and_can_be_cancelled() -> None:
    async with driven() as at:
        one = Export("Export 1,000,000 tasks", "/tmp/none.csv", "CSV", [], 1_000_000, NOW - 2)
        one.done = 250_000
        at.engine.exporter.running.append(one)
        at.app.main.repaint()
        await at.pilot.pause()
        bar = at.app.main.query_one("#progress", Progress)
        line = " ".join(rows(bar))
        assert "Export 1,000,000 tasks" in line
        assert "250,000 of 1,000,000" in line
        assert "writing none.csv" in line
        await at.press("x")
        assert one.cancelled
        at.app.main.repaint()
        assert "stopping after this step" in " ".join(rows(bar))
        at.engine.exporter.running.clear()


async def test_the_rows_of_a_paused_display_are_those_that_were_seen(tmp_path: Path) -> None:
    async with driven() as at:
        await at.press("2", "p")
        before = the_list(at).length()
        keys = at.engine.view.matching_ids()
        shown = {task.id: task.state.constant for task in at.engine.view.window(0, 20)}
        await export_to(at, tmp_path / "a.csv")
        with (tmp_path / "a.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
        assert [row["id"] for row in table] == keys
        assert len(table) == before
        assert shown.items() <= {row["id"]: row["state"] for row in table}.items()
