"""The demo's real workers, and that nothing of them is left however the monitor goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from celerytui.demo import DemoCluster, run_demo
from celerytui.demo.app import FOLDER
from celerytui.engine import Engine
from celerytui.settings import Settings
from tests.integration.listener import Listener
from tests.integration.servers import wait_until
from tests.waiting import within

WORKERS = {"celery@bill1", "celery@web1"}
MONITOR = """
import time
from celerytui.demo import DemoCluster
with DemoCluster() as cluster:
    print(cluster.folder, flush=True)
    time.sleep(600)
"""


def processes_of(folder: Path) -> list[int]:
    """Every process, of any generation, that was started with this demo's folder."""
    mark = f"{FOLDER}={folder}".encode()
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                environ = Path(entry.path, "environ").read_bytes()
            except OSError:
                continue
            if mark in environ.split(b"\0"):
                found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[DemoCluster]:
    with DemoCluster() as cluster:
        control = cluster.app.control

        def answer() -> bool:
            return {name for reply in control.ping(timeout=1.0) for name in reply} == WORKERS

        try:
            wait_until(answer, 30, "both workers to answer")
        except AssertionError as error:
            raise AssertionError(cluster.log) from error
        control.enable_events()
        yield cluster


def test_two_pools_on_different_queues(cluster: DemoCluster) -> None:
    stats = cluster.app.control.inspect(timeout=1.0, destination=sorted(WORKERS)).stats()
    pools = {name: told["pool"]["implementation"] for name, told in stats.items()}
    assert "prefork" in pools["celery@bill1"]
    assert "thread" in pools["celery@web1"]
    queues = cluster.app.control.inspect(timeout=1.0, destination=sorted(WORKERS)).active_queues()
    consumed = {name: {queue["name"] for queue in told} for name, told in queues.items()}
    assert consumed == {"celery@bill1": {"high"}, "celery@web1": {"default", "mail", "media"}}


def test_a_checkout_is_a_tree_and_a_stolen_card_fails_through_the_shops_files(
    cluster: DemoCluster,
) -> None:
    with Listener(cluster.app) as listener:
        root = cluster.app.send_task("orders.checkout", (9917, "tok_visa_4242")).id

        def relatives() -> dict[str, dict[str, Any]]:
            """What told a name and a root: the last of each task."""
            told = [event for event in tuple(listener.events) if event.get("name")]
            return {event["uuid"]: event for event in told if event.get("root_id") == root}

        def all_came() -> bool:
            family = relatives()
            failed = {e["uuid"] for e in tuple(listener.events) if e["type"] == "task-failed"}
            return bool(failed & family.keys()) and expected <= {e["name"] for e in family.values()}

        expected = {"orders.checkout", "fraud.score", "billing.charge", "mail.send_failed"}
        # The events of one task come by another worker than those of its parent, in any order.
        wait_until(all_came, 60, "a failed charge in a tree of tasks")
    family = relatives()
    charge = next(id for id, event in family.items() if event["name"] == "billing.charge")
    assert family[family[charge]["parent_id"]]["name"] == "fraud.score"
    failed = listener.of(charge)[-1]
    assert failed["exception"] == "CardDeclined('insufficient_funds')"
    assert failed["traceback"].count("demo/shop/billing/gateway.py") == 2
    assert "demo/shop/billing/tasks.py" in failed["traceback"]


def test_retries_etas_chords_and_expiry_all_come(cluster: DemoCluster) -> None:
    send = cluster.app.send_task
    with Listener(cluster.app) as listener:
        stale = send("mail.send_digest", (1,), countdown=2, expires=1).id
        unpaid = send("billing.dunning", (1,), countdown=3).id
        send("inventory.count", (["sku-1", "sku-2"],))
        cluster.app.control.revoke(unpaid)

        def all_came() -> bool:
            return (
                bool(listener.named("inventory.total", "task-succeeded"))
                and any(e["type"] == "task-revoked" and e["expired"] for e in listener.of(stale))
                and any(e["type"] == "task-revoked" for e in listener.of(unpaid))
                and any(e["type"] == "task-retried" for e in tuple(listener.events))
            )

        wait_until(all_came, 90, "chord, expiry, revocation and retry")
    assert not [e for e in listener.of(stale) if e["type"] == "task-started"]


