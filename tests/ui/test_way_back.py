"""Esc leads back to where Enter came from, step by step."""

from __future__ import annotations

import re

import pytest

from celerytui.control import Scope
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.navigator import MAX_STEPS
from tests.ui.pilot import Driver, driven, rows
from tests.ui.schedule_sample import sample_reading

SIZES = [(80, 24), (140, 40)]


def _here(at: Driver) -> tuple[str, str | None, str | None]:
    """The view, the pane in focus, and what its cursor is on."""
    pane = at.app.main.pane
    cursor = getattr(pane, "cursor", None)
    return at.app.main.navigator.view.name, pane.id if pane else None, cursor


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "keys",
    [
        ("4", "j", "enter"),
        ("1", "shift+tab", "shift+tab", "shift+tab", "j", "j", "enter"),
        ("3", "j", "t"),
        ("3", "j", "enter", "t"),
        ("3", "j", "enter", "j", "enter"),
        ("2", "j", "j", "enter"),
        ("1", "j", "enter"),
    ],
    ids=" ".join,
)
async def test_escape_goes_back_to_where_it_was_opened(
    keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async with driven(size) as at:
        at.app.main.filter_by("runtime:>0")
        await at.press(*keys[:-1])
        before = _here(at)
        await at.press(keys[-1])
        assert _here(at)[0] != before[0]
        assert "back" in [label for _, label, _ in at.app.main.key_hints()]
        await at.press("escape")
        assert _here(at) == before
        assert at.app.session.filter_text == "runtime:>0"


async def test_each_step_is_taken_back() -> None:
    async with driven() as at:
        await at.press("4")
        at.app.main.ordered.go_to_key("high")
        await at.press("enter")
        assert at.app.session.filter_text == 'queue:"high"'
        await at.press("j", "enter", "escape")
        assert at.app.main.navigator.view.name == "tasks"
        assert at.app.session.filter_text.startswith("queue:")
        await at.press("escape")
        assert (at.app.main.navigator.view.name, at.app.session.filter_text) == ("queues", "")


async def test_a_panel_that_was_alone_is_alone_again() -> None:
    async with driven() as at:
        await at.press("j", "z", "enter", "escape")
        assert at.app.main.body.alone == "tasks"
        await at.press("escape")
        assert at.app.main.body.alone is None


async def test_a_view_that_was_chosen_by_its_key_leads_nowhere_back() -> None:
    async with driven() as at:
        await at.press("4", "j", "enter", "2", "escape", "escape", "escape")
        assert at.app.main.navigator.view.name == "dashboard"


async def test_the_way_back_has_an_end() -> None:
    async with driven() as at:
        first, second = at.engine.view.ids(0, 2)
        await at.press("2")
        for _ in range(MAX_STEPS):
            for task in (first, second):
                at.app.main.navigator.open(Scope.TASK, task)
        steps = 0
        while at.app.main.navigator.back():
            steps += 1
        assert steps <= MAX_STEPS + 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["s", "v", "n", "a", "X", "E", ":", "?", "r", "L", "R", "e", "M"])
async def test_every_dialog_says_how_to_leave_it(key: str, size: tuple[int, int]) -> None:
    async with driven(size) as at:
        await at.press("2", "j", key)
        dialog = at.app.screen
        assert isinstance(dialog, Dialog)
        assert re.search(r"Esc (close|no|cancel)\b", "\n".join(rows(dialog.box)))
        await at.press("escape")
        assert at.app.screen is at.app.main


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "keys", [("6", "j", "enter"), ("8", "j", "enter"), ("1", "z")], ids=" ".join
)
async def test_the_footer_has_escape_where_it_leads_out_of_a_pane(
    keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async with driven(size) as at:
        at.engine.schedule.reading = sample_reading()
        await at.news()
        await at.press(*keys[:-1])
        before = _here(at)
        assert "Esc back" not in rows(at.app.main.footer)[0]
        await at.press(keys[-1])
        assert "Esc back" in rows(at.app.main.footer)[0]
        await at.press("escape")
        assert _here(at) == before
        assert "Esc back" not in rows(at.app.main.footer)[0]
