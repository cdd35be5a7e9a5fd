"""Brokers, workers and apps for the integration tests.

`broker_url` runs a test once on Redis and once on RabbitMQ, in a database or vhost of its own.
`redis_server` and `rabbitmq_server` are started once a session, on first use; a test that stops or
kills one starts it again (`revived`). `start_worker` starts real workers on `broker_url`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
from celery import Celery

from tests.integration.databases import (
    MariaServer,
    PostgresServer,
    mariadb_binary,
    postgres_folder,
)
from tests.integration.kept_results import Opened
from tests.integration.servers import (
    Process,
    RabbitServer,
    RedisServer,
    Server,
    missing,
    rabbit_binary,
    redis_binary,
    wait_until,
)

S = TypeVar("S", bound=Server)
OTHER_CLOCK = Path(__file__).parent / "other_clock"


def serve(make: Callable[[], S]) -> Iterator[S]:
    """The server that `make` gives, started, until the end."""
    server = make()
    try:
        server.start()
    except AssertionError:
        # Another process took one of its ports in between.
        server = make()
        server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if redis_binary() is None:
        missing("redis-server")
    yield from serve(lambda: RedisServer(tmp_path_factory.mktemp("redis")))


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis for one test, which may have it refuse."""
    if redis_binary() is None:
        missing("redis-server")
    yield from serve(lambda: RedisServer(tmp_path))


@pytest.fixture(scope="session")
def rabbitmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    if rabbit_binary() is None:
        missing("rabbitmq-server")
    yield from serve(lambda: RabbitServer(tmp_path_factory.mktemp("rabbitmq")))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if postgres_folder() is None:
        missing("PostgreSQL")
    yield from serve(lambda: PostgresServer(tmp_path_factory.mktemp("postgres")))


@pytest.fixture(scope="session")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if mariadb_binary() is None:
        missing("MariaDB")
    yield from serve(lambda: MariaServer(tmp_path_factory.mktemp("mariadb")))


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens apps and sources of results for one test."""
    one = Opened()
    yield one
    one.close()


@pytest.fixture
def redis_url(redis_server: Server) -> str:
    """A Redis database that no other test uses."""
    return redis_server.fresh_url()


@pytest.fixture
def amqp_url(rabbitmq_server: Server) -> str:
    """A RabbitMQ vhost that no other test uses."""
    return rabbitmq_server.fresh_url()


@pytest.fixture(params=["redis", "amqp"])
def broker_server(request: pytest.FixtureRequest) -> Server:
    """Each of the brokers in turn."""
    name = {"redis": "redis_server", "amqp": "rabbitmq_server"}[request.param]
    server: Server = request.getfixturevalue(name)
    return server


@pytest.fixture
def broker_url(broker_server: Server) -> str:
    """Each of the brokers in turn: a database or vhost that no other test uses."""
    return broker_server.fresh_url()


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """`make_app(url, **conf)`: an app that knows the sample project's tasks by name only."""
    apps: list[Any] = []
    (tmp_path / "results").mkdir()

    def build(url: str, **conf: Any) -> Any:
        app = Celery(
            "tester", broker=url, backend=f"file://{tmp_path}/results", set_as_current=False
        )
        app.conf.update(task_send_sent_event=True, **conf)
        apps.append(app)
        return app

    yield build
    for app in apps:
        app.close()


@pytest.fixture
def app(make_app: Callable[..., Any], broker_url: str) -> Any:
    """An app on `broker_url`; `app.send_task("proj.add", (1, 2))`."""
    return make_app(broker_url)


@pytest.fixture
def start_worker_on(
    make_app: Callable[..., Any], tmp_path: Path
) -> Iterator[Callable[..., Process]]:
    """Like `start_worker` with the broker's url as the first argument."""
    started: list[Process] = []

    def start(
        url: str,
        hostname: str = "w1@test",
        *,
        pool: str = "threads",
        concurrency: int = 2,
        queues: str = "celery",
        events: bool = True,
        options: tuple[str, ...] = (),
        zone: str | None = None,
        conf: Mapping[str, Any] | None = None,
        clock_ahead: float = 0.0,
        seconds: float = 40.0,
        python: str = sys.executable,
    ) -> Process:
        args = [python, "-m", "celery", "-A", "tests.integration.proj", "worker"]
        args += ["-n", hostname, "-P", pool, "-c", str(concurrency), "-Q", queues, "-l", "INFO"]
        args += ["--without-mingle", *(["-E"] if events else []), *options]
        env = os.environ | {
            "CELERY_BROKER_URL": url,
            "PROJ_RESULTS": f"{tmp_path}/results",
            "PROJ_CONF": json.dumps(conf or {}),
            "PYTHONWARNINGS": "ignore",
        }
        if zone is not None:
            env["TZ"] = zone
        if clock_ahead:
            path = [str(OTHER_CLOCK), *filter(None, [env.get("PYTHONPATH")])]
            env |= {"CLOCK_AHEAD": str(clock_ahead), "PYTHONPATH": os.pathsep.join(path)}
        worker = Process(args, tmp_path / f"{hostname.replace('/', '_')}.log", env)
        started.append(worker)
        control = make_app(url).control

        def answers() -> bool:
            return worker.ready() and bool(control.ping(destination=[hostname], timeout=1.0))

        wait_until(answers, seconds, f"worker {hostname} to answer ping")
        return worker

    yield start
    for worker in started:
        # Nobody looks at how it ends, which would take a second or all that its tasks take.
        worker.kill()


@pytest.fixture
def start_worker(
    start_worker_on: Callable[..., Process], broker_url: str
) -> Callable[..., Process]:
    """`start_worker(hostname="w1@test", *, pool, concurrency, queues, events, options, ...)`.

    Starts a real worker of the sample project on `broker_url` and returns its `Process` once it
    answers a ping; it is stopped at the end of the test. `events` is -E, `zone` its TZ,
    `clock_ahead` by how many seconds its clock is off, `conf` more configuration, `python` the one
    that has its Celery (`cluster.oldest_celery()`).
    """

    def start(hostname: str = "w1@test", **more: Any) -> Process:
        return start_worker_on(broker_url, hostname, **more)

    return start


@pytest.fixture
def revived() -> Iterator[Callable[[Server], Server]]:
    """`revived(server)`: this test may stop, kill or freeze it; it runs again after the test."""
    servers: list[Server] = []

    def promise(server: Server) -> Server:
        servers.append(server)
        return server

    yield promise
    for server in servers:
        if server.process is not None and server.process.running:
            server.thaw()
        else:
            server.start()
