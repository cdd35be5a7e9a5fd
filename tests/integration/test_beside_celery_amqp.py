"""Celery's own receiver beside ours on RabbitMQ, in each of the ways in which that can be used."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from amqp import NotFound

from celerytui.model import LinkState
from celerytui.wire.amqp.events import AmqpEventReader
from celerytui.wire.connections import AMQP_HEARTBEAT_SECONDS
from tests.integration.servers import RabbitServer, Server, free_port, wait_until
from tests.integration.test_beside_celery import (
    celery_listening,
    check_same,
    make_certificate,
    wait_for_both,
)
from tests.integration.test_receive import Job, publish, running, started

CONFS: list[dict[str, Any]] = [
    {},
    {"event_queue_ttl": 7.5, "event_queue_expires": 30},
    {"event_queue_ttl": None, "event_queue_expires": None},
    {"event_queue_exclusive": False, "event_queue_durable": True},
    {"event_exchange": "own.events", "event_queue_prefix": "own"},
    {
        "broker_heartbeat": 3,
        "broker_login_method": "PLAIN",
        "broker_pool_limit": 0,
        "broker_transport_options": {"confirm_publish": True, "read_timeout": 20},
        "task_default_queue_type": "quorum",
    },
]


def wire_of(receiver: Job) -> Any:
    """Py-amqp's connection."""
    reader: Any = receiver.receiver._reader
    return reader._amqp


@pytest.mark.parametrize("conf", CONFS, ids=str)
def test_the_queue_is_the_one_that_celery_declares(
    make_app: Callable[..., Any], rabbitmq_server: RabbitServer, conf: dict[str, Any]
) -> None:
    url = rabbitmq_server.fresh_url()
    app = make_app(url, **conf)
    with celery_listening(app) as theirs, running(app) as ours:
        reader = ours.receiver._reader
        assert isinstance(reader, AmqpEventReader)
        wait_for_both(app, theirs, ours)
        vhost = url.rpartition("/")[2]
        found = {queue.pop("name"): queue for queue in rabbitmq_server.queues(vhost)}
    name = str(reader.queue)
    mine = found.pop(name)
    [(celerys, other)] = found.items()

    # A durable one of Celery's stays when its receiver has gone.
    assert mine == other | {"auto_delete": True}
    assert name.rpartition(".")[0] == celerys.rpartition(".")[0]
    with app.connection_for_read() as connection, pytest.raises(NotFound):
        connection.channel().queue_declare(name, passive=True)
    check_same(app)


def test_names_and_passwords_that_have_to_be_quoted(
    make_app: Callable[..., Any], rabbitmq_server: RabbitServer
) -> None:
    server = rabbitmq_server
    user, password = quote(server.user, ""), quote(server.password, "")
    vhost = quote(server.odd_vhost, "")

    check_same(make_app(f"amqp://{user}:{password}@127.0.0.1:{server.port}/{vhost}"))


def test_the_next_broker_of_the_url_is_taken(make_app: Callable[..., Any], amqp_url: str) -> None:
    check_same(make_app(f"amqp://127.0.0.1:1//;{amqp_url}"))


@pytest.fixture
def tls_server(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq_server: RabbitServer
) -> Iterator[tuple[int, Path]]:
    """The port of a RabbitMQ that speaks TLS, and the certificate to trust."""
    folder = tmp_path_factory.mktemp("rabbitmq-tls")
    key, cert = make_certificate(folder)
    port = free_port()
    server = RabbitServer(
        folder,
        f"listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {cert}\n"
        f"ssl_options.certfile = {cert}\nssl_options.keyfile = {key}\n",
    )
    server.start()
    yield port, cert
    server.stop()


def test_rabbitmq_over_tls(make_app: Callable[..., Any], tls_server: tuple[int, Path]) -> None:
    port, cert = tls_server
    trust = {"ca_certs": str(cert), "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": "127.0.0.1"}
    url = f"amqp://guest:guest@127.0.0.1:{port}/test1"
    app = make_app(url, broker_use_ssl=trust)
    check_same(app)
    check_same(make_app(url.replace("amqp:", "amqps:"), broker_use_ssl=trust))
    with running(app) as receiver:
        # More than a record of TLS, and than one piece, and many at once.
        publish(app, started("big", args="x" * 200_000), *(started(str(n)) for n in range(2000)))
        wait_until(lambda: receiver.seen("1999") != [], 20, "the last event")
        uuids = [event.uuid for event in receiver.events]

        assert uuids == ["big", *(str(number) for number in range(2000))]
        assert isinstance(wire_of(receiver).transport.sock, ssl.SSLSocket)
    untrusting = make_app(url, broker_use_ssl=trust | {"ca_certs": None})
    with running(untrusting, connected=False) as receiver:
        wait_until(lambda: bool(receiver.links and receiver.links[-1].error), 20, "an error")
        assert "certificate" in (receiver.links[-1].error or "").lower()


def test_a_rabbitmq_that_freezes_is_noticed_by_its_heartbeat(
    make_app: Callable[..., Any],
    rabbitmq_server: RabbitServer,
    revived: Callable[[Server], Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = 3
    assert seconds < AMQP_HEARTBEAT_SECONDS
    monkeypatch.setattr("celerytui.wire.connections.AMQP_HEARTBEAT_SECONDS", seconds)
    server = revived(rabbitmq_server)
    app = make_app(server.fresh_url())
    with running(app) as receiver:
        assert wire_of(receiver).heartbeat == seconds
        server.freeze()
        lost = receiver.wait_for(LinkState.RECONNECTING, 4 * seconds)
        server.thaw()
        receiver.wait_for(LinkState.CONNECTED, 30)

    assert "heartbeat" in (lost.error or "")
    assert lost.lost_at is not None
    assert lost.since - lost.lost_at > seconds


def test_heartbeats_keep_a_quiet_connection(
    make_app: Callable[..., Any], rabbitmq_server: RabbitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times as long as RabbitMQ waits for one."""
    monkeypatch.setattr("celerytui.wire.connections.AMQP_HEARTBEAT_SECONDS", 1)
    app = make_app(rabbitmq_server.fresh_url())
    with running(app) as receiver:
        begun = receiver.links[-1].since
        wait_until(
            lambda: receiver.receiver._clock() - begun > 8 or len(receiver.links) > 2, 12, "8 s"
        )
        publish(app, started("after"))
        wait_until(lambda: receiver.seen("after") != [], 10, "an event after it")

        assert receiver.states == [LinkState.CONNECTING, LinkState.CONNECTED]
