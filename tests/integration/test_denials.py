"""Brokers that say no: to the password, to a right, to one more client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from celerytui.engine import Engine
from celerytui.health.link import UNASKED
from celerytui.model import Link, LinkState, Outage
from celerytui.settings import Settings
from tests.integration.servers import (
    ConfiguredRedis,
    Process,
    RabbitServer,
    RedisServer,
    SentinelServer,
    free_port,
    missing,
    redis_binary,
    wait_until,
)

MakeApp = Callable[..., Any]
SECONDS = 40.0
RIGHTS = {"ask": "^celeryev|pidbox$", "none": "^$", "listen": "^celeryev"}


@pytest.fixture(scope="module")
def guarded_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis with a password, and a user who may listen to all and publish nothing."""
    if redis_binary() is None:
        missing("redis-server")
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "redis.conf").write_text(
        "requirepass pw\n"
        "user listener on >pw ~* &* +@all -publish\n"
        "user stranger on >pw ~* resetchannels +@all\n"
    )
    server = ConfiguredRedis(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def rabbit_users(rabbitmq_server: RabbitServer) -> RabbitServer:
    """RabbitMQ with users for each kind of no; all have the password pw."""
    for user, right in RIGHTS.items():
        rabbitmq_server.control("add_user", user, "pw")
        rabbitmq_server.control("set_permissions", "-p", "/", user, right, right, right)
    rabbitmq_server.control("add_user", "full", "pw")
    rabbitmq_server.control("set_permissions", "-p", "/", "full", ".*", ".*", ".*")
    rabbitmq_server.control("set_user_limits", "full", '{"max-connections": 0}')
    return rabbitmq_server


@pytest.fixture
def monitor(make_app: MakeApp) -> Iterator[Callable[..., Engine]]:
    """`monitor(url, **conf)`: an engine that runs until the end of the test."""
    engines: list[Engine] = []

    def start(url: str, **conf: Any) -> Engine:
        engines.append(Engine(make_app(url, **conf), Settings(), headless=True))
        engines[-1].start()
        return engines[-1]

    yield start
    for engine in engines:
        engine.stop()


def denied(engine: Engine) -> Link:
    """The link once the broker has said no, and when it is asked again is known."""
    wait_until(lambda: engine.link.next_try is not None, SECONDS, "the broker's no")
    link = engine.link
    assert link.state is LinkState.RECONNECTING
    assert link.outage is Outage.REFUSED, link
    assert link.next_try is not None
    assert link.next_try - link.since == pytest.approx(30.0)
    assert link.error is not None
    assert "pw" not in link.error.split()
    return link


@pytest.mark.parametrize(
    ("login", "path", "said", "remedy"),
    [
        (":wrong@", "0", "invalid username-password pair", None),
        ("", "0", "authentication required", None),
        (":pw@", "9999", "db index is out of range", None),
        ("stranger:pw@", "0", "no permissions", "redis-cli ACL SETUSER stranger '&*'"),
    ],
)
def test_redis_says_no(
    guarded_redis: RedisServer,
    monitor: Callable[..., Engine],
    login: str,
    path: str,
    said: str,
    remedy: str | None,
) -> None:
    link = denied(monitor(f"redis://{login}127.0.0.1:{guarded_redis.port}/{path}"))
    assert said in (link.error or "").lower()
    assert link.remedy == remedy


@pytest.mark.parametrize(
    ("login", "vhost", "said", "remedy"),
    [
        ("guest:wrong", "/", "Login was refused", "rabbitmqctl authenticate_user guest"),
        ("guest:guest", "nowhere", "vhost nowhere not found", "rabbitmqctl add_vhost nowhere"),
        (
            "none:pw",
            "test1",
            "access to vhost 'test1' refused for user 'none'",
            "rabbitmqctl set_permissions -p test1 none"
            " '^celeryev|pidbox$' '^celeryev|pidbox$' '^celeryev|pidbox$'",
        ),
        (
            "none:pw",
            "/",
            "access to exchange 'celeryev' in vhost '/' refused",
            "rabbitmqctl set_permissions -p / none"
            " '^celeryev|pidbox$' '^celeryev|pidbox$' '^celeryev|pidbox$'",
        ),
        (
            "full:pw",
            "/",
            "user connection limit (0) is reached",
            "rabbitmqctl set_user_limits full '{\"max-connections\": -1}'",
        ),
    ],
)
def test_rabbitmq_says_no(
    rabbit_users: RabbitServer,
    monitor: Callable[..., Engine],
    login: str,
    vhost: str,
    said: str,
    remedy: str,
) -> None:
    link = denied(monitor(f"amqp://{login}@127.0.0.1:{rabbit_users.port}/{vhost}"))
    assert said in (link.error or "")
    assert link.remedy == remedy


def test_what_the_remedy_grants_is_enough_to_listen_and_to_ask(
    rabbit_users: RabbitServer,
    monitor: Callable[..., Engine],
    start_worker_on: Callable[..., Process],
) -> None:
    start_worker_on(f"amqp://guest:guest@127.0.0.1:{rabbit_users.port}//", events=False)
    engine = monitor(f"amqp://ask:pw@127.0.0.1:{rabbit_users.port}//")

    def known() -> bool:
        worker = engine.store.worker("w1@test")
        return worker is not None and worker.task_events is True and worker.pool is not None

    wait_until(known, SECONDS, "the worker's answers, and its task events to be turned on")
    assert engine.surveys.error is None


def test_nobody_answers_is_another_thing(monitor: Callable[..., Engine]) -> None:
    engine = monitor(f"redis://127.0.0.1:{free_port()}/0")
    wait_until(lambda: engine.link.next_try is not None, SECONDS, "the failed try")
    assert engine.link.outage is Outage.ABSENT


def test_what_is_no_redis_is_not_called_absent(
    rabbitmq_server: RabbitServer, monitor: Callable[..., Engine]
) -> None:
    engine = monitor(f"redis://127.0.0.1:{rabbitmq_server.port}/0")
    wait_until(lambda: engine.link.next_try is not None, SECONDS, "the failed try")
    assert engine.link.outage is Outage.UNUSABLE, engine.link


def test_a_node_of_a_cluster_is_named_for_what_it_is(
    tmp_path: Path, monitor: Callable[..., Engine]
) -> None:
    # By itself its second port is among those of outgoing connections, and may be taken.
    second = str(free_port())
    server = RedisServer(
        tmp_path, "--cluster-enabled", "yes", "--databases", "1", "--cluster-port", second
    )
    server.databases = 1
    server.start()
    try:
        link = denied(monitor(f"redis://127.0.0.1:{server.port}/0"))
        assert link.error == "a Redis Cluster, which Celery cannot use"
    finally:
        server.stop()


def test_one_client_too_many(tmp_path: Path, monitor: Callable[..., Engine]) -> None:
    server = RedisServer(tmp_path, "--maxclients", "1")
    server.start()
    try:
        with redis.Redis(port=server.port) as held:
            held.ping()
            link = denied(monitor(f"redis://127.0.0.1:{server.port}/0"))
            assert link.remedy == "redis-cli CONFIG SET maxclients 10000"
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("mymaster", None, "wants a password"),
        ("mymaster", "wrong", "refuses: invalid username-password pair or user is disabled."),
        ("other", "spw", "knows no master of that name"),
    ],
)
def test_a_sentinel_says_no_in_words(
    guarded_redis: RedisServer,
    tmp_path: Path,
    monitor: Callable[..., Engine],
    name: str,
    password: str | None,
    said: str,
) -> None:
    server = SentinelServer(tmp_path, guarded_redis.port, "requirepass spw")
    server.start()
    try:
        options: dict[str, Any] = {"master_name": name}
        if password is not None:
            options["sentinel_kwargs"] = {"password": password}
        url = f"sentinel://:pw@127.0.0.1:{server.port}/0"
        link = denied(monitor(url, broker_transport_options=options))
        place = f"sentinel at 127.0.0.1:{server.port}"
        assert link.error == f"no master '{name}': {place} {said}"
    finally:
        server.stop()


