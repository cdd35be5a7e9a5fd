"""What a process used of the machine so far, as /proc tells it."""

from __future__ import annotations

import os
import resource
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """Seconds that the threads it has now used of the processors."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def resident(pid: int) -> int:
    """Its resident memory in bytes; of this process at its highest where there is no /proc."""
    statm = Path(f"/proc/{pid}/statm")
    if statm.exists() or pid != os.getpid():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
