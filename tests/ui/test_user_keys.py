"""The [keys] table: what is wrong in it is refused, what is right works."""

from __future__ import annotations

import pytest

from celerytui.errors import SettingsError
from celerytui.ui.views.registry import all_keys
from tests.ui.pilot import driven


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


async def test_an_action_without_a_key_can_be_given_one() -> None:
    async with driven(keys={"worker.heartbeat": "f9"}) as at:
        await at.press("3", "j", "f9")
        opened = len(at.app.screen_stack) > 1
        assert opened or [action for action, _, _ in at.engine.submitted] == ["worker.heartbeat"]
