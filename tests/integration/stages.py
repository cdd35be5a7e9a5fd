"""A broker, a worker as Celery starts it, steady traffic, and a link over which a monitor listens.

What a monitor says can be held against what is true: `Stage.differences`.
"""

from __future__ import annotations

import json
import random
import ssl
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis

from celerytui.model import TaskState
from celerytui.store import Store
from tests.integration.cluster import Cluster
from tests.integration.faulty_link import FaultyLink
from tests.integration.servers import (
    RabbitServer,
    RedisServer,
    SentinelServer,
    Server,
    wait_until,
)
from tests.integration.ways import NAME, Certificates, Names
from tests.waiting import patience

WORKER = "w1@test"
TASKS_PER_SECOND = 20.0
SECONDS = 60.0
DEAF_SECONDS = 45.0
"""Longer than Celery waits between two tries to connect."""
QUICK = (
    "sentinel down-after-milliseconds mymaster 2000",
    "sentinel failover-timeout mymaster 10000",
)
USER, PASSWORD = "monitor", "pw"
TRUE = {"SUCCESS": TaskState.SUCCESS, "FAILURE": TaskState.FAILURE}
UNKNOWN_TO_BACKEND = {TaskState.SENT, TaskState.MISSED}


class Traffic:
    """Some 20 tasks a second, of which some fail and some run for seconds; `sent` has their ids."""

    def __init__(self, app: Any) -> None:
        self.sent: list[str] = []
        self._app = app
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        chance = random.Random(0)
        while not self._over.wait(1 / TASKS_PER_SECOND):
            name, args = self._any(chance.random(), chance)
            task_id = str(uuid.uuid4())
            try:
                self._app.send_task(name, args, task_id=task_id, retry=False)
            except Exception:
                continue  # the broker is gone, or takes nothing
            self.sent.append(task_id)

    @staticmethod
    def _any(kind: float, chance: random.Random) -> tuple[str, tuple[Any, ...]]:
        if kind < 0.1:
            return "proj.fail", ()
        return ("proj.sleepy", (chance.uniform(1, 3),)) if kind < 0.15 else ("proj.add", (1, 2))

    def stop(self) -> None:
        self._over.set()
        self._thread.join(SECONDS * patience())
        assert not self._thread.is_alive(), "the sender of tasks hangs"


