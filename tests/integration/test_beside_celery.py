"""Celery's own receiver beside ours, on the same broker: both see the same events.

What is compared against is Celery as installed, in each of the ways in which Redis can be set up.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celery.events import EventReceiver

from celerytui.wire.redis.events import RedisEventReader
from tests.integration.servers import Process, RedisServer, Server, free_port, missing, wait_until
from tests.integration.test_receive import Job, running

PROBE = "probe"
USER = ("monitor", "on", ">s3cr3tpw")


@contextmanager
def celery_listening(app: Any) -> Iterator[list[dict[str, Any]]]:
    """What Celery's own receiver hands to its handlers inside the block."""
    events: list[dict[str, Any]] = []
    over = threading.Event()

    def listen() -> None:
        with app.connection_for_read() as connection:
            receiver = EventReceiver(connection, handlers={"*": events.append}, app=app)
            with receiver.consumer_context(wakeup=False) as (wire, _, _):
                while not over.is_set():
                    with suppress(TimeoutError):
                        wire.drain_events(timeout=0.1)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield events
    finally:
        over.set()
        thread.join(10)


def send(app: Any, *events: tuple[str, dict[str, Any]]) -> None:
    """Sends events with Celery's own dispatcher."""
    with (
        app.connection_for_write() as connection,
        app.events.Dispatcher(connection, hostname="w1@test") as dispatcher,
    ):
        for kind, fields in events:
            dispatcher.send(kind, **fields)


def wait_for_both(app: Any, theirs: list[dict[str, Any]], ours: Job) -> None:
    """Sends probes until both have seen one: a subscription takes a moment."""

    def seen() -> bool:
        send(app, (PROBE, {}))
        time.sleep(0.05)
        return bool(theirs) and any(event.type == PROBE for event in ours.events)

    wait_until(seen, 15, "both receivers to see a probe")


def check_same(app: Any) -> None:
    """Both receive the life of a task, sent by Celery's dispatcher, with the same fields."""
    life: list[tuple[str, dict[str, Any]]] = [
        ("task-received", {"uuid": "a", "name": "proj.add", "args": "(1,)", "retries": 0}),
        ("task-started", {"uuid": "a"}),
        ("task-progress", {"uuid": "a", "pct": 50}),
        ("task-succeeded", {"uuid": "a", "result": "'ü€😀'", "runtime": 0.5}),
        ("worker-heartbeat", {"freq": 2.0, "active": 1, "loadavg": [0.1, 0.2, 0.3]}),
    ]
    with celery_listening(app) as theirs, running(app) as ours:
        wait_for_both(app, theirs, ours)
        send(app, *life)
        wait_until(
            lambda: any(event.type == "worker-heartbeat" for event in ours.events), 10, "the events"
        )
        wait_until(
            lambda: any(event["type"] == "worker-heartbeat" for event in theirs), 10, "Celery's"
        )
        kept = [event for event in ours.events if event.type != PROBE]
        wanted = [event for event in theirs if event["type"] != PROBE]

    assert [event.type for event in kept] == [kind for kind, _ in life]
    assert [event.type for event in kept] == [event["type"] for event in wanted]
    for event, theirs_too in zip(kept, wanted, strict=True):
        for name in ("uuid", "hostname", "timestamp", "name", "args", "result", "runtime", "pid"):
            assert getattr(event, name) == theirs_too.get(name), name
    assert kept[2].extra == {"pct": 50}
    assert ours.invalid == 0


def test_both_see_what_a_real_worker_sends(app: Any, start_worker: Callable[..., Process]) -> None:
    with celery_listening(app) as theirs, running(app) as ours:
        wait_for_both(app, theirs, ours)
        start_worker("w1@test", pool="prefork")
        ids = [app.send_task("proj.add", (number, 1)).id for number in range(100)]
        ids += [app.send_task("proj.fail").id, app.send_task("proj.progress").id]

        def both_done() -> bool:
            ended = ("task-succeeded", "task-failed")
            ours_done = {event.uuid for event in ours.events if event.type in ended}
            theirs_done = {event["uuid"] for event in list(theirs) if event["type"] in ended}
            return ours_done >= set(ids) <= theirs_done

        wait_until(both_done, 30, "both to see the end of each task")

        def wanted() -> list[tuple[Any, ...]]:
            told = [one for one in list(theirs) if "uuid" in one]
            return sorted((one["type"], one["uuid"], one["timestamp"]) for one in told)

        def found() -> list[tuple[Any, ...]]:
            return sorted((one.type, one.uuid, one.timestamp) for one in ours.events if one.uuid)

        # What a task's own process sends may come after its end.
        with suppress(AssertionError):
            wait_until(lambda: found() == wanted(), 2, "both to be level")

    assert found() == wanted()
    assert len(found()) >= 102 * 3
    assert ours.invalid == 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fanout_prefix": False},
        {"fanout_prefix": "/own-{db}."},
        {"fanout_patterns": False},
        {"fanout_prefix": False, "fanout_patterns": False},
        {"global_keyprefix": "tenant1:"},
        {"global_keyprefix": "tenant1:", "fanout_patterns": False},
        {"health_check_interval": 1, "socket_keepalive": True, "client_name": "monitor"},
    ],
    ids=str,
)
def test_redis_with_transport_options(
    make_app: Callable[..., Any], redis_url: str, options: dict[str, Any]
) -> None:
    app = make_app(redis_url, broker_transport_options=options)

    check_same(app)


