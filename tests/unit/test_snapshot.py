"""The snapshot command as it is run, on a broker made of files and on brokers that are gone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

import celerytui
from tests.waiting import patience, wait_until, within

REPOSITORY = Path(celerytui.__file__).parents[1]
PASSWORD = "s3cr3t-Pa55"
IMPORTING = "celerytui: importing"

APP = """
from celery import Celery
app = Celery('filed', set_as_current=False)
app.conf.update(
    broker_url='filesystem://',
    broker_transport_options={options!r},
)
"""
NO_EVENTS = """
from celery import Celery
from kombu.transport import memory

class Transport(memory.Transport):
    driver_type = 'sqs'
    implements = memory.Transport.implements.extend(exchange_type=frozenset(['direct']))

app = Celery('queued', set_as_current=False)
app.conf.update(broker_transport='queued_app:Transport')
"""


@pytest.fixture
def broker(tmp_path: Path) -> dict[str, Any]:
    """The transport options of a broker in a folder, with a project beside it."""
    for name in ("data", "control", "processed"):
        (tmp_path / name).mkdir()
    options = {
        "data_folder_in": str(tmp_path / "data"),
        "data_folder_out": str(tmp_path / "data"),
        "control_folder": str(tmp_path / "control"),
        "processed_folder": str(tmp_path / "processed"),
        "polling_interval": 0.05,
    }
    (tmp_path / "filed_app.py").write_text(APP.format(options=options))
    return options


Process = subprocess.Popen[str]
Spawn = Callable[..., Process]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts the program in the temporary folder; whatever still runs at the end is killed."""
    started: list[Process] = []

    def start(*args: str) -> Process:
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith("CELERY")
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "celerytui", *args],
            cwd=tmp_path,
            env=environ | {"PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def said(err: str) -> str:
    """What stands on standard error, but for what is told of an import that takes its time."""
    lines = err.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(IMPORTING))


