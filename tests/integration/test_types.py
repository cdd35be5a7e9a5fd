"""The figures of types, of real workers, beside what the result backend holds."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from celerytui.engine import Engine
from celerytui.model import TaskState
from celerytui.settings import Settings
from tests.integration.cluster import Cluster, hear, oldest_celery
from tests.integration.servers import Server, wait_until

SECONDS = 60.0
SENT = {
    "proj.add": ((2, 3), 60),
    "proj.fail": ((), 20),
    "proj.flaky": ((), 10),
    "proj.sleepy": ((0.05,), 30),
}


@pytest.mark.parametrize("newest", [True, False], ids=["newest", "5.3"])
def test_counts_by_type_and_state_are_those_of_the_result_backend(
    redis_server: Server, tmp_path: Path, newest: bool
) -> None:
    cluster = Cluster(redis_server.fresh_url(), tmp_path)
    engine = Engine(cluster.app, Settings(), headless=True)
    try:
        for hostname in ("w1@test", "w2@test"):
            python = sys.executable if newest else oldest_celery()
            cluster.begin(hostname, "prefork", 2, "-E", python=python)
        cluster.wait_for("w1@test", "w2@test")
        engine.start()
        hear(engine, "w1@test", "w2@test")
        ids = {
            cluster.app.send_task(name, args).id: name
            for name, (args, count) in SENT.items()
            for _ in range(count)
        }

        def ended() -> bool:
            found = engine.store.tasks(list(ids))
            return all(task is not None and task.state >= TaskState.SUCCESS for task in found)

        try:
            wait_until(ended, SECONDS, "all to end")
        except AssertionError as error:
            tasks = engine.store.tasks(list(ids))
            left = [one for one in tasks if one is None or not one.state.finished]
            raise AssertionError(f"{error}: {left}, {engine.link}") from error
        held = Counter((name, str(cluster.app.AsyncResult(id).state)) for id, name in ids.items())
        figures = {one.name: one for one in engine.store.types.all("5m", engine.clock())}
        counted = {
            (name, state.constant): one.states[state]
            for name, one in figures.items()
            for state in (TaskState.SUCCESS, TaskState.FAILURE)
            if one.states[state]
        }
        assert counted == dict(held)
        assert figures["proj.flaky"].retries == 20
        sleepy = figures["proj.sleepy"]
        assert sleepy.runtime.p95 is not None
        assert 0.05 <= sleepy.runtime.p95 < SECONDS
        assert sleepy.wait.count == 30
        detail = engine.store.types.one("proj.sleepy", "5m", engine.clock())
        assert detail is not None
        assert sum(place.succeeded for place in detail.places) == 30
        assert {place.worker for place in detail.places} <= {"w1@test", "w2@test"}
    finally:
        engine.stop()
        cluster.close()
