"""The whole engine on real brokers with real workers: what a monitor learns and what it does."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from celerytui.engine import Engine
from celerytui.model import LinkState, TaskState
from celerytui.settings import Settings
from celerytui.store import Store
from tests.integration.servers import Process, Server, wait_until
from tests.waiting import patience, reply_seconds

SECONDS = 30.0
STOP_SECONDS = 1.2
"""So long an engine may take to stop, to turn events off again too."""


@pytest.fixture
def run_engine() -> Iterator[Callable[..., Engine]]:
    """`run_engine(app, **settings)`: an engine that is started, and stopped after the test."""
    engines: list[Engine] = []

    def run(app: Any, **settings: Any) -> Engine:
        patient = {"reply_timeout": reply_seconds()}
        engine = Engine(app, Settings(refresh=0.1, **(patient | settings)))
        engines.append(engine)
        engine.start()
        return engine

    yield run
    for engine in engines:
        engine.stop()


def _online(engine: Engine, count: int = 1) -> None:
    def there() -> bool:
        workers = engine.store.workers()
        return sum(one.status == "online" and one.inspected is not None for one in workers) >= count

    wait_until(there, SECONDS, f"{count} workers to be online and asked")


def _state(engine: Engine, task_id: str) -> TaskState | None:
    task = engine.store.task(task_id)
    return None if task is None else task.state


def test_what_already_runs_shows_at_once(
    app: Any, start_worker: Callable[..., Process], run_engine: Callable[..., Engine]
) -> None:
    start_worker(concurrency=1, events=False, options=("--prefetch-multiplier=4",))
    running = app.send_task("proj.sleepy", (600,)).id
    waiting = app.send_task("proj.add", (1, 2)).id
    later = app.send_task("proj.add", (3, 4), countdown=600).id
    inspect = app.control.inspect(destination=["w1@test"], timeout=20)
    wait_until(lambda: bool((inspect.active() or {}).get("w1@test")), SECONDS, "the task to run")
    wait_until(
        lambda: bool((inspect.scheduled() or {}).get("w1@test")), SECONDS, "the ETA to be held"
    )
    engine = run_engine(app)
    wait_until(lambda: _state(engine, running) is TaskState.STARTED, SECONDS, "the running task")
    wait_until(lambda: _state(engine, later) is not None, SECONDS, "the scheduled task")
    task = engine.store.task(running)
    assert task is not None
    assert (task.name, task.worker, task.args) == ("proj.sleepy", "w1@test", "(600,)")
    assert task.started is not None
    assert abs(time.time() - task.started) < 600
    held = engine.store.task(later)
    assert held is not None
    assert held.more.eta
    assert _state(engine, waiting) in (TaskState.RECEIVED, None)
    worker = engine.store.worker("w1@test")
    assert worker is not None
    assert (worker.pool, worker.concurrency, worker.queues) == ("threads", 1, ("celery",))


def test_events_are_turned_on_once_and_nothing_is_broadcast_after(
    app: Any, start_worker: Callable[..., Process], run_engine: Callable[..., Engine]
) -> None:
    worker = start_worker(events=False)
    engine = run_engine(app)
    _online(engine)
    wait_until(
        lambda: bool(
            (one := engine.store.worker("w1@test")) and one.task_events and one.events_enabled_by_us
        ),
        SECONDS,
        "the events to be turned on",
    )
    wait_until(lambda: bool(engine.outcomes), SECONDS, "the engine to say so")
    [said] = engine.outcomes
    assert (said.action, said.targets) == ("worker.enable_events", ("w1@test",))
    done = app.send_task("proj.add", (1, 2)).id
    wait_until(lambda: _state(engine, done) is TaskState.SUCCESS, SECONDS, "the task's events")
    before = worker.output().count("pidbox")
    clock = app.control.inspect(destination=["w1@test"], timeout=20).clock
    first = clock()["w1@test"]["clock"]
    beats = engine.store.summary(time.time()).events_received
    wait_until(
        lambda: engine.store.summary(time.time()).events_received >= beats + 3,
        SECONDS,
        "heartbeats",
    )
    # Each command that a worker takes moves its clock by more than its own heartbeats do.
    assert clock()["w1@test"]["clock"] - first < 40
    assert worker.output().count("pidbox") == before


def test_what_failed_is_not_known_until_it_was_seen(
    app: Any, start_worker: Callable[..., Process], run_engine: Callable[..., Engine]
) -> None:
    start_worker(events=False, options=("--heartbeat-interval=1",))
    inspect = app.control.inspect(destination=["w1@test"], timeout=20)
    for task, args in (("add", (1, 2)), ("fail", ()), ("fail", ())):
        app.send_task(f"proj.{task}", args)

    def are_over() -> bool:
        counted = (inspect.stats() or {}).get("w1@test", {}).get("total", {})
        # They are counted when they start.
        return sum(counted.values()) == 3 and (inspect.active() or {}).get("w1@test") == []

    wait_until(are_over, SECONDS, "three tasks to be over")
    engine = run_engine(app)

    def figures() -> tuple[Any, ...]:
        one = engine.store.worker("w1@test")
        return (
            (None,) * 4 if one is None else (one.processed, one.succeeded, one.failed, one.retried)
        )

    wait_until(
        lambda: bool((one := engine.store.worker("w1@test")) and one.events_enabled_by_us),
        SECONDS,
        "the events to be turned on",
    )
    wait_until(lambda: figures()[0] == 3, SECONDS, "a heartbeat")
    # Two have failed, which nobody saw: that is not none.
    assert figures() == (3, None, None, None)
    began = time.time()
    for task, args in (("add", (1, 2)), ("add", (3, 4)), ("fail", ())):
        app.send_task(f"proj.{task}", args)
    wait_until(lambda: figures() == (6, 2, 1, 0), SECONDS, "what came since to be counted")
    worker = engine.store.worker("w1@test")
    assert worker is not None
    assert worker.seen_since is not None
    assert began - 1 < worker.seen_since < time.time() + 1


def test_events_can_be_left_alone(
    app: Any, start_worker: Callable[..., Process], run_engine: Callable[..., Engine]
) -> None:
    start_worker(events=False, options=("--heartbeat-interval=1",))
    engine = run_engine(app, enable_events=False)
    _online(engine)
    for _ in range(12):
        app.send_task("proj.add", (1, 2))
    wait_until(
        lambda: (one := engine.store.worker("w1@test")) is not None and one.task_events is False,
        SECONDS,
        "the worker to be found out as silent",
    )
    replies = app.control.enable_events(destination=["w1@test"], reply=True, timeout=20)
    assert "already" not in str(replies)


@pytest.mark.parametrize("was_on", [True, False])
def test_restore_turns_off_only_what_was_turned_on_here(
    make_app: Any,
    redis_url: str,
    start_worker_on: Callable[..., Process],
    run_engine: Callable[..., Engine],
    was_on: bool,
) -> None:
    app = make_app(redis_url)
    start_worker_on(redis_url, events=False)
    if was_on:
        app.control.enable_events(destination=["w1@test"], reply=True, timeout=20)
    engine = run_engine(app, restore_events=True)
    wait_until(
        lambda: bool((one := engine.store.worker("w1@test")) and one.task_events),
        SECONDS,
        "the events to be on",
    )
    engine.stop(STOP_SECONDS * patience())
    [reply] = app.control.enable_events(destination=["w1@test"], reply=True, timeout=20)
    assert ("already" in str(reply)) is was_on


def test_restore_does_not_wait_for_what_the_control_thread_does(
    make_app: Any,
    redis_url: str,
    start_worker_on: Callable[..., Process],
    run_engine: Callable[..., Engine],
) -> None:
    app = make_app(redis_url)
    start_worker_on(redis_url, events=False)
    silent = start_worker_on(redis_url, "w2@test")
    engine = run_engine(app, restore_events=True, reply_timeout=3.0 * patience())
    _online(engine, 2)
    wait_until(
        lambda: engine.store.worker("w1@test").events_enabled_by_us,  # type: ignore[union-attr]  # known by then
        SECONDS,
        "the events to be on",
    )
    silent.send(signal.SIGSTOP)
    engine.submit("task.revoke", ["some-id"])
    engine.stop(STOP_SECONDS * patience())
    silent.send(signal.SIGCONT)
    [reply] = app.control.enable_events(destination=["w1@test"], reply=True, timeout=20)
    assert "already" not in str(reply)


def test_what_was_missed_in_a_gap_is_right_again(
    make_app: Any,
    redis_server: Server,
    revived: Callable[[Server], Server],
    start_worker_on: Callable[..., Process],
    run_engine: Callable[..., Engine],
    tmp_path: Path,
) -> None:
    server = revived(redis_server)
    url = server.fresh_url()
    app = make_app(url, broker_connection_retry_on_startup=True)
    worker = start_worker_on(url, concurrency=2)
    engine = run_engine(app)
    _online(engine)
    enough = tmp_path / "enough"
    running = app.send_task("proj.until", (str(enough),)).id
    wait_until(lambda: _state(engine, running) is TaskState.STARTED, SECONDS, "the task to start")
    server.kill()
    wait_until(lambda: engine.link.state is LinkState.RECONNECTING, SECONDS, "the loss to be seen")
    assert engine.link.error
    assert engine.link.lost_at is not None
    assert engine.store.gaps()[-1][1] is None
    enough.touch()
    wait_until(lambda: f"[{running}] succeeded" in worker.output(), SECONDS, "it to end unseen")
    server.start()
    engine.reconnect_now()
    wait_until(lambda: engine.link.state is LinkState.CONNECTED, SECONDS, "the broker to be back")
    wait_until(lambda: engine.store.gaps()[-1][1] is not None, SECONDS, "the gap to be closed")
    wait_until(
        lambda: _state(engine, running) is not TaskState.STARTED,
        SECONDS,
        "the task that ended in the gap not to run for ever",
    )


def test_queues_of_events_workers_and_settings_are_read(
    app: Any, start_worker: Callable[..., Process], run_engine: Callable[..., Engine]
) -> None:
    start_worker(queues="celery,mail")
    engine = run_engine(app, queues=("watched",), queue_interval=0.2)
    _online(engine)
    for _ in range(3):
        app.send_task("proj.add", (1, 2), queue="nobody")

    def depths() -> dict[str, int | None]:
        return {queue.name: queue.ready for queue in engine.store.queues()}

    wait_until(lambda: depths().get("nobody") == 3, SECONDS, "the queue that nobody consumes")
    wait_until(lambda: {"celery", "mail", "watched"} <= set(depths()), SECONDS, "the other queues")
    [alone] = [queue for queue in engine.store.queues() if queue.name == "nobody"]
    assert alone.consumed is False


def test_an_action_ends_in_an_outcome_with_every_workers_reply(
    app: Any, start_worker: Callable[..., Process], run_engine: Callable[..., Engine]
) -> None:
    start_worker("w1@test", pool="prefork", concurrency=1)
    engine = run_engine(app)
    _online(engine)
    running = app.send_task("proj.sleepy", (600,)).id
    wait_until(lambda: _state(engine, running) is TaskState.STARTED, SECONDS, "the task to start")
    engine.submit("task.terminate", [running], {"signal": "SIGKILL"})
    wait_until(lambda: bool(engine.outcomes), SECONDS, "the outcome")
    outcome = engine.outcomes.popleft()
    assert [(reply.worker, reply.ok) for reply in outcome.replies] == [("w1@test", True)]
    wait_until(lambda: _state(engine, running) is TaskState.REVOKED, SECONDS, "the task to be gone")


def test_a_batch_that_cannot_be_stored_does_not_end_the_receiver(
    make_app: Any, redis_url: str, run_engine: Callable[..., Engine], monkeypatch: Any
) -> None:
    app = make_app(redis_url)
    engine = run_engine(app)
    wait_until(lambda: engine.link.state is LinkState.CONNECTED, SECONDS, "the connection")
    store, broken = engine.store, Store()
    monkeypatch.setattr(broken._intake, "_events", None)
    engine.reception._store = broken
    with app.events.default_dispatcher() as dispatcher:
        dispatcher.send("task-received", uuid="first", name="proj.add")
        wait_until(lambda: engine.steps.trouble is not None, SECONDS, "the trouble to be told")
        engine.reception._store = store
        dispatcher.send("task-received", uuid="second", name="proj.add")
    wait_until(lambda: store.task("second") is not None, SECONDS, "the next event")


def test_a_step_that_fails_ends_no_thread(
    make_app: Any, redis_url: str, run_engine: Callable[..., Engine]
) -> None:
    engine = run_engine(make_app(redis_url))

    def broken() -> None:
        raise RuntimeError("broken on purpose")

    engine._control._jobs.put(broken)
    wait_until(lambda: engine.steps.trouble is not None, SECONDS, "the trouble to be told")
    assert "RuntimeError" in (engine.steps.trouble or "")
    engine.submit("task.revoke", ["no-such-task"])
    wait_until(lambda: bool(engine.outcomes), SECONDS, "the next job")


def test_the_size_of_a_pool_that_was_changed_is_told(
    app: Any, start_worker: Callable[..., Process], run_engine: Callable[..., Engine]
) -> None:
    start_worker("w1@test", pool="prefork", concurrency=1)
    engine = run_engine(app)
    _online(engine)

    def size() -> int | None:
        worker = engine.store.worker("w1@test")
        return worker.concurrency if worker is not None else None

    assert size() == 1
    engine.submit("worker.pool_grow", ["w1@test"], {"n": "2"})
    wait_until(lambda: size() == 3, SECONDS, "the pool to be of three")
    # Somebody else's doing is seen when the workers are asked.
    app.control.pool_shrink(1, destination=["w1@test"])

    def asked() -> bool:
        engine.ask_workers()
        time.sleep(0.5)
        return size() == 2

    wait_until(asked, SECONDS, "the pool to be of two")
