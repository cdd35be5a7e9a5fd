"""What the monitor and `celery events` write to the terminal a second: at rest, and in a storm.

Usage: python -m benchmarks.terminal_bytes [--seconds N] [--rate N ...]

At 120x40 in 24-bit colour, with 10 workers of which each sends a heartbeat every 2 s. `celery
events` shows one list of tasks; how many events it took in that time is behind its figures.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import cluster
from benchmarks.serving import own_redis
from benchmarks.terminal import PROGRAM, Screen, Terminal, wait_for

WORKERS = "10"
FED_SECONDS = 6.0
VIEWS = (("1", "dashboard"), ("2", "tasks"), ("3", "workers"))


def measure(port: int, seconds: float, rate: int) -> None:
    """One line for each view."""
    url = f"redis://127.0.0.1:{port}/1"
    with Terminal([*PROGRAM, "-b", url]) as terminal:
        wait_for(terminal, lambda lines: "live" in lines[0], 20)
        with fed(port, rate):
            for key, label in VIEWS:
                terminal.press(key)
                time.sleep(2)
                report(label, rate, *terminal.watch(seconds))
    with Terminal([sys.executable, "-m", "celery", "-b", url, "events"]) as terminal:
        wait_for(terminal, lambda lines: any("celery events" in line for line in lines), 20)
        with fed(port, rate):
            before = taken(terminal)
            report("celery events", rate, *terminal.watch(seconds), end="")
            print(f"  took {(taken(terminal) - before) / seconds:,.0f}/s", flush=True)


def taken(terminal: Terminal) -> int:
    """The events that `celery events` says it has."""
    screen = Screen(terminal)
    screen.feed()
    found = re.search(r"events: ?(\d+)", "\n".join(screen.lines))
    return int(found[1]) if found else 0


@contextmanager
def fed(port: int, rate: int) -> Iterator[None]:
    """Events at a rate, a while ago already."""
    source = cluster.start(port, "--rate", str(rate), "--workers", WORKERS)
    try:
        time.sleep(FED_SECONDS)
        yield
    finally:
        source.terminate()
        source.wait()


def report(label: str, rate: int, used: float, sent: float, end: str = "\n") -> None:
    """One line of the table."""
    print(f"{label:14}{rate:10,}{sent:14,.0f}{used:10.1%}", end=end, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=int, action="append")
    options = parser.parse_args()
    print(f"{'view':14}{'events/s':>10}{'bytes/s':>14}{'cpu':>10}")
    with own_redis() as port:
        for rate in options.rate or (0, 500, 50_000):
            measure(port, options.seconds, rate)


if __name__ == "__main__":
    main()
