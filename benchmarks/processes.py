"""What a process used of the machine so far, as /proc tells it, and one that is held still."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

from msgspec import Struct

from tests.integration.servers import Process

STEP_SECONDS = 0.05
BUSY_SHARE = 0.5
"""It is busy where it used this share of a step: what goes on at rest takes less."""
QUIET_SECONDS = 1.0


def cpu_seconds(pid: int) -> float:
    """Seconds that the threads it has now used of the processors."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def runnable(pid: int) -> bool:
    """Whether any of its threads runs or would."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return any(thread.read_text().rpartition(") ")[2].startswith("R") for thread in threads)


def resident(pid: int) -> int:
    """Its resident memory in bytes; of this process at its highest where there is no /proc."""
    statm = Path(f"/proc/{pid}/statm")
    if statm.exists() or pid != os.getpid():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Moment(Struct, frozen=True):
    """When, by time.perf_counter, and what it had used of the processors by then, in seconds."""

    at: float
    cpu: float


def moment(process: Process) -> Moment:
    """Now."""
    return Moment(time.perf_counter(), cpu_seconds(process.pid))


def wait_quiet(process: Process, seconds: float = QUIET_SECONDS) -> Moment:
    """Return once it has done nothing for so long; the moment since when."""
    last = moment(process)
    used = last.cpu
    while time.perf_counter() - last.at < seconds:
        time.sleep(STEP_SECONDS)
        before, used = used, cpu_seconds(process.pid)
        # On a machine with other work it may wait for a processor and use none.
        if used - before > STEP_SECONDS * BUSY_SHARE or runnable(process.pid):
            last = Moment(time.perf_counter(), used)
    return last


def hold(process: Process) -> None:
    """Stop all its threads where they are."""
    process.send(signal.SIGSTOP)


def release(process: Process) -> Moment:
    """Let it go on; when that was."""
    now = moment(process)
    process.send(signal.SIGCONT)
    return now
