"""`celery tui`, what it writes to the terminal, and the page that names its options."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from celerytui import cli
from celerytui.cli.options import own_options
from celerytui.errors import SettingsError
from celerytui.settings import CONF_VARIABLE, OPTIONS, SERVICE_VARIABLE, TABLES
from tests.unit.test_cli import (
    OPTION_APP,
    REPOSITORY,
    SECRET,
    TINY_APP,
    finish,
    spawn,
    write,
)


def celery(*args: str, folder: Path, **variables: str) -> tuple[int, str, str]:
    return finish(spawn("-m", "celery", *args, folder=folder, **variables))


def test_the_plugin_is_a_command_of_celery(tmp_path: Path) -> None:
    write(tmp_path, "plug_app", TINY_APP)
    status, out, err = celery("-A", "plug_app", "tui", "--help", folder=tmp_path)
    assert (status, err) == (0, "")
    assert re.match(r"Usage: .*celery tui \[OPTIONS\] \[?COMMAND", out)
    for expected in ("--max-tasks", "--no-enable-events", "snapshot", "demo"):
        assert expected in out


def test_the_plugin_takes_own_options_and_the_apps(tmp_path: Path) -> None:
    write(tmp_path, "plug_app", OPTION_APP)
    status, out, err = celery(
        "-A", "plug_app", "tui", "--utc", "-Z", "fancy", folder=tmp_path, CELERY_TUI_QUEUES="x"
    )
    assert status == 2
    # Once: Celery's own wrapper must not send the signal as well.
    assert out == "OPTIONS {'template': 'fancy'}\n"
    assert err.startswith("celerytui: the monitor needs a terminal")
    status, out, err = celery("-A", "plug_app", "tui", "--refresh", "0", folder=tmp_path)
    assert (status, err) == (2, "celerytui: flag --refresh: 0 is too short; the minimum is 0.1s\n")


def test_the_plugin_runs_the_monitor_on_celerys_app(tmp_path: Path) -> None:
    write(tmp_path, "plug_app", TINY_APP)
    script = (
        "from celerytui.cli import monitor as opening\n"
        "def monitor(start):\n"
        "    print(start.load().main, start.settings.max_tasks, *start.opening.command)\n"
        "    return 7\n"
        "opening.open_monitor = monitor\n"
        "from celery.bin.celery import main\n"
        "main()\n"
    )
    process = spawn("-c", script, "-A", "plug_app", "tui", "--max-tasks", "5", folder=tmp_path)
    assert finish(process) == (7, "plug_app 5 celery -A plug_app tui\n", "")


QUIET = """
import logging, sys, warnings
from celerytui import masking
from celerytui.logs import quieten
masking.learn([{secret!r}])
logging.basicConfig()
alone = logging.getLogger('of.a.project')
alone.propagate = False
alone.addHandler(logging.StreamHandler(sys.__stdout__))
file = logging.FileHandler('kept.log')
logging.getLogger('filed').addHandler(file)
quieten({log_file!r})
alone.error('alone')
logging.getLogger('filed').error('filed')
logging.getLogger('kombu.mixins').error('body \x1b[2J %s', 'redis://:{secret}@h {secret}')
logging.getLogger('celerytui.engine').info('told')
logging.error('%d', 'not a number')
warnings.warn('a warning')
"""


@pytest.mark.parametrize("log_file", [None, "own.log"])
def test_no_logger_and_no_warning_writes_to_the_terminal(
    tmp_path: Path, log_file: str | None
) -> None:
    (tmp_path / "own.log").write_text("before\n")
    script = QUIET.format(secret=SECRET, log_file=log_file)
    controller, terminal = pty.openpty()
    with os.fdopen(controller, "rb", buffering=0), os.fdopen(terminal, "wb", buffering=0) as screen:
        ran = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=screen,
            stderr=screen,
            timeout=300,
            check=True,
        )
        assert ran.returncode == 0
        os.set_blocking(controller, False)
        with pytest.raises(BlockingIOError):
            os.read(controller, 100)
    assert (tmp_path / "kept.log").read_text() == "filed\n"
    lines = (tmp_path / "own.log").read_text(encoding="utf-8").splitlines()
    assert lines.pop(0) == "before"
    if log_file is None:
        assert lines == []
        return
    text = "\n".join(lines)
    for expected in ("ERROR of.a.project: alone", "INFO celerytui.engine: told", "a warning"):
        assert expected in text
    [body] = [line for line in lines if "kombu.mixins" in line]
    assert body.endswith("[2J redis://:**@h **")
    assert SECRET not in text
    assert "\x1b" not in text


def test_a_log_file_that_cannot_be_opened() -> None:
    from celerytui.logs import quieten

    with pytest.raises(SettingsError, match=r"log-file: /nonexistent/x\.log: No such file"):
        quieten("/nonexistent/x.log")


def test_every_option_stands_in_the_documentation() -> None:
    page = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = {
        cells[0]: cells
        for line in page.splitlines()
        if line.startswith("| `")
        and (cells := [cell.strip().strip("`") for cell in line.strip("|").split("|")])
    }
    for option in OPTIONS:
        cells = rows[option.key]
        flags, variable = cells[1].replace("`", ""), cells[2]
        assert flags == (", ".join(option.flags).replace("/", ", ") or "none"), option.key
        assert variable == (option.variable or "none"), option.key
        default = option.default
        if option.kind == "duration":
            default = f"{default:g}s"
        elif option.kind == "flag":
            default = str(default).lower()
        elif option.kind in TABLES:
            default = None
        assert cells[3] == str(default or "none"), option.key
        for choice in option.choices:
            assert choice in page


def test_every_click_option_and_command_stands_in_the_documentation() -> None:
    page = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    program = cli.program()
    params = [*program.params, *own_options()]
    for command in program.commands.values():
        assert f"`{command.name}`" in page
        params += command.params
    for param in params:
        if isinstance(param, click.Argument):
            continue
        for name in (*param.opts, *param.secondary_opts):
            assert re.search(rf"`[^`]*(?<![\w-]){re.escape(name)}(?![\w-])[^`]*`", page), name
        if isinstance(param.envvar, str):
            assert f"`{param.envvar}`" in page
            assert param.name is not None
            assert f"`CELERY_{param.name.upper()}`" in page, param.name
    documented = set(re.findall(r"`(--[a-z][a-z-]*)", page))
    known = {name for param in params for name in (*param.opts, *param.secondary_opts)}
    assert documented <= known | {"--help"}
    variables = set(re.findall(r"`(CELERYTUI_[A-Z_]+)`", page))
    ours = {option.variable for option in OPTIONS if option.variable} | {CONF_VARIABLE}
    assert {name for name in variables if not re.fullmatch(SERVICE_VARIABLE, name)} == ours
