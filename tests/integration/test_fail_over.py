"""A list of URLs of two kinds of brokers: the one that answers is read in its own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celerytui.engine import Engine
from celerytui.model import LinkState
from celerytui.settings import Settings
from tests.integration.servers import Process, Server, free_port, wait_until

SECONDS = 40.0


def test_the_url_that_answers_chooses_how_it_is_read(
    broker_server: Server,
    broker_url: str,
    make_app: Callable[..., Any],
    start_worker_on: Callable[..., Process],
) -> None:
    other = "redis" if broker_server.scheme == "amqp" else "amqp"
    start_worker_on(broker_url)
    app = make_app(f"{other}://127.0.0.1:{free_port()};{broker_url}")
    engine = Engine(app, Settings(queue_interval=0.1), headless=True)
    engine.start()
    try:
        wait_until(lambda: engine.link.state is LinkState.CONNECTED, SECONDS, "the second URL")
        assert engine.link.note is None

        def known() -> bool:
            celery = [one for one in engine.store.queues() if one.name == "celery"]
            return [(one.ready, one.error) for one in celery] == [(0, None)]

        wait_until(known, SECONDS, "the queue's figures")
        make_app(broker_url).send_task("proj.add", (1, 2))
        wait_until(
            lambda: engine.store.summary(engine.clock()).by_state["success"] == 1, SECONDS, "a task"
        )
    finally:
        engine.stop()
