"""A monitor that misses events finds out by itself, with real workers: it asks, and settles."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from celerytui.engine import Engine
from celerytui.model import TaskState
from celerytui.settings import Settings
from celerytui.store import verdicts
from tests.integration import starts
from tests.integration.cluster import Cluster, hear, oldest_celery
from tests.integration.lossy import Lossy, asked_seldom, no_phantoms
from tests.integration.servers import Server, wait_until
from tests.integration.wire import Wire
from tests.waiting import reply_seconds

SECONDS = 60.0
LOAD_SECONDS = 12.0
STARTS = 4


@pytest.fixture
def run_lossy() -> Iterator[Callable[..., Lossy]]:
    """`run_lossy(app, every)`: an engine that misses one task-succeeded in `every`."""
    engines: list[Engine] = []

    def run(app: Any, every: int, **settings: Any) -> Lossy:
        engine = Engine(app, Settings(reply_timeout=reply_seconds(), **settings), headless=True)
        lossy = Lossy(engine, every)
        engines.append(engine)
        engine.start()
        return lossy

    yield run
    for engine in engines:
        engine.stop()


def _state(engine: Engine, task_id: str) -> TaskState | None:
    task = engine.store.task(task_id)
    return None if task is None else task.state


@pytest.mark.parametrize("backend", [True, False])
def test_tasks_whose_end_was_not_seen_do_not_run_for_ever(
    redis_server: Server, tmp_path: Path, run_lossy: Callable[..., Lossy], backend: bool
) -> None:
    cluster = Cluster(redis_server.fresh_url(), tmp_path)
    wire = Wire(redis_server.port, only=b"pidbox")
    python = sys.executable if backend else oldest_celery()
    try:
        for hostname in ("w1@test", "w2@test"):
            cluster.begin(hostname, "prefork", 4, "-E", python=python)
        cluster.wait_for("w1@test", "w2@test")
        cluster.app.control.rate_limit("proj.big", "1/h", reply=True, timeout=SECONDS, limit=2)
        app = cluster.app if backend else Celery("t", broker=cluster.url, set_as_current=False)
        # It only reads, so read-only allows it.
        lossy = run_lossy(app, 30, read_only=True)
        engine = lossy.engine
        wait_until(
            lambda: sum(one.inspected is not None for one in engine.store.workers()) == 2,
            SECONDS,
            "the workers to be asked",
        )
        hear(engine, "w1@test", "w2@test")
        wire.forget()
        ignored = cluster.app.send_task("proj.ignored").id
        held_back = [cluster.app.send_task("proj.big", (1,)).id for _ in range(8)]
        no_phantoms(lossy, cluster.app, LOAD_SECONDS)
        assert len(lossy.dropped) > 3
        state = TaskState.SUCCESS if backend else TaskState.MISSED
        lossy.settle(state, SECONDS)
        for task in lossy.tasks():
            assert task.more.source == ("result backend" if backend else None)
            assert task.result == ("'slept 0.05'" if backend else None)
            assert (task.finished is not None) is backend
        wait_until(lambda: _state(engine, ignored) is TaskState.MISSED, SECONDS, "what was ignored")
        assert engine.store.summary(engine.clock()).by_state[TaskState.STARTED.label] == 0
        # Of these each worker may run one an hour, and names none that waits for that.
        waiting = [id for id in held_back if _state(engine, id) is TaskState.RECEIVED]
        assert len(waiting) >= len(held_back) - 2
        assert {_state(engine, id) for id in held_back} <= {TaskState.RECEIVED, TaskState.SUCCESS}
        assert asked_seldom(wire) > 0
        assert engine.steps.trouble is None
    finally:
        wire.close()
        cluster.close()


def test_a_task_whose_eta_came_long_ago_is_not_waiting_for_ever(
    redis_server: Server, tmp_path: Path, run_lossy: Callable[..., Lossy]
) -> None:
    cluster = Cluster(redis_server.fresh_url(), tmp_path)
    try:
        cluster.begin("w1@test", "prefork", 2, "-E")
        cluster.wait_for("w1@test")
        lossy = run_lossy(cluster.app, 1_000_000)
        store = lossy.engine.store
        wait_until(
            lambda: any(one.inspected is not None for one in store.workers()), SECONDS, "the worker"
        )
        lossy.hidden = {"past", "later"}
        for task_id, countdown in (("past", 3), ("later", 3600)):
            options: Any = {"task_id": task_id, "countdown": countdown}
            cluster.app.send_task("proj.add", (1, 2), **options)
        wait_until(
            lambda: (
                [_state(lossy.engine, one) for one in ("past", "later")] == [TaskState.RECEIVED] * 2
            ),
            SECONDS,
            "both to wait for their time",
        )
        ended = TaskState.SUCCESS
        wait_until(lambda: _state(lossy.engine, "past") is ended, SECONDS, "one to be settled")
        assert _state(lossy.engine, "later") is TaskState.RECEIVED
    finally:
        cluster.close()


@pytest.mark.parametrize("backend", [True, False])
def test_a_warm_shutdown_whose_last_events_are_not_seen_loses_no_task(
    broker_url: str,
    tmp_path: Path,
    run_lossy: Callable[..., Lossy],
    backend: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verdicts, "STOPPING_LIMIT", 6.0)
    cluster = Cluster(broker_url, tmp_path)
    try:
        worker = cluster.begin("w1@test", "prefork", 2, "-E")
        cluster.wait_for("w1@test")
        app = cluster.app if backend else Celery("t", broker=cluster.url, set_as_current=False)
        lossy = run_lossy(app, 1)
        store = lossy.engine.store
        wait_until(
            lambda: any(one.inspected is not None for one in store.workers()), SECONDS, "the worker"
        )
        lossy.dropped |= {cluster.app.send_task("proj.sleepy", (3,)).id for _ in range(2)}
        wait_until(lambda: lossy.states() == {"started": 2}, SECONDS, "the tasks")
        worker.send(signal.SIGTERM)
        wait_until(lambda: not worker.running, SECONDS, "the worker to end")

        def settled() -> bool:
            states = lossy.states()
            assert TaskState.LOST.label not in states
            return "started" not in states

        wait_until(settled, SECONDS, "the tasks to be given up")
        lossy.settle(TaskState.SUCCESS if backend else TaskState.MISSED, SECONDS)
        sources = {task.more.source for task in lossy.tasks()}
        assert sources == {"result backend" if backend else None}
    finally:
        cluster.close()


async def test_no_start_among_running_tasks_leaves_one_running(
    redis_server: Server, tmp_path: Path
) -> None:
    cluster = Cluster(redis_server.fresh_url(), tmp_path)
    try:
        starts.begin(cluster)
        for _ in range(STARTS):
            assert await starts.phantoms_of_a_start(cluster) == []
    finally:
        cluster.close()
