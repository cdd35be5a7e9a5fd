"""The menu of what is in trouble begins with what helps."""

from __future__ import annotations

from typing import Any

import pytest

from celerytui.control import ACTIONS
from celerytui.demo.traffic import BILL, GPU
from celerytui.health import DETECTORS
from celerytui.ui.dialogs.choice import Choice
from celerytui.ui.keys.registry import KEYS
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.views.queues.list import QueueList
from celerytui.ui.views.workers.list import WorkerList
from tests.ui.pilot import Driver, driven

pytestmark = pytest.mark.slow


KINDS = ("worker", "queue", "entry")


def test_whatever_can_be_wrong_with_a_row_of_a_table_has_a_remedy() -> None:
    mended = {id for action in ACTIONS for id in action.mends}
    mended |= {id for key in KEYS for id in key.mends}
    assert mended == {one.id for one in DETECTORS if one.kind in KINDS}


async def _menu_on(at: Driver, view: str, table: type[LoadedTable[Any]], row: str) -> Choice:
    await at.press(view)
    assert at.app.main.body.query_one(table).go_to_key(row)
    await at.press("a")
    menu = at.app.screen
    assert isinstance(menu, Choice)
    return menu


async def test_the_menu_of_a_queue_that_nobody_consumes_begins_with_a_consumer() -> None:
    async with driven() as at:
        menu = await _menu_on(at, "4", QueueList, "dead")
        assert menu.options[0][1] == "Add a consumer"
        await at.press("enter", "enter", "enter")
        ((name, targets, params),) = at.engine.submitted
        assert (name, params["queue"]) == ("worker.add_consumer", "dead")
        assert len(targets) == 4


async def test_the_menu_of_a_lost_worker_begins_with_its_tasks() -> None:
    async with driven() as at:
        menu = await _menu_on(at, "3", WorkerList, GPU)
        assert menu.options[0][1:] == ("Its tasks", "t")
        await at.press("enter")
        assert at.app.session.filter_text == f'worker:"{GPU}"'
        assert at.app.main.body.view.name == "tasks"


async def test_the_menu_of_a_silent_worker_begins_with_its_events() -> None:
    async with driven() as at:
        at.engine.store.set_task_events(BILL, False, by_us=False)
        at.app.tell_widgets()
        menu = await _menu_on(at, "3", WorkerList, BILL)
        assert menu.options[0][1] == "Enable task events"
        labels = [label for _, label, _ in menu.options]
        assert len(labels) == len(set(labels))
