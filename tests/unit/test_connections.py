"""Connections of our own with time limits, and what is known of a broker before one is made."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from celerytui import masking
from celerytui.errors import BrokerUnavailable
from celerytui.wire import connections
from celerytui.wire.connections import read_connection
from celerytui.wire.registry import broker_of
from tests.waiting import patience, within

PASSWORD = "s3cr3t-Pa55"


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the learnt secrets back as they were."""
    monkeypatch.setattr(masking._Known, "secrets", frozenset())
    monkeypatch.setattr(masking._Known, "pattern", None)


def app_on(url: Any = None, **conf: Any) -> Any:
    app = Celery("proj", set_as_current=False)
    app.conf.update(broker_url=url, **conf)
    return app


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of a server that accepts and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses: it is held, so that nobody else takes it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


@pytest.mark.parametrize("url", ["redis://h", "amqp://h", "memory://", "filesystem://"])
def test_transports_that_carry_events(url: str) -> None:
    connection = read_connection(app_on(url))
    assert broker_of(connection).no_events(connection) is None


class Direct:
    """A transport in the way of SQS: no exchange that copies to all."""

    driver_type = "sqs"

    class implements:
        exchange_type = frozenset(["direct"])


class Sql(Direct):
    """SQLAlchemy's claims a fanout that Celery does not use."""

    driver_type = "sql"

    class implements:
        exchange_type = frozenset(["direct", "topic", "fanout"])


@pytest.mark.parametrize(
    ("transport", "reason"),
    [(Direct, "SQS carries no events"), (Sql, "SQLAlchemy carries no events")],
)
def test_transports_that_carry_none(transport: Any, reason: str) -> None:
    connection = read_connection(app_on("memory://"))
    connection._transport = transport()
    assert broker_of(connection).no_events(connection) == reason


def test_connections_are_bounded_in_time_and_our_own() -> None:
    app = app_on("redis://h", broker_transport_options={"socket_timeout": 2, "sentinel_kwargs": {}})
    first, second = read_connection(app), read_connection(app)
    assert first is not second
    assert first.transport_options["socket_timeout"] == 2
    assert first.transport_options["socket_connect_timeout"] == 5
    assert first.transport_options["sentinel_kwargs"]["socket_timeout"] == 5
    assert "socket_connect_timeout" not in app.conf.broker_transport_options
    assert first.connect_timeout == 4
    assert app.pool.connection is not first


def test_amqp_has_a_heartbeat_and_a_time_limit_even_where_the_app_has_none() -> None:
    connection = read_connection(app_on("amqp://h", broker_connection_timeout=None))
    assert connection.heartbeat == 10
    assert connection.connect_timeout == 4


def test_the_piece_of_an_unquoted_password_that_a_client_quotes_is_masked() -> None:
    app = app_on("redis://:p@ss/w0:rd@127.0.0.1/0")
    with pytest.raises(BrokerUnavailable) as caught:
        connections.answers_within(app, 1)
    assert "Database is int" in str(caught.value)
    assert "w0" not in str(caught.value)


def test_a_broker_answers(tmp_path: Path) -> None:
    options = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path)}
    app = app_on("filesystem://", broker_transport_options=options)
    connections.answers_within(app, 60)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_refuses(scheme: str, closed_port: int) -> None:
    app = app_on(f"{scheme}://user:{PASSWORD}@127.0.0.1:{closed_port}//0")
    seconds = 0.5 * patience()
    with within(10), pytest.raises(BrokerUnavailable) as caught:
        connections.answers_within(app, seconds)
    text = str(caught.value)
    assert f"{scheme}://user:**@127.0.0.1:{closed_port}//0 within {seconds:g}s" in text
    assert "refused" in text
    assert PASSWORD not in text


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_accepts_and_is_silent(scheme: str, silent_server: int) -> None:
    # Celery's own limit is 4 s for RabbitMQ and none for Redis.
    with within(3.9), pytest.raises(BrokerUnavailable):
        connections.answers_within(app_on(f"{scheme}://127.0.0.1:{silent_server}//0"), 0.5)


def test_a_failover_list_is_tried_to_its_end(closed_port: int, silent_server: int) -> None:
    hosts = f"redis://127.0.0.1:{closed_port};redis://127.0.0.1:{silent_server}"
    with pytest.raises(BrokerUnavailable, match="Timeout"):
        connections.answers_within(app_on(hosts), 1)


@pytest.mark.parametrize(
    ("url", "conf", "words"),
    [
        ("redis://h", {}, "Redis ends a subscription that is too far behind"),
        ("sentinel://h", {}, "Redis ends a subscription that is too far behind"),
        ("amqp://h", {}, "RabbitMQ drops what waits for 5 s"),
        ("pyamqp://h", {"event_queue_ttl": 0.5}, "RabbitMQ drops what waits for 0.5 s"),
        ("amqp://h", {"event_queue_ttl": None}, ""),
        ("memory://", {}, ""),
    ],
)
def test_what_becomes_of_events_that_are_not_read(
    url: str, conf: dict[str, Any], words: str
) -> None:
    app = app_on(url, **conf)
    assert connections.when_late(app) == words


def test_the_time_that_is_named_is_the_one_that_was_given(closed_port: int) -> None:
    app = app_on(f"redis://127.0.0.1:{closed_port}/0")
    with pytest.raises(BrokerUnavailable, match=r"within 7s: "):
        connections.answers_within(app, 7, left=0.2)
