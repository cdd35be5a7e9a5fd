"""What is imported when, and who alone may start threads, take signals, exit and print."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import celerytui
from celerytui.ui.views.registry import HOME, VIEWS
from tests.unit.history_tasks import T0, ended, record

PACKAGE = Path(celerytui.__file__).parent
HEAVY = {"celery", "kombu", "textual", "rich", "redis", "amqp", "asyncio", "celerytui.ui"}
HEAVIER_THAN_CLICK = HEAVY | {"msgspec", "dataclasses", "json", "pathlib", "urllib.parse"}
PLUGIN_PARTS = (
    *("durations", "errors", "files", "interrupt", "link", "settings"),
    *("settings.load", "settings.options", "settings.values", "streams"),
)
COMMANDS = {
    ".".join(("celerytui", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    for file in PACKAGE.glob("cli/**/*.py")
}
PLUGIN = {"celerytui", *COMMANDS, *(f"celerytui.{name}" for name in PLUGIN_PARTS)}


def loaded_after(code: str) -> set[str]:
    """Which modules a fresh interpreter has loaded after `code`."""
    script = f"{code}\nimport sys\nprint(list(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return set(ast.literal_eval(ran.stdout.splitlines()[-1]))


def ours(loaded: set[str]) -> set[str]:
    return {name for name in loaded if name.partition(".")[0] == "celerytui"}


def test_the_plugin_imports_next_to_nothing_beside_click() -> None:
    added = loaded_after("from celerytui.cli import plugin") - loaded_after("import click")
    assert ours(added) == PLUGIN
    assert {name for name in added - PLUGIN if not name.startswith("importlib.")} <= {
        "__future__",
        "gc",
        "math",
        "signal",
    }


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(flag: str) -> None:
    run = f"from celerytui.cli import program\nprogram().main([{flag!r}], standalone_mode=False)"
    added = loaded_after(run) - loaded_after("import click")
    assert ours(added) == PLUGIN
    assert added & HEAVIER_THAN_CLICK == set()


def test_the_core_runs_without_textual() -> None:
    assert loaded_after("import celerytui.engine") & {"textual", "rich", "celerytui.ui"} == set()


def modules(*words: str) -> Iterator[tuple[str, ast.Module]]:
    """Each module that has one of these words somewhere: to parse all of them takes seconds."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name, text = path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")
        if any(word in text for word in words):
            yield name, ast.parse(text, name)


def users(module: str, attribute: str) -> set[str]:
    """Where `module.attribute` is used, or `attribute` imported from `module`."""
    return {name for name, tree in modules(attribute) if uses(tree, module, attribute)}


def uses(tree: ast.Module, module: str, attribute: str) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found = (node.value.id, node.attr) == (module, attribute)
        elif isinstance(node, ast.ImportFrom):
            found = node.module == module and attribute in {alias.name for alias in node.names}
        else:
            continue
        if found:
            return True
    return False


def imports(tree: ast.Module, module: str) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name == module for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.module == module and node.level == 0:
            return True
    return False


def test_threads_are_started_by_the_engine_alone() -> None:
    starters = users("threading", "Thread") | users("threading", "Timer")
    assert {name for name in starters if not name.startswith("engine/")} == set()
    assert starters


def test_signals_are_taken_where_it_is_known() -> None:
    takers = {name for name, tree in modules("signal") if imports(tree, "signal")}
    others = {name for name in takers if not name.startswith(("demo/", "ui/terminal/"))}
    assert others == {"cli/signals.py", "interrupt.py"}


def test_kinds_of_brokers_are_told_apart_by_the_registry() -> None:
    askers = {
        name
        for name, tree in modules("driver_type", "driver_name")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"driver_type", "driver_name"}
    }
    # Beside it the app's broker has its name in one word, and amqp has two clients.
    assert askers == {"wire/registry.py", "connect.py", "wire/amqp/__init__.py"}


def test_only_the_commands_exit() -> None:
    assert {name for name in users("sys", "exit") if not name.startswith("demo/")} == {
        "cli/entry.py"
    }


def test_only_the_output_prints() -> None:
    printers = {
        name
        for name, tree in modules("print")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    }
    assert {name for name in printers if not name.startswith("demo/")} <= {"headless/output.py"}


FIRST_FRAME = """
import asyncio

from celerytui.connect import PreloadOptions, lazy_app
from celerytui.engine import Engine
from celerytui.settings import Settings
from celerytui.ui.app import MonitorApp

class Waiting(Engine):
    def start(self): pass
    def stop(self, deadline=0.0): return True

async def first_frame():
    app = lazy_app(PreloadOptions(broker="redis://h:1/0"))
    assert app is not None
    async with MonitorApp(Waiting(app, Settings())).run_test() as pilot:
        await pilot.pause()
        assert pilot.app.main.body.panes and all(pane._strips for pane in pilot.app.main.body.panes)

asyncio.run(first_frame())
"""
LATER = {
    "actions.confirm", "actions.form", "actions.inputs", "actions.preview", "actions.rerun",
    "dialogs.dialog", "dialogs.log_entry", "keys.help", "views.task.result",
}  # fmt: skip
"""What comes with the first look at it, beside the panes of the views that are not shown."""


def later_panes() -> set[str]:
    """The modules of the panes that the first view does not show."""
    first = {spec.name for spec in HOME.panes}
    specs = [spec for view in VIEWS for spec in view.panes if spec.name not in first]
    return {spec.load().__module__ for spec in specs}


def test_the_first_frame_is_there_before_celery_and_what_is_shown_later() -> None:
    loaded = loaded_after(FIRST_FRAME)
    assert loaded & {"celery", "redis", "amqp", "sqlalchemy"} == set()
    later = {f"celerytui.ui.{name}" for name in LATER} | later_panes()
    assert later & loaded == set()
    paths = [PACKAGE / f"{name.partition('.')[2].replace('.', '/')}.py" for name in later]
    assert [path for path in paths if not path.is_file()] == []


GOES_ON = """
import sys
from pathlib import Path
from tests.unit.history_tasks import T0, ended, found, record

folder = Path(sys.argv[1])
record(folder, [[ended(2, T0)]])
assert len(found(folder)) == 2
assert "sqlalchemy" not in sys.modules
assert len(found(folder, "state:success")) == 2
assert "sqlalchemy" in sys.modules
"""


def test_a_history_goes_on_without_sqlalchemy_until_it_is_searched(tmp_path: Path) -> None:
    record(tmp_path, [[ended(1, T0)]])
    subprocess.run([sys.executable, "-c", GOES_ON, str(tmp_path)], cwd=PACKAGE.parent, check=True)
