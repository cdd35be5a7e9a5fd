"""The filter's line, from its first letter to its last."""

from __future__ import annotations

import re
from asyncio import to_thread
from threading import Event as Signal
from threading import Thread

import pytest
from textual.widgets import Static

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event, Task, TaskState
from celerytui.query import Filter, preview
from celerytui.store import Store
from celerytui.ui.bars.filter_line import FilterInput
from tests.ui.pilot import cursor_row, driven


async def test_the_filter_acts_while_it_is_typed() -> None:
    async with driven() as at:
        await at.press("2", "slash", *"state:failure")
        shown = at.engine.view.window(0, 1000)
        assert shown
        assert {task.state for task in shown} == {TaskState.FAILURE}
        await at.press("enter")
        assert at.app.session.filter_text == "state:failure"
        assert at.app.screen.focused is at.app.main.table


async def test_a_mistake_keeps_the_last_good_filter() -> None:
    async with driven() as at:
        await at.press("2", "slash", *"state:failure")
        good = at.engine.view.matched
        await at.press(*" runtime:>2x")
        assert at.engine.view.matched <= good
        assert at.app.main.table.last_good
        assert "last good filter" in at.screen_text()


@pytest.mark.parametrize("typed", ["state:star", "worker:"])
async def test_enter_on_a_mistake_leaves_it_to_be_mended(typed: str) -> None:
    async with driven() as at:
        await at.press("2", "slash", *"state:failure", "enter", "slash", "ctrl+u", *typed, "enter")
        line = at.app.query_one(FilterInput)
        assert at.app.main.filter_bar.display
        assert line.value == typed
        note = at.app.main.filter_bar.query_one("#filter-note", Static)
        assert "Expected" in str(note.content)
        await at.press("escape")
        assert at.app.session.filter_text == "state:failure"
        await at.press("slash", "up", "up")
        assert line.value == "state:failure"


async def test_escape_brings_the_filter_before_back() -> None:
    async with driven() as at:
        at.app.main.filter_by("name:billing")
        await at.press("2", "slash", *" state:failure", "escape")
        assert at.app.session.filter_text == "name:billing"
        assert at.engine.view.filter is not None
        assert at.engine.view.filter.text == "name:billing"


async def test_tab_completes_a_field_and_up_brings_an_older_filter() -> None:
    async with driven() as at:
        await at.press("2", "slash", *"wor", "tab")
        line = at.app.query_one(FilterInput)
        assert line.value == "worker:"
        await at.press(*"web1", "enter", "slash", "up")
        assert line.value == "worker:web1"


async def test_keys_typed_into_the_filter_do_nothing_else() -> None:
    async with driven() as at:
        await at.press("2", "j", "slash", *"CKq", "p", "colon")
        assert at.app.query_one(FilterInput).value == "CKqp:"
        assert len(at.app.screen_stack) == 1
        assert at.app.session.paused_at is None


async def test_a_filter_as_flower_writes_it_gets_a_hint() -> None:
    async with driven() as at:
        at.app.main.filter_by("kwargs:priority=high")
        await at.press("2")
        assert "No matches" in at.screen_text()
        assert "kwargs.priority:high" in at.screen_text()
        at.app.main.filter_by("result:nosuchthing")
        await at.pilot.pause()
        assert "exception:nosuchthing" in at.screen_text()
        at.app.main.filter_by("args:nosuchthing")
        await at.pilot.pause()
        assert "exception:nosuchthing" not in at.screen_text()


async def test_after_enter_the_cursor_stands_on_the_first_row() -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "slash", *"name:billing", "enter")
        table = at.app.main.table
        first = at.engine.view.ids(0, 1)[0]
        assert (table.cursor, cursor_row(table)) == (first, 0)
        assert at.app.main.detail.task_id == first
        await at.press("3", "slash", *"web", "enter")
        workers = at.app.main.ordered
        assert workers.cursor == workers.shown[0] == "celery@web1"


@pytest.mark.parametrize("typed", ["wor", "worker", "worker:", "-worker:", "kwargs.us", "state:"])
async def test_the_name_of_a_field_half_typed_empties_no_table(typed: str) -> None:
    async with driven() as at:
        await at.press("2", "slash", *"name:billing ")
        matched = at.engine.view.matched
        assert 0 < matched < at.engine.view.total
        await at.press(*typed)
        assert at.engine.view.matched == matched
        assert at.app.main.table.last_good == ""


async def test_a_word_that_begins_like_a_field_is_looked_for_with_enter() -> None:
    async with driven() as at:
        await at.press("2", "slash", *"quee")
        assert at.engine.view.matched == 0
        await at.press("backspace")
        assert at.engine.view.matched == at.engine.view.total
        note = at.app.main.filter_bar.query_one("#filter-note", Static)
        assert "queue it was sent to" in str(note.content)
        await at.press("enter")
        assert at.app.session.filter_text == "que"
        assert at.engine.view.filter.text == "que"


MANY = 100_000
STOPPED_AT = 5_000
"""The search is held at that task, which it reaches in the second of its steps."""


def many_tasks() -> Store:
    store = Store(clock=lambda: NOW)
    events = [
        Event("task-received", "celery@web1", NOW - MANY + at, uuid=f"id{at}", name="shop.mail")
        for at in range(MANY)
    ]
    store.apply(Batch(events, NOW))
    return store


async def test_no_task_matches_is_said_once_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "SECONDS", 0.0)  # the first rows are looked for in few tasks
    async with driven(store=many_tasks()) as at:
        begun, go_on = Signal(), Signal()

        def slow(task: Task, now: float) -> bool:
            if task.id == f"id{STOPPED_AT}":
                begun.set()
                go_on.wait(60)
            return False

        await at.press("2")
        table, view = at.app.main.table, at.engine.view
        table.narrow("name:nosuch", Filter("name:nosuch", lambda task, now: False))
        assert "No matches" in at.screen_text()
        at.app.session.filter_text = "name:slow"
        view.configure(filter=Filter("name:slow", slow))
        search = Thread(target=view.refresh, daemon=True)
        search.start()
        assert await to_thread(begun.wait, 60)
        table.redraw()
        assert "No matches" not in at.screen_text()
        assert re.search(r"Searching .*4,096 of 100,000 tasks", at.screen_text(), re.DOTALL)
        go_on.set()
        await to_thread(search.join, 60)
        at.app.tell_widgets()
        await at.pilot.pause()
        assert "No matches" in at.screen_text()
