"""What the monitor sends to a cluster: README, "What it does to your cluster", seen by the broker.

Redis tells on a connection of its own (MONITOR) of every command that any client sends. Here are
real prefork workers as Celery starts them, events off and no backend, and every remote control
command that the monitor publishes is decoded: its method, and whom it is for.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from celerytui.engine import Engine, survey_policy
from celerytui.engine.survey_policy import SETTLE_SECONDS
from celerytui.model import LinkState, TaskState
from celerytui.settings import Settings
from tests.integration.servers import Process, RedisServer, Server, wait_until
from tests.integration.wire import Sent, Wire
from tests.waiting import patience, reply_seconds

SECONDS = 40.0
QUIET = 3.0
"""For so long nothing more may come: longer than every pause between two questions but the last."""

SURVEY = ("active", "active_queues", "reserved", "scheduled", "stats")
TASKS = ("active", "reserved", "scheduled")
READS = {"LLEN", "SMEMBERS", "HLEN", "HKEYS", "HSTRLEN", "HMGET", "INFO", "PING"}
"""What reads how long a queue is, what is unacknowledged and how full Redis is: changes nothing."""


class Cluster:
    """A Redis of its own and three workers on it; `monitor` starts an engine."""

    def __init__(self, server: Server, url: str, folder: Path) -> None:
        self.server = server
        self.url = url
        self.folder = folder
        self.app = Celery("tester", broker=url, set_as_current=False)
        self.redis: Any = redis.Redis(port=server.port)
        self.workers: dict[str, Process] = {}
        self.engines: list[Engine] = []

    def begin(self, hostname: str, *options: str) -> None:
        args = [sys.executable, "-m", "celery", "-A", "tests.integration.proj", "-b", self.url]
        args += ["worker", "-n", hostname, "-P", "prefork", "-c", "1", "-l", "INFO"]
        args += ["--without-mingle", *options]
        self.workers[hostname] = Process(args, self.folder / f"{hostname}.log")

    def wait_for(self, *hostnames: str) -> None:
        def there() -> bool:
            if not all(self.workers[hostname].ready() for hostname in hostnames):
                return False
            return all(self.ask("ping", hostname) for hostname in hostnames)

        wait_until(there, 60, f"{hostnames} to answer")

    def ask(self, command: str, hostname: str) -> Any:
        """What a worker answers to Celery's own client."""
        inspect = self.app.control.inspect(destination=[hostname], timeout=2)
        return getattr(inspect, command)()

    def subscribers(self) -> set[str]:
        """The ids of the connections that are subscribed to anything."""
        return {one["id"] for one in self.redis.client_list(_type="pubsub")}

    def keys(self) -> list[str]:
        """The keys of the workers' database."""
        number = int(self.url.rpartition("/")[2])
        with redis.Redis(port=self.server.port, db=number, decode_responses=True) as client:
            return [str(key) for key in client.scan_iter()]

    def stop_workers(self) -> None:
        """Freeze them, with the connections that they have: they send nothing any more."""
        for worker in self.workers.values():
            worker.send(signal.SIGSTOP)

    def monitor(self, **settings: Any) -> Engine:
        app = Celery("tester", broker=self.url, set_as_current=False)
        patient = reply_seconds()
        engine = Engine(app, Settings(refresh=0.1, reply_timeout=patient, **settings))
        self.engines.append(engine)
        engine.start()
        return engine

    def close(self) -> None:
        for engine in self.engines:
            engine.stop()
        for worker in self.workers.values():
            worker.kill()
        self.app.close()
        self.redis.close()


@pytest.fixture
def cluster(redis_server: Server, tmp_path: Path) -> Iterator[Cluster]:
    del redis_server  # it says whether there is a Redis at all
    server = RedisServer(tmp_path)
    server.start()
    made = Cluster(server, server.fresh_url(), tmp_path)
    try:
        for hostname in ("w1@test", "w2@test", "w3@test"):
            made.begin(hostname)
        made.wait_for("w1@test", "w2@test", "w3@test")
        yield made
    finally:
        made.close()
        server.stop()


@pytest.fixture
def wire(cluster: Cluster) -> Iterator[Callable[[], Wire]]:
    """Listens from the moment that it is called."""
    wires: list[Wire] = []

    def listen() -> Wire:
        wires.append(Wire(cluster.server.port))
        return wires[-1]

    yield listen
    for one in wires:
        one.close()


ALL = ("w1@test", "w2@test", "w3@test")


