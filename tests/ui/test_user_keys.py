"""The [keys] table: what is wrong in it is refused, what is right works."""

from __future__ import annotations

import pytest

from celerytui.errors import SettingsError
from celerytui.ui.dialogs.choice import Choice
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.views.registry import all_keys
from tests.ui.pilot import Driver, driven


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"task.revok": "f8"}, "there is no 'task.revok' (did you mean task.revoke?)"),
        ({"filter.edit": "ctrl+banana"}, "filter.edit: there is no key 'ctrl+banana'"),
        ({"filter.edit": "shlash"}, "there is no key 'shlash' (did you mean slash?)"),
        ({"filter.edit": "f3,"}, "filter.edit: there is no key ''"),
        ({"filter.edit": "j"}, "filter.edit: j is the key of move.down too"),
        ({"task.revoke": "x"}, "task.revoke: x is the key of action.cancel too"),
        ({"sort.choose": "space"}, "sort.choose: space is the key of mark.toggle too"),
        ({"worker.tasks": "s"}, "worker.tasks: s is the key of sort.choose too"),
        ({"filter.edit": "f3", "quit": "f3"}, "filter.edit: f3 is the key of quit too"),
        ({"filter.edit": "?"}, "filter.edit: question_mark is the key of help.show too"),
    ],
)
def test_what_cannot_work_is_refused_by_name(keys: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        all_keys(keys)
    assert str(caught.value).startswith("[keys] of the config file: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"filter.edit": "f3,ctrl+f12"},
        {"filter.edit": "ö", "quit": "ctrl+alt+q"},
        {"filter.edit": "p", "display.pause": "/"},
        {"worker.tasks": "t", "task.traceback": "t"},
        {"task.revoke": "shift+f8", "move.down": "j,n,down"},
    ],
)
def test_what_can_work_is_not(keys: dict[str, str]) -> None:
    all_keys(keys)


def _lines(at: Driver) -> str:
    """What the dialog on the screen holds, and the title of its frame."""
    screen = at.app.screen
    assert isinstance(screen, Dialog)
    box = screen.box
    return "\n".join(
        "".join(text for text, _ in line) for line in [box.title, box.note, *box.lines]
    )


async def test_the_menu_shows_the_users_own_keys_and_they_act() -> None:
    own = {"task.revoke": "f8", "task.abort": "ctrl+n", "type.rate_limit": "ö"}
    async with driven(keys=own) as at:
        await at.press("2", "j", "a")
        menu = at.app.screen
        assert isinstance(menu, Choice)
        keys = {label: key for _, label, key in menu.options}
        assert (keys["Revoke"], keys["Abort"], keys["Rate limit"]) == ("f8", "ctrl+n", "ö")
        assert keys["Terminate"] == "K"
        await at.press("f8")
        assert "f8 task.revoke" in _lines(at)
        await at.press("escape", "a", "ö")
        assert "ö type.rate_limit" in _lines(at)


async def test_the_footer_shows_the_users_own_keys_of_actions() -> None:
    own = {"task.revoke": "f8", "task.abort": "ctrl+n", "pool": "f7"}
    async with driven(keys=own) as at:
        await at.press("2", "j")
        hints = {(key, label) for key, label, _ in at.app.main.key_hints()}
        assert {("f8", "revoke"), ("ctrl+n", "abort")} <= hints
        await at.press("3", "j")
        assert ("f7", "pool") in {(key, label) for key, label, _ in at.app.main.key_hints()}
        await at.press("a")
        assert "f7" in _lines(at)


async def test_the_question_names_the_users_own_key_of_what_does_more() -> None:
    async with driven(keys={"task.terminate": "f6"}) as at:
        await at.press("2", "asterisk", "C")
        assert "f6 terminates" in _lines(at)
        assert "K terminates" not in _lines(at)


async def test_the_panes_show_the_users_own_keys() -> None:
    own = {"view.log": "f9", "task.traceback": "f10", "detail.open": "f4", "follow": "f5"}
    async with driven((160, 50), keys=own) as at:
        assert "f10 traceback" in at.screen_text()
        assert "f4 open" in at.screen_text()
        await at.press("3", "j", "enter")
        assert "f9 the log" in at.screen_text()


async def test_an_action_without_a_key_can_be_given_one() -> None:
    async with driven(keys={"worker.heartbeat": "f9"}) as at:
        await at.press("3", "j", "f9")
        opened = len(at.app.screen_stack) > 1
        assert opened or [action for action, _, _ in at.engine.submitted] == ["worker.heartbeat"]


async def test_a_key_that_was_given_away_does_nothing_any_more() -> None:
    async with driven(keys={"quit": "f10", "filter.edit": "f3", "question.yes": "f4"}) as at:
        await at.press("2", "q", "slash")
        assert at.app.return_code is None
        assert not at.app.main.filter_bar.display
        await at.press("j", "C", "y")
        assert at.engine.submitted == []
        await at.press("f4")
        assert [action for action, _, _ in at.engine.submitted] == ["task.revoke"]
        await at.press("f3", "escape", "f10")
        assert at.app.lifecycle.leaving
