"""Workers that the tests of a module share, and an app and a control beside them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from celery import Celery

from celerytui.control import Control
from celerytui.engine import Engine
from celerytui.model import Finding, Outcome, Reply, Task
from tests.integration.servers import Process, missing, wait_until
from tests.waiting import reply_seconds

CELERY53 = Path(__file__).parents[2] / ".venv-celery53/bin/python"


def oldest_celery() -> str:
    """A Python with Celery 5.3, which `make test` installs for workers of another version."""
    python = Path(os.environ.get("CELERY53_PYTHON", CELERY53))
    if not python.exists():
        missing(f"{python} (`make test` makes it)")
    return str(python)


class Cluster:
    """Workers of the sample project on one broker, started by `begin`, all ended by `close`.

    Results are files, with names and arguments; `app` knows the tasks by name only.
    """

    def __init__(self, url: str, folder: Path, **conf: Any) -> None:
        self.url = url
        self.folder = folder
        (folder / "results").mkdir()
        self.conf = conf
        self.app = self.make_app(result_extended=True)
        self.reply_timeout = reply_seconds()
        self.control = Control(self.app, read_only=False, timeout=self.reply_timeout)
        self.workers: dict[str, Process] = {}

    def make_app(self, **conf: Any) -> Any:
        app = Celery("tester", broker=self.url, set_as_current=False)
        defaults = {"result_backend": f"file://{self.folder}/results"}
        app.conf.update(task_send_sent_event=True, **(defaults | conf))
        return app

    def begin(
        self,
        hostname: str,
        pool: str,
        concurrency: int,
        *options: str,
        queues: str = "celery",
        python: str = sys.executable,
    ) -> Process:
        args = [python, "-m", "celery", "-A", "tests.integration.proj", "worker"]
        args += ["-n", hostname, "-P", pool, "-c", str(concurrency), "-Q", queues, "-l", "INFO"]
        args += ["--without-mingle", *options]
        env = os.environ | {
            "CELERY_BROKER_URL": self.url,
            "PROJ_RESULTS": f"{self.folder}/results",
            "PROJ_CONF": json.dumps(self.conf),
            "PYTHONWARNINGS": "ignore",
        }
        worker = Process(args, self.folder / f"{hostname}.log", env)
        self.workers[hostname] = worker
        return worker

    def wait_for(self, *hostnames: str) -> None:
        """Until these answer."""
        for hostname in hostnames:
            worker = self.workers[hostname]

            def answers(hostname: str = hostname, worker: Process = worker) -> bool:
                return worker.ready() and bool(self.ask("ping", hostname) == "pong")

            wait_until(answers, 60, f"worker {hostname} to answer")

    def close(self) -> None:
        for worker in self.workers.values():
            worker.kill()
        self.app.close()

    def ask(self, section: str, hostname: str) -> Any:
        """What a worker says when it is asked by our own inspection."""
        return self.control.inspect(hostname, [section])[section].data

    def do(
        self,
        action: str,
        targets: Sequence[str] = (),
        *,
        workers: Sequence[str] | None = None,
        tasks: Mapping[str, Task] | None = None,
        **params: str,
    ) -> Outcome:
        """Do an action; the parameters by their names, `on` for the one called workers."""
        if "on" in params:
            params["workers"] = params.pop("on")
        expected = list(self.workers) if workers is None else workers
        return self.control.perform(action, targets, params, expected, tasks=tasks or {})

    def look_back(self, outcome: Outcome) -> Finding:
        """What is said of an outcome, once the workers say the same twice."""
        finding = self.control.look_back(outcome, {}, ())
        assert finding is not None
        return finding

    def running(self, hostname: str) -> set[str]:
        """The ids of the tasks that a worker says it runs."""
        return {request["id"] for request in self.ask("active", hostname) or ()}

    def log(self, hostname: str) -> str:
        return self.workers[hostname].log.read_text(errors="replace")


def hear(engine: Engine, *hostnames: str) -> None:
    """Wait until events of these workers come in: what they did before nobody may know."""

    def heard(hostname: str) -> bool:
        worker = engine.store.worker(hostname)
        return worker is not None and worker.last_heartbeat is not None

    until(lambda: all(map(heard, hostnames)), 60.0)


def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until the condition holds."""
    wait_until(lambda: bool(condition()), seconds, "the workers to come to it")


def only(outcome: Outcome) -> Reply:
    """The one reply of an outcome without an error."""
    assert outcome.error is None, outcome.error
    (reply,) = outcome.replies
    return reply
