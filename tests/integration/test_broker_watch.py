"""A broker that takes no messages, and what it does with a killed worker's tasks."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kombu
import pytest
import redis

from celerytui.control import SURVEY_SECTIONS, pidbox
from celerytui.control.pidbox import Pidbox
from celerytui.engine import Engine
from celerytui.errors import BrokerUnavailable
from celerytui.health.link import BLOCKED
from celerytui.health.workers import LATE, LOST
from celerytui.model import Blockage, LostTasks, Outcome, Redelivery, Section, Task, TaskState
from celerytui.settings import Settings
from celerytui.store.verdicts import LOST_AFTER
from celerytui.wire.broker import BlockWatch
from celerytui.wire.connections import block_watch
from tests.integration.cluster import oldest_celery
from tests.integration.servers import (
    Process,
    RabbitServer,
    RedisServer,
    missing,
    redis_binary,
    wait_until,
)
from tests.waiting import reply_seconds

MakeApp = Callable[..., Any]
_kombu: Any = kombu  # it is typed in name only
SECONDS = 40.0
WAITED = ("add", "big", "total")
TIMEOUT = 45.0
"""Visibility timeout: longer than it takes to find a worker lost."""
SOON = {"visibility_timeout": TIMEOUT, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}


@pytest.fixture
def monitor() -> Iterator[Callable[[Any], Engine]]:
    """`monitor(app)`: an engine that has seen the worker, and runs until the end of the test."""
    engines: list[Engine] = []

    def start(app: Any) -> Engine:
        patient = Settings(reply_timeout=reply_seconds())
        engines.append(Engine(app, patient, headless=True))
        engines[-1].start()
        wait_until(lambda: is_online(engines[-1]), SECONDS, "the worker to be seen")
        return engines[-1]

    yield start
    for engine in engines:
        engine.stop()


def watching(app: Any) -> BlockWatch:
    watch = block_watch(app)
    assert watch is not None
    return watch


def is_online(engine: Engine, hostname: str = "w1@test") -> bool:
    worker = engine.store.worker(hostname)
    return worker is not None and worker.status == "online" and worker.last_heartbeat is not None


def silence(engine: Engine) -> float:
    """Seconds since the worker's last heartbeat."""
    worker = engine.store.worker("w1@test")
    assert worker is not None
    assert worker.last_heartbeat is not None
    return time.time() - worker.last_heartbeat


def test_nobody_is_late_or_lost_while_rabbitmq_blocks_them(
    make_app: MakeApp,
    rabbitmq_server: RabbitServer,
    start_worker_on: Callable[..., Process],
    monitor: Callable[[Any], Engine],
) -> None:
    url = rabbitmq_server.fresh_url()
    start_worker_on(url)
    engine = monitor(make_app(url))

    troubles: set[str] = set()

    def heard_of(condition: bool) -> bool:
        alerts = engine.health.alerts
        troubles.update(one.id for detector in (LATE, LOST) for one in alerts.of(detector))
        return condition

    with rabbitmq_server.alarm("memory"):
        wait_until(
            lambda: heard_of(engine.health.alerts.get(BLOCKED) is not None), SECONDS, "the alert"
        )
        alert = engine.health.alerts.get(BLOCKED)
        assert alert is not None
        text = "RabbitMQ blocks publishers: memory alarm; their events are delayed"
        assert (alert.text, alert.severity) == (text, "critical")
        wait_until(lambda: heard_of(silence(engine) > LOST_AFTER + 2), SECONDS, "a long silence")
        assert engine.health.alerts.get(BLOCKED) is not None
    wait_until(lambda: heard_of(silence(engine) < 2), SECONDS, "the next heartbeat")
    wait_until(lambda: engine.health.alerts.get(BLOCKED) is None, SECONDS, "the alert to go")
    assert is_online(engine)
    assert troubles == set()


