"""An action is one `Action(...)`: neither the interface nor the engine knows any by its id."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import celerytui
from celerytui.control import ACTIONS, GROUPS

PACKAGE = Path(celerytui.__file__).parent
MODULES = [
    path.relative_to(PACKAGE).as_posix()
    for room in ("ui", "engine")
    for path in sorted((PACKAGE / room).rglob("*.py"))
]
ACTION_IDS = {one.id for one in ACTIONS}
GROUP_IDS = {one.id for one in GROUPS}


def docstrings(tree: ast.Module) -> set[ast.expr]:
    """The texts that stand alone, which nothing is compared with."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def texts(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def compared(tree: ast.Module) -> set[str]:
    """The texts that anything is compared with, matched with or looked up by."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Compare, ast.MatchValue)):
            parts: list[ast.AST | None] = [node]
        elif isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.Dict):
            parts = list(node.keys)
        else:
            continue
        found.update(text for part in parts if part is not None for _, text in texts(part))
    return found


def known_ids(source: str) -> set[str]:
    """The ids of actions that a module names, and those of groups that it compares with.

    A group's id is a plain word, such as "events", that may well be a label too.
    """
    tree = ast.parse(source)
    alone = docstrings(tree)
    named = {text for node, text in texts(tree) if node not in alone}
    inside = {id for id in ACTION_IDS for text in named if f"'{id}'" in text}
    return named & ACTION_IDS | inside | compared(tree) & GROUP_IDS


@pytest.mark.parametrize("module", MODULES)
def test_no_module_knows_an_action_by_its_id(module: str) -> None:
    assert known_ids((PACKAGE / module).read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""Does what task.revoke does."""', set()),
        ('if action.id == "task.revoke": pass', {"task.revoke"}),
        ('LOOKS = {"worker.ping": 1}', {"worker.ping"}),
        ("binding = \"act('task.abort')\"", {"task.abort"}),
        ('label = ("events", 3)', set()),
        ('if group_id == "events": pass', {"events"}),
        ('match id:\n    case "pool": pass', {"pool"}),
        ('GO = {"consumers": "Set"}', {"consumers"}),
        ('GO["pool"]', {"pool"}),
    ],
)
def test_the_check_sees_them(source: str, found: set[str]) -> None:
    assert known_ids(source) == found
