"""Ten minutes of 50 tasks a second with lost events, and twenty starts among running tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from celerytui.model import TaskState
from tests.integration import starts
from tests.integration.cluster import Cluster
from tests.integration.lossy import STALE, Lossy, asked_seldom, no_phantoms
from tests.integration.servers import Server
from tests.integration.wire import Wire

MINUTES = 10
EVERY = 200
STARTS = 20


@pytest.mark.parametrize("backend", [True, False])
def test_ten_minutes_in_which_one_end_in_200_is_lost(
    redis_server: Server, tmp_path: Path, run_lossy: Callable[..., Lossy], backend: bool
) -> None:
    cluster = Cluster(redis_server.fresh_url(), tmp_path)
    wire = Wire(redis_server.port, only=b"pidbox")
    try:
        for hostname in ("w1@test", "w2@test"):
            cluster.begin(hostname, "prefork", 4, "-E")
        cluster.wait_for("w1@test", "w2@test")
        app: Any = cluster.app
        if not backend:
            app = Celery("t", broker=cluster.url, set_as_current=False)
        lossy = run_lossy(app, EVERY)
        most = no_phantoms(lossy, cluster.app, 60.0 * MINUTES)
        state = TaskState.SUCCESS if backend else TaskState.MISSED
        lossy.settle(state, STALE)
        print(
            f"backend {backend}: {len(lossy.ended)} tasks ended, {len(lossy.dropped)} ends lost, "
            f"all {state.label}; at most {most} shown as running at once that were not; "
            f"{asked_seldom(wire)} questions"
        )
    finally:
        wire.close()
        cluster.close()


async def test_twenty_starts_among_running_tasks(redis_server: Server, tmp_path: Path) -> None:
    cluster = Cluster(redis_server.fresh_url(), tmp_path)
    try:
        starts.begin(cluster)
        left = [len(await starts.phantoms_of_a_start(cluster)) for _ in range(STARTS)]
        print(f"phantoms of {STARTS} starts: {left}")
        assert left == [0] * STARTS
    finally:
        cluster.close()
