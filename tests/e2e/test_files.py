"""Files that the program reads and writes: links and pipes lead nowhere and hold nothing up."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from celerytui.errors import ExitCode
from tests.e2e.conftest import Open
from tests.e2e.terminal import Terminal

NO_BROKER = ("-b", "redis://127.0.0.1:1/0")
TRAPS: dict[str, tuple[Callable[[Path], None], str]] = {
    "link": (
        lambda path: path.symlink_to(path.with_name("elsewhere")),
        "is a symbolic link, which is not followed",
    ),
    "pipe": (os.mkfifo, "is not a regular file"),
    "folder": (Path.mkdir, "is not a regular file"),
}


def one_line(terminal: Terminal) -> str:
    """What it says on one line before it ends."""
    assert terminal.finish(20) == ExitCode.USAGE
    terminal.assert_restored()
    return terminal.said


def quit_by_key(terminal: Terminal) -> None:
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    assert terminal.said == ""


def test_the_log_file_is_for_its_user_alone(open_terminal: Open, home: Path) -> None:
    terminal = open_terminal(*NO_BROKER, "--log-file", "own.log")
    terminal.wait_for(lambda lines: "retry in" in lines[0])
    quit_by_key(terminal)
    assert stat.S_IMODE((home / "own.log").stat().st_mode) == 0o600


@pytest.mark.parametrize("trap", TRAPS)
def test_a_log_file_that_is_none_is_refused(open_terminal: Open, home: Path, trap: str) -> None:
    lay, what = TRAPS[trap]
    lay(home / "own.log")
    terminal = open_terminal(*NO_BROKER, "--log-file", "own.log", size=(300, 24))
    path = home / "own.log"
    expected = f"celerytui: log-file: {path}: {what}; name a regular file that you can write"
    assert one_line(terminal) == expected
    assert not (home / "elsewhere").exists()


@pytest.mark.parametrize("trap", TRAPS)
def test_an_action_log_that_is_none_is_told_and_left_alone(
    open_terminal: Open, home: Path, trap: str
) -> None:
    path = home / ".local/state/celerytui/actions.jsonl"
    path.parent.mkdir(parents=True)
    lay, what = TRAPS[trap]
    lay(path)
    terminal = open_terminal(*NO_BROKER, size=(160, 40))
    terminal.wait_for(lambda lines: "retry in" in lines[0])
    terminal.send("9")
    terminal.wait_for(f"cannot read ~/.local/state/celerytui/actions.jsonl: {what[:20]}")
    quit_by_key(terminal)
    assert not (home / "elsewhere").exists()


def test_a_config_file_may_be_a_link_but_no_pipe(open_terminal: Open, home: Path) -> None:
    folder = home / ".config/celerytui"
    folder.mkdir(parents=True)
    (home / "elsewhere").write_text("utc = true\n")
    (folder / "config.toml").symlink_to(home / "elsewhere")
    terminal = open_terminal(*NO_BROKER)
    terminal.wait_for(lambda lines: "retry in" in lines[0])
    quit_by_key(terminal)
    (folder / "config.toml").unlink()
    os.mkfifo(folder / "config.toml")
    said = one_line(open_terminal(*NO_BROKER, size=(240, 24)))
    assert said.endswith("config.toml is not a regular file; name a config file with --conf")
