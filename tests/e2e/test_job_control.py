"""Stopped, continued, and with a terminal that is slow or gone."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from celerytui.errors import ExitCode
from tests.e2e.conftest import Open
from tests.e2e.terminal import PROGRAM, Terminal, environment
from tests.integration.servers import missing, wait_until

CTRL_Z = "\x1a"
NO_BROKER = ("-b", "redis://127.0.0.1:1/0")
COMMAND = shlex.join([*PROGRAM, *NO_BROKER])
DASHBOARD = "1 Dashboard"
HELP = "sort by a column"


def state(pid: int) -> str:
    """The process's state as /proc gives it: R, S, T (stopped), Z ..."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(") ")[2][0]


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def fills(columns: int, lines: list[str]) -> bool:
    return any(len(line) == columns for line in lines)


def whole(lines: list[str]) -> bool:
    """Whether every part of the dashboard is there."""
    middle = "\n".join(lines[2:-1])
    titles = ("─ Workers ─", " Queues ─", "─ Throughput ─", "─ Tasks ─")
    return DASHBOARD in lines[1] and "quit" in lines[-1] and all(one in middle for one in titles)


def drawn_anew(terminal: Terminal, times: int, lines: list[str]) -> bool:
    """Whether the screen was taken over that many times, and drawn whole since."""
    return terminal.output.count(b"\x1b[?1049h") == times and whole(lines)


def alive(terminal: Terminal) -> None:
    """AssertionError where the program does not draw on this screen and take keys."""
    rows = len(terminal.lines)
    for columns in (100, 90):
        terminal.resize(columns, rows)
        terminal.wait_for(partial(fills, columns))
    terminal.send("?")
    terminal.wait_for(HELP)
    terminal.send("\x1b")
    terminal.wait_for(DASHBOARD)


def prompted(lines: list[str]) -> bool:
    """Whether the shell waits for a command: what is typed before that is for the monitor."""
    return [line for line in lines if line][-1:] == ["READY>"]


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


@pytest.fixture
def shell(open_terminal: Open) -> Terminal:
    """A shell with job control."""
    bash = shutil.which("bash")
    if bash is None:
        missing("bash")
    options = ("--norc", "--noprofile", "--noediting", "-i")
    terminal = open_terminal(*options, program=(bash,), PS1="READY> ")
    terminal.wait_for("READY>")
    terminal.attributes_before = terminal.attributes()
    return terminal


def monitor_in(shell: Terminal, command: str) -> int:
    """Start the monitor in a shell; its pid, which is that of the last of the job's processes."""
    shell.send(command + "\n")
    shell.wait_for(DASHBOARD)
    pid = shell.pid
    while below := children(pid):
        [pid] = below
    return pid


@linux
@pytest.mark.parametrize("by", ["key", "signal", "key, below another program"])
def test_ctrl_z_and_fg(shell: Terminal, by: str) -> None:
    below = "below" in by
    pid = monitor_in(shell, f"sh -c {shlex.quote(COMMAND + '; exit $?')}" if below else COMMAND)
    for times in (1, 2):
        if by == "signal":
            os.kill(pid, signal.SIGTSTP)
        else:
            shell.send(CTRL_Z)
        wait_until(lambda: state(pid) == "T", 10, "the stop")
        shell.wait_for(lambda lines: "\n".join(lines).count("Stopped") == times)  # noqa: B023  called before the next turn
        shell.assert_restored()
        shell.send(f"echo $((40 + {times})) is back\n")
        shell.wait_for(f"{40 + times} is back")
        shell.send("fg\n")
        shell.wait_for(whole)
        alive(shell)
    shell.send("q")
    shell.wait_for(prompted)
    shell.send("echo status=$?\n")
    shell.wait_for("status=0")
    shell.assert_restored()


@linux
@pytest.mark.parametrize(
    ("key", "shown"),
    [("?", HELP), (":", "Search for commands"), ("s", "Sort by"), ("/", "Tab complete")],
    ids=["help", "palette", "choice", "filter"],
)
def test_ctrl_z_with_something_open(shell: Terminal, key: str, shown: str) -> None:
    pid = monitor_in(shell, COMMAND)
    shell.send("2" + key)
    shell.wait_for(shown)
    before = shell.output.count(b"\x1b[?1049h")
    shell.send(CTRL_Z)
    wait_until(lambda: state(pid) == "T", 10, "the stop")
    shell.wait_for("Stopped")
    shell.assert_restored()
    shell.send("fg\n")
    shell.wait_for(
        lambda lines: shell.output.count(b"\x1b[?1049h") > before and shown in "\n".join(lines)
    )
    # It takes keys, and closes what was open.
    shell.send("\x1b")
    shell.wait_for(lambda lines: shown not in "\n".join(lines))
    shell.send("q")
    shell.wait_for(prompted)
    shell.assert_restored()


