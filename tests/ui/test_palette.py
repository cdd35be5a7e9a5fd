"""The palette: it has every key and action, and finds each by whatever people call it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from celerytui.control import ACTIONS, GROUPS
from celerytui.demo.traffic import BILL
from celerytui.ui.dialogs.dialog import Box, Dialog
from celerytui.ui.dialogs.palette import Palette
from celerytui.ui.keys.registry import APART, KEYS, PLACES, REPLAY
from celerytui.ui.views.registry import VIEW_KEYS, VIEWS
from celerytui.ui.views.tasks.table import TaskTable
from tests.ui.pilot import Driver, commands_of, driven, rows
from tests.ui.schedule_sample import sample_reading

pytestmark = pytest.mark.slow

DOCUMENT = (Path(__file__).parents[2] / "docs" / "actions.md").read_text()
COMMANDS = dict(re.findall(r"^\| `(\w+)` \| `(\w+\.\w+)` \|$", DOCUMENT, re.MULTILINE))
"""Celery's name of each control command, and the action that sends it."""


async def _search(at: Driver, text: str) -> list[str]:
    """The ids of what the palette, which is open, finds."""
    palette = at.app.screen
    assert isinstance(palette, Palette)
    palette.input.value = text
    await at.pilot.pause()
    return [one.id for one in commands_of(at)]


async def test_every_key_of_the_page_every_action_and_every_menu_is_in_it() -> None:
    async with driven() as at:
        await at.press(":")
        found = [one.id for one in commands_of(at)]
        keys = [key.id for key in (*VIEW_KEYS, *KEYS) if key.where not in (*APART, REPLAY)]
        keys.remove("palette.open")
        assert sorted(found) == sorted(
            [*keys, *(one.id for one in ACTIONS), *(one.id for one in GROUPS)]
        )


def test_the_keys_that_are_not_in_it_are_those_of_dialogs_and_of_the_filter() -> None:
    of_panes = {p for view in VIEWS for spec in view.panes for p in spec.load().places()}
    assert set(PLACES) - APART == of_panes | {"app", REPLAY}


async def test_titles_are_in_one_case_and_each_is_there_once() -> None:
    async with driven() as at:
        await at.press(":")
        titles = [one.title for one in commands_of(at)]
        assert len(set(titles)) == len(titles)
        for title in titles:
            first, *rest = title.split()
            assert first[0].isupper(), title
            assert [word for word in rest if word[0].isupper() and not word.isupper()] == [], title


async def test_no_command_says_the_same_twice() -> None:
    async with driven() as at:
        await at.press(":")
        quitting, zooming = (
            next(one for one in commands_of(at) if one.title == title) for title in ("Quit", "Zoom")
        )
        assert (quitting.about, zooming.about) == ("", "")
        for one in commands_of(at):
            assert one.about.lower() != one.title.lower()
        await _search(at, "quit")
        palette = at.app.screen
        assert isinstance(palette, Palette)
        (line,) = [row for row in rows(palette.box) if "Quit" in row]
        assert line.lower().count("quit") == 1


async def test_each_is_found_first_by_its_title_and_by_its_id() -> None:
    async with driven() as at:
        await at.press(":")
        for one in commands_of(at):
            assert (await _search(at, one.title))[0] == one.id
            assert (await _search(at, one.id))[0] == one.id


async def test_celerys_name_of_a_command_finds_the_action_that_sends_it() -> None:
    async with driven() as at:
        await at.press(":")
        assert {name: (await _search(at, name))[0] for name in COMMANDS} == COMMANDS
        assert len(COMMANDS) > 12


WORDS = {
    "kill": "task.terminate",
    "cancel": "task.revoke",
    "freeze": "display.pause",
    "reconnect": "task.result",
    "timeout": "type.time_limits",
    "retry": "task.run_again",
    "apply_async": "task.send",
    "discard": "queue.purge",
    "exit": "quit",
    "search": "filter.edit",
    "consumer add": "worker.add_consumer",
    "K": "task.terminate",
    "/": "filter.edit",
}


async def test_other_words_for_it_and_its_key_find_it() -> None:
    async with driven() as at:
        await at.press(":")
        assert {text: (await _search(at, text))[0] for text in WORDS} == WORDS


async def test_every_action_leads_somewhere() -> None:
    async with driven() as at:
        at.engine.schedule.reading = sample_reading()
        await at.press("2", "j", "j")  # the first task has finished
        for one in ACTIONS:
            await at.press(":")
            await _search(at, one.id)
            await at.press("enter")
            submitted = list(at.engine.submitted)
            assert not isinstance(at.app.screen, Palette)
            assert isinstance(at.app.screen, Dialog) or submitted, one.id
            at.engine.submitted.clear()
            if isinstance(at.app.screen, Dialog):
                await at.press("escape")


async def test_enter_takes_what_was_typed_and_not_what_was_found_before() -> None:
    async with driven() as at:
        await at.press(":", *"freeze", "enter")
        assert at.app.session.paused_at is not None


async def test_a_key_of_a_pane_acts_in_that_pane_wherever_the_user_is() -> None:
    async with driven() as at:
        await at.press("4", ":", *"follow", "enter")
        table = at.app.main.focused
        assert isinstance(table, TaskTable)
        assert table.follow
        await at.press("3", "j", ":", *"worker.tasks", "enter")
        assert at.app.session.filter_text == f'worker:"{BILL}"'


async def test_it_is_moved_in_and_taken_with_keys_and_the_mouse() -> None:
    async with driven((80, 24)) as at:
        await at.press("2", ":", "down", "down", "up")
        palette = at.app.screen
        assert isinstance(palette, Palette)
        assert palette.at == 1
        await at.press("pagedown", "pagedown")
        assert f"{at.app.session.glyphs.cursor} {palette.found[palette.at].title}" in "\n".join(
            rows(palette.box)
        )
        await at.press(*"utc")
        before = at.app.session.utc
        await at.click(palette.box, "UTC or local")
        assert at.app.screen is at.app.main
        assert at.app.session.utc is not before


async def test_what_is_nowhere_is_said_to_be_nowhere_and_enter_does_nothing() -> None:
    async with driven() as at:
        await at.press(":", *"xyzzy", "enter")
        assert "No matching command" in "\n".join(rows(at.app.screen.query_one(Box)))
