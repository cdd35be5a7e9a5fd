"""docs/actions.md against the registry, and against Celery's own registry of commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from celery.worker.control import Panel

from celerytui.control import ACTIONS, GROUPS, SECTIONS, Action

DOCUMENT = (Path(__file__).parents[2] / "docs" / "actions.md").read_text()
IDS = {one.id for one in ACTIONS}
PROVEN = "".join(
    file.read_text() for file in (Path(__file__).parents[1] / "integration").glob("test_*.py")
)


def rows(title: str) -> list[list[str]]:
    """The cells of the rows of the table under a heading."""
    text = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)
    (part,) = [one for one in text if one.startswith(title + "\n")]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def key_of(one: Action) -> str:
    key = next((group.key for group in GROUPS if group.id == one.group), one.key)
    return f"`{key}`" if key else ""


def test_the_table_is_the_registry() -> None:
    expected = [[key_of(one), one.label, f"`{one.id}`"] for one in ACTIONS]
    assert sorted(rows("All actions")) == sorted(expected)


@pytest.mark.parametrize("kind", ["control", "inspect"])
def test_every_command_of_celery_is_there(kind: str) -> None:
    commands = {
        name
        for name, info in Panel.meta.items()
        if info.type == kind and info.help and not Panel.data[name].__module__.startswith("tests")
    }
    told = {match[1] for cells in rows(f"`celery {kind}`") if (match := NAME.match(cells[0]))}
    assert told == commands


NAME = re.compile(r"`(\w+)`")


@pytest.mark.parametrize("title", ["`celery control`", "`celery inspect`", "Flower"])
def test_what_is_named_is_there(title: str) -> None:
    for cells in rows(title):
        for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", cells[1]):
            assert name in IDS | {"workers.ask"}, name
        for name in re.findall(r"section `(\w+)`", cells[1]):
            assert name in SECTIONS, name
        assert re.search(r"`[a-z_.]+`", cells[1]), cells


@pytest.mark.parametrize("one", [one.id for one in ACTIONS])
def test_every_action_is_proven_on_real_workers(one: str) -> None:
    assert f'"{one}"' in PROVEN
