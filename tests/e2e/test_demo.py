"""`celerytui demo` in a terminal, and that nothing of it is left."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from celerytui.errors import ExitCode
from tests.e2e.conftest import Open
from tests.e2e.terminal import Terminal
from tests.integration.servers import wait_until

PROCESSES = 4
"""The keeper, two workers' main processes and the producer."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


def processes(folder: Path) -> list[str]:
    """The command lines of the processes that have this folder in them or in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                if str(folder).encode() in command + (entry / "environ").read_bytes():
                    found.append(command.replace(b"\0", b" ").decode())
            except OSError:
                continue
    return found


def demo(open_terminal: Open, home: Path) -> tuple[Terminal, Path]:
    """The demo, and the folder in which it keeps everything."""
    scratch = home / "scratch"
    scratch.mkdir()
    terminal = open_terminal("demo", TMPDIR=str(scratch))
    terminal.wait_for("1 Dashboard")
    return terminal, scratch


def started(scratch: Path) -> list[str]:
    """What the demo started: the monitor itself has the folder in its environment too."""
    return [command for command in processes(scratch) if "-m celerytui demo" not in command]


def assert_gone(scratch: Path) -> None:
    assert processes(scratch) == []
    assert list(scratch.iterdir()) == []


def both_workers_and_tasks(lines: list[str]) -> bool:
    text = "\n".join(lines)
    return all(word in text for word in ("bill1", "web1", "webhooks.deliver"))


def test_the_demo_shows_its_cluster(open_terminal: Open, home: Path) -> None:
    terminal, scratch = demo(open_terminal, home)
    terminal.wait_for(both_workers_and_tasks, 60)
    assert len(started(scratch)) >= PROCESSES
    terminal.send("q")
    assert terminal.finish(5.0) == ExitCode.OK
    terminal.assert_restored()
    assert terminal.said == ""
    assert_gone(scratch)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, ExitCode.OK), (signal.SIGHUP, ExitCode.HANGUP)]
)
def test_nothing_is_left_of_a_demo_that_just_started(
    open_terminal: Open, home: Path, number: signal.Signals, status: ExitCode
) -> None:
    terminal, scratch = demo(open_terminal, home)
    wait_until(lambda: len(started(scratch)) >= PROCESSES, 20, "the demo's processes")
    terminal.signal(number)
    assert terminal.finish(5.0) == status
    terminal.assert_restored()
    assert_gone(scratch)


def test_nothing_is_left_of_a_demo_that_is_killed(open_terminal: Open, home: Path) -> None:
    terminal, scratch = demo(open_terminal, home)
    wait_until(lambda: len(started(scratch)) >= PROCESSES, 20, "the demo's processes")
    terminal.signal(signal.SIGKILL)
    wait_until(lambda: processes(scratch) == [], 10, "the end of the demo's processes")
    wait_until(lambda: list(scratch.iterdir()) == [], 10, "the end of the demo's folder")
