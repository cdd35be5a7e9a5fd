"""What a recorder kept is there at the start, on request and offline, on a real cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.abortable import AbortableAsyncResult

from celerytui.engine import Engine, PastReading
from celerytui.errors import HistoryError
from celerytui.history.place import only_place
from celerytui.model import LinkState, TaskState
from celerytui.query import parse_filter
from celerytui.settings import Settings
from celerytui.store import FROM_HISTORY, Store
from tests.integration.servers import REPO, Process, Server, wait_until
from tests.waiting import GENEROUS, reply_seconds

SECONDS = 30.0


class Recording:
    """A recorder of its own process, on a broker with one worker."""

    def __init__(self, url: str, history: str, folder: Path) -> None:
        self.url = url
        self.history = history
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it hears of everything."""
        args = [sys.executable, "-m", "celerytui", "-b", self.url, "record"]
        env = os.environ | {"XDG_STATE_HOME": str(self._folder)}
        said = self._folder / "said"
        with said.open("wb") as file:
            self._process = subprocess.Popen(
                [*args, "--history", self.history], cwd=REPO, env=env, stderr=file
            )
        wait_until(lambda: "connected to" in said.read_text(), SECONDS, "the recorder to connect")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(SECONDS * GENEROUS)
            self._process = None

    def states(self) -> dict[str, TaskState]:
        """What there is by now."""
        try:
            history = only_place(self.history, os.environ).reader()
        except HistoryError:
            return {}
        steps = [*history.search(parse_filter(""), time.time())]
        history.close()
        return {task.id: task.state for step in reversed(steps) for task in reversed(step.tasks)}


@pytest.fixture
def recording(redis_server: Server, tmp_path: Path) -> Iterator[Recording]:
    made = Recording(redis_server.fresh_url(), f"sqlite:///{tmp_path}/h", tmp_path)
    yield made
    made.stop()


@pytest.fixture
def run_engine() -> Iterator[Callable[..., Engine]]:
    """`run_engine(app, **settings)`: an engine that is started, and stopped after the test."""
    engines: list[Engine] = []

    def run(app: Any, **settings: Any) -> Engine:
        engine = Engine(app, Settings(refresh=0.1, reply_timeout=reply_seconds(), **settings))
        engines.append(engine)
        engine.start()
        return engine

    yield run
    for engine in engines:
        engine.stop(SECONDS)


def has_succeeded(store: Store, id: str) -> bool:
    task = store.task(id)
    return task is not None and task.state is TaskState.SUCCESS


def test_what_was_recorded_is_there_at_the_start(
    recording: Recording,
    make_app: Callable[..., Any],
    start_worker_on: Callable[..., Process],
    run_engine: Callable[..., Engine],
) -> None:
    app = make_app(recording.url)
    recording.start()
    start_worker_on(recording.url, concurrency=3)
    good = app.send_task("proj.add", (1, 2)).id
    bad = app.send_task("proj.fail", kwargs={"account": "a"}).id
    runs = app.send_task("proj.sleepy", (600,)).id
    unheard = app.send_task("proj.abortable", (600,))
    open_states = {TaskState.SUCCESS, TaskState.FAILURE, TaskState.STARTED}
    wait_until(
        lambda: len(states := recording.states()) == 4 and {*states.values()} == open_states,
        SECONDS,
        "two ended and two started tasks to be recorded",
    )
    recording.stop()
    AbortableAsyncResult(unheard.id, app=app).abort()
    wait_until(unheard.ready, SECONDS, "a task to end unheard")

    engine = run_engine(app, history=recording.history)
    store = engine.store
    wait_until(lambda: len(store.all_tasks()) >= 4, SECONDS, "the history")
    failed = store.task(bad)
    assert failed is not None
    assert (failed.state, failed.more.source) == (TaskState.FAILURE, FROM_HISTORY)
    assert "account" in (failed.kwargs or "")
    assert failed.more.traceback
    matched = parse_filter("source:history state:success").select(store.all_tasks(), engine.clock())
    assert [task.id for task in matched] == [good]

    def running() -> bool:
        task = store.task(runs)
        return task is not None and task.state is TaskState.STARTED and task.more.source is None

    wait_until(running, SECONDS, "the worker to say what it still runs")
    wait_until(
        lambda: (task := store.task(unheard.id)) is not None and task.state is TaskState.SUCCESS,
        SECONDS,
        "the result backend to say how the other ended",
    )
    live = app.send_task("proj.add", (5, 6)).id
    wait_until(lambda: has_succeeded(store, live), SECONDS, "a task that is run now")
    wait_until(lambda: live in recording.states(), SECONDS, "it to be recorded")
    assert engine.stop(SECONDS)
    assert recording.states()[good] is TaskState.SUCCESS


def test_offline_the_broker_is_not_touched_and_what_is_recorded_appears(
    recording: Recording,
    make_app: Callable[..., Any],
    start_worker_on: Callable[..., Process],
    run_engine: Callable[..., Engine],
) -> None:
    app = make_app(recording.url)
    recording.start()
    start_worker_on(recording.url)
    first = app.send_task("proj.add", (1, 2)).id
    wait_until(lambda: first in recording.states(), SECONDS, "the first to be recorded")
    away = make_app("redis://127.0.0.1:1/0")
    engine = run_engine(away, history=recording.history, offline=True)
    store = engine.store
    wait_until(lambda: store.task(first) is not None, SECONDS, "what is there")
    second = app.send_task("proj.add", (3, 4)).id
    wait_until(lambda: has_succeeded(store, second), SECONDS, "what is recorded meanwhile")
    assert engine.link.state is LinkState.OFFLINE
    assert engine.link.lost_at is not None
    assert engine.link.error is None
    assert engine._threads.names == {"control", "view", "past"}
    came: list[PastReading] = []
    assert engine.past.more(parse_filter("name:proj.add"), came.append)
    wait_until(lambda: bool(came), SECONDS, "a search")
    assert (came[0].known, came[0].ended) == (2, True)
