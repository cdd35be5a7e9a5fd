"""Private names of Textual and Rich stand in one file, which tells why each is needed."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from textual.app import App

import celerytui.ui

UI = Path(celerytui.ui.__path__[0])
PRIVATE = UI / "terminal" / "private.py"
FILES = sorted(path for path in UI.rglob("*.py") if path != PRIVATE)
FOREIGN = ("textual", "rich")
OTHERS = {"os._exit", "atexit._run_exitfuncs"}
"""Private names of the standard library."""
OVERRIDES = {"_display", "_handle_exception"}
"""What the app overrides; the private file says why."""


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def module_of(path: Path) -> str:
    parts = path.relative_to(UI.parents[1]).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def private_names(cls: type) -> frozenset[str]:
    """What a class defines, and sets on its instances, under private names."""
    try:
        [node] = ast.parse(inspect.cleandoc("\n" + inspect.getsource(cls))).body
    except (OSError, TypeError):
        return frozenset(filter(is_private, vars(cls)))
    found = set(vars(cls)) | set(attributes_set(node))
    return frozenset(filter(is_private, found))


def attributes_set(node: ast.AST) -> Iterator[str]:
    """The names that are set on `self`."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store) and is_own(one.value):
            yield one.attr


def is_own(node: ast.expr) -> bool:
    """Whether it is `self`, `cls` or `super()`."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def foreign_names(cls: type) -> set[str]:
    """The private names that a class has from Textual and Rich."""
    bases = [base for base in cls.__mro__ if base.__module__.partition(".")[0] in FOREIGN]
    return {name for base in bases for name in private_names(base)}


def imports(tree: ast.AST) -> Iterator[str]:
    """The private modules and names that a module imports from Textual and Rich."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, *rest = name.split(".")
            if first in FOREIGN and any(map(is_private, rest)):
                yield name


def reached_into(tree: ast.AST) -> Iterator[str]:
    """The private attributes of other objects, but for those that classes of the module set."""
    own = set(attributes_set(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and not is_own(node.value):
            name = ast.unparse(node)
            if node.attr not in own and name not in OTHERS:
                yield name


def inherited(tree: ast.AST, module: str) -> Iterator[str]:
    """The private names of Textual and Rich that classes use on themselves, or define anew."""
    known = importlib.import_module(module)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or not hasattr(known, node.name):
            continue
        theirs = foreign_names(getattr(known, node.name))
        for one in ast.walk(node):
            if isinstance(one, ast.Attribute) and is_own(one.value):
                name = one.attr
            elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                name = one.name
                if name in OVERRIDES and issubclass(getattr(known, node.name), App):
                    continue
            else:
                continue
            if name in theirs:
                yield f"{node.name}.{name}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_private_name_is_used_elsewhere(path: Path) -> None:
    tree = ast.parse(path.read_text())
    found = {*imports(tree), *reached_into(tree), *inherited(tree, module_of(path))}
    assert sorted(found) == []


def test_the_private_file_is_looked_at_like_the_others() -> None:
    tree = ast.parse(PRIVATE.read_text())
    assert {*imports(tree), *reached_into(tree)}


def test_all_modules_are_looked_at() -> None:
    found = {one.name for one in pkgutil.walk_packages([str(UI)], "celerytui.ui.")}
    assert found <= {module_of(path) for path in [*FILES, PRIVATE]}