class Stage:
    """All of it on one broker, until `close`; by one thread, which workers answer.

    `ssl_prefix` is what the keys of `broker_use_ssl` begin with.
    """

    ssl_prefix = ""

    def __init__(self, server: Server, folder: Path, **conf: Any) -> None:
        self.server = server
        self.folder = folder
        self.url = server.fresh_url()
        self.conf = conf
        self._all = ExitStack()
        self.cluster = Cluster(self.url, folder, **conf)
        self._all.callback(self.cluster.close)
        self.cluster.app.conf.update(conf)
        self.link = self._link(None)
        self.monitor_url = self.link.url
        self.monitor_conf = dict(conf)
        self.may_be = UNKNOWN_TO_BACKEND

    def _link(self, tls: ssl.SSLContext | None) -> FaultyLink:
        link = FaultyLink(self.url, tls=tls)
        self._all.callback(link.close)
        return link

    def enter(self, manager: AbstractContextManager[Any]) -> Any:
        """What is to hold until the stage is closed."""
        return self._all.enter_context(manager)

    def begin(self) -> None:
        """The worker and the traffic."""
        self._start_worker()
        self.cluster.wait_for(WORKER)
        self._before = self.ours()
        self.traffic = Traffic(self.cluster.app)
        self._all.callback(self.traffic.stop)

    def _start_worker(self) -> None:
        self.cluster.begin(WORKER, "prefork", 4)
        self._heard = time.monotonic()

    def supervise(self, well: bool) -> bool:
        """Whether all is well; a worker that is dead, or deaf for long, is started again."""
        worker, now = self.cluster.workers[WORKER], time.monotonic()
        if well:
            self._heard = now
        elif not worker.running or now - self._heard > DEAF_SECONDS:
            worker.kill()
            self.may_be = UNKNOWN_TO_BACKEND | {TaskState.LOST}
            self._start_worker()
        return well

    def close(self) -> None:
        self._all.close()

    def monitor_app(self) -> Any:
        """The app of a monitor that listens over the link."""
        app = self.cluster.make_app(broker_url=self.monitor_url, **self.monitor_conf)
        self._all.callback(app.close)
        return app

    # Other ways to the broker

    def over_tls(self) -> Certificates:
        """Have the monitor come over TLS; certificates of the broker's end are returned."""
        certificates = Certificates(self.folder)
        self.link = self._link(certificates.context)
        self.monitor_url = self.link.url
        self.monitor_conf["broker_use_ssl"] = {
            f"{self.ssl_prefix}ca_certs": str(certificates.authority),
            f"{self.ssl_prefix}cert_reqs": ssl.CERT_REQUIRED,
        }
        return certificates

    def by_name(self) -> Names:
        """Have the monitor look for the broker by a name."""
        parts = urlsplit(self.link.url)
        login = parts.netloc.rpartition("@")[0]
        where = f"{login and login + '@'}{NAME}:{self.link.port}"
        self.monitor_url = urlunsplit(parts._replace(netloc=where))
        names: Names = self.enter(Names())
        return names

    def as_user(self) -> None:
        """Have the monitor come as a user of its own."""
        self.add_user()
        parts = urlsplit(self.link.url)
        where = f"{USER}:{PASSWORD}@127.0.0.1:{self.link.port}"
        self.monitor_url = urlunsplit(parts._replace(netloc=where))

    # What depends on the kind of broker

    def ours(self) -> set[str]:
        """What there is on the broker that a monitor may have made."""
        raise NotImplementedError

    def add_user(self) -> None:
        raise NotImplementedError

    def set_password(self, password: str) -> None:
        """Another password for the monitor's user, whose connections are ended."""
        raise NotImplementedError

    def kill_clients(self) -> None:
        """The broker ends the connections of its clients."""
        raise NotImplementedError

    def memory_alarm(self) -> AbstractContextManager[None]:
        """Inside, the broker has no memory left."""
        raise NotImplementedError

    # What is true

    def left(self) -> list[str]:
        """What the monitor, which has ended, left on the broker."""
        return sorted(self.ours() - self._before)

    def idle(self) -> bool:
        """Whether the worker is there, and has nothing to do."""
        return self.held() == set()

    def held(self) -> set[str] | None:
        """The ids of the tasks that the worker says it has, None where it says nothing."""
        sections = ("active", "reserved", "scheduled")
        answers = self.cluster.control.inspect(WORKER, sections)
        if any(answers[one].error is not None for one in sections):
            return None
        found = [one for section in sections for one in answers[section].data or ()]
        return {one.get("request", one)["id"] for one in found}

    def status(self, task_id: str) -> str:
        """What the result backend has of a task: PENDING where it has nothing."""
        return str(self.cluster.app.backend.get_task_meta(task_id, cache=False)["status"])

    def ended(self, sent: Sequence[str], store: Store) -> tuple[int, int]:
        """How many of these tasks ended, and of how many that did the store knows nothing.

        A broker or a client that fails loses messages too: what never ran is not counted.
        """
        ended = [task_id for task_id in sent if self.status(task_id) in TRUE]
        return len(ended), store.tasks(ended).count(None)

    def differences(self, store: Store) -> list[str]:
        """What the store says of tasks that were sent and is not so, once none runs any more."""
        found = []
        sent = self.traffic.sent
        for task_id, task in zip(sent, store.tasks(sent), strict=True):
            if task is None:
                continue  # all of it fell into the gap
            status = self.status(task_id)
            right = {TRUE[status]} if status in TRUE else self.may_be
            if task.state not in right:
                found.append(f"{task.name} {task_id}: {task.state.label}, {status} in truth")
        return found


class RedisStage(Stage):
    """On a database of a Redis server."""

    ssl_prefix = "ssl_"

    def admin(self) -> Any:
        return redis.Redis.from_url(self.url)

    def ours(self) -> set[str]:
        with self.admin() as client:
            replies = {key.decode() for key in client.scan_iter("*reply.celery.pidbox*")}
            for key in [one for one in replies if client.type(one) == b"set"]:
                replies |= {member.decode() for member in client.smembers(key)}
            # Workers subscribe to what is said of workers.
            bound = {one.decode() for one in client.smembers("_kombu.binding.celeryev")}
            bound = {one for one in bound if not one.startswith("worker.")}
        return replies | bound | {f"subscription {one}" for one in range(self.listeners())}

    def listeners(self) -> int:
        """How many subscribe to what is said of tasks."""
        with self.admin() as client:
            database = client.connection_pool.connection_kwargs["db"]
            return int(client.publish(f"/{database}.celeryev/task.nothing", "{}"))

    def add_user(self) -> None:
        with self.admin() as client:
            client.execute_command(
                "ACL", "SETUSER", USER, "on", f">{PASSWORD}", "~*", "&*", "+@all"
            )

    def set_password(self, password: str) -> None:
        with self.admin() as client:
            client.execute_command("ACL", "SETUSER", USER, "resetpass", f">{password}")
            client.execute_command("CLIENT", "KILL", "USER", USER)

    def kill_clients(self) -> None:
        with self.admin() as client:
            for kind in ("pubsub", "normal"):
                client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    @contextmanager
    def memory_alarm(self) -> Iterator[None]:
        with self.admin() as client:
            client.config_set("maxmemory", "1mb")
            try:
                yield
            finally:
                client.config_set("maxmemory", "0")

    @contextmanager
    def small_buffers(self) -> Iterator[None]:
        """Inside, a subscription that has 200 kB waiting is ended."""
        with self.admin() as client:
            before = client.config_get("client-output-buffer-limit")["client-output-buffer-limit"]
            client.config_set("client-output-buffer-limit", "pubsub 200000 0 0")
            try:
                yield
            finally:
                client.config_set("client-output-buffer-limit", before)


