"""The registry of keys, and what the documents say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from celerytui.control import ACTIONS, GROUPS, Action, Group, in_group
from celerytui.ui.keys.registry import KEYS, key_name

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
def test_only_moving_and_looking_is_without_shift(key: object) -> None:
    """A key of the program that is upper case would look like one that changes the cluster."""
    assert key.id.endswith(".bottom") or not any(  # type: ignore[attr-defined]
        len(one) == 1 and one.isupper()
        for one in key.keys.split(",")  # type: ignore[attr-defined]
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


def test_no_key_means_two_things_in_one_place() -> None:
    everywhere = [one for key in KEYS if key.where == "app" for one in key.keys.split(",")]
    everywhere += [one.key for one in _with_keys()]
    places = ("list", "table", "tasks", "task")
    in_table = [one for key in KEYS if key.where in places for one in key.keys.split(",")]
    keys = everywhere + in_table
    assert sorted(keys) == sorted(set(keys))
