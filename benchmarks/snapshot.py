"""The process of `celerytui snapshot` beside the others: fed from a broker, held still, ended."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import Moment
from tests.integration.servers import REPO, Process, wait_until

START_SECONDS = 60.0
END_SECONDS = 120.0
IMPORTED_SECONDS = 0.2
"""Of a processor: whoever has used less is not there yet."""


class Snapshot:
    """`celerytui snapshot` on a broker, listening until it is told to print and end.

    Its filter lets no task pass: what it prints is the rest of the document.
    """

    def __init__(self, broker_url: str, folder: Path, max_tasks: int) -> None:
        # Where it is started, Celery's default loader finds its configuration.
        config = f"broker_url = {broker_url!r}\nevent_queue_ttl = 600\n"
        (folder / "celeryconfig.py").write_text(config)
        command = [sys.executable, "-m", "celerytui", f"--max-tasks={max_tasks}"]
        command += ["snapshot", "--for=1h", "--filter=state:lost", "--json"]
        env = {key: value for key, value in os.environ.items() if not key.startswith("CELERY")}
        env |= {"PYTHONPATH": str(REPO), "HOME": str(folder)}
        self._children = _children_cpu()
        self._process = Process(command, folder / "snapshot.json", env, folder)

    def wait_ready(self) -> None:
        """Return once it has connected and asked, and is done with its start."""

        def imported() -> bool:
            if not self._process.running:
                raise SystemExit(f"snapshot ended: {self._process.output()}")
            return processes.cpu_seconds(self._process.pid) > IMPORTED_SECONDS

        wait_until(imported, START_SECONDS, "snapshot to start")
        processes.wait_quiet(self._process, 2.0)

    def hold(self) -> None:
        """Stop all its threads where they are."""
        processes.hold(self._process)

    def release(self) -> Moment:
        """Let it go on; when that was."""
        return processes.release(self._process)

    def wait_quiet(self) -> Moment:
        """Return once it has done nothing for a while; the moment since when."""
        return processes.wait_quiet(self._process)

    def finish(self) -> tuple[int, float]:
        """Have it print and end: the events it counted, and all that it used of the processors."""
        self._process.send(signal.SIGTERM)
        wait_until(lambda: not self._process.running, END_SECONDS, "snapshot to end")
        document = json.loads(self._process.log.read_text())
        return document["events"]["received"], _children_cpu() - self._children

    def stop(self) -> None:
        """End it, held or not."""
        self._process.stop()


def _children_cpu() -> float:
    """What the processes that were started here and have ended used of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