def finish(process: Process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, said(err)


def wait_until_listening(folder: Path, process: Process) -> None:
    """Return once the process has bound a queue to the exchange of the events."""
    exchange = folder / "control" / "celeryev.exchange"

    def bound() -> bool:
        assert process.poll() is None, process.communicate()
        return exchange.exists() and "celeryev." in exchange.read_text()

    wait_until(bound, 30, "the process to listen")


def wait_until_taken(options: dict[str, Any]) -> None:
    """Return once all that was sent is out of the broker's folder."""
    wait_until(lambda: not os.listdir(options["data_folder_in"]), 30, "the folder to be empty")
    time.sleep(0.2 * patience())  # from the folder to the store


@contextlib.contextmanager
def worker_events(options: dict[str, Any]) -> Iterator[Callable[..., None]]:
    """What sends events as w1@here. Each is moved into the broker's folder once it is whole.

    Kombu writes there itself, and takes what another process has just begun for an empty message.
    """
    into = Path(options["data_folder_in"])
    out = into.with_name("out")
    out.mkdir()
    app = Celery("worker", set_as_current=False)
    app.conf.update(broker_url="filesystem://")
    app.conf.broker_transport_options = options | {"data_folder_out": str(out)}
    with app.connection_for_write() as connection:
        dispatcher = app.events.Dispatcher(connection, hostname="w1@here", enabled=True)

        def send(type: str, **fields: Any) -> None:
            dispatcher.send(type, **fields)
            for message in sorted(out.iterdir()):
                message.rename(into / message.name)

        yield send


def send_tasks(options: dict[str, Any], *names: str) -> None:
    with worker_events(options) as send:
        for number, name in enumerate(names):
            uuid = f"00000000-0000-0000-0000-00000000000{number}"
            send("task-received", uuid=uuid, name=name, args="()", kwargs="{}")
            send("task-started", uuid=uuid)


def test_it_prints_what_it_heard_and_exits(
    tmp_path: Path, spawn: Spawn, broker: dict[str, Any]
) -> None:
    seconds = 6 * patience()
    process = spawn(
        *("-A", "filed_app", "snapshot", "--for", f"{seconds}s"),
        *("--filter", "name:mail.*", "--json"),
    )
    wait_until_listening(tmp_path, process)
    send_tasks(broker, "mail.send", "report.make", "mail.sort")
    status, out, err = finish(process)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["app"] == "filed"
    assert document["broker"] == "filesystem://"
    assert document["transport"] == "filesystem"
    assert document["connection"] == {"state": "connected", "error": None}
    assert seconds <= document["observed_seconds"] < seconds + 6 * patience()
    assert document["events"]["received"] == 6
    assert document["tasks"]["held"] == 3
    assert {row["name"] for row in document["tasks"]["rows"]} == {"mail.send", "mail.sort"}
    assert [worker["hostname"] for worker in document["workers"]] == ["w1@here"]


def test_it_says_what_is_wrong(tmp_path: Path, spawn: Spawn, broker: dict[str, Any]) -> None:
    process = spawn("-A", "filed_app", "snapshot", "--for", "1h", "--json")
    wait_until_listening(tmp_path, process)
    with worker_events(broker) as send:
        for beat in range(4):
            # It runs tasks and says nothing of them.
            stamp = time.time() + 10.0 * (beat - 3)
            figures = {"active": 0, "processed": 3 * beat}
            send("worker-heartbeat", freq=10.0, timestamp=stamp, **figures)
            # Of messages of one millisecond the file system has no order.
            wait_until_taken(broker)
    process.send_signal(signal.SIGTERM)
    status, out, err = finish(process)
    assert (status, err) == (0, "")
    document = json.loads(out)
    # On a busy machine the heartbeats are late as well by the end.
    [alert] = [one for one in document["alerts"] if one["id"] == "worker.silent"]
    assert alert.pop("since") <= document["taken_at"]
    assert alert == {
        "id": "worker.silent",
        "subject": "w1@here",
        "severity": "warning",
        "text": "It sends no task events: its tasks are not shown",
    }


def test_the_default_is_tables(tmp_path: Path, spawn: Spawn, broker: dict[str, Any]) -> None:
    process = spawn("-A", "filed_app", "snapshot", "--for", "1h")
    wait_until_listening(tmp_path, process)
    send_tasks(broker, "mail.send")
    wait_until_taken(broker)
    process.send_signal(signal.SIGTERM)
    status, out, err = finish(process)
    assert (status, err) == (0, "")
    assert "mail.send" in out
    assert "w1@here" in out
    assert not out.lstrip().startswith("{")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_listening_and_it_still_prints(
    tmp_path: Path, spawn: Spawn, broker: dict[str, Any], number: signal.Signals
) -> None:
    process = spawn("-A", "filed_app", "snapshot", "--for", "1h", "--json")
    wait_until_listening(tmp_path, process)
    send_tasks(broker, "mail.send")
    wait_until_taken(broker)
    process.send_signal(number)
    with within(20):
        status, out, err = finish(process)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["observed_seconds"] < 1000
    assert [row["name"] for row in document["tasks"]["rows"]] == ["mail.send"]


def test_a_transport_without_events_still_prints(tmp_path: Path, spawn: Spawn) -> None:
    (tmp_path / "queued_app.py").write_text(NO_EVENTS)
    status, out, err = finish(spawn("-A", "queued_app", "snapshot", "--for", "100ms", "--json"))
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert document["transport"] == "sqs"
    assert document["connection"]["state"] == "no events"
    assert [queue["name"] for queue in document["queues"]] == ["celery"]


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port where a server accepts and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("silent", [True, False], ids=["silent", "refusing"])
def test_where_no_broker_answers_it_is_69(
    tmp_path: Path, spawn: Spawn, deaf_port: int, scheme: str, silent: bool
) -> None:
    port = deaf_port if silent else 1
    url = f"{scheme}://user:{PASSWORD}@127.0.0.1:{port}//"
    with within(10):
        status, out, err = finish(spawn("-q", "-b", url, "snapshot", "--timeout", "1s", "--json"))
    assert (status, out) == (69, "")
    assert err.startswith(
        f"celerytui: no reply from broker {scheme}://user:**@127.0.0.1:{port}// within 1s: "
    )
    assert err.count("\n") == 1
    assert PASSWORD not in err


def test_a_bad_filter_is_refused_with_its_place(tmp_path: Path, spawn: Spawn) -> None:
    args = ("-A", "never_imported", "snapshot", "--filter", "name:x state:")
    status, out, err = finish(spawn(*args))
    assert (status, out) == (2, "")
    assert err.startswith("celerytui: --filter 'name:x state:', character 8: ")
    assert err.count("\n") == 1


def test_a_reader_that_leaves_is_no_crash(
    tmp_path: Path, spawn: Spawn, broker: dict[str, Any]
) -> None:
    process = spawn("-A", "filed_app", "snapshot", "--for", "100ms")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdout = None
    assert said(process.stderr.read()) == ""
    assert process.wait(300) == 1


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-"], ids=["full", "closed"])
@pytest.mark.parametrize("form", ["--json", ""], ids=["json", "tables"])
def test_an_output_that_takes_nothing_is_said_in_one_line(
    tmp_path: Path, redirected: str, form: str
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    command = f"{sys.executable} -m celerytui -b memory:// snapshot --for 1ms {form} {redirected}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert said(done.stderr).startswith("celerytui: cannot write to standard output: ")
    assert said(done.stderr).count("\n") == 1