class Overheard:
    """The commands to workers that RabbitMQ passes on, on a connection that publishes nothing."""

    def __init__(self, app: Any) -> None:
        self.connection = app.connection_for_read()
        channel = self.connection.channel()
        exchange = app.control.mailbox.exchange(channel)
        exchange.declare()
        self.queue = _kombu.Queue("overheard", exchange, exclusive=True, auto_delete=True)(channel)
        self.queue.declare()

    def take(self) -> list[str]:
        """Those since the last time."""
        found = []
        while (message := self.queue.get(no_ack=True)) is not None:
            found.append(message.decode()["method"])
        return found


def test_no_worker_is_asked_while_rabbitmq_blocks_publishers_and_each_once_afterwards(
    make_app: MakeApp,
    rabbitmq_server: RabbitServer,
    start_worker_on: Callable[..., Process],
    monitor: Callable[[Any], Engine],
) -> None:
    url = rabbitmq_server.fresh_url()
    start_worker_on(url)
    engine = monitor(make_app(url))
    overheard = Overheard(make_app(url))
    engine.ask_workers()
    heard: list[str] = []

    def all_heard() -> bool:
        heard.extend(overheard.take())
        return set(heard) >= {*SURVEY_SECTIONS}

    wait_until(all_heard, SECONDS, "an ordinary survey")
    wait_until(lambda: engine.surveys.asking_since is None, SECONDS, "its end")
    reason = "RabbitMQ blocks publishers: memory alarm"
    with rabbitmq_server.alarm("memory"):
        wait_until(lambda: engine.broker.blockage is not None, SECONDS, "the alarm")
        overheard.take()
        before = engine.surveys.survey
        for _ in range(3):
            engine.ask_workers()
            engine.ask_workers(["w1@test"])
        wait_until(lambda: engine.surveys.error == reason, SECONDS, "the reason")
        asked: list[Section] = []
        engine.inspect("w1@test", "stats", asked.append)
        outcomes: list[Outcome] = []
        engine.submit("worker.pool_grow", ["w1@test"], {"n": "1"}, outcomes.append)
        wait_until(
            lambda: bool(asked and outcomes), SECONDS, "what is said of the page and the action"
        )
        assert asked[0].error == reason
        assert outcomes[0].error == reason
        wait_until(lambda: silence(engine) > LOST_AFTER, SECONDS, "a long silence")
        assert engine.surveys.survey is before
    wait_until(lambda: engine.surveys.survey is not before, SECONDS, "the next survey")
    assert engine.surveys.error is None
    wait_until(lambda: silence(engine) < 2, SECONDS, "the next heartbeat")
    # What had been sent meanwhile would have come now.
    assert Counter(overheard.take()) == Counter(SURVEY_SECTIONS)
    overheard.connection.release()


def test_rabbitmqs_disk_alarm_is_told_by_a_connection_that_is_made_while_it_stands(
    make_app: MakeApp, rabbitmq_server: RabbitServer
) -> None:
    url = rabbitmq_server.fresh_url()
    watch = watching(make_app(url))
    with rabbitmq_server.alarm("disk"):
        # While events come in, nothing is sent to find out.
        assert watch.look(silent=False) is None
        found: list[Blockage | None] = []

        def told() -> bool:
            found.append(watch.look(silent=True))
            return found[-1] is not None

        wait_until(told, SECONDS, "the alarm")
    wait_until(lambda: watch.look(silent=True) is None, SECONDS, "the end of the alarm")
    watch.close()
    blockage = found[-1]
    assert blockage is not None
    assert blockage.text == "RabbitMQ blocks publishers: disk alarm"
    assert blockage.silences
    # What was sent left nothing behind.
    assert rabbitmq_server.queues(url.rpartition("/")[2]) == []


def test_who_may_not_publish_knows_nothing_of_rabbitmqs_alarms(
    make_app: MakeApp, rabbitmq_server: RabbitServer
) -> None:
    url = rabbitmq_server.fresh_url()
    vhost = url.rpartition("/")[2]
    rabbitmq_server.control("set_permissions", "-p", vhost, "guest", ".*", "nothing", ".*")
    watch = watching(make_app(url))
    assert [watch.look(silent=True) for _ in range(3)] == [None, None, None]
    watch.close()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    if redis_binary() is None:
        missing("redis-server")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