def unasked(engine: Engine, said: str) -> None:
    wait_until(lambda: engine.surveys.error is not None, SECONDS, "the workers' mailboxes to fail")
    alert = engine.evaluate().get(UNASKED)
    assert engine.link.state is LinkState.CONNECTED
    assert alert is not None
    assert said in alert.evidence["error"]


def test_who_may_listen_and_not_ask_is_told_so(
    guarded_redis: RedisServer, monitor: Callable[..., Engine]
) -> None:
    port = guarded_redis.port
    engine = monitor(f"redis://listener:pw@127.0.0.1:{port}/0")
    unasked(engine, "'publish' command (redis-cli ACL SETUSER listener +publish)")

    with redis.Redis(port=port, password="pw") as admin:
        admin.execute_command("ACL", "SETUSER", "listener", "+publish")
        try:
            engine.ask_workers()
            wait_until(lambda: engine.surveys.error is None, SECONDS, "the workers to be asked")
            assert engine.evaluate().get(UNASKED) is None
        finally:
            admin.execute_command("ACL", "SETUSER", "listener", "-publish")


def test_who_may_not_use_the_mailboxes_of_rabbitmq_is_told_so(
    rabbit_users: RabbitServer, monitor: Callable[..., Engine]
) -> None:
    engine = monitor(f"amqp://listen:pw@127.0.0.1:{rabbit_users.port}//")
    unasked(engine, "rabbitmqctl set_permissions -p / listen")


def test_a_dead_broker_for_writing_is_told(
    guarded_redis: RedisServer, monitor: Callable[..., Engine]
) -> None:
    dead = f"redis://127.0.0.1:{free_port()}/0"
    url = f"redis://:pw@127.0.0.1:{guarded_redis.port}/0"
    unasked(monitor(url, broker_write_url=dead), "Connection refused")
