"""The registry of keys, and what the documents say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from celerytui.control import ACTIONS
from celerytui.ui.keys import KEYS, key_name

DOCUMENT = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()


def _row(keys: str, what: str, key_id: str) -> str:
    names = " ".join(f"`{key_name(key)}`" for key in keys.split(","))
    return f"| {names} | {what} | `{key_id}` |"


def test_the_document_has_every_key_and_no_other() -> None:
    expected = [_row(key.keys, key.help, key.id) for key in KEYS]
    expected += [_row(action.key, action.label, action.id) for action in ACTIONS if action.key]
    found = [
        line for line in DOCUMENT.splitlines() if line.startswith("| `") and line.count("|") == 4
    ]
    assert sorted(found) == sorted(expected)


def test_ids_are_unique() -> None:
    ids = [key.id for key in KEYS] + [action.id for action in ACTIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_only_moving_and_looking_is_without_shift(key: object) -> None:
    """A key of the program that is upper case would look like one that changes the cluster."""
    assert key.id.endswith(".bottom") or not any(  # type: ignore[attr-defined]
        len(one) == 1 and one.isupper()
        for one in key.keys.split(",")  # type: ignore[attr-defined]
    )


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_what_changes_the_cluster_is_upper_case(action: object) -> None:
    assert not action.changes or action.key.isupper()  # type: ignore[attr-defined]


def test_no_key_means_two_things_in_one_place() -> None:
    everywhere = [one for key in KEYS if key.where == "app" for one in key.keys.split(",")]
    everywhere += [action.key for action in ACTIONS if action.key]
    in_table = [
        one for key in KEYS if key.where in ("list", "tasks", "task") for one in key.keys.split(",")
    ]
    keys = everywhere + in_table
    assert sorted(keys) == sorted(set(keys))
