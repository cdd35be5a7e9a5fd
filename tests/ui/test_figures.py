"""From a number that says that something is wrong, by a key or a click, to exactly its rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from textual.widget import Widget

from celerytui.demo.sample import NOW
from celerytui.demo.traffic import BILL
from celerytui.model import Event, QueueDepth
from celerytui.store import Store
from celerytui.ui.bars.header import Header
from celerytui.ui.figures import FIGURES
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.views.queues.list import QueueList
from celerytui.ui.views.tasks.table import TaskTable
from celerytui.ui.views.workers.list import WorkerList
from tests.ui.pilot import Driver, driven, rows

pytestmark = pytest.mark.slow

DOCUMENT = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()
SIZES = [(80, 24), (100, 30), (140, 40)]


def test_the_document_has_each_of_them() -> None:
    for figure in FIGURES:
        assert f"`{figure.narrowing}`" in DOCUMENT
        word = figure.words.replace("{}", "").strip()
        assert word in DOCUMENT


def _number(widget: Widget, pattern: str) -> int:
    """The number in a text of the first line of a widget."""
    found = re.search(pattern, rows(widget)[0])
    assert found is not None, rows(widget)[0]
    return int(found[1])


def _focused(at: Driver, kind: type[Any]) -> Any:
    pane = at.app.main.focused
    assert isinstance(pane, kind)
    return pane


def _counted(at: Driver, pane: LoadedTable[Any] | TaskTable) -> int:
    """How many rows the table says it shows, which are all the rows it has."""
    assert pane.length() == _number(pane, r"([\d,]+) of [\d,]+")
    return pane.length()


@pytest.mark.parametrize("size", SIZES)
async def test_a_click_on_the_failed_in_the_header_shows_these_tasks(size: tuple[int, int]) -> None:
    async with driven(size) as at:
        number = _number(at.app.query_one(Header), r"fail(?:ed)? (\d+)")
        assert number
        await at.click(at.app.query_one(Header), f" {number}")
        table = _focused(at, TaskTable)
        assert _counted(at, table) == number
        assert {task.state.label for task in table.window(0, 100)} == {"failure"}
        assert at.app.main.body.view.name == "tasks"
        # They stay the same number while more fail, and while those that did grow old.
        for id in ("more", "of it"):
            await at.news(Event("task-failed", "celery@web1", NOW - 1, uuid=id, exception="E()"))
        assert _number(at.app.query_one(Header), r"fail(?:ed)? (\d+)") == number + 2
        assert _counted(at, table) == number + 2


async def test_a_failure_long_ago_or_that_runs_again_counts_no_more() -> None:
    async with driven() as at:
        await at.press("2")
        at.app.main.filter_by("state:failure ended:<5m")
        header, table = at.app.query_one(Header), at.app.main.table
        number = _number(header, r"failed (\d+)")
        again = at.engine.view.matching_ids()[-1]
        await at.news(
            Event("task-failed", "celery@web1", NOW - 400, uuid="old", exception="E()"),
            Event("task-received", "celery@web1", NOW - 1, uuid=again, name="a.task", retries=0),
            Event("task-started", "celery@web1", NOW - 0.5, uuid=again),
        )
        assert _number(header, r"failed (\d+)") == _counted(at, table)
        assert _counted(at, table) == number - 1


@pytest.mark.parametrize("size", SIZES)
async def test_a_click_on_a_number_in_a_title_shows_these_rows(size: tuple[int, int]) -> None:
    for view, kind, text, shown in (
        ("3", WorkerList, "1 lost", ["celery@gpu1"]),
        ("4", QueueList, "1 not consumed", ["dead"]),
        ("4", QueueList, "1 growing", ["high"]),
    ):
        async with driven(size) as at:
            await at.press(view)
            await at.click(_focused(at, kind), text)
            pane = _focused(at, kind)
            assert list(pane.shown) == shown
            assert pane.cursor == shown[0]
            assert _counted(at, pane) == len(shown)
            await at.press("escape")
            assert pane.length() > len(shown)


async def test_a_click_on_the_workers_in_the_header_shows_the_lost_ones() -> None:
    async with driven() as at:
        await at.click(at.app.query_one(Header), "workers 4/5")
        assert list(_focused(at, WorkerList).shown) == ["celery@gpu1"]


async def test_one_key_opens_the_gravest_and_then_the_next() -> None:
    async with driven() as at:
        opened = []
        for _ in range(5):
            await at.press("!")
            pane = at.app.main.focused
            assert isinstance(pane, (LoadedTable, TaskTable))
            opened.append(pane.narrowed_by)
        assert opened == [
            "is:lost",
            "is:unconsumed",
            "state:failure ended:<5m",
            "is:growing",
            "is:lost",
        ]


async def test_each_number_counts_the_rows_that_it_opens() -> None:
    async with driven((160, 50)) as at:
        store = at.engine.store
        store.set_task_events(BILL, False, by_us=False)
        store.record_queues([QueueDepth("secret", error="ACCESS_REFUSED")], NOW)
        await at.news()
        numbers = {
            "is:lost": (WorkerList, "3", r"(\d+) lost"),
            "is:off": (WorkerList, "3", r"events off on (\d+)"),
            "is:unconsumed": (QueueList, "4", r"(\d+) not consumed"),
            "is:unreadable": (QueueList, "4", r"(\d+) unreadable"),
            "is:growing": (QueueList, "4", r"(\d+) growing"),
        }
        said = {}
        for narrowing, (kind, view, pattern) in numbers.items():
            await at.press(view)
            said[narrowing] = _number(_focused(at, kind), pattern)
        said["state:failure ended:<5m"] = _number(at.app.query_one(Header), r"failed (\d+)")
        for _ in range(len(said)):
            await at.press("!")
            pane = at.app.main.focused
            assert isinstance(pane, (LoadedTable, TaskTable))
            assert _counted(at, pane) == said.pop(pane.narrowed_by)
        assert said == {}


async def test_the_key_is_in_the_footer_while_there_is_a_number() -> None:
    async with driven((200, 50)) as at:
        assert ("exclamation_mark", "trouble") in [hint[:2] for hint in at.app.main.key_hints()]
    async with driven((200, 50), store=Store()) as at:
        assert "trouble" not in [hint[1] for hint in at.app.main.key_hints()]
        await at.press("!")
        assert "nothing is wrong" in at.toasts[-1].message
