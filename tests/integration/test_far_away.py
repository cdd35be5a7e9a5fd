"""A broker that is 50 ms away: what workers say, and how long queues are, comes all the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kombu.entity import Queue

from celerytui.engine import Engine
from celerytui.settings import Settings
from celerytui.store.queues import NOT_READ
from tests.integration.servers import REPO, Server, wait_until
from tests.integration.slow_link import slow_link
from tests.waiting import reply_seconds

SECONDS = 30.0
ROUND_TRIP = 0.05
WORKERS = 100
QUEUES = 400


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
    patient = Settings(reply_timeout=reply_seconds())
    engine = Engine(make_app(far_url), patient, headless=True)
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
    survey = engine.surveys.survey
    assert survey is not None
    assert survey.missing == ()
    assert engine.store.summary(engine.clock()).by_state["started"] == WORKERS


def test_queues_stand_there_at_once_and_their_figures_come(
    broker_url: str, make_app: Callable[..., Any]
) -> None:
    names = [f"q{number:04}" for number in range(QUEUES)]
    near = make_app(broker_url)
    undeclared, full = set(names[::50]), set(names[5::10])
    with near.connection_for_write() as connection:
        channel = connection.default_channel
        for name in names:
            if name not in undeclared:
                channel.queue_declare(name, durable=True, auto_delete=False)
        producer = near.amqp.Producer(channel)
        for name in sorted(full):
            producer.publish({}, exchange="", routing_key=name)
    with slow_link(broker_url, ROUND_TRIP) as url:
        app = make_app(url)
        queue: Any = Queue
        app.conf.task_queues = [queue(name) for name in names]
        engine = Engine(app, Settings(), headless=True)
        engine.start()
        try:
            known = {*names, "celery"}
            wait_until(
                lambda: {queue.name for queue in engine.store.queues()} == known,
                SECONDS,
                "the names",
            )
            unread = {queue.error for queue in engine.store.queues() if queue.read_at is None}
            assert unread <= {NOT_READ}
            wait_until(lambda: _all_read(engine), SECONDS, "every figure")
            ready = {queue.name: queue.ready for queue in engine.store.queues()}
            assert {name for name in names if ready[name]} == full
        finally:
            engine.stop()


def _all_read(engine: Engine) -> bool:
    return all(queue.read_at is not None for queue in engine.store.queues())
