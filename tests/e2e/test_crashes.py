"""What hangs or crashes: the terminal comes back, the end comes soon, and no password is told."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from celerytui.errors import ExitCode
from tests.e2e.conftest import Open
from tests.e2e.standin import PASSWORD
from tests.e2e.terminal import Terminal
from tests.integration.servers import wait_until

STANDIN = (sys.executable, "-m", "tests.e2e.standin")


def stand_in(open_terminal: Open, *args: str) -> Terminal:
    terminal = open_terminal(*args, program=STANDIN, size=(100, 40))
    terminal.wait_for("the stand-in stands")
    return terminal


def assert_told(terminal: Terminal) -> None:
    """AssertionError where a crash was not told as it should be."""
    terminal.assert_restored()
    assert "Traceback (most recent call last):" in terminal.said
    assert "cannot reach amqp://user:**@broker.example//" in terminal.said
    assert terminal.said.splitlines()[-1].startswith("celerytui crashed; this is a bug.")
    assert "locals" not in terminal.said
    # Neither shown nor sent at any time.
    assert PASSWORD.encode() not in terminal.output
    assert b"\x1b[2Jcannot" not in terminal.output
    assert terminal.said.count("Traceback") == 1


def test_a_crash_tells_what_happened_without_passwords_and_locals(open_terminal: Open) -> None:
    terminal = stand_in(open_terminal, "crash")
    terminal.send("x")
    assert terminal.finish() == ExitCode.FAILURE
    assert_told(terminal)


def test_a_crash_before_the_first_frame(open_terminal: Open) -> None:
    terminal = open_terminal("crash-composing", program=STANDIN, size=(100, 40))
    assert terminal.finish(20) == ExitCode.FAILURE
    assert_told(terminal)


def test_a_crash_while_stopping_changes_nothing(open_terminal: Open) -> None:
    terminal = stand_in(open_terminal, "fail-to-stop")
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    assert terminal.said == ""
    assert PASSWORD.encode() not in terminal.output


def test_a_thread_that_crashes_tells_only_the_log(open_terminal: Open, home: Path) -> None:
    terminal = stand_in(open_terminal, "crash-in-a-thread", "own.log")
    terminal.send("x")
    terminal.wait_for("the thread ended")
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    assert terminal.said == ""
    assert PASSWORD.encode() not in terminal.output
    log = (home / "own.log").read_text()
    assert log.count("cannot reach amqp://user:**@broker.example//") == 1
    assert PASSWORD not in log
    assert "\x1b" not in log


def test_nothing_else_writes_into_the_picture(open_terminal: Open) -> None:
    terminal = stand_in(open_terminal, "write-to-the-terminal")
    terminal.send("x")
    terminal.wait_for("noise was made")
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    assert b"noise on" not in terminal.output
    assert b"noise from" not in terminal.output


def test_a_hanging_loop_does_not_keep_it(open_terminal: Open, home: Path) -> None:
    statuses = {
        signal.SIGTERM: ExitCode.OK,
        signal.SIGHUP: ExitCode.HANGUP,
        signal.SIGINT: ExitCode.INTERRUPTED,
    }
    terminals = {number: stand_in(open_terminal, "hang") for number in statuses}
    for number, terminal in terminals.items():
        terminal.send("x")
        wait_until((home / f"hangs-{terminal.pid}").exists, 10, "the loop to hang")
        terminal.send("q")
        terminal.signal(number)
    for number, terminal in terminals.items():
        assert terminal.finish() == statuses[number]
        terminal.assert_restored()


def test_the_exit_hooks_run(open_terminal: Open) -> None:
    terminal = stand_in(open_terminal, "say-goodbye")
    terminal.send("x")
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    assert terminal.said == "goodbye"


def test_what_never_stops_does_not_keep_it(open_terminal: Open) -> None:
    terminal = stand_in(open_terminal, "never-stop")
    terminal.send("x")
    terminal.wait_for("a thread never stops")
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    assert terminal.said == ""


def test_where_the_canvas_fails_textual_draws(open_terminal: Open, home: Path) -> None:
    terminal = stand_in(open_terminal, "break-the-canvas", "own.log")
    terminal.send("x")
    terminal.wait_for("it is drawn all the same")
    terminal.resize(120, 45)
    terminal.wait_for(lambda lines: len(lines) == 45 and "it is drawn all the same" in lines)
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    [line] = (home / "own.log").read_text().splitlines()
    assert "the canvas failed" in line
    assert PASSWORD not in line


def test_on_a_textual_with_other_frames_textual_draws(open_terminal: Open, home: Path) -> None:
    terminal = stand_in(open_terminal, "no-compositor", "own.log")
    terminal.send("x")
    terminal.wait_for("it is drawn all the same")
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()
    [line] = (home / "own.log").read_text().splitlines()
    assert "no canvas" in line