def broadcast(*commands: str) -> Counter[Sent]:
    return Counter((command, None) for command in commands)


def to(hostnames: tuple[str, ...] | str, *commands: str) -> Counter[Sent]:
    whom = (hostnames,) if isinstance(hostnames, str) else hostnames
    return Counter((command, whom) for command in commands)


def settled(wire: Wire, expected: Counter[Sent], what: str, quiet: float = QUIET) -> None:
    """Wait until these were sent, and then that nothing else is."""
    wait_until(lambda: not expected - Counter(wire.sent()), SECONDS, what)
    time.sleep(quiet)  # that nothing comes can only be waited for
    assert Counter(wire.sent()) == expected
    wire.forget()


def watched(engine: Engine, *hostnames: str) -> None:
    """Wait until the workers answered and their events are on."""

    def there() -> bool:
        found = [engine.store.worker(hostname) for hostname in hostnames]
        return all(one is not None and one.inspected and one.task_events for one in found)

    wait_until(there, SECONDS, f"{hostnames} to be watched")


START = broadcast(*SURVEY) + to(ALL, "enable_events") + to(ALL, *TASKS)
"""Once at the start: what they do; events on; 6 s later what they run, for what ended meanwhile."""


def test_at_the_start_each_is_asked_once_and_once_more_what_it_runs(
    cluster: Cluster, wire: Callable[[], Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    # All of them are to be watched before that.
    monkeypatch.setattr(survey_policy, "SETTLE_SECONDS", SETTLE_SECONDS * patience())
    heard = wire()
    engine = cluster.monitor()
    watched(engine, *ALL)
    assert Counter(heard.sent()) == broadcast(*SURVEY) + to(ALL, "enable_events")
    # The user asks meanwhile: what is booked for later is asked all the same.
    engine.ask_workers()
    settled(heard, START + broadcast(*SURVEY), "the question what they run")
    [said] = engine.outcomes
    assert (said.action, set(said.targets)) == ("worker.enable_events", set(ALL))
    assert [entry.user for entry in engine.log.entries()][-1] == "celerytui itself"
    assert engine.steps.trouble is None


def test_after_an_action_only_its_worker_is_asked_and_only_what_it_changed(
    cluster: Cluster, wire: Callable[[], Wire]
) -> None:
    heard = wire()
    engine = cluster.monitor()
    settled(heard, START, "the start", 1.0)
    engine.submit("worker.pool_grow", ["w2@test"], {"n": "1"})
    # Before it, to know what should come of it; and 8 s after it, to see what did.
    grown = to("w2@test", "stats", "pool_grow", "stats")
    settled(heard, grown, "the look at the pool")
    worker = engine.store.worker("w2@test")
    assert worker is not None
    assert worker.concurrency == 2
    engine.submit("worker.add_consumer", ["w3@test"], {"queue": "mail"})
    settled(heard, to("w3@test", "add_consumer", "active_queues"), "the look at the queues")
    worker = engine.store.worker("w3@test")
    assert worker is not None
    assert worker.queues == ("celery", "mail")
    engine.submit("worker.disable_events", ["w1@test"])
    settled(heard, to("w1@test", "disable_events"), "the events to be off")
    # What the user turned off stays off, whatever is asked.
    engine.ask_workers(["w1@test"])
    settled(heard, to("w1@test", *SURVEY), "the worker to be asked")


def test_a_worker_that_comes_and_one_that_was_restarted_are_asked_alone(
    cluster: Cluster, wire: Callable[[], Wire]
) -> None:
    heard = wire()
    engine = cluster.monitor()
    settled(heard, START, "the start", 1.0)
    alone = to("w4@test", *SURVEY, "enable_events", *TASKS)
    cluster.begin("w4@test")
    settled(heard, alone, "the new worker to be asked")
    cluster.workers["w4@test"].stop()
    cluster.begin("w4@test")
    settled(heard, alone, "the restarted worker to be asked")
    cluster.begin("w5@test", "-E")
    settled(heard, to("w5@test", *SURVEY, "enable_events"), "the worker with -E to be asked")
    assert {one.hostname for one in engine.store.workers() if one.task_events} == {
        *ALL,
        "w4@test",
        "w5@test",
    }


def test_after_its_connection_was_lost_each_is_asked_once(
    cluster: Cluster, wire: Callable[[], Wire]
) -> None:
    before = cluster.subscribers()
    heard = wire()
    engine = cluster.monitor()
    settled(heard, START, "the start", 1.0)
    [ours] = cluster.subscribers() - before
    cluster.redis.client_kill_filter(_id=ours)
    settled(heard, broadcast(*SURVEY), "all to be asked", SETTLE_SECONDS + 2.0)
    assert len(engine.store.gaps()) == 1
    assert len(engine.outcomes) == 1


def test_after_the_broker_was_gone_who_was_not_back_yet_is_asked_again(
    cluster: Cluster, wire: Callable[[], Wire]
) -> None:
    heard = wire()
    engine = cluster.monitor()
    settled(heard, START, "the start", 1.0)
    cluster.server.kill()
    wait_until(lambda: engine.link.state is LinkState.RECONNECTING, SECONDS, "the loss")
    began = time.time()
    cluster.server.start()
    heard = wire()
    engine.reconnect_now()

    def answered() -> bool:
        return all((one.inspected or 0.0) > began for one in engine.store.workers())

    wait_until(answered, 2 * SECONDS, "the workers to answer")
    # A worker remembers that its events were turned on.
    task = cluster.app.send_task("proj.add", (1, 2)).id

    def done() -> bool:
        found = engine.store.task(task)
        return found is not None and found.state is TaskState.SUCCESS

    wait_until(done, SECONDS, "the task's events")
    sent = Counter(heard.sent())
    assert {method for method, _ in sent} == set(SURVEY)
    # Of those that answered the first three of it, the others were asked as well.
    assert all(sent[method, None] == 1 for method in ("stats", "active_queues", "active"))
    assert all(sent[method, None] <= 1 for method in SURVEY)
    heard.forget()
    settled(heard, Counter(), "nothing more")


def test_read_only_asks_and_changes_nothing(cluster: Cluster, wire: Callable[[], Wire]) -> None:
    heard = wire()
    engine = cluster.monitor(read_only=True)
    settled(heard, broadcast(*SURVEY), "the start", SETTLE_SECONDS + 2.0)
    engine.ask_workers(["w2@test"])
    settled(heard, to("w2@test", *SURVEY), "the worker to be asked")
    # What its page shows is asked of that worker when it is looked at.
    engine.inspect("w3@test", "conf", lambda section: None)
    settled(heard, to("w3@test", "conf"), "the section to be asked")
    engine.submit("worker.pool_grow", ["w2@test"], {"n": "1"})
    settled(heard, Counter(), "nothing")


def test_events_that_are_left_alone_are_left_alone(
    cluster: Cluster, wire: Callable[[], Wire]
) -> None:
    heard = wire()
    engine = cluster.monitor(enable_events=False)
    settled(heard, broadcast(*SURVEY), "the start", SETTLE_SECONDS + 2.0)
    assert not engine.outcomes


def test_at_rest_it_asks_the_workers_nothing_and_only_reads_the_broker(
    cluster: Cluster, wire: Callable[[], Wire]
) -> None:
    heard = wire()
    cluster.monitor(queue_interval=0.5)
    settled(heard, START, "the start", 1.0)
    cluster.stop_workers()
    quiet = wire()
    time.sleep(QUIET)
    assert quiet.sent() == []
    assert set(quiet.verbs()) <= READS
    assert "LLEN" in quiet.verbs()


def test_nothing_is_left_behind(cluster: Cluster, wire: Callable[[], Wire]) -> None:
    subscribed, keys = cluster.subscribers(), set(cluster.keys())
    heard = wire()
    engine = cluster.monitor()
    settled(heard, START, "the start", 1.0)
    assert len(cluster.subscribers()) == len(subscribed) + 1
    assert engine.stop(10.0)
    wait_until(lambda: cluster.subscribers() == subscribed, SECONDS, "the queue to be gone")
    assert set(cluster.keys()) <= keys


def test_events_are_turned_off_again_at_the_exit_and_it_stands_in_the_log(
    cluster: Cluster, wire: Callable[[], Wire]
) -> None:
    heard = wire()
    engine = cluster.monitor(restore_events=True)
    settled(heard, START, "the start", 1.0)
    cluster.ask("ping", "w1@test")
    heard.forget()
    engine.stop(5.0)
    assert Counter(heard.sent()) == to(ALL, "disable_events")
    last = engine.log.entries()[-1]
    assert (last.action, last.user) == ("worker.disable_events", "celerytui itself")
    assert sorted(reply.text for reply in last.replies) == ["task events disabled"] * 3