def test_beat_sends_what_is_due_and_writes_no_file(cluster: DemoCluster) -> None:
    with Listener(cluster.app) as listener:

        def ran() -> bool:
            runs = listener.named("search.index", "task-succeeded")
            sent = listener.named("search.index", "task-sent")
            by_beat = {event["uuid"] for event in sent if "'new'" in event["args"]}
            return any(event["uuid"] in by_beat for event in runs)

        wait_until(ran, 40, "run of an entry")
    assert not list(cluster.folder.rglob("*beat*"))


def test_reports_pile_up(cluster: DemoCluster) -> None:
    with cluster.app.connection_for_read() as connection:
        channel = connection.channel()
        before = channel._size("reports")
        wait_until(lambda: channel._size("reports") > before, 30, "reports to grow")


def test_no_worker_is_in_trouble(cluster: DemoCluster) -> None:
    assert "Unrecoverable" not in cluster.log
    assert "Traceback" not in cluster.log


def test_leaving_is_quick_and_leaves_nothing() -> None:
    with DemoCluster() as cluster:
        wait_until(lambda: len(processes_of(cluster.folder)) >= 4, 20, "the processes")
        with within(4):
            cluster.stop()
    assert processes_of(cluster.folder) == []
    assert not cluster.folder.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nothing_outlives_a_monitor_that_is_killed(number: signal.Signals) -> None:
    monitor = subprocess.Popen(
        [sys.executable, "-c", MONITOR], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert monitor.stdout is not None
    try:
        folder = Path(monitor.stdout.readline().strip())
        # The keeper, two workers with four pool processes and a beat, and the producer.
        wait_until(lambda: len(processes_of(folder)) == 9, 30, "the workers")
        monitor.send_signal(number)
        assert monitor.wait(60) == -number
    finally:
        monitor.kill()
        monitor.wait()
        monitor.stdout.close()
    wait_until(lambda: processes_of(folder) == [], 5, "the demo's processes to end")
    assert not folder.exists()


def test_the_environment_does_not_reach_the_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://elsewhere:6379/0")
    seen: list[Any] = []

    def run(app: Any, settings: Settings) -> int:
        seen.extend((app.conf.broker_url, "CELERY_BROKER_URL" in os.environ))
        return 129

    assert run_demo(Settings(), run) == 129
    assert seen == ["demo://", False]
    assert os.environ["CELERY_BROKER_URL"] == "redis://elsewhere:6379/0"


def test_what_is_done_in_the_demo_is_not_in_the_users_own_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    logs: list[Path] = []

    def run(app: Any, settings: Settings) -> int:
        engine = Engine(app, settings)
        engine.start()
        try:
            wait_until(
                lambda: bool(engine.log.entries()), 30, "task events to be turned on, and logged"
            )
        finally:
            engine.stop()
        assert engine.log.path is not None
        assert engine.log.path.is_file()
        logs.append(engine.log.path)
        return 0

    assert run_demo(Settings(), run) == 0
    assert list(tmp_path.iterdir()) == []
    assert not logs[0].exists()
    assert os.environ["XDG_STATE_HOME"] == str(tmp_path)


def test_nothing_is_left_after_a_crash() -> None:
    folders: list[Path] = []

    def run(app: Any, settings: Settings) -> int:
        folders.append(Path(app.conf.broker_transport_options["data_folder_in"]).parent)
        assert folders[0].is_dir()
        raise RuntimeError("a crash")

    with pytest.raises(RuntimeError, match="a crash"):
        run_demo(Settings(), run)
    assert not folders[0].exists()
    assert processes_of(folders[0]) == []
