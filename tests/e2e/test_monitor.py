"""The monitor in a terminal: how it starts, which colours it uses, and a revoke by keys."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from celery.contrib.abortable import AbortableAsyncResult

from celerytui.errors import ExitCode
from tests.e2e.conftest import Open
from tests.e2e.storm import publish
from tests.e2e.terminal import Terminal
from tests.integration.servers import Process, Server, wait_until

COPIED = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
COLOUR = re.compile(rb"\x1b\[(?:[\d;]*;)?(?:38|48|3[0-7]|4[0-7]|9[0-7]|10[0-7])[;m]")


def quit_by_key(terminal: Terminal) -> None:
    terminal.send("q")
    assert terminal.finish() == ExitCode.OK
    terminal.assert_restored()


def first_frame(terminal: Terminal) -> list[str]:
    """The first screen with a header on it."""
    terminal.wait_for(lambda lines: bool(lines[0]) and "Dashboard" in lines[1])
    return terminal.lines


def test_the_first_frame_says_connecting(open_terminal: Open, silent_port: int) -> None:
    terminal = open_terminal("-b", f"redis://user:s3cr3t-Pa55@127.0.0.1:{silent_port}/0")
    assert "connecting" in first_frame(terminal)[0]
    terminal.send("?")
    terminal.wait_for("Help: ")
    terminal.send("\x1b")
    terminal.wait_for("1 Dashboard")
    quit_by_key(terminal)
    assert b"s3cr3t" not in terminal.output


def test_a_broker_that_comes_up_later(
    open_terminal: Open, redis_server: Server, revived: Callable[[Server], Server]
) -> None:
    revived(redis_server).stop()
    terminal = open_terminal("-b", redis_server.fresh_url())
    terminal.wait_for(lambda lines: "retry in" in lines[0])
    terminal.wait_for("refused")
    redis_server.start()
    terminal.wait_for(lambda lines: "live" in lines[0])
    redis_server.kill()
    terminal.wait_for(lambda lines: "retry in" in lines[0] or "lost" in lines[0])
    redis_server.start()
    terminal.send("r")
    terminal.wait_for(lambda lines: "live" in lines[0])
    quit_by_key(terminal)


@pytest.mark.parametrize(("value", "coloured"), [("1", False), ("", True)])
def test_no_color(open_terminal: Open, value: str, coloured: bool) -> None:
    terminal = open_terminal("-b", "redis://127.0.0.1:1/0", NO_COLOR=value)
    terminal.wait_for(lambda lines: "retry in" in lines[0])
    quit_by_key(terminal)
    assert bool(COLOUR.search(terminal.output)) is coloured


@pytest.fixture(params=["redis", "amqp"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


def test_a_revoke_by_keys(
    open_terminal: Open,
    url: str,
    start_worker_on: Callable[..., Process],
    make_app: Callable[..., Any],
) -> None:
    # Of the pools, only prefork takes back what a worker has received.
    worker = start_worker_on(url, pool="prefork", concurrency=1)
    app = make_app(url)
    running = app.send_task("proj.abortable", (600,))
    terminal = open_terminal("-b", url, size=(140, 40))
    terminal.wait_for("abortable")
    spared = app.send_task("proj.add", (1, 1))
    doomed = app.send_task("proj.total", ([1, 2],))
    terminal.wait_for("proj.total")
    terminal.send("/")
    terminal.send("name:proj.total")
    terminal.send("\r")
    terminal.wait_for("1 of 3")
    terminal.wait_for(lambda lines: not any("proj.add" in line for line in lines))
    terminal.send("j")
    terminal.wait_for(lambda lines: not any("No task is chosen" in line for line in lines))
    terminal.send(" ")
    terminal.wait_for("1 marked")
    terminal.send("C")
    terminal.wait_for("Revoke 1 task?")
    terminal.send("y")
    wait_until(lambda: "revoked" in worker.output(), 20, "the worker to hear of it")
    AbortableAsyncResult(running.id, app=app).abort()
    wait_until(lambda: doomed.state == "REVOKED", 20, "the task to be revoked")
    assert spared.get(timeout=100) == 2
    assert f"proj.total[{doomed.id}] succeeded" not in worker.output()
    terminal.wait_for("revoked")
    quit_by_key(terminal)


def copied(terminal: Terminal) -> list[str]:
    """What was copied so far."""
    return [base64.b64decode(one).decode() for one in COPIED.findall(terminal.output)]


def test_what_is_copied_does_nothing_in_a_shell(open_terminal: Open, redis_url: str) -> None:
    evil = "a\x1b[201~\x07b\rc\x00d\u202ee\x9bf\x7fg\nrm -rf /\n"
    terminal = open_terminal("-b", redis_url, size=(140, 40))
    terminal.wait_for(lambda lines: "live" in lines[0])
    event = {"hostname": "w@h", "timestamp": time.time(), "utcoffset": 0, "clock": 1, "pid": 1}
    event |= {"type": "task-received", "uuid": evil, "name": "mail.send", "args": evil}
    publish(redis_url, [event])
    terminal.wait_for("mail.send")
    terminal.send("2g")
    terminal.send("c")
    wait_until(lambda: len(copied(terminal)) == 1, 10, "the copy of the id")
    terminal.send("y")
    wait_until(lambda: len(copied(terminal)) == 2, 10, "the copy of the task")
    task_id, row = copied(terminal)
    assert task_id.isprintable()
    assert task_id.startswith("a")
    assert task_id.endswith("rm -rf /⏎")
    assert all(line.isprintable() for line in row.split("\n"))
    assert json.loads(row)["id"].startswith("a")
    quit_by_key(terminal)
