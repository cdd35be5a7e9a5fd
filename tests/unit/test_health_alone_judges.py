"""Nobody who draws judges: no word of a worker's status and no threshold is compared outside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import celerytui
from celerytui.model import WorkerStatus

PACKAGE = Path(celerytui.__file__).parent
STATUSES = frozenset(get_args(WorkerStatus))
JUDGED_BY = frozenset(("growth", "empty_in", "consumed", "lag", "task_events", "clock_skew"))
"""Fields that a detector goes by; whether one is known at all, anybody may ask."""

ALLOWED: dict[tuple[str, str], str] = {}


def drawing() -> Iterator[tuple[str, ast.Module]]:
    """Every module that draws or prints."""
    paths = [PACKAGE / "headless" / "output.py"]
    for room in ("columns", "ui"):
        paths += sorted((PACKAGE / room).rglob("*.py"))
    for path in paths:
        name = path.relative_to(PACKAGE).as_posix()
        yield name, ast.parse(path.read_text(encoding="utf-8"), name)


def judging(tree: ast.AST) -> set[str]:
    """What a module judges by itself: fields, and words of a status."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        inside = [part for side in (node.left, *node.comparators) for part in ast.walk(side)]
        fields = {one.attr for one in inside if isinstance(one, ast.Attribute)}
        words = {one.value for one in inside if isinstance(one, ast.Constant)}
        if "status" in fields:
            found |= {word for word in words if isinstance(word, str)} & STATUSES
        if not (words == {None} and all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops)):
            found |= fields & JUDGED_BY
    return found


def test_what_is_looked_for_is_found() -> None:
    for text, expected in {
        "worker.status in ('late', 'lost')": {"late", "lost"},
        "'online' == one.status": {"online"},
        "queue.growth > 0.1": {"growth"},
        "(queue.growth or 0) > 0": {"growth"},
        "queue.consumed is False": {"consumed"},
        "abs(worker.clock_skew) > 5": {"clock_skew"},
        "queue.empty_in is not None": set(),
        "meta.status == 'PENDING'": set(),
        "worker.alive": set(),
    }.items():
        assert judging(ast.parse(text)) == expected, text


def test_nobody_who_draws_judges() -> None:
    found = {(name, what) for name, tree in drawing() for what in judging(tree)}
    assert found == set(ALLOWED)
