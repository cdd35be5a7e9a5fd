"""No module but a view's own knows it by its name: names only lead to views."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import celerytui
from celerytui.ui.views.registry import VIEWS

PACKAGE = Path(celerytui.__file__).parent
NAMES = {view.name for view in VIEWS}
FILES = sorted((PACKAGE / "ui").rglob("*.py"))


def compared(tree: ast.AST) -> set[str]:
    """The names of views that something which is a view, or has one, is compared with."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        parts = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
        words = {part.attr for part in parts if isinstance(part, ast.Attribute)}
        words |= {part.id for part in parts if isinstance(part, ast.Name)}
        texts = {part.value for part in parts if isinstance(part, ast.Constant)}
        if any("view" in word.lower() for word in words):
            found |= {text for text in texts if isinstance(text, str)} & NAMES
    return found


def test_what_is_looked_for_is_found() -> None:
    for text in ("session.view == 'tasks'", "navigator.view.name in ('dashboard', 'tasks')"):
        assert compared(ast.parse(text))
    assert not compared(ast.parse("param.suggest == 'tasks'"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_name_of_a_view_is_compared(path: Path) -> None:
    assert compared(ast.parse(path.read_text(encoding="utf-8"))) == set()


def test_each_view_has_a_name_and_a_key_of_its_own() -> None:
    assert len(NAMES) == len(VIEWS)
    keys = [view.key for view in VIEWS if view.key]
    assert len(keys) == len(set(keys))
