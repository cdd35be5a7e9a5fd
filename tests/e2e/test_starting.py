"""A signal at any moment of the start: the terminal is as it was, and nothing is told."""

from __future__ import annotations

import signal
import socket
import sys
from itertools import cycle
from pathlib import Path

import pytest

from tests.e2e.conftest import Open
from tests.e2e.terminal import REPOSITORY, Terminal
from tests.e2e.test_demo import assert_gone, processes
from tests.e2e.test_leaving import WAYS
from tests.integration.servers import wait_until

MOMENTS = Path(__file__).with_name("moments")
SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGABRT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
AT_ONCE = 4
MONITOR = ("-b", "redis://127.0.0.1:1/0")
PROJECT = ("-A", "quick_app")
APP = f"from celery import Celery\napp = Celery('quick', broker='{MONITOR[1]}')\n"
IMPORTED = 150_000
"""Calls until Textual is imported: a bit more than half of the way to the first frame."""


def assert_gone_quietly(terminal: Terminal, number: signal.Signals, moment: int) -> None:
    """AssertionError where the signal did not end it as it should."""
    status = terminal.finish(20)
    what = f"{number.name} at call {moment}: {status}"
    assert status in (-number, WAYS.get(number, -number)), f"{what}\n{terminal.text}"
    terminal.assert_restored()
    assert terminal.said == "", what


@pytest.mark.parametrize(
    ("args", "moments"),
    [
        (MONITOR, [*range(1, IMPORTED, 24_000), *range(IMPORTED, 250_000, 8_000)]),
        (PROJECT, range(1, 330_000, 40_000)),
        ((*MONITOR, "snapshot"), range(1, 70_000, 9_000)),
    ],
    ids=["monitor", "project", "snapshot"],
)
def test_a_signal_while_it_starts(
    open_terminal: Open, home: Path, args: tuple[str, ...], moments: range | list[int]
) -> None:
    (home / "quick_app.py").write_text(APP)
    waiting = list(zip(moments, cycle(SIGNALS), strict=False))
    while waiting:
        some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        opened = [(open_at(open_terminal, args, *one), *one) for one in some]
        for terminal, moment, number in opened:
            assert_gone_quietly(terminal, number, moment)


def open_at(
    open_terminal: Open, args: tuple[str, ...], moment: int, number: signal.Signals, **env: str
) -> Terminal:
    """The program in a terminal, which sends itself the signal at that call."""
    path = f"{MOMENTS}:{REPOSITORY}"
    return open_terminal(*args, PYTHONPATH=path, MOMENT=str(moment), SIGNAL=str(int(number)), **env)


@pytest.mark.parametrize("moment", range(20_000, 360_000, 40_000))
def test_nothing_is_left_of_a_demo_that_starts(
    open_terminal: Open, home: Path, moment: int
) -> None:
    scratch = home / "scratch"
    scratch.mkdir()
    number = SIGNALS[moment // 40_000 % len(SIGNALS)]
    terminal = open_at(open_terminal, ("demo",), moment, number, TMPDIR=str(scratch))
    assert_gone_quietly(terminal, number, moment)
    wait_until(lambda: processes(scratch) == [], 10, "the end of the demo's processes")
    assert_gone(scratch)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("module", ["celerytui", "celery"])
def test_a_signal_while_a_snapshot_waits_for_the_broker(
    open_terminal: Open,
    home: Path,
    silent_server: socket.socket,
    scheme: str,
    number: signal.Signals,
    module: str,
) -> None:
    url = f"{scheme}://127.0.0.1:{silent_server.getsockname()[1]}//"
    (home / "silent_app.py").write_text(APP.replace(MONITOR[1], url))
    args = ("-q", "-A", "silent_app", *(["tui"] if module == "celery" else []), "snapshot")
    terminal = open_terminal(*args, program=(sys.executable, "-m", module))
    connection, _ = silent_server.accept()
    with connection:
        terminal.signal(number)
        assert terminal.finish() == -number
    terminal.assert_restored()
    assert terminal.said == ""
