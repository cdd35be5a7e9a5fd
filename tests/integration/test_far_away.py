"""A broker that is 50 ms away: what workers say, and how long queues are, comes all the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from celerytui.engine import Engine
from celerytui.settings import Settings
from tests.integration.servers import REPO, Server, wait_until
from tests.integration.slow_link import slow_link

SECONDS = 30.0
ROUND_TRIP = 0.05
WORKERS = 100


@pytest.fixture
def far_url(broker_server: Server, broker_url: str) -> Iterator[str]:
    """The URL of `broker_url` over the slow link, with workers that answer beside the broker."""
    args = [sys.executable, "-m", "tests.integration.mailboxes", broker_url, str(WORKERS)]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True, cwd=REPO) as workers:
        assert workers.stdout is not None
        assert workers.stdout.readline() == "listening\n"
        with slow_link(broker_url, ROUND_TRIP) as url:
            yield url
        workers.kill()


@pytest.fixture
def engine(far_url: str, make_app: Callable[..., Any]) -> Iterator[Engine]:
    engine = Engine(make_app(far_url), Settings(), headless=True)
    engine.start()
    yield engine
    engine.stop()


def test_a_hundred_workers_are_known_with_what_they_run(engine: Engine) -> None:
    def known() -> bool:
        workers = engine.store.workers()
        return len(workers) == WORKERS and all(
            worker.pool is not None and worker.queues is not None and worker.task_events is True
            for worker in workers
        )

    wait_until(known, SECONDS, "every worker's answers, and its task events to be on")
    survey = engine.survey
    assert survey is not None
    assert survey.missing == ()
    assert engine.store.summary(engine.clock()).by_state["started"] == WORKERS