class RabbitStage(Stage):
    """In a vhost of a RabbitMQ server."""

    @property
    def rabbit(self) -> RabbitServer:
        assert isinstance(self.server, RabbitServer)
        return self.server

    @property
    def vhost(self) -> str:
        return urlsplit(self.url).path[1:]

    def ours(self) -> set[str]:
        replies = {queue["name"] for queue in self.rabbit.queues(self.vhost)}
        columns = ("source_name", "destination_name", "routing_key")
        told = self.rabbit.control("list_bindings", "-p", self.vhost, "--formatter=json", *columns)
        # Workers subscribe to what is said of workers.
        bound = {
            one["destination_name"]
            for one in json.loads(told)
            if one["source_name"] == "celeryev" and not one["routing_key"].startswith("worker.")
        }
        return bound | {name for name in replies if ".reply." in name}

    def add_user(self) -> None:
        self.rabbit.control("add_user", USER, PASSWORD)
        self.enter(_undone(lambda: self.rabbit.control("delete_user", USER)))
        self.rabbit.control("set_permissions", "-p", self.vhost, USER, ".*", ".*", ".*")

    def set_password(self, password: str) -> None:
        self.rabbit.control("change_password", USER, password)
        self.rabbit.control("close_all_user_connections", USER, "the password was changed")

    def kill_clients(self) -> None:
        self.rabbit.control("close_all_connections", "--vhost", self.vhost, "on demand")

    def memory_alarm(self) -> AbstractContextManager[None]:
        return self.rabbit.alarm("memory")


class SentinelStage(RedisStage):
    """On a Redis server that a sentinel watches, with a replica; there is no link."""

    def __init__(self, folder: Path) -> None:
        self.servers = [RedisServer(self._folder(folder, name)) for name in ("one", "two")]
        port = self.servers[0].port
        self.sentinel = SentinelServer(self._folder(folder, "sentinel"), port, *QUICK)
        self.servers[1].options = ("--replicaof", "127.0.0.1", str(port))
        for server in (*self.servers, self.sentinel):
            server.start()
        options = {"broker_transport_options": {"master_name": "mymaster"}}
        super().__init__(self.sentinel, folder, **options)
        for server in (*self.servers, self.sentinel):
            self._all.callback(server.stop)
        self.monitor_url = self.url
        wait_until(self._replicates, SECONDS, "the replica and the sentinel to know each other")

    @staticmethod
    def _folder(folder: Path, name: str) -> Path:
        (folder / name).mkdir()
        return folder / name

    def _ask(self, *words: str) -> Any:
        with redis.Redis(port=self.sentinel.port) as client:
            return client.execute_command("SENTINEL", *words)

    def _replicates(self) -> bool:
        with redis.Redis(port=self.servers[1].port) as client:
            up = client.info("replication").get("master_link_status") == "up"
        return bool(up and self._ask("REPLICAS", "mymaster"))

    def master(self) -> int:
        """The port of the server that the sentinel calls master."""
        return int(self._ask("GET-MASTER-ADDR-BY-NAME", "mymaster")[1])

    def admin(self) -> Any:
        return redis.Redis(port=self.master(), db=1)

    def kill_master(self) -> None:
        """Returns once another is master."""
        port = self.master()
        next(one for one in self.servers if one.port == port).kill()
        wait_until(lambda: self.master() != port, SECONDS, "the fail-over")


@contextmanager
def _undone(undo: Any) -> Iterator[None]:
    try:
        yield
    finally:
        undo()
