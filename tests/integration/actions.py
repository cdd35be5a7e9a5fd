"""The two workers on which actions are tried: each module of tests has its own, on each broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cluster import Cluster
from tests.integration.servers import Server

FORKS, THREADS = "forks@test", "threads@test"
BOTH = [FORKS, THREADS]


@pytest.fixture(scope="module", params=["redis", "amqp"])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A prefork worker without -E on the queue celery, a threads one with it on threaded."""
    name = {"redis": "redis_server", "amqp": "rabbitmq_server"}[request.param]
    server: Server = request.getfixturevalue(name)
    made = Cluster(
        server.fresh_url(),
        tmp_path_factory.mktemp("cluster"),
        worker_pool_restarts=True,
        result_extended=True,
    )
    made.begin(FORKS, "prefork", 2)
    made.begin(THREADS, "threads", 2, "-E", queues="threaded")
    made.wait_for(*BOTH)
    yield made
    made.close()
