"""How workers come, stop, go and come back: real ones, as the engine sees them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from celerytui.engine import Engine, survey_schedule
from celerytui.health import workers as detectors
from celerytui.model import LinkState, TaskState, Worker
from celerytui.settings import Settings
from celerytui.store import verdicts
from tests.integration.cluster import oldest_celery
from tests.integration.servers import Process, Server, wait_until
from tests.waiting import reply_seconds

SECONDS = 20.0
LONG = 3600.0
"""For as long as a task takes that nobody waits for."""
ALONE = ("--without-mingle", "--without-gossip")
# Every process of a container has this pid; the pool has no children, which need real ones.
AS_PID_1 = "import os; os.getpid = lambda: 1; from celery.__main__ import main; main()"


class Lives:
    """Workers on one broker, an engine that watches them, and what must never be seen."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.app = Celery("tester", broker=url, set_as_current=False)
        self.app.conf.task_send_sent_event = True
        self.engine = Engine(
            Celery("monitor", broker=url, set_as_current=False),
            Settings(refresh=0.1, reply_timeout=reply_seconds()),
        )
        self.engine.start()
        self.processes: list[Process] = []
        self.spared: set[str] = set()

    def begin(
        self,
        hostname: str,
        *options: str,
        pool: str = "prefork",
        queue: str = "",
        python: str = sys.executable,
        run: Sequence[str] = ("-m", "celery"),
    ) -> Process:
        args = [python, *run, "-A", "tests.integration.proj", "-b", self.url, "worker"]
        args += [
            "-n",
            hostname,
            "-P",
            pool,
            "-c",
            "2",
            "-l",
            "INFO",
            "-Q",
            queue or hostname,
            *options,
        ]
        log = self.folder / f"{hostname}-{len(self.processes)}.log"
        self.processes.append(Process(args, log, os.environ | {"PYTHONWARNINGS": "ignore"}))
        return self.processes[-1]

    def hold(self, queue: str, until: Path) -> str:
        """Send a task to a queue that runs until there is such a file."""
        return str(self.app.send_task("proj.until", (str(until),), queue=queue).id)

    def send(self, queue: str, seconds: float) -> str:
        """Send a task to a queue, which has its worker's name unless told otherwise."""
        return str(self.app.send_task("proj.sleepy", (seconds,), queue=queue).id)

    def worker(self, hostname: str) -> Worker | None:
        return self.engine.health.worker(hostname)

    def states(self, ids: Sequence[str]) -> list[TaskState | None]:
        return [None if one is None else one.state for one in self.engine.store.tasks(ids)]

    def alert(self, hostname: str, detector: Any) -> str:
        alert = self.engine.health.alerts.get(detector, hostname)
        return "" if alert is None else alert.text

    def until(self, holds: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
        """Wait until it holds; no task that is spared may be lost meanwhile."""

        def look() -> bool:
            lost = [one for one in self.spared if self.states([one]) == [TaskState.LOST]]
            assert not lost, f"lost while waiting for {what}: {lost}"
            return bool(holds())

        wait_until(look, seconds, what)

    def is_there(self, hostname: str) -> bool:
        worker = self.worker(hostname)
        return worker is not None and worker.status == "online" and worker.inspected is not None

    def close(self) -> None:
        self.engine.stop(5.0)
        for process in self.processes:
            process.kill()
        self.app.close()


@pytest.fixture
def lives(broker_url: str, tmp_path: Path) -> Iterator[Lives]:
    made = Lives(broker_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def redis_lives(redis_url: str, tmp_path: Path) -> Iterator[Lives]:
    made = Lives(redis_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are lost, and asked for, sooner."""
    monkeypatch.setattr(verdicts, "LOST_AFTER", 5.0)
    for module in (verdicts, survey_schedule):
        monkeypatch.setattr(module, "PING_SECONDS", 1.5)
    monkeypatch.setattr(survey_schedule, "LOST_PING_SECONDS", 1.5)


def test_a_warm_shutdown_loses_nothing_though_the_next_process_is_there(
    lives: Lives, tmp_path: Path
) -> None:
    pythons = {"old@test": oldest_celery(), "new@test": sys.executable}
    first = [lives.begin(name, "-E", *ALONE, python=python) for name, python in pythons.items()]
    lives.until(lambda: all(map(lives.is_there, pythons)), "the workers")
    enough = tmp_path / "enough"
    running = [lives.hold(name, enough) for name in pythons for _ in range(2)]
    lives.until(lambda: lives.states(running) == [TaskState.STARTED] * 4, "two tasks on each")
    waiting = [lives.send(name, 0.1) for name in pythons]
    lives.until(lambda: lives.states(waiting) == [TaskState.RECEIVED] * 2, "one more on each")
    lives.spared = {*running, *waiting}
    for process in first:
        process.send(signal.SIGTERM)
    # What did not start is in its queue again, and nobody's.
    lives.until(
        lambda: (
            [
                (task.state, task.worker)
                for task in lives.engine.store.tasks(waiting)
                if task is not None
            ]
            == [(TaskState.SENT, None)] * 2
        ),
        "the tasks that wait to be sent again",
    )

    def stopping(status: str) -> bool:
        found = [lives.worker(name) for name in pythons]
        return [(one.status, one.stopping) for one in found if one] == [(status, 2)] * 2

    lives.until(lambda: stopping("stopping"), "both to be stopping")
    for name, python in pythons.items():
        lives.begin(name, "-E", *ALONE, python=python)
    lives.until(lambda: stopping("online"), "the next processes")
    assert lives.states(running) == [TaskState.STARTED] * 4
    enough.touch()
    everything = [*running, *waiting]
    lives.until(lambda: set(lives.states(everything)) == {TaskState.SUCCESS}, "all to succeed")
    lives.until(lambda: sum(one.stopping for one in lives.engine.store.workers()) == 0, "the end")
    assert not any(lives.alert(name, detectors.SHARED) for name in pythons)


def test_a_task_that_was_ignored_keeps_no_worker_stopping(
    redis_lives: Lives, tmp_path: Path
) -> None:
    lives = redis_lives
    pythons = {"old@test": oldest_celery(), "new@test": sys.executable}
    workers = [lives.begin(name, "-E", *ALONE, python=python) for name, python in pythons.items()]
    lives.until(lambda: all(map(lives.is_there, pythons)), "the workers")
    ignored = [str(lives.app.send_task("proj.ignored", queue=name).id) for name in pythons]
    enough = tmp_path / "enough"
    running = [lives.hold(name, enough) for name in pythons]
    everything = [*ignored, *running]
    lives.until(lambda: lives.states(everything) == [TaskState.STARTED] * 4, "all to have started")
    lives.spared = set(running)
    for process in workers:
        process.send(signal.SIGTERM)

    def standing(status: str, tasks: int) -> bool:
        found = [lives.worker(name) for name in pythons]
        return [(one.status, one.stopping) for one in found if one] == [(status, tasks)] * 2

    lives.until(lambda: standing("stopping", 1), "both to be stopping, for one task")
    enough.touch()
    lives.until(lambda: standing("offline", 0), "both to be gone")
    assert lives.states(running) == [TaskState.SUCCESS] * 2
    assert lives.states(ignored) == [TaskState.MISSED] * 2


@pytest.mark.parametrize("container", [False, True])
def test_two_processes_of_one_name_are_said_to_be_two(redis_lives: Lives, container: bool) -> None:
    lives, name = redis_lives, "same@test"
    how: dict[str, Any] = {"pool": "threads", "run": ("-c", AS_PID_1)} if container else {}
    first = lives.begin(name, *ALONE, **how)
    lives.until(lambda: lives.is_there(name), "the first process")
    mine = [lives.send(name, LONG) for _ in range(2)]
    lives.until(lambda: lives.states(mine) == [TaskState.STARTED] * 2, "its tasks")
    lives.spared = set(mine)
    second = lives.begin(name, *ALONE, queue="other", **how)
    pids = sorted((first.pid, second.pid))
    said = "all with pid 1" if container else f"pids {pids[0]}, {pids[1]}"
    said = f"2 processes use this name: {said}"
    lives.until(lambda: lives.alert(name, detectors.SHARED) == said, "the alert")
    its = [lives.send("other", LONG) for _ in range(2)]
    lives.until(lambda: lives.states(its) == [TaskState.STARTED] * 2, "the other's tasks")
    lives.spared |= set(its)
    assert lives.states(mine) == [TaskState.STARTED] * 2
    lives.spared -= set(mine)
    first.kill()
    if not container:  # else no pid says whose a task is that began while both were there
        lives.until(lambda: lives.states(mine) == [TaskState.LOST] * 2, "its tasks to be lost")
    lives.until(lambda: not lives.alert(name, detectors.SHARED), "the alert to go")
    assert lives.states(its) == [TaskState.STARTED] * 2
    lives.until(lambda: lives.is_there(name), "the other to be asked")


def test_a_worker_that_is_killed_and_started_again_is_the_new_one_at_once(
    redis_lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody is lost for silence alone.
    monkeypatch.setattr(verdicts, "LOST_AFTER", LONG)
    lives, name = redis_lives, "again@test"
    first = lives.begin(name, "-E", *ALONE)
    lives.until(lambda: lives.is_there(name), "the first process")
    ended = [lives.send(name, 0.1) for _ in range(3)]
    lives.until(lambda: set(lives.states(ended)) == {TaskState.SUCCESS}, "some to succeed")
    running = [lives.send(name, LONG) for _ in range(2)]
    lives.until(lambda: lives.states(running) == [TaskState.STARTED] * 2, "its tasks")
    lives.until(lambda: ((lives.worker(name) or no_worker()).processed or 0) >= 5, "its figures")
    first.kill()
    second = lives.begin(name, "-E", *ALONE)

    def is_new() -> bool:
        worker = lives.worker(name) or no_worker()
        assert worker.pids == ()
        if worker.pid == second.pid:
            assert (worker.processed, worker.active) in [(0, 0), (None, None)]
        return worker.pid == second.pid and lives.states(running) == [TaskState.LOST] * 2

    lives.until(is_new, "the new process, without the tasks of the one before")
    lives.until(lambda: (lives.worker(name) or no_worker()).running == 0, "its figures")
    lives.until(lambda: lives.is_there(name), "it to be asked")


def no_worker() -> Worker:
    pytest.fail("the worker is not known")


@pytest.mark.usefixtures("impatient")
def test_a_worker_without_heartbeats_is_there_while_it_answers(redis_lives: Lives) -> None:
    lives, name = redis_lives, "mute@test"
    process = lives.begin(name, "-E", "--without-heartbeat", *ALONE)
    # Nothing tells of it before it works.
    ready = lives.processes[-1]
    lives.until(lambda: "ready." in ready.output(), "the worker")
    task = lives.send(name, LONG)
    lives.spared = {task}
    lives.until(lambda: lives.is_there(name), "its task to tell of it")
    lives.until(lambda: lives.states([task]) == [TaskState.STARTED], "its task")
    began = time.monotonic()

    def stays() -> bool:
        worker = lives.worker(name)
        assert worker is not None
        assert (worker.status, worker.last_heartbeat) in [("online", None), ("late", None)]
        return time.monotonic() - began > 8 * verdicts.PING_SECONDS

    lives.until(stays, "it to stay")
    lives.spared.clear()
    process.send(signal.SIGSTOP)
    lives.until(lambda: lives.states([task]) == [TaskState.LOST], "it to be lost")
    assert "left 3 pings unanswered" in lives.alert(name, detectors.LOST)
    process.send(signal.SIGCONT)
    lives.until(lambda: lives.is_there(name), "it to be back")


@pytest.mark.usefixtures("impatient")
def test_a_solo_worker_at_work_is_busy_or_gone(lives: Lives) -> None:
    name = "solo@test"
    process = lives.begin(name, "-E", "--heartbeat-interval", "1", *ALONE, pool="solo")
    lives.until(lambda: lives.is_there(name), "the worker")
    known = lives.send(name, 4)
    lives.until(lambda: lives.states([known]) == [TaskState.SUCCESS], "a task that it ends")
    long = lives.send(name, 9)
    lives.spared = {long}
    heard: list[float] = []

    def busy() -> bool:
        worker = lives.worker(name)
        assert worker is not None
        assert worker.status != "lost"
        text = lives.alert(name, detectors.LATE)
        silent = time.time() - (worker.last_heartbeat or 0.0)
        if text.startswith("Busy, or gone: no heartbeat for") and "tasks usually take" in text:
            heard.append(silent)
        return lives.states([long]) == [TaskState.SUCCESS]

    lives.until(busy, "the long task")
    assert max(heard) > verdicts.LOST_AFTER
    lives.until(lambda: lives.is_there(name), "it to be back")
    last = lives.send(name, LONG)
    lives.until(lambda: lives.alert(name, detectors.LATE), "its silence")
    process.kill()
    lives.until(lambda: lives.alert(name, detectors.LOST), "it to be lost")
    assert "longer than its tasks take" in lives.alert(name, detectors.LOST)
    assert lives.states([last]) == [TaskState.SENT]


@pytest.mark.usefixtures("impatient")
def test_who_was_lost_is_not_back_for_a_new_connection(
    redis_lives: Lives, redis_server: Server
) -> None:
    from celerytui.health.queues import UNCONSUMED

    lives = redis_lives
    for name in ("dead@test", "left@test", "gen1@host"):
        lives.begin(name, "-E", "--heartbeat-interval", "1", *ALONE, pool="threads")
    lives.until(lambda: all(map(lives.is_there, ("dead@test", "left@test", "gen1@host"))), "all")
    dead, left, _ = lives.processes
    dead.kill()
    left.send(signal.SIGTERM)
    # A name like those that clients have is a worker's all the same; the tester has one too.
    task = lives.send("gen1@host", 0.1)
    lives.until(lambda: lives.states([task]) == [TaskState.SUCCESS], "the task")
    assert (lives.engine.store.task(task) or pytest.fail("gone")).worker == "gen1@host"
    lives.until(lambda: lives.alert("dead@test", detectors.LOST), "one to be lost")
    queues = ("dead@test", "left@test")
    lives.until(lambda: all(lives.alert(one, UNCONSUMED) for one in queues), "their queues")
    began = time.time()
    client: Any = redis.Redis(port=redis_server.port)
    number = int(lives.url.rpartition("/")[2])
    for one in client.client_list(_type="pubsub"):
        if int(one["db"]) == number and int(one["psub"]) > 0:
            client.client_kill_filter(_id=one["id"])
    client.close()
    lives.until(lambda: lives.engine.store.gaps(), "the loss")
    ends = time.monotonic() + verdicts.LOST_AFTER + 5.0

    def stays() -> bool:
        found = {one.hostname: one.status for one in lives.engine.store.workers()}
        assert found.pop("gen1@host") in ("online", "late")
        assert found == {"dead@test": "lost", "left@test": "offline"}
        assert all(lives.alert(one, UNCONSUMED) for one in queues)
        return time.monotonic() > ends and lives.engine.link.state is LinkState.CONNECTED

    lives.until(stays, "nobody to be back")
    assert (lives.engine.store.gaps()[-1][1] or 0.0) >= began
    lives.begin("dead@test", "-E", *ALONE, pool="threads")
    lives.until(lambda: lives.is_there("dead@test"), "its next process")


def test_a_pool_that_others_resize_or_that_scales_itself_has_its_size_here(lives: Lives) -> None:
    lives.begin("resized@h", queue="resized")
    lives.begin("scaled@h", "--autoscale", "4,1", queue="scaled")
    lives.until(lambda: sizes(lives) == [2, 1], "both pools as they began")
    lives.app.control.pool_grow(1, destination=["resized@h"])
    for _ in range(3):
        lives.send("resized", LONG)
        lives.send("scaled", LONG)
    lives.until(lambda: sizes(lives) == [3, 3], "both pools as they are", 60.0)


def sizes(lives: Lives) -> list[int | None]:
    found = [lives.worker(f"{name}@h") for name in ("resized", "scaled")]
    return [None if worker is None else worker.concurrency for worker in found]