@linux
def test_continued_in_the_background_it_waits_for_the_terminal(shell: Terminal) -> None:
    pid = monitor_in(shell, COMMAND)
    shell.send(CTRL_Z)
    shell.wait_for("Stopped")
    wait_until(lambda: state(pid) == "T", 10, "the stop")
    shell.send("bg\n")
    # The shell waits for the job's next stop, which it tells in its words.
    shell.send("while jobs -r | grep -q Running; do :; done; jobs\n")
    shell.wait_for(lambda lines: "\n".join(lines).count("Stopped") >= 2)
    assert state(pid) == "T"
    shell.assert_restored()
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)
    # The shell must have seen it go on: it does not wait for a job that it takes for stopped.
    shell.send("while jobs -s | grep -q Stopped; do :; done\n")
    shell.send(f"wait {pid}; echo status=$?\n")
    shell.wait_for("status=0")
    shell.assert_restored()


def test_without_a_shell_nothing_can_stop_it(open_terminal: Open) -> None:
    terminal = open_terminal(*NO_BROKER)
    terminal.wait_for(DASHBOARD)
    terminal.send(CTRL_Z)
    alive(terminal)
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()


@linux
@pytest.mark.parametrize("stop", [False, True], ids=["SIGCONT", "SIGSTOP-SIGCONT"])
def test_continued_without_a_stop_of_its_own(open_terminal: Open, stop: bool) -> None:
    terminal = open_terminal(*NO_BROKER)
    terminal.wait_for(DASHBOARD)
    for times in (2, 3):
        if stop:
            terminal.signal(signal.SIGSTOP)
            wait_until(lambda: state(terminal.pid) == "T", 5, "the stop")
        terminal.signal(signal.SIGCONT)
        terminal.wait_for(partial(drawn_anew, terminal, times))
        alive(terminal)
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    assert terminal.said == ""


@pytest.mark.parametrize("owned", [True, False], ids=["SIGHUP", "no SIGHUP"])
def test_a_terminal_that_is_gone_ends_it(open_terminal: Open, owned: bool) -> None:
    terminal = open_terminal(*NO_BROKER, owned=owned, nohup=True)
    terminal.wait_for(DASHBOARD)
    terminal.hang_up()
    assert terminal.finish() == ExitCode.HANGUP


def overflow(terminal: Terminal, *widths: int) -> None:
    """Have it draw until the pty takes no more, and then more than waits for a slow terminal."""
    rows = len(terminal.lines)
    sizes = cycle(widths)

    def full() -> bool:
        terminal.resize(next(sizes), rows)
        time.sleep(0.03)
        return terminal.full()

    wait_until(full, 20, "the pty to fill up")
    for _ in range(40):
        terminal.resize(next(sizes), rows)
        time.sleep(0.03)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_a_terminal_that_stops_reading_keeps_nothing(
    open_terminal: Open, number: signal.Signals
) -> None:
    terminal = open_terminal(*NO_BROKER)
    terminal.wait_for(DASHBOARD)
    terminal.stop_reading()
    overflow(terminal, 80, 179)
    terminal.signal(number)
    assert terminal.finish() == (ExitCode.OK if number == signal.SIGTERM else -number)
    assert terminal.attributes() == terminal.attributes_before
    terminal.go_on_reading()
    terminal.assert_restored()


def test_a_terminal_that_reads_again_gets_the_whole_picture(open_terminal: Open) -> None:
    terminal = open_terminal(*NO_BROKER, size=(200, 40))
    terminal.wait_for(DASHBOARD)
    terminal.stop_reading()
    overflow(terminal, 150, 200)
    # The picture of this size is larger than those that were lost, and is lost too.
    terminal.resize(200, 60)
    time.sleep(0.3)
    terminal.go_on_reading()
    terminal.wait_for(whole)
    alive(terminal)
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()


def test_a_modern_terminal(open_terminal: Open) -> None:
    terminal = open_terminal(*NO_BROKER, modern=True)
    terminal.wait_for(DASHBOARD)
    terminal.wait_for(lambda _: terminal.emulator.modes.get(2048, False))
    assert terminal.emulator.keyboards
    alive(terminal)
    terminal.send("\x1b[113;;113u")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()


@pytest.mark.parametrize("missing", ["stdin", "stderr"])
@pytest.mark.parametrize("command", [[], ["demo"]], ids=["monitor", "demo"])
def test_without_a_terminal_it_refuses_in_one_line(
    home: Path, missing: str, command: list[str]
) -> None:
    controller, pty = os.openpty()
    try:
        ran = subprocess.run(
            [*PROGRAM, *NO_BROKER, *command],
            stdin=subprocess.DEVNULL if missing == "stdin" else pty,
            stdout=pty,
            stderr=subprocess.PIPE,
            env=environment(home),
            cwd=home,
            timeout=300,
            check=False,
        )
    finally:
        os.close(controller)
        os.close(pty)
    said = ran.stderr.decode()
    assert ran.returncode == ExitCode.USAGE
    assert said.count("\n") == 1
    assert "needs a terminal" in said
