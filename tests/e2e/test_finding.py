"""Where the program opens, what it remembers, and what it exports: with real files and tasks."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celerytui.errors import ExitCode
from tests.e2e.conftest import Open
from tests.e2e.test_files import NO_BROKER, one_line, quit_by_key
from tests.integration.servers import Process

SAVED = ".local/state/celerytui/apps"


def test_a_wrong_filter_ends_it_with_the_place(open_terminal: Open) -> None:
    said = one_line(open_terminal(*NO_BROKER, "--filter", "state:failed", size=(200, 24)))
    assert said.startswith("celerytui: --filter 'state:failed', character 7: ")


def test_what_is_chosen_is_there_in_the_next_session(open_terminal: Open, home: Path) -> None:
    terminal = open_terminal(*NO_BROKER, "--filter", "state:failure", size=(140, 40))
    terminal.wait_for("/ state:failure")
    terminal.send("ns")
    terminal.wait_for("Save this filter")
    terminal.send("bad ones\r")
    terminal.wait_for("bad ones saved")
    terminal.send("\x1b")
    terminal.wait_for(lambda lines: not any("save the current" in line for line in lines))
    terminal.send("v\x1b[B ")
    terminal.send("\r")
    terminal.wait_for(lambda lines: not any("show or hide" in line for line in lines))
    quit_by_key(terminal)
    [file] = (home / SAVED).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = json.loads(file.read_text())
    assert kept["filters"] == {"bad ones": "state:failure"}
    assert kept["hidden"] == {"tasks": ["name"]}
    terminal = open_terminal(*NO_BROKER, size=(140, 40))
    terminal.wait_for(lambda lines: "retry in" in lines[0])
    terminal.send("n\r")
    terminal.wait_for("/ state:failure")
    quit_by_key(terminal)


def test_a_task_that_comes_later_opens_and_all_are_exported(
    open_terminal: Open,
    home: Path,
    redis_url: str,
    start_worker_on: Callable[..., Process],
    make_app: Callable[..., Any],
) -> None:
    start_worker_on(redis_url)
    app = make_app(redis_url)
    terminal = open_terminal("-b", redis_url, "--task", "later-1", size=(140, 40))
    terminal.wait_for(lambda lines: "live" in lines[0])
    terminal.wait_for("No event of this task yet")
    app.send_task("proj.add", (20, 22), task_id="later-1")
    app.send_task("proj.add", ("=2", "+3"), task_id="later-2")
    terminal.wait_for(lambda lines: any("proj.add" in line and "success" in line for line in lines))
    terminal.send("2")
    terminal.wait_for("2 tasks")
    terminal.wait_for(lambda lines: sum("success" in line for line in lines) >= 2)
    terminal.send("e")
    terminal.wait_for("Export 2 tasks")
    terminal.send("\r")
    terminal.wait_for("2 rows written to")
    [file] = home.glob("*tasks-*.csv")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["id"]: (row["state"], row["args"]) for row in rows} == {
        "later-1": ("SUCCESS", "(20, 22)"),
        "later-2": ("SUCCESS", "('=2', '+3')"),
    }
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
