"""Actions on thousands, on workers that go or are gone, and through the engine."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.abortable import AbortableAsyncResult

from celerytui.engine import Engine
from celerytui.model import Finding, Link, LinkState, Outcome, ResultMeta, Section
from celerytui.results import ResultLookup
from celerytui.settings import Settings
from tests.integration.cluster import Cluster, only, until
from tests.integration.servers import Server
from tests.waiting import within

FORKS, SOLO = "scaled@test", "solo@test"
BULK, MANY = 5_000, 60_000


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The broker that a test asks for by `on`."""
    name = {"redis": "redis_server", "amqp": "rabbitmq_server"}[request.param]
    found: Server = request.getfixturevalue(name)
    return found


def on(*brokers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server", brokers, indirect=True)


@pytest.fixture
def cluster(server: Server, tmp_path: Path) -> Iterator[Cluster]:
    """A prefork worker of one process that scales to three, and a solo one."""
    made = Cluster(server.fresh_url(), tmp_path)
    made.begin(FORKS, "prefork", 1, "-E", "--autoscale", "3,1")
    made.begin(SOLO, "solo", 1, "-E", queues="alone")
    made.wait_for(FORKS, SOLO)
    yield made
    made.close()


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[Engine]:
    made = Engine(cluster.app, Settings(reply_timeout=cluster.reply_timeout))
    made.start()
    until(lambda: made.link.state is LinkState.CONNECTED and made.surveys.survey is not None, 30)
    yield made
    assert made.stop(10.0)


def send_many(cluster: Cluster, count: int, queue: str) -> list[str]:
    with cluster.app.connection_for_write() as connection:
        producer = connection.Producer()
        send = cluster.app.send_task
        return [send("proj.add", (n, 1), producer=producer, queue=queue).id for n in range(count)]


def done(engine: Engine, action: str, targets: list[str], **params: str) -> Outcome:
    running = engine.submit(action, targets, params)
    until(lambda: running.outcome, 60)
    assert running.outcome is not None
    return running.outcome


@on("redis", "amqp")
def test_thousands_a_dying_worker_and_the_rest(cluster: Cluster, engine: Engine) -> None:
    """One session: bulk revoke, cancelling, a worker that dies in between, a busy solo one."""
    ids = send_many(cluster, BULK, "nobody")
    with within(20):
        outcome = done(engine, "task.revoke", ids)
    assert (outcome.error, len(outcome.items)) == (None, BULK)
    assert all(item.ok for item in outcome.items)
    assert {reply.text for reply in outcome.replies} == {f"{BULK:,} tasks flagged as revoked"}
    assert set(cluster.ask("revoked", FORKS)) >= set(ids)

    # Cancelled on the way: what was not sent is told apart, and can be done again.
    running = engine.submit("task.revoke", [f"id{n}" for n in range(MANY)])
    until(lambda: running.done > 0, 30)
    running.cancel()
    until(lambda: running.outcome, 30)
    assert running.outcome is not None
    assert "cancelled after" in str(running.outcome.error)
    tried = [item.target for item in running.outcome.items if item.ok is not None]
    assert 0 < len(tried) == running.done < running.total == MANY
    assert {item.text for item in running.outcome.items if item.ok is None} == {"not sent"}

    # Killed between the messages: it counts as no answer, the other one as done.
    kill = cluster.workers[SOLO].kill
    steps = iter(range(100))

    def killing() -> bool:
        if next(steps) == 1:
            kill()
        return False

    names = [FORKS, SOLO]
    outcome = cluster.control.perform("task.revoke", ids[:3000], {}, names, cancelled=killing)
    by_worker = {reply.worker: reply for reply in outcome.replies}
    assert (by_worker[FORKS].ok, by_worker[SOLO].ok) == (True, None)
    assert "no reply" in by_worker[SOLO].text
    assert outcome.error is None
    assert len(engine.log.entries()) >= 2


@on("amqp")
def test_a_solo_worker_and_what_is_seen_afterwards(
    cluster: Cluster, engine: Engine, own_state: Path
) -> None:
    scaled = cluster.do("worker.autoscale", [FORKS], max="5", min="2")
    assert only(scaled).text == "autoscale now max=5 min=2"
    assert cluster.look_back(scaled).ok is True
    assert cluster.ask("stats", FORKS)["autoscaler"]["max"] == 5
    refused = only(cluster.do("worker.pool_grow", [FORKS]))
    assert refused.ok is False
    assert "Autoscale" in refused.text

    quick = cluster.app.send_task("proj.add", (2, 3), queue="alone")
    assert quick.get(timeout=100) == 5
    busy = cluster.app.send_task("proj.abortable", (600,), queue="alone")
    until(lambda: f"proj.abortable[{busy.id}] received" in cluster.log(SOLO))
    sections: list[Section] = []
    engine.inspect(SOLO, "stats", sections.append)
    engine.inspect(FORKS, "stats", sections.append)
    until(lambda: len(sections) == 2, 30)
    by_host = {section.hostname: section for section in sections}
    assert by_host[FORKS].error is None
    assert by_host[SOLO].error == f"no reply within {cluster.reply_timeout:g} s"
    assert "no reply" in only(cluster.do("worker.ping", [SOLO])).text
    AbortableAsyncResult(busy.id, app=cluster.app).abort()
    assert busy.get(timeout=300) == "aborted"

    again = done(engine, "task.run_again", [quick.id])
    (item,) = again.items
    assert item.new_id is not None, item.text
    results: list[ResultMeta] = []
    until(lambda: cluster.app.AsyncResult(item.new_id).ready(), 20)
    engine.read_result(item.new_id, results.append)
    until(lambda: results)
    assert results[0].result == "5"

    # Told to go, it sends no reply; that it went is seen afterwards.
    gone = done(engine, "worker.shutdown", [SOLO])
    assert only(gone).ok is None
    until(lambda: not cluster.workers[SOLO].running)
    until(lambda: any(one.action == "worker.shutdown" for one in engine.findings), 20)
    findings = {one.action: one for one in engine.findings}
    assert findings["worker.shutdown"] == Finding(
        "worker.shutdown", gone.started_at, findings["worker.shutdown"].at, True, "shut down"
    )
    assert findings["task.run_again"].ok is True
    logged = [entry for entry in engine.log.entries() if entry.targets == [SOLO]]
    assert logged[-1].finding == findings["worker.shutdown"]
    lines = (own_state / "celerytui" / "actions.jsonl").read_text().splitlines()
    assert any(json.loads(line).get("action") == "worker.shutdown" for line in lines)


@on("redis")
def test_read_only_changes_nothing(cluster: Cluster) -> None:
    engine = Engine(cluster.app, Settings(read_only=True))
    engine.reception.link = Link(LinkState.CONNECTED)
    engine.start()
    try:
        task = cluster.app.send_task("proj.sleepy", (600,))
        until(lambda: task.id in cluster.running(FORKS))
        for action, target in (
            ("task.terminate", task.id),
            ("worker.shutdown", FORKS),
            ("task.abort", task.id),
            ("queue.purge", "celery"),
        ):
            outcome = done(engine, action, [target])
            assert "read-only" in str(outcome.error)
        assert only(done(engine, "worker.ping", [FORKS])).ok is True
        assert cluster.running(FORKS) == {task.id}
        assert "warm shutdown" not in cluster.log(FORKS).lower()
    finally:
        engine.stop()
    cluster.workers[FORKS].send(signal.SIGQUIT)


@on("redis")
def test_a_dead_backend_says_so_in_time(server: Server, tmp_path: Path) -> None:
    made = Cluster(server.fresh_url(), tmp_path)
    cases: list[tuple[str, Callable[[str], bool]]] = [
        ("redis://127.0.0.1:1/0", lambda text: "refused" in text.lower()),
        ("rpc://", lambda text: "no other can read it" in text),
        ("disabled://", lambda text: "no result backend" in text),
    ]
    for backend, told in cases:
        app: Any = made.make_app(result_backend=backend)
        with within(8):
            meta = ResultLookup(app, time.time).read_result("some-id")
        assert meta.status is None
        assert told(str(meta.error)), meta.error
        app.close()
    made.app.close()