def test_redis_with_another_exchange(make_app: Callable[..., Any], redis_url: str) -> None:
    check_same(make_app(redis_url, event_exchange="own.events", event_queue_prefix="own"))


def test_another_database_is_not_heard(make_app: Callable[..., Any], redis_server: Server) -> None:
    here, there = make_app(redis_server.fresh_url()), make_app(redis_server.fresh_url())
    with running(here) as ours:
        send(there, ("task-started", {"uuid": "there"}))
        send(here, ("task-started", {"uuid": "here"}))
        wait_until(lambda: bool(ours.events), 10, "an event")

        assert [event.uuid for event in ours.events] == ["here"]


@pytest.fixture
def start_redis(tmp_path: Path, redis_server: Server) -> Iterator[Callable[..., RedisServer]]:
    """`start_redis(*options)`: a Redis of its own with these options."""
    started: list[Server] = []

    def start(*options: str) -> RedisServer:
        folder = tmp_path / f"redis{len(started)}"
        folder.mkdir()
        server = RedisServer(folder, *options)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


def test_redis_with_a_user(make_app: Callable[..., Any], start_redis: Callable[..., Any]) -> None:
    server = start_redis(*("--user", *USER, "~*", "&*", "+@all"), *("--user", "default", "off"))
    check_same(make_app(f"redis://monitor:s3cr3tpw@127.0.0.1:{server.port}/3"))


def test_redis_with_a_password_that_has_to_be_quoted(
    make_app: Callable[..., Any], start_redis: Callable[..., Any]
) -> None:
    user, password = "m%n:t", "p/%40:@?#+ß"
    server = start_redis("--user", user, "on", f">{password}", "~*", "&*", "+@all")
    check_same(make_app(f"redis://{quote(user, '')}:{quote(password, '')}@127.0.0.1:{server.port}"))


@pytest.mark.parametrize("how", ["read and write", "failover"])
def test_redis_named_in_other_ways(make_app: Callable[..., Any], redis_url: str, how: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        dead = f"redis://127.0.0.1:{held.getsockname()[1]}/0"
        if how == "failover":
            app = make_app(f"{dead};{redis_url}")
        else:
            app = make_app(dead, broker_read_url=redis_url, broker_write_url=redis_url)
        check_same(app)


def test_a_user_who_may_not_subscribe_is_told(
    make_app: Callable[..., Any], start_redis: Callable[..., Any]
) -> None:
    server = start_redis("--user", *USER, "~*", "resetchannels", "&other*", "+@all")
    app = make_app(f"redis://monitor:s3cr3tpw@127.0.0.1:{server.port}/3")
    with running(app, connected=False) as ours:
        wait_until(lambda: any(link.next_try for link in ours.links), 10, "an error")
        [error] = {link.error for link in ours.links if link.error}
        assert "NOPERM" in (error or "") or "channel" in (error or "")
        assert "s3cr3tpw" not in str(ours.links)


def test_redis_on_a_unix_socket(
    make_app: Callable[..., Any], start_redis: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "redis.sock"
    start_redis("--unixsocket", str(path))
    check_same(make_app(f"redis+socket://{path}?virtual_host=2"))


def test_redis_over_tls(
    make_app: Callable[..., Any], start_redis: Callable[..., Any], tmp_path: Path
) -> None:
    key, cert = make_certificate(tmp_path)
    port = free_port()
    start_redis(
        *("--tls-port", str(port), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(cert), "--tls-key-file", str(key)),
        *("--tls-ca-cert-file", str(cert)),
    )
    url = f"rediss://127.0.0.1:{port}/1?ssl_cert_reqs=required&ssl_ca_certs={cert}"

    check_same(make_app(url))


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """The key and the certificate of 127.0.0.1, which signs itself."""
    if shutil.which("openssl") is None:
        missing("openssl")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


def test_redis_behind_a_sentinel(
    make_app: Callable[..., Any], start_redis: Callable[..., Any], tmp_path: Path
) -> None:
    master = start_redis()
    port = free_port()
    conf = tmp_path / "sentinel.conf"
    conf.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
        f"sentinel monitor main 127.0.0.1 {master.port} 1\n"
    )
    sentinel = Process(
        [shutil.which("redis-server") or "", str(conf), "--sentinel"], tmp_path / "sentinel.log"
    )
    try:
        app = make_app(
            f"sentinel://127.0.0.1:{port}/4", broker_transport_options={"master_name": "main"}
        )
        wait_until(lambda: _answers(app), 10, "the sentinel")
        check_same(app)
    finally:
        sentinel.stop()


def _answers(app: Any) -> bool:
    with suppress(Exception), app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=0)
        return True
    return False


def test_redis_is_read_past_kombu_and_forgets_us(
    make_app: Callable[..., Any], redis_url: str
) -> None:
    app = make_app(redis_url)
    with app.connection_for_write() as connection:
        client = connection.default_channel.client
        topic = f"/{redis_url.rpartition('/')[2]}.celeryev/x"
        with running(app) as ours:
            assert isinstance(ours.receiver._reader, RedisEventReader)
            assert client.publish(topic, "") == 1
        wait_until(lambda: client.publish(topic, "") == 0, 5, "the subscription to go")
        assert client.exists("_kombu.binding.celeryev") == 0
