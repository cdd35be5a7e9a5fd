"""Flower's own process beside us: fed from a broker, held still, watched from outside.

Nothing is asked of it while it works. It is done when it no longer uses a processor, which /proc
tells; then its own count, `flower_events_total` on /metrics, has to say that all are in.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import QUIET_SECONDS, Moment
from benchmarks.publishers import FIRST_WORKER, Publisher, first_body
from tests.integration.servers import Process, free_port, wait_until

MAX_TASKS = 1_000_000
START_SECONDS = 30.0
ANSWER_SECONDS = 60.0


def absence() -> str | None:
    """Why there is no Flower to be measured, None where there is one."""
    if find_spec("flower") is None:
        return "not installed: make bench installs it"
    return None if Path("/proc/self/schedstat").exists() else "not measured: there is no /proc"


class Flower:
    """`celery flower` on a broker, as it comes but for `max_tasks`, on a free loopback port."""

    def __init__(self, broker_url: str, folder: Path) -> None:
        # Where it is started, Celery's default loader finds its configuration.
        config = f"broker_url = {broker_url!r}\nevent_queue_ttl = 600\n"
        (folder / "celeryconfig.py").write_text(config)
        self._port = free_port()
        options = ("--address=127.0.0.1", f"--port={self._port}", f"--max_tasks={MAX_TASKS}")
        command = [sys.executable, "-m", "celery", "flower", *options]
        foreign = ("FLOWER_", "CELERY_")
        env = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        self._process = Process(command, folder / "flower.log", env, folder)

    def wait_ready(self, publisher: Publisher) -> None:
        """Return once a heartbeat reached it, and it is done with its start."""

        def reached() -> bool:
            if not self._process.running:
                raise SystemExit(f"Flower ended: {self._process.output()}")
            publisher.send([first_body()])
            return self._knows(FIRST_WORKER)

        wait_until(reached, START_SECONDS, "Flower to see an event")
        self.wait_quiet()

    def count(self) -> int:
        """The task events that it has taken, by its own count."""
        lines = self._metrics().splitlines()
        found = [line for line in lines if line.startswith("flower_events_total{")]
        return round(sum(float(line.rpartition(" ")[2]) for line in found))

    def wait_quiet(self, seconds: float = QUIET_SECONDS) -> Moment:
        """Return once it has done nothing for so long; the moment since when."""
        return processes.wait_quiet(self._process, seconds)

    def hold(self) -> None:
        """Stop all its threads where they are."""
        processes.hold(self._process)

    def release(self) -> Moment:
        """Let it go on; when that was."""
        return processes.release(self._process)

    def cpu_seconds(self) -> float:
        """What its threads used of the processors so far."""
        return processes.cpu_seconds(self._process.pid)

    def resident(self) -> int:
        """Its resident memory in bytes."""
        return processes.resident(self._process.pid)

    def stop(self) -> None:
        """End it, held or not."""
        self._process.stop()

    def _knows(self, worker: str) -> bool:
        try:
            return f'flower_worker_online{{worker="{worker}"}} 1' in self._metrics()
        except ConnectionError:
            return False

    def _metrics(self) -> str:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()
