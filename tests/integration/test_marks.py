"""Marks on real brokers, for us and for Celery's own monitors; what real workers report."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celerytui.control import Control
from celerytui.engine import Engine
from celerytui.model import LinkState, TaskState
from celerytui.settings import Settings
from tests.integration.listener import Listener
from tests.integration.servers import Process, Server, wait_until


@contextmanager
def monitor(app: Any) -> Iterator[Engine]:
    engine = Engine(app, Settings(), headless=True)
    engine.start()
    try:
        wait_until(lambda: engine.link.state is LinkState.CONNECTED, 30, "the broker")
        yield engine
    finally:
        engine.stop()


def celerytui(*args: str, home: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "celerytui", *args],
        env=os.environ | {"HOME": home, "XDG_STATE_HOME": f"{home}/state"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_mark_from_the_shell_reaches_every_monitor(
    make_app: Callable[..., Any], broker_url: str, tmp_path: Any
) -> None:
    with Listener(make_app(broker_url)) as celerys, monitor(make_app(broker_url)) as engine:
        control = Control(make_app(broker_url), read_only=False)

        def heard() -> bool:
            # It has no sign that it is subscribed: ask until something comes.
            if not celerys.events:
                control.perform("cluster.mark", (), {"text": "are you there?"}, ())
            return bool(celerys.events)

        wait_until(heard, 30, "Celery's receiver to listen")
        ran = celerytui("-b", broker_url, "mark", " v1.2 é ", home=str(tmp_path))
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
        wait_until(
            lambda: "v1.2 é" in [one.text for one in engine.store.marks.all()], 30, "the mark"
        )
        wait_until(
            lambda: "v1.2 é" in [one["text"] for one in celerys.events], 30, "Celery's receiver"
        )
        last = engine.store.marks.last
        assert last is not None
        assert abs(last.at - engine.clock()) < 120
        assert last.by
        assert engine.store.summary(engine.clock()).events_invalid == 0
    log = (tmp_path / "state" / "celerytui" / "actions.jsonl").read_text()
    assert '"cluster.mark"' in log
    assert log.count("\n") == 1


def test_a_mark_that_cannot_be_sent_is_an_error(tmp_path: Any) -> None:
    ran = celerytui("-b", "redis://127.0.0.1:1/0", "mark", "v1.2", home=str(tmp_path))
    assert ran.returncode == 69
    assert ran.stderr.startswith("celerytui: the mark was not sent: ")
    assert "refused" in ran.stderr
    ran = celerytui("--read-only", "-b", "redis://127.0.0.1:1/0", "mark", "x", home=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (1, "celerytui: Set a mark: not in read-only mode\n")


def test_a_real_worker_reports_its_progress(
    redis_server: Server,
    make_app: Callable[..., Any],
    start_worker_on: Callable[..., Process],
) -> None:
    url = redis_server.fresh_url()
    app = make_app(url)
    with monitor(make_app(url)) as engine:
        start_worker_on(url, pool="prefork", concurrency=1)
        wait_until(lambda: engine.store.worker("w1@test") is not None, 60, "the worker")
        running = app.send_task("proj.import_rows", (4, 600.0))

        def reported() -> bool:
            task = engine.store.task(running.id)
            return task is not None and task.progress is not None and task.progress.current == 4

        wait_until(reported, 60, "the last report")
        task = engine.store.task(running.id)
        assert task is not None
        assert task.progress is not None
        assert (task.state, task.progress.total) == (TaskState.STARTED, 4)
        assert (task.progress.part, task.progress.message) == (1.0, "row 4")
        assert [(one.type, one.fields) for one in task.more.custom_events] == [
            ("row-imported", f'{{"row": {row}}}') for row in range(1, 5)
        ]
        app.control.terminate(running.id)
        wait_until(
            lambda: (now := engine.store.task(running.id)) is not None and now.state.finished,
            60,
            "its end",
        )
        ended = app.send_task("proj.import_rows", (2,))
        wait_until(
            lambda: (
                (now := engine.store.task(ended.id)) is not None and now.state is TaskState.SUCCESS
            ),
            60,
            "its success",
        )
        done = engine.store.task(ended.id)
        assert done is not None
        assert done.progress is not None
        assert done.progress.part == 1.0
