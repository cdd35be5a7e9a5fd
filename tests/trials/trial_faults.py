"""Every kind of fault of a broker and of the way to it, each a row of docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import serve
from tests.integration.fault_trial import trial
from tests.integration.faults import FAULTS, RABBITMQ, REDIS, SENTINEL, Fault
from tests.integration.servers import (
    RabbitServer,
    RedisServer,
    Server,
    missing,
    rabbit_binary,
    redis_binary,
)
from tests.integration.stages import RabbitStage, RedisStage, SentinelStage, Stage
from tests.trials.reliability import record

LASTING = ("--appendonly", "yes", "--appendfsync", "always")
CASES = [(fault, broker) for fault in FAULTS for broker in fault.brokers]


@pytest.fixture(scope="module")
def lasting_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis that knows after a crash what it knew before."""
    if redis_binary() is None:
        missing("redis-server")
    yield from serve(lambda: RedisServer(tmp_path_factory.mktemp("lasting"), *LASTING))


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if rabbit_binary() is None:
        missing("rabbitmq-server")
    yield from serve(lambda: RabbitServer(tmp_path_factory.mktemp("rabbit")))


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    made: Stage
    if request.param == REDIS:
        made = RedisStage(request.getfixturevalue("lasting_redis"), tmp_path)
    elif request.param == RABBITMQ:
        made = RabbitStage(request.getfixturevalue("rabbit"), tmp_path)
    else:
        assert request.param == SENTINEL
        made = SentinelStage(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("fault", "broker", "stage"),
    [(fault, broker, broker) for fault, broker in CASES],
    indirect=["stage"],
    ids=[f"{broker}: {fault.name}" for fault, broker in CASES],
)
async def test_it_says_so_and_comes_back_to_what_is_true(
    fault: Fault, broker: str, stage: Stage
) -> None:
    outcome = await trial(fault, stage)
    print(f"\n{broker}: {fault.name}: {outcome.summary()}")
    record(fault, broker, outcome)
    assert (outcome.differences, outcome.left) == ([], [])
