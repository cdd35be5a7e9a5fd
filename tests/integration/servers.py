"""Real brokers and workers as child processes, on free loopback ports, in folders of their own.

Everything started here dies with the test process, even when that is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

import pytest

from tests.waiting import wait_until as wait_until

REPO = Path(__file__).resolve().parents[2]
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


_RANDOM = random.SystemRandom()


def free_port() -> int:
    """A TCP port on the loopback that nobody listens on now.

    Below those that the system gives to outgoing connections, one of which could take it before
    the server does.
    """
    while True:
        # Not by the state that other tests seed: processes would take the same ones.
        port = _RANDOM.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            return port


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One child process with its output in a file; stopped by its pid."""

    def __init__(
        self, args: Sequence[str], log: Path, env: dict[str, str] | None = None, cwd: Path = REPO
    ) -> None:
        self.args = list(args)
        self.log = log
        with log.open("ab") as out:
            self._begin = out.tell()
            self._popen = subprocess.Popen(
                self.args,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self.pid = self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def output(self) -> str:
        """What it wrote so far, for a failing test's message."""
        return self.log.read_text(errors="replace")[-4000:]

    def ready(self) -> bool:
        """Whether it is a worker that says that it is; AssertionError once it has ended.

        To ask one that is not there yet would take until the end of the time for a reply.
        """
        assert self.running, f"{self.args} ended: {self.output()}"
        with self.log.open("rb") as text:
            text.seek(self._begin)
            return b" ready." in text.read()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to this process, not to its children; after SIGSTOP it stands still."""
        self._popen.send_signal(number)
        if number is signal.SIGSTOP and hasattr(os, "waitid"):
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def stop(self, grace: float = 10.0) -> None:
        """TERM, after `grace` seconds KILL with its children; returns once it is gone."""
        if self.running:
            self.send(signal.SIGCONT)
            self._popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(grace)
        self.kill()

    def kill(self) -> None:
        """KILL for it and its children; returns once it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()


class Server:
    """A broker on its own port: `start`, `stop`, `kill`, `freeze`, `thaw`, and urls to it.

    `start` after `stop` or `kill` brings it back on the same port.
    """

    scheme: str
    boot_seconds: float

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: Process | None = None
        self._urls = self._fresh_urls()

    def _fresh_urls(self) -> Iterator[str]:
        raise NotImplementedError

    def _launch(self) -> Process:
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it speaks its protocol already."""
        raise NotImplementedError

    def fresh_url(self) -> str:
        """The url of a database or vhost that no test has used yet."""
        return next(self._urls)

    def start(self) -> None:
        self.process = self._launch()
        try:
            wait_until(self._up, self.boot_seconds, f"{self.scheme} server on port {self.port}")
        except AssertionError as exc:
            text = self.process.output()
            self.stop()
            raise AssertionError(f"{exc}: {text}") from None

    def _up(self) -> bool:
        assert self.process is not None
        if not self.process.running:
            raise AssertionError(f"{self.scheme} server ended")
        return self.answers()

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process = None

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send(signal.SIGCONT)

    def _exchange(self, request: bytes) -> bytes:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=1) as sock,
        ):
            sock.sendall(request)
            return sock.recv(64)
        return b""


class RedisServer(Server):
    """redis-server without persistence; each url is another database number."""

    scheme = "redis"
    boot_seconds = 10.0
    databases = 512

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder)
        self.options = options

    def _fresh_urls(self) -> Iterator[str]:
        for number in range(1, self.databases):
            yield f"redis://127.0.0.1:{self.port}/{number}"

    def _launch(self) -> Process:
        args = [
            redis_binary() or "redis-server",
            *("--port", str(self.port)),
            *("--bind", "127.0.0.1"),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--databases", str(self.databases)),
            *("--dir", str(self.folder)),
            *self.options,
        ]
        return Process(args, self.folder / "redis.log")

    def answers(self) -> bool:
        return self._exchange(b"PING\r\n").startswith((b"+PONG", b"-NOAUTH"))


class ConfiguredRedis(RedisServer):
    """redis-server with the redis.conf in its folder."""

    def _launch(self) -> Process:
        args = [redis_binary() or "", f"{self.folder}/redis.conf", "--port", str(self.port)]
        args += ["--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder), *self.options]
        return Process(args, self.folder / "redis.log")


class SentinelServer(ConfiguredRedis):
    """A sentinel alone, of the server on port `master`; every URL is database 1 of its master."""

    scheme = "sentinel"

    def __init__(self, folder: Path, master: int, *conf: str) -> None:
        super().__init__(folder, "--sentinel")
        lines = [f"sentinel monitor mymaster 127.0.0.1 {master} 1", *conf]
        (folder / "redis.conf").write_text("\n".join([*lines, ""]))

    def fresh_url(self) -> str:
        return f"sentinel://127.0.0.1:{self.port}/1"


class RabbitServer(Server):
    """rabbitmq-server with no plugins and an epmd of its own; each url is another vhost.

    Each test takes a vhost. `vhosts` of them are made at boot, each of which costs 50 ms at every
    start, and as many again whenever they are used up, in some seconds. `conf` are further lines
    of its configuration; `user` may use all vhosts with `password`, as `odd_vhost` may be used by
    all.
    """

    scheme = "amqp"
    boot_seconds = 60.0
    user, password = "m@n:i tör/%", "p/ß: %40@?#"
    odd_vhost = "od/d vhöst%2F?#"

    def __init__(self, folder: Path, conf: str = "", vhosts: int = 16) -> None:
        self._vhosts = self._at_once = vhosts
        super().__init__(folder)
        self.conf = conf
        self._epmd: Process | None = None
        self._epmd_port = free_port()
        self._dist_port = free_port()

    def _fresh_urls(self) -> Iterator[str]:
        for number in itertools.count(1):
            if number > self._vhosts:
                self._vhosts += self._at_once
                self.control("import_definitions", self._write_definitions())
            yield f"amqp://guest:guest@127.0.0.1:{self.port}/test{number}"

    def _launch(self) -> Process:
        if self._epmd is None:
            args = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._epmd = Process(args, self.folder / "epmd.log")
        for name in ("home", "log", "mnesia"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "plugins").write_text("[].\n")
        definitions = self._write_definitions()
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"load_definitions = {definitions}\n"
            f"disk_free_limit.absolute = 1MB\n{self.conf}"
        )
        return Process([rabbit_binary() or ""], self.folder / "rabbitmq.log", self._environ())

    def _write_definitions(self) -> str:
        path = self.folder / "definitions.json"
        path.write_text(json.dumps(self._definitions()))
        return str(path)

    def _definitions(self) -> dict[str, object]:
        names = ["/", self.odd_vhost, *(f"test{number}" for number in range(1, self._vhosts + 1))]
        users = {"guest": "guest", self.user: self.password}
        allow = {"configure": ".*", "write": ".*", "read": ".*"}
        return {
            "users": [
                {"name": user, "password": password, "tags": "administrator"}
                for user, password in users.items()
            ],
            "vhosts": [{"name": name} for name in names],
            "permissions": [
                {**allow, "user": user, "vhost": name} for name in names for user in users
            ],
        }

    def queues(self, vhost: str) -> list[dict[str, Any]]:
        """What the broker says of each queue of a vhost: name, how it was declared, arguments."""
        columns = ("name", "durable", "auto_delete", "exclusive", "arguments")
        told = self.control("list_queues", "-p", vhost, "--formatter=json", *columns)
        found: list[dict[str, Any]] = json.loads(told)
        return found

    def control(self, *args: str) -> bytes:
        """What rabbitmqctl prints; it takes a second or two."""
        real = Path(rabbit_binary() or "").with_name("rabbitmqctl")
        done = subprocess.run(
            [str(real), "-q", "-n", f"celerytui{self.port}@localhost", *args],
            env=self._environ(),
            check=True,
            capture_output=True,
            timeout=120,
        )
        return done.stdout

    @contextlib.contextmanager
    def alarm(self, what: Literal["memory", "disk"]) -> Iterator[None]:
        """Its memory or its disk is used up inside, so that it blocks publishers."""
        memory, disk = "set_vm_memory_high_watermark", "set_disk_free_limit"
        self.control(*((memory, "absolute", "1MB") if what == "memory" else (disk, "100000GB")))
        try:
            yield
        finally:
            self.control(*((memory, "0.4") if what == "memory" else (disk, "1MB")))

    def _environ(self) -> dict[str, str]:
        keep = {key: value for key, value in os.environ.items() if "RABBITMQ" not in key}
        return keep | {
            "HOME": f"{self.folder}/home",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"celerytui{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": f"{self.folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{self.folder}/log",
            "RABBITMQ_PID_FILE": f"{self.folder}/pid",
            "RABBITMQ_CONFIG_FILE": f"{self.folder}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.folder}/plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            # The script then replaces itself with the Erlang machine, so that our pid is its pid.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def answers(self) -> bool:
        return self._exchange(b"AMQP\x00\x00\x09\x01").startswith(b"\x01\x00\x00")

    def stop(self) -> None:
        super().stop()
        if self._epmd is not None:
            self._epmd.stop()
            self._epmd = None


def missing(program: str) -> NoReturn:
    """Skips the test that needs a program which is not there; where CI is set it fails."""
    if os.environ.get("CI"):
        pytest.fail(f"{program} is not there, and CI is set")
    pytest.skip(f"{program} is not there")


def redis_binary() -> str | None:
    """The path of redis-server, None where there is none."""
    return shutil.which("redis-server")


def rabbit_binary() -> str | None:
    """The path of RabbitMQ's own start script, None where there is none.

    Debian's wrapper on the PATH changes the user and drops the environment; it is passed by.
    """
    found = shutil.which("rabbitmq-server", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None or shutil.which("epmd") is None:
        return None
    real = Path(found).resolve()
    if real.name == "rabbitmq-script-wrapper":
        real = real.parent / "rabbitmq-server"
    return str(real) if real.exists() else None