def test_a_full_redis_is_told_and_its_workers_beat_on(
    own_redis: RedisServer,
    make_app: MakeApp,
    start_worker_on: Callable[..., Process],
    monitor: Callable[[Any], Engine],
) -> None:
    url = own_redis.fresh_url()
    start_worker_on(url)
    engine = monitor(make_app(url))
    assert engine.health.alerts.get(BLOCKED) is None
    with redis.Redis.from_url(url) as client:
        client.config_set("maxmemory", 2**20)
        wait_until(lambda: engine.health.alerts.get(BLOCKED) is not None, SECONDS, "the alert")
        alert = engine.health.alerts.get(BLOCKED)
        assert alert is not None
        text = "Redis is full: maxmemory 1.0 MB reached, commands that write are refused"
        assert alert.text == text
        assert not engine.broker.silences
        full_at = time.time()
        wait_until(lambda: time.time() - silence(engine) > full_at + 2, SECONDS, "a heartbeat")
        assert is_online(engine)
        client.config_set("maxmemory", 0)
        wait_until(lambda: engine.health.alerts.get(BLOCKED) is None, SECONDS, "the alert to go")
    assert engine.steps.trouble is None


def test_no_worker_ends_over_an_answer_that_a_full_redis_refuses(
    own_redis: RedisServer,
    make_app: MakeApp,
    start_worker_on: Callable[..., Process],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Celery's worker ends over it, whoever asks; and Redis passes the question on."""
    monkeypatch.setattr(pidbox, "PROVED_SECONDS", 0.0)
    url = own_redis.fresh_url()
    worker = start_worker_on(url)
    app = make_app(url)
    pong = {"w1@test": {"ok": "pong"}}

    def ask(box: Pidbox) -> dict[str, Any]:
        return box.ask("ping", {}, ["w1@test"])

    with contextlib.closing(Pidbox(app, reply_seconds(), threading.Event())) as box:
        assert ask(box) == pong
        with redis.Redis.from_url(url) as client:
            client.config_set("maxmemory", 2**20)
            with pytest.raises(BrokerUnavailable, match="maxmemory"):
                ask(box)
            client.config_set("maxmemory", 0)
    with contextlib.closing(Pidbox(app, reply_seconds(), threading.Event())) as box:
        assert ask(box) == pong
    assert "Control command error" not in worker.output()


def test_redis_is_not_full_that_makes_room_and_nothing_is_known_without_info(
    own_redis: RedisServer, make_app: MakeApp
) -> None:
    url = own_redis.fresh_url()
    with redis.Redis.from_url(url) as client:
        client.config_set("maxmemory", 2**20)
        client.config_set("maxmemory-policy", "allkeys-lru")
        watch = watching(make_app(url))
        assert watch.look(silent=True) is None
        client.config_set("maxmemory-policy", "noeviction")
        assert watch.look(silent=True) is not None
        watch.close()
        client.config_set("maxmemory", 0)
        client.acl_setuser(
            "ana", enabled=True, passwords=["+pw"], keys=["*"], channels=["*"],
            categories=["+@all"], commands=["-info"],
        )  # fmt: skip
        client.config_set("maxmemory", 2**20)
        refused = watching(make_app(url.replace("//", "//ana:pw@")))
        assert [refused.look(silent=True) for _ in range(2)] == [None, None]
        refused.close()


class Killed:
    """A worker with five tasks, two of which run, killed; `ids` by their names."""

    def __init__(self, app: Any, engine: Engine, worker: Process) -> None:
        self.engine = engine
        calls: dict[str, tuple[Any, ...]] = {"sleepy": (90,), "late": (90,), "add": (1, 2)}
        calls |= {"big": (3,), "total": ([1],)}
        self.ids = {name: app.send_task(f"proj.{name}", args).id for name, args in calls.items()}
        wait_until(self._placed, SECONDS, "two tasks to run and three to wait")
        engine.ask_workers()
        names = ("proj.sleepy", "proj.late")
        known = engine.store.lost.acks_late
        wait_until(lambda: None not in map(known, names), SECONDS, "the worker to be asked")
        worker.kill()
        wait_until(self._judged, SECONDS, "the worker to be lost")

    def task(self, name: str) -> Task | None:
        return self.engine.store.task(self.ids[name])

    def states(self) -> dict[str, TaskState | None]:
        found = {name: self.task(name) for name in self.ids}
        return {name: None if task is None else task.state for name, task in found.items()}

    def lost(self) -> LostTasks | None:
        worker = self.engine.store.worker("w1@test")
        return None if worker is None else worker.lost_tasks

    def redelivery(self, name: str) -> Redelivery:
        found = self.engine.broker.redelivery(self.ids[name])
        assert found is not None
        return found

    def await_all_but_one(self) -> None:
        """Wait until all have come again but the one that was acknowledged when it started."""
        done = dict.fromkeys(WAITED, TaskState.SUCCESS) | {"late": TaskState.STARTED}
        expected = done | {"sleepy": TaskState.LOST}
        wait_until(lambda: self.states() == expected, SECONDS, "all but one to come again")

    def _placed(self) -> bool:
        states = self.states()
        running = [name for name, state in states.items() if state is TaskState.STARTED]
        waiting = [name for name, state in states.items() if state is TaskState.RECEIVED]
        return set(running) == {"sleepy", "late"} and len(waiting) == 3

    def _judged(self) -> bool:
        lost = self.lost()
        # What comes of each is looked up, one after the other.
        return lost is not None and lost.started + lost.waiting == lost.again + lost.never == 5


def test_a_killed_workers_tasks_come_again_from_redis_after_the_visibility_timeout(
    make_app: MakeApp,
    redis_url: str,
    start_worker_on: Callable[..., Process],
    monitor: Callable[[Any], Engine],
) -> None:
    conf = {"broker_transport_options": SOON}
    app = make_app(redis_url, **conf)
    # A worker of the oldest Celery keeps its unacknowledged messages as the newest does.
    worker = start_worker_on(redis_url, conf=conf, python=oldest_celery())
    engine = monitor(app)
    killed = Killed(app, engine, worker)
    lost = killed.lost()
    assert lost is not None
    assert (lost.started, lost.waiting, lost.again, lost.never) == (2, 3, 4, 1)
    kept = {name: killed.redelivery(name) for name in ("late", *WAITED)}
    assert killed.redelivery("sleepy") == Redelivery(False, why="acknowledged when it started")
    with redis.Redis.from_url(redis_url) as client:
        scores = [score for _, score in client.zrange("unacked_index", 0, -1, withscores=True)]
    assert sorted(one.at or 0.0 for one in kept.values()) == [at + TIMEOUT for at in scores]
    assert all("45s" in one.why for one in kept.values())

    start_worker_on(redis_url, "w2@test", concurrency=4, conf=conf)
    killed.await_all_but_one()
    for name, told in kept.items():
        task = killed.task(name)
        assert task is not None
        assert task.worker == "w2@test"
        assert (task.received or 0.0) >= (told.at or 0.0)
    wait_until(lambda: killed.lost() == LostTasks(1, 0, 0, 1), SECONDS, "what is left to be told")


def test_a_killed_workers_tasks_come_again_from_rabbitmq_at_once(
    make_app: MakeApp,
    amqp_url: str,
    start_worker_on: Callable[..., Process],
    monitor: Callable[[Any], Engine],
) -> None:
    app = make_app(amqp_url)
    worker = start_worker_on(amqp_url)
    engine = monitor(app)
    killed = Killed(app, engine, worker)
    assert killed.lost() == LostTasks(2, 3, 4, 1, how="at once")
    for name in ("late", *WAITED):
        assert killed.redelivery(name) == Redelivery(True, why="at once")
    assert killed.redelivery("sleepy") == Redelivery(False, why="acknowledged when it started")

    start_worker_on(amqp_url, "w2@test", concurrency=4)
    killed.await_all_but_one()
