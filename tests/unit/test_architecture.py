"""The architecture page names what is there: its trees, its paths, its layers."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "celerytui"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:celerytui/|tests/)?[a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", PAGE)))


def tree(root: str) -> set[str]:
    """What the page's tree of a folder lists right below it."""
    found = re.search(rf"```\n{root}/\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    lines = [line for line in found[1].splitlines() if re.match(r"  \S", line)]
    return {line.split()[0].rstrip("/") for line in lines}


@pytest.mark.parametrize(
    ("root", "folder"), [("celerytui", PACKAGE), ("ui", PACKAGE / "ui")], ids=["package", "ui"]
)
def test_the_trees_have_every_room_and_no_other(root: str, folder: Path) -> None:
    rooms = {
        path.name for path in folder.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))
    }
    assert tree(root) == rooms - {"__init__.py"}


@pytest.mark.parametrize("path", PATHS)
def test_each_path_leads_somewhere(path: str) -> None:
    assert any((base / path).exists() for base in (ROOT, PACKAGE, PACKAGE / "ui")), path


def layers(name: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return [str(one) for one in next(one for one in contracts if one["name"] == name)["layers"]]


@pytest.mark.parametrize(
    ("contract", "begins"),
    [
        ("Imports go one way", "`management > "),
        ("Imports inside the interface go one way", "`app > "),
    ],
)
def test_the_layers_are_those_of_the_contract(contract: str, begins: str) -> None:
    order = [set(re.split(r" \| ", layer)) for layer in layers(contract)]
    start = PAGE.index(begins) + 1
    said = [
        set(part.split(" | ")) for part in " ".join(PAGE[start:].split("`")[0].split()).split(" > ")
    ]
    places = [next(at for at, layer in enumerate(order) if part <= layer) for part in said]
    assert places == sorted(places)
    assert len(said) >= 10


USE_SQL = {
    *("read_only_sql.py", "history/django_monitor.py", "history/condition.py"),
    *("results/sqlalchemy.py", "results/django.py", "schedule/sql.py"),
    "history/postgres/schema.py",
}
"""The files that may import SQLAlchemy, where they need it: that takes a quarter of a second."""
MADE_OF_SQL = {
    *("history/tables.py", "history/expressions.py", "history/translate.py"),
    *("history/postgres/tables.py", "history/postgres/migrations/versions/first.py"),
}
"""Those that are nothing without it; what imports them does so where it needs them too."""


def test_sqlalchemy_is_imported_in_few_files_and_not_before_it_is_needed() -> None:
    late: set[str] = set()
    early: set[str] = set()
    for path, tree in _naming("sqlalchemy"):
        for node in ast.walk(tree):
            if any(name.split(".")[0] == "sqlalchemy" for name in _imported(node)):
                (early if node in tree.body else late).add(path)
    assert early == MADE_OF_SQL
    assert late <= USE_SQL
    assert "history/django_monitor.py" in late
    made = {f"celerytui.{path.removesuffix('.py').replace('/', '.')}" for path in MADE_OF_SQL}
    users = {
        path for path, tree in _naming(*made) for node in tree.body if made & set(_imported(node))
    }
    assert users <= MADE_OF_SQL


def test_alembic_is_imported_where_postgresql_is_migrated_alone() -> None:
    users = {
        path
        for path, tree in _naming("alembic")
        for node in ast.walk(tree)
        if any(name.split(".")[0] == "alembic" for name in _imported(node))
    }
    migrations = "history/postgres/migrations/versions/"
    assert {name for name in users if not name.startswith(migrations)} == {
        "history/postgres/schema.py"
    }


def _naming(*words: str) -> Iterator[tuple[str, ast.Module]]:
    """The files that have one of these words somewhere: to parse all of them takes seconds."""
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if any(word in text for word in words):
            yield path.relative_to(PACKAGE).as_posix(), ast.parse(text)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []


def test_every_suppression_names_its_code_and_says_why() -> None:
    folders = (ROOT / name for name in ("celerytui", "tests", "benchmarks"))
    silent = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in folders
        for path in folder.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# (type: ignore|noqa)\b", line)
        and not re.search(r"# (type: ignore\[[^]]+\]  # \S|noqa: [A-Z]+\d+  \S)", line)
    ]
    assert not silent


LONGEST = 40
"""Lines of a function at the most, from its `def` to its end, without its docstring."""

LONGEST_FILE = 400

LONG = {"store/fast_path.py _take"}
"""The loop of usual events, which has no calls in it that it could do without: each costs it
events a second."""


def test_no_function_is_long_but_the_loop_of_usual_events() -> None:
    found = {
        f"{path.relative_to(PACKAGE).as_posix()} {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > LONGEST
    }
    assert found == LONG


def test_no_file_is_long() -> None:
    long = [
        path.as_posix()
        for folder in ("celerytui", "tests", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    ]
    assert long == []


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    documented = ast.get_docstring(function) is not None
    return _lines(function) - (_lines(function.body[0]) if documented else 0)


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
