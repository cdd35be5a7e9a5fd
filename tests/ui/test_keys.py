"""The registry of keys, and what the documents say of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from celerytui.control import ACTIONS, GROUPS, LOCAL, Action, Group, Scope, in_group
from celerytui.ui.keys.registry import KEYS as STATIC_KEYS
from celerytui.ui.keys.registry import PLACES, REPLAY, Key, key_name
from celerytui.ui.messages import RowOpened
from celerytui.ui.views.registry import VIEW_KEYS, VIEWS
from celerytui.ui.views.tasks.table import TaskTable
from celerytui.ui.views.view import PaneSpec
from tests.ui.pilot import Driver, driven, help_of

KEYS = (*VIEW_KEYS, *STATIC_KEYS)

DOCUMENT = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()


def _row(keys: str, what: str, key_id: str) -> str:
    names = " ".join(f"`{key_name(key)}`" for key in keys.split(","))
    return f"| {names} | {what} | `{key_id}` |"


def _with_keys() -> list[Action | Group]:
    """What has a key of its own: actions outside of any group, and groups."""
    return [*(one for one in ACTIONS if one.key and not one.group), *GROUPS]


def test_the_document_has_every_key_and_no_other() -> None:
    expected = [_row(key.keys, key.help, key.id) for key in KEYS]
    expected += [_row(one.key, one.label, one.id) for one in _with_keys()]
    found = [
        line for line in DOCUMENT.splitlines() if line.startswith("| `") and line.count("|") == 4
    ]
    assert sorted(found) == sorted(expected)


def test_ids_are_unique() -> None:
    ids = [key.id for key in KEYS] + [one.id for one in ACTIONS] + [one.id for one in GROUPS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_only_moving_and_looking_is_without_shift(key: Key) -> None:
    """A key of the program that is upper case would look like one that changes the cluster."""
    if key.where == REPLAY:  # where nothing can
        return
    assert key.id.endswith(".bottom") or not any(
        len(one) == 1 and one.isupper() for one in key.keys.split(",")
    )


@pytest.mark.parametrize("one", [*ACTIONS, *GROUPS], ids=lambda one: str(one.id))
def test_what_changes_the_cluster_is_upper_case(one: Action | Group) -> None:
    """Or it has no key at all and is found in the menu and the palette."""
    changes = isinstance(one, Group) or one.changes
    assert not changes or not one.key or one.key.isupper()


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: str(group.id))
def test_a_group_has_several_actions_of_its_scope(group: Group) -> None:
    members = in_group(group.id)
    assert len(members) > 1
    assert {one.scope for one in members} == {group.scope}


PANES = sorted({spec.name: spec for view in VIEWS for spec in view.panes}.items())


@pytest.mark.parametrize(("name", "spec"), PANES, ids=[name for name, _ in PANES])
def test_no_key_means_two_things_in_one_pane(name: str, spec: PaneSpec) -> None:
    pane = spec.load()
    places = ("app", *pane.places())
    keys = [one for key in KEYS if key.where in places for one in key.keys.split(",")]
    local = [one.key for one in _with_keys() if one.scope is pane.ACTS]
    # There the keys of the scope mean what they mean nowhere else.
    keys += [one.key for one in _with_keys() if one.scope not in LOCAL and one.key not in local]
    keys += local
    assert sorted(keys) == sorted(set(keys))


def test_every_key_works_at_a_place_that_has_a_name() -> None:
    assert {key.where for key in KEYS} <= set(PLACES)


async def _go_to(at: Driver, name: str) -> None:
    """Have the focus on the pane of that name, in the first view that has it."""
    view = next(one for one in VIEWS if any(spec.name == name for spec in one.panes))
    if view.opens is Scope.WORKER:
        at.app.main.post_message(RowOpened(Scope.WORKER, "celery@bill1"))
    else:
        await at.press(view.key)
    await at.pilot.pause()
    at.app.main.set_focus(at.app.main.body.by_name[name])
    await at.pilot.pause()


@pytest.mark.parametrize("name", [name for name, _ in PANES])
async def test_the_help_lists_the_keys_that_the_pane_has_and_no_other(name: str) -> None:
    async with driven() as at:
        await _go_to(at, name)
        bound = {one.binding.id for one in at.app.main.active_bindings.values()}
        _, lines = help_of(at, name, at.app.main.body.by_name[name].places())
        shown = Counter((line[0][0].strip(), line[1][0]) for line in lines if len(line) == 2)
        wanted = Counter(_help_row(key) for key in KEYS if key.id in bound)
        rows = {_help_row(key) for key in KEYS}
        assert {row: count for row, count in shown.items() if row in rows} == wanted


def _help_row(key: Key) -> tuple[str, str]:
    return " ".join(map(key_name, key.keys.split(","))), key.help


async def test_the_help_says_the_users_own_keys() -> None:
    async with driven(keys={"filter.edit": "f3", "mark.toggle": "f4,f5", "events": "f6"}) as at:
        _, lines = help_of(at, "Tasks", TaskTable.places())
        shown = {line[1][0]: line[0][0].strip() for line in lines if len(line) == 2}
        keys = {key.id: key.help for key in KEYS}
        assert shown[keys["filter.edit"]] == "f3"
        assert shown[keys["mark.toggle"]] == "f4 f5"
        assert shown["Task events: a menu"] == "f6"


async def test_the_help_lists_an_action_of_a_group_with_the_users_own_key() -> None:
    async with driven(keys={"worker.enable_events": "f7"}) as at:
        _, lines = help_of(at, "Tasks", TaskTable.places())
        shown = {line[1][0]: line[0][0].strip() for line in lines if len(line) == 2}
        assert shown["Enable task events  (worker.enable_events)"] == "f7"
        assert shown["Task events: a menu"] == "E"
        assert not any("worker.disable_events" in text for text in shown)
