"""The [keys] table: what is wrong in it is refused, what is right works."""

from __future__ import annotations

import pytest

from celerytui.control import GROUPS, Param, in_group
from celerytui.control import action as action_of
from celerytui.errors import SettingsError
from celerytui.ui.actions.form import Form
from celerytui.ui.dialogs.choice import Choice
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.dialogs.palette import Palette
from celerytui.ui.views.registry import all_keys
from tests.ui.pilot import Driver, driven

POOL = next(one for one in GROUPS if one.id == "pool")


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
        ({"filter.older": "enter"}, "filter.older: enter is the key of filter.apply too"),
        ({"filter.complete": "z"}, "filter.complete: z is typed there: take a key such as ctrl+n"),
        ({"filter.complete": "f3,space"}, "filter.complete: space is typed there"),
        ({"field.next": "ö"}, "field.next: ö is typed there"),
        ({"field.done": "question_mark"}, "field.done: question_mark is typed there"),
        ({"question.take": "t"}, "question.take: t is typed there"),
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
        {"task.revoke": "shift+f8", "move.down": "j,h,down"},
        {"filter.complete": "ctrl+n", "filter.older": "f3", "field.next": "alt+n"},
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
        await at.press("2", "j", "j", "a")
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
        assert "f9 log" in at.screen_text()


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
        await at.press("j", "j", "C", "y")
        assert at.engine.submitted == []
        await at.press("f4")
        assert [action for action, _, _ in at.engine.submitted] == ["task.revoke"]
        await at.press("f3", "escape", "f10")
        assert at.app.lifecycle.leaving


async def test_the_footer_and_the_menu_of_a_group_show_the_users_own_key_of_its_action() -> None:
    async with driven(keys={"worker.autoscale": "f7,f8"}) as at:
        await at.press("3", "j")
        hints = {(key, label) for key, label, _ in at.app.main.key_hints()}
        group, action = POOL, action_of("worker.autoscale")
        assert {("f7", action.label.lower()), (group.key, group.label.lower())} <= hints
        members = in_group(group.id)
        await at.press(group.key)
        menu = at.app.screen
        assert isinstance(menu, Choice)
        keys = {id: key for id, _, key in menu.options}
        wanted = {one.id: str(place) for place, one in enumerate(members, 1)}
        assert keys == wanted | {"worker.autoscale": "f7"}
        await at.press("f7")
        assert "f7 worker.autoscale" in _lines(at)


async def test_a_number_that_the_user_gave_an_action_of_a_group_is_that_of_no_other() -> None:
    own = {"view.dashboard": "f1", "worker.autoscale": "1"}
    async with driven(keys=own) as at:
        await at.press("3", "j", "P", "1")
        assert "1 worker.autoscale" in _lines(at)


@pytest.mark.parametrize(
    ("keys", "pressed"),
    [
        ({"palette.open": "f1", "display.pause": "ctrl+p"}, "ctrl+p"),
        ({"quit": "f10", "display.pause": "ctrl+q"}, "ctrl+q"),
    ],
)
async def test_the_keys_that_textual_has_itself_can_be_given_away(
    keys: dict[str, str], pressed: str
) -> None:
    async with driven(keys=keys) as at:
        await at.press(pressed)
        assert not at.app.lifecycle.leaving
        assert at.app.screen is at.app.main
        assert at.app.session.paused_at is not None


async def test_the_palette_is_quit_with_the_key_of_dialogs() -> None:
    async with driven(keys={"quit": "f10", "dialog.quit": "f9"}) as at:
        await at.press("ctrl+p", "ctrl+q")
        assert isinstance(at.app.screen, Palette)
        assert not at.app.lifecycle.leaving
        await at.press("f9")
        assert at.app.lifecycle.leaving


async def test_ctrl_c_says_the_users_own_key_that_quits() -> None:
    async with driven(keys={"quit": "f10"}) as at:
        await at.press("ctrl+c")
        assert [toast.message for toast in at.toasts] == ["f10 quits"]


async def test_a_question_shows_the_users_own_keys_in_the_place_of_signs() -> None:
    own = {"question.other": "f4", "question.next": "f5"}
    async with driven(keys=own) as at:
        await at.press("2", "j", "j", "K")
        assert "f4 choose" in _lines(at)
        assert "Up f5 signal" in _lines(at)
    async with driven() as at:
        await at.press("2", "j", "j", "K")
        assert f"{at.app.session.glyphs.sideways} choose" in _lines(at)
        assert f"{at.app.session.glyphs.updown} signal" in _lines(at)


async def test_the_key_that_takes_the_answer_submits_a_typed_name_and_no_other_does() -> None:
    async with driven(keys={"question.take": "f4"}) as at:
        at.app.actions.act(action_of("queue.purge"), ["mail"])
        await at.pilot.pause()
        assert "f4 after typing the name" in _lines(at)
        await at.press(*"mail", "enter")
        assert at.engine.submitted == []
        await at.press("f4")
        assert [action for action, _, _ in at.engine.submitted] == ["queue.purge"]


async def test_a_form_shows_the_users_own_keys_of_what_is_in_focus() -> None:
    own = {"field.next": "f4", "options.previous_field": "f5", "options.take": "f6"}
    params = [Param("name", "name"), Param("kind", "kind", "choice", choices=("a", "b"))]
    async with driven(keys=own) as at:
        await at.app.push_screen(Form(at.app.session, [], [], params))
        await at.pilot.pause()
        assert "Shift+Tab f4 field   Enter go on" in _lines(at)
        await at.press("f4")
        assert "f5 Tab field   f6 go on" in _lines(at)
