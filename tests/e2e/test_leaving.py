"""Leaves in time, with the right status and the terminal as it was, whatever the broker does."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from kombu.connection import Connection
from redis import Redis

from celerytui.errors import ExitCode
from tests.e2e.conftest import Open
from tests.e2e.storm import publish
from tests.e2e.terminal import REPOSITORY, Terminal
from tests.integration.servers import RedisServer, Server, wait_until

CTRL_Q = "\x11"
ESCAPE_Q = "\x1bq"
"""Esc and q as quick hands send them; alt+q is the same on most terminals."""
Way = str | signal.Signals
WAYS: dict[Way, int] = {
    "q": ExitCode.OK,
    CTRL_Q: ExitCode.OK,
    ESCAPE_Q: ExitCode.OK,
    signal.SIGTERM: ExitCode.OK,
    signal.SIGHUP: ExitCode.HANGUP,
    signal.SIGINT: ExitCode.INTERRUPTED,
}
KILLS = (signal.SIGQUIT, signal.SIGABRT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
"""By default they end a process at once, with a core where the system keeps one."""
FEWER_WAYS = ("q", signal.SIGTERM, signal.SIGHUP)


def leave(terminals: Mapping[Way, Terminal]) -> None:
    """Ask each program to leave in its way, and check how all do."""
    told: dict[Way, float] = {}
    for way, terminal in terminals.items():
        told[way] = time.monotonic()
        if isinstance(way, signal.Signals):
            terminal.signal(way)
        else:
            terminal.send(way)
    for way, terminal in terminals.items():
        expected = -way if way in KILLS and isinstance(way, signal.Signals) else WAYS[way]
        assert terminal.finish(since=told[way]) == expected, terminal.text
        terminal.assert_restored()
        assert terminal.said == ""


def live(lines: list[str]) -> bool:
    return "live" in lines[0]


def trying_again(lines: list[str]) -> bool:
    return "retry in" in lines[0] or "connecting" in lines[0]


def listened_to(url: str) -> bool:
    """Whether any program gets the cluster's events."""
    if url.startswith("redis"):
        with Redis.from_url(url) as client:
            return bool(client.pubsub_numpat())
    returned: list[Any] = []
    connect: Any = Connection
    with connect(url) as connection:
        channel = connection.channel()
        channel.exchange_declare("celeryev", "topic", durable=True, auto_delete=False)
        producer = connection.Producer(channel, on_return=lambda *args: returned.append(args))
        producer.publish(
            {}, exchange="celeryev", routing_key=uuid.uuid4().hex, mandatory=True, retry=False
        )
        # The server answers in order: after this the return has come, if there was one.
        channel.queue_declare(f"probe.{uuid.uuid4()}", exclusive=True)
    return not returned


def assert_nothing_left(url: str) -> None:
    """AssertionError where the broker still keeps something for the monitor."""
    wait_until(lambda: not listened_to(url), 10, "the broker to forget the monitors")
    if url.startswith("redis"):
        with Redis.from_url(url) as client:
            assert not client.keys("*celeryev*")


@pytest.fixture(params=["redis", "rabbitmq"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found


def test_a_healthy_broker(open_terminal: Open, server: Server) -> None:
    url = server.fresh_url()
    terminals = {way: open_terminal("-b", url) for way in WAYS}
    for terminal in terminals.values():
        terminal.wait_for(live)
    assert listened_to(url)
    leave(terminals)
    assert_nothing_left(url)
    if isinstance(server, RedisServer):
        with Redis.from_url(url) as client:
            assert client.keys("*reply.celery.pidbox*") == []


def test_a_signal_that_kills_gives_the_terminal_back(open_terminal: Open, redis_url: str) -> None:
    terminals: dict[Way, Terminal] = {way: open_terminal("-b", redis_url) for way in KILLS}
    for terminal in terminals.values():
        terminal.wait_for(live)
        # With a dialog open.
        terminal.send("?")
        terminal.wait_for("Help: ")
    leave(terminals)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("silent", [False, True], ids=["refusing", "silent"])
def test_no_broker(open_terminal: Open, silent_port: int, scheme: str, silent: bool) -> None:
    url = f"{scheme}://127.0.0.1:{silent_port if silent else 1}//"
    terminals = {way: open_terminal("-b", url) for way in FEWER_WAYS}
    for terminal in terminals.values():
        terminal.wait_for(trying_again)
    leave(terminals)


def test_a_frozen_broker(
    open_terminal: Open, server: Server, revived: Callable[[Server], Server]
) -> None:
    url = server.fresh_url()
    terminals = {way: open_terminal("-b", url) for way in FEWER_WAYS}
    for terminal in terminals.values():
        terminal.wait_for(live)
    revived(server).freeze()
    leave(terminals)
    server.thaw()
    assert_nothing_left(url)


@pytest.fixture
def storm(redis_url: str) -> Iterator[str]:
    """The url of a broker into which 20,000 events a second come."""
    process = subprocess.Popen([sys.executable, "-m", "tests.e2e.storm", redis_url], cwd=REPOSITORY)
    yield redis_url
    process.kill()
    process.wait()


def thousands_came(lines: list[str]) -> bool:
    return any(" tasks ─" in line and "," in line.split(" tasks ─")[0][-7:] for line in lines)


def test_a_storm(open_terminal: Open, storm: str) -> None:
    for way in FEWER_WAYS:
        terminal = open_terminal("-b", storm, size=(140, 40))
        terminal.wait_for(live)
        terminal.wait_for(thousands_came)
        leave({way: terminal})


EVIL = ("[ab]*[ab]*[ab]*c", "(a|a)*b(a+)+c", "[a-z]+.*timeout")
"""Ordinary engines try the ways in which these match one after the other, for minutes a text."""


def test_while_a_filter_reads_long_texts(open_terminal: Open, redis_url: str) -> None:
    terminals = {pattern: open_terminal("-b", redis_url, size=(140, 40)) for pattern in EVIL}
    for terminal in terminals.values():
        terminal.wait_for(live)
    common = {"hostname": "w@h", "timestamp": time.time(), "utcoffset": 0, "clock": 1, "pid": 1}
    text = {"name": "long.text", "args": "ab" * 32_768, "kwargs": "a1" * 32_768}
    for number in range(100):
        event = {**common, **text, "type": "task-received", "uuid": f"long-{number}"}
        publish(redis_url, [event])
    for pattern, terminal in terminals.items():
        terminal.wait_for("100 tasks")
        terminal.send(f"2/args:/{pattern}/ OR kwargs:/{pattern}/")
        terminal.wait_for("OR kwargs")
        terminal.send("\r")
        leave({signal.SIGTERM: terminal})
