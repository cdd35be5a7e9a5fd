"""What real workers fail with, in groups."""

from __future__ import annotations

from pathlib import Path

from celerytui.engine import Engine
from celerytui.settings import Settings
from celerytui.store import FailureRow
from tests.integration.cluster import Cluster, hear, until
from tests.integration.servers import Server

EXPECTED = {
    # task, exception: failures, retries
    ("proj.fail", "ValueError"): (5, 0),
    ("proj.flaky", "ConnectionError"): (1, 7),
    ("proj.killed", "billiard.exceptions.WorkerLostError"): (2, 0),
    ("proj.limited", "billiard.exceptions.TimeLimitExceeded"): (2, 0),
    ("proj.rejected", "celery.exceptions.Reject"): (1, 0),
    ("proj.sleepy", "terminated"): (1, 0),
}


def grouped(engine: Engine) -> dict[tuple[str, str], tuple[int, int]]:
    rows = engine.store.failures.rows(engine.clock(), every=True)
    return {(row.task, row.exception): (row.count, row.retries) for row in rows}


def row_of(engine: Engine, task: str) -> FailureRow:
    rows = engine.store.failures.rows(engine.clock(), every=True)
    return next(row for row in rows if row.task == task)


def test_failures_of_a_real_worker_are_in_groups(redis_server: Server, tmp_path: Path) -> None:
    cluster = Cluster(redis_server.fresh_url(), tmp_path)
    engine = Engine(cluster.app, Settings(), headless=True)
    engine.start()
    try:
        cluster.begin("w1@test", "prefork", 2, "-E")
        cluster.wait_for("w1@test")
        hear(engine, "w1@test")
        send = cluster.app.send_task
        for number in range(5):
            send("proj.fail", (f"account {number}",))
        send("proj.flaky", (2,))
        send("proj.flaky", (9,))
        for name in ("proj.killed", "proj.killed", "proj.limited", "proj.limited", "proj.rejected"):
            send(name)
        running = send("proj.sleepy", (300,))
        until(lambda: running.id in cluster.running("w1@test"), 120)
        cluster.app.control.terminate(running.id)
        until(lambda: grouped(engine) == EXPECTED, 120)
        one = row_of(engine, "proj.fail")
        detail = engine.store.failures.detail(one.key)
        assert detail is not None
        assert detail.variants == (("no such account: account <n>", 5),)
        assert [function for _, function in detail.frames] == ["fail", "charge"]
        assert detail.example is not None
        assert "in charge" in (detail.example.traceback or "")
        assert row_of(engine, "proj.killed").message.startswith(
            "Worker exited prematurely: signal 9"
        )
        assert row_of(engine, "proj.fail").workers == (("w1@test", 5),)
    finally:
        engine.stop()
        cluster.close()
