"""`celerytui record` and what reads its history, on a real cluster, run as by a service manager."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from celerytui.history.folder import Folder
from tests.integration.servers import REPO, Process, Server, wait_until
from tests.waiting import GENEROUS, patience

SECONDS = 20.0


class Manager:
    """The socket of a service manager, and what was said to it.

    It is read all the time: the kernel keeps ten messages for it, and then no more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while message := self._socket.recv(4096).decode():
            self.said.append(message)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(b"", str(self.path))
        self._reader.join()
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.close()


class Commands:
    """Runs the program on one broker, with its state in a folder of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder / "h"
        self.env = {key: value for key, value in os.environ.items() if "CELERYTUI" not in key}
        self.env |= {"XDG_STATE_HOME": str(folder / "state"), "COLUMNS": "160"}
        self.running: list[subprocess.Popen[str]] = []

    def _args(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "celerytui", *args]

    def record(self, *args: str, **env: str) -> subprocess.Popen[str]:
        """A recorder that runs."""
        before = ("-b", self.url, "record")
        where = ("--history", f"sqlite:///{self.folder}")
        process = subprocess.Popen(
            self._args(*before, *where, *args),
            cwd=REPO,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def run(self, *args: str, status: int = 0) -> str:
        """Standard output of a command about that history."""
        ran = subprocess.run(
            self._args(*args, "--history", f"sqlite:///{self.folder}"),
            cwd=REPO,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=SECONDS * GENEROUS,
        )
        assert ran.returncode == status, ran.stderr
        return ran.stdout

    def rows(self, query: str) -> list[Any]:
        found: list[Any] = []
        with contextlib.suppress(FileNotFoundError):
            for file in Folder(self.folder).segments():
                with contextlib.closing(sqlite3.connect(file.path)) as connection:
                    found += connection.execute(query).fetchall()
        return found

    def ended(self) -> int:
        return sum(count for (count,) in self.rows("SELECT count(*) FROM tasks"))


@pytest.fixture
def commands(redis_server: Server, tmp_path: Path) -> Iterator[Commands]:
    made = Commands(redis_server.fresh_url(), tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.communicate()


def test_a_service_records_until_sigterm_and_scripts_read_it(
    commands: Commands,
    manager: Manager,
    make_app: Callable[..., Any],
    start_worker_on: Callable[..., Process],
) -> None:
    recorder = commands.record(NOTIFY_SOCKET=str(manager.path), WATCHDOG_USEC="900000")
    start_worker_on(commands.url)
    wait_until(lambda: "READY=1" in manager.said, SECONDS, "the recorder to be ready")
    wait_until(lambda: "STATUS=connected" in " ".join(manager.said), SECONDS, "a connection")
    app = make_app(commands.url)
    good = [app.send_task("proj.add", (number, 1)).id for number in range(5)]
    bad = app.send_task("proj.fail", kwargs={"account": "=cmd()"}).id
    tried = app.send_task("proj.flaky").id
    wait_until(lambda: commands.ended() == 7, SECONDS, "seven tasks to be recorded")
    wait_until(lambda: "WATCHDOG=1" in manager.said, SECONDS, "a sign of life")
    recorder.send_signal(signal.SIGTERM)
    out, said = recorder.communicate(timeout=SECONDS * GENEROUS)
    assert (recorder.returncode, out) == (0, "")
    assert f"connected to {commands.url}" in said
    assert "7 tasks recorded  0 dropped" in said
    wait_until(lambda: manager.said[-1] == "STOPPING=1", SECONDS, "the end to be told")

    lines = [json.loads(line) for line in commands.run("tasks", "--jsonl").splitlines()]
    assert {one["id"] for one in lines} == {*good, bad, tried}
    assert {one["from"] for one in lines} == {"history"}
    by_id = {one["id"]: one for one in lines}
    assert [one["state"] for one in by_id[tried]["attempts"]] == ["RETRY", "RETRY"]
    assert "flaky" in by_id[tried]["attempts"][0]["traceback"]
    assert by_id[bad]["state"] == "FAILURE"
    assert all(by_id[one]["sent"] and by_id[one]["runtime"] is not None for one in good)

    failed = commands.run("tasks", "--filter", "state:failure", "--csv", "--since", "1h")
    (row,) = csv.DictReader(io.StringIO(failed))
    assert row["id"] == bad
    table = commands.run("tasks", "--filter", "-name:proj.add").splitlines()
    assert table[0].startswith("STATE")
    assert len(table) == 3
    assert "7 tasks ended" in commands.run("history")
    assert commands.run("history", "--verify").split()[1:] == ["ok"]
    assert "0 B freed" in commands.run("history", "--prune")


def test_it_waits_for_the_broker_and_ends_after_its_time(tmp_path: Path) -> None:
    commands = Commands("redis://127.0.0.1:1/0", tmp_path)
    recorder = commands.record("--for", f"{4 * patience()}s")
    _, said = recorder.communicate(timeout=SECONDS * GENEROUS)
    assert recorder.returncode == 0, said
    assert "no connection" in said
    assert commands.rows("SELECT ended FROM sessions") == [(1,)]


def test_what_could_not_be_written_in_the_end_is_an_error(commands: Commands) -> None:
    commands.folder.write_text("in the way")
    recorder = commands.record("--for", "1s")
    _, said = recorder.communicate(timeout=SECONDS * GENEROUS)
    assert recorder.returncode == 1
    assert "ERROR history in" in said
    assert "0 tasks not recorded: history in" in said


def test_there_is_no_history_to_read(commands: Commands) -> None:
    commands.run("tasks", status=1)
    commands.run("history", status=1)
