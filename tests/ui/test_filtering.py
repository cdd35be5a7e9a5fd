"""The filter's line, from its first letter to its last."""

from __future__ import annotations

from celerytui.model import TaskState
from celerytui.ui.bars.filter_line import FilterInput
from tests.ui.pilot import driven


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
        await at.press("enter", "slash", "up")
        assert line.value == "worker:"


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
        assert "No task matches the filter" in at.screen_text()
        assert "kwargs.priority:high" in at.screen_text()
        at.app.main.filter_by("result:nosuchthing")
        await at.pilot.pause()
        assert "exception:nosuchthing" in at.screen_text()
        at.app.main.filter_by("args:nosuchthing")
        await at.pilot.pause()
        assert "exception:nosuchthing" not in at.screen_text()
