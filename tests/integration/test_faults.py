"""A monitor whose connection fails says so, comes back by itself, and says what is true.

These are the quickest; `make trials` does all of them (docs/reliability.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.fault_trial import trial
from tests.integration.faults import RABBITMQ, REDIS, SHORT, STAGES, Fault
from tests.integration.servers import Server
from tests.integration.stages import Stage

SERVERS = {REDIS: "redis_server", RABBITMQ: "rabbitmq_server"}


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, revived: Callable[[Server], Server], tmp_path: Path
) -> Iterator[Stage]:
    server: Server = request.getfixturevalue(SERVERS[request.param])
    stage = STAGES[request.param](revived(server), tmp_path)
    yield stage
    stage.close()


CASES = [(fault, broker) for fault in SHORT for broker in fault.brokers]


@pytest.mark.parametrize(
    ("fault", "stage"),
    CASES,
    indirect=["stage"],
    ids=[f"{broker}: {fault.name}" for fault, broker in CASES],
)
async def test_a_gap_is_no_loss(fault: Fault, stage: Stage) -> None:
    outcome = await trial(fault, stage)

    assert (outcome.differences, outcome.left) == ([], []), outcome.summary()
