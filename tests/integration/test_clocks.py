"""Clocks that are off, and times that are not to come yet, with real workers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from celerytui.engine import Engine
from celerytui.model import Task, TaskState
from celerytui.settings import Settings
from tests.integration.cluster import oldest_celery
from tests.integration.conftest import OTHER_CLOCK
from tests.integration.servers import Process, wait_until
from tests.waiting import patience, reply_seconds

SECONDS = 40.0
HOUR = 3600.0
COUNTDOWN = 4.0


@pytest.fixture
def run_engine() -> Iterator[Callable[[Any], Engine]]:
    engines: list[Engine] = []

    def run(app: Any) -> Engine:
        engine = Engine(app, Settings(refresh=0.1, reply_timeout=reply_seconds()))
        engines.append(engine)
        engine.start()
        return engine

    yield run
    for engine in engines:
        engine.stop()


def _beats(engine: Engine, hostname: str = "w1@test") -> float:
    """When its last heartbeat came, 0 before there was one."""
    worker = engine.store.worker(hostname)
    return (worker and worker.last_heartbeat) or 0.0


def _task(engine: Engine, task_id: str, state: TaskState) -> Task:
    def found() -> bool:
        task = engine.store.task(task_id)
        return task is not None and task.state is state

    try:
        wait_until(found, SECONDS, f"the task to be {state.label}")
    except AssertionError as error:
        raise AssertionError(f"{error}: {engine.store.task(task_id)}, {engine.link}") from error
    task = engine.store.task(task_id)
    assert task is not None
    return task


def test_a_worker_an_hour_behind_is_measured_and_corrected(
    app: Any, start_worker: Callable[..., Process], run_engine: Callable[[Any], Engine]
) -> None:
    engine = run_engine(app)
    start_worker(clock_ahead=-HOUR)
    wait_until(lambda: _beats(engine) > 0, SECONDS, "a heartbeat")
    worker = engine.store.worker("w1@test")
    assert worker is not None
    assert worker.clock_skew == pytest.approx(-HOUR, abs=patience())
    began = time.time()
    done = app.send_task("proj.add", (1, 2)).id
    runs = app.send_task("proj.sleepy", (600,)).id
    task = _task(engine, done, TaskState.SUCCESS)
    # The stamps are their senders', and what is between them is right all the same.
    assert task.sent is not None
    assert task.started is not None
    assert task.sent - task.started > HOUR / 2
    since = time.time() - began
    assert task.waited is not None
    assert 0 <= task.waited <= since + 1
    assert task.apart == pytest.approx(-HOUR, abs=patience())
    running = _task(engine, runs, TaskState.STARTED)
    ran = running.running(engine.clock())
    assert ran is not None
    assert 0 <= ran <= time.time() - began + 1


CLIENT = """
from celery import Celery
app = Celery("far", broker={url!r})
app.conf.task_send_sent_event = True
for id in ("one", "two"):
    app.send_task("proj.add", (1, 2), task_id=id)
"""


@pytest.mark.parametrize("broker_server", ["redis"], indirect=True)
def test_a_client_an_hour_ahead_is_measured_by_what_it_sends(
    broker_url: str,
    app: Any,
    start_worker: Callable[..., Process],
    run_engine: Callable[[Any], Engine],
) -> None:
    engine = run_engine(app)
    start_worker()
    wait_until(lambda: _beats(engine) > 0, SECONDS, "a heartbeat")
    began = time.time()
    env = os.environ | {"PYTHONPATH": str(OTHER_CLOCK), "CLOCK_AHEAD": str(HOUR)}
    script = CLIENT.format(url=broker_url)
    subprocess.run([sys.executable, "-c", script], env=env, check=True, timeout=300)
    task = _task(engine, "two", TaskState.SUCCESS)
    assert task.sent is not None
    assert task.sent - began > HOUR / 2
    assert task.apart == pytest.approx(-HOUR, abs=patience())
    assert task.waited is not None
    assert 0 <= task.waited <= time.time() - began + 1
    assert task.clocks_differ(engine.clock()) is None


@pytest.mark.parametrize("zone", ["Asia/Tokyo"])
def test_neither_eta_nor_back_off_is_waiting(
    app: Any,
    broker_url: str,
    start_worker: Callable[..., Process],
    run_engine: Callable[[Any], Engine],
    zone: str,
) -> None:
    engine = run_engine(app)
    # One version for each broker, and a zone that is not ours: an ETA names its own.
    start_worker(zone=zone, **({"python": oldest_celery()} if "amqp" in broker_url else {}))
    wait_until(lambda: _beats(engine) > 0, SECONDS, "a heartbeat")
    later = app.send_task("proj.add", (1, 2), countdown=COUNTDOWN).id
    again = app.send_task("proj.flaky", (1, COUNTDOWN)).id
    never = app.send_task("proj.add", (1, 2), countdown=900).id
    held = _task(engine, never, TaskState.RECEIVED)
    assert held.waiting(engine.clock()) is None
    until = held.held_until(engine.clock())
    assert until is not None
    assert until - engine.clock() == pytest.approx(900, abs=patience() * 2)
    for task_id in (later, again):
        task = _task(engine, task_id, TaskState.SUCCESS)
        assert task.sent is not None
        assert task.started is not None
        assert task.waited is not None
        # An ETA is made a moment before the stamp of sending.
        assert task.waited <= task.started - task.sent - COUNTDOWN + 0.5 * patience()
        assert task.held_until(engine.clock()) is None


@pytest.mark.parametrize("broker_server", ["redis"], indirect=True)
def test_our_own_clock_may_jump_and_no_verdict_changes(
    app: Any,
    start_worker: Callable[..., Process],
    run_engine: Callable[[Any], Engine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = run_engine(app)
    start_worker()
    wait_until(lambda: _beats(engine) > 0, SECONDS, "a heartbeat")
    began = time.monotonic()
    runs = app.send_task("proj.sleepy", (600,)).id
    _task(engine, runs, TaskState.STARTED)
    right = time.time
    for jump in (HOUR, -HOUR, 0.0):
        monkeypatch.setattr(time, "time", lambda jump=jump: right() + jump)
        before = _beats(engine)
        wait_until(lambda before=before: _beats(engine) > before + 3, SECONDS, "heartbeats")  # type: ignore[misc]  # mypy takes no default in a lambda
        now = engine.clock()
        assert now == pytest.approx(right(), abs=patience())
        worker = engine.store.worker("w1@test")
        assert worker is not None
        assert worker.status == "online"
        assert worker.clock_skew == pytest.approx(0.0, abs=patience())
        task = engine.store.task(runs)
        assert task is not None
        ran = task.running(now)
        assert ran is not None
        assert ran <= time.monotonic() - began + 1
        assert engine.store.gaps() == []
        assert [alert.id for alert in engine.health.alerts] == []
        [queue] = [one for one in engine.store.queues() if one.name == "celery"]
        if queue.read_at is not None:
            assert 0 <= now - queue.read_at <= patience() * 2
