"""What 1,000 workers and 200 queues cost, and how long a key press takes to be painted meanwhile.

Usage: python -m benchmarks.workers [--workers N] [--queues N] [--seconds N] [--presses N]

Each worker sends a heartbeat every 2 s; the program runs on a pty of 120x40. Its share of a core
and its bytes to the terminal are taken while nothing is typed, then keys are as in
`benchmarks.keys`. 4,000 tasks came before, so that the dashboard has rows to move in.
"""

from __future__ import annotations

import argparse
import random
import time

from benchmarks import cluster
from benchmarks.keys import STAY_SECONDS, delays, percentile, press_keys
from benchmarks.serving import own_redis
from benchmarks.terminal import PROGRAM, Screen, Terminal, wait_for

TASKS = "4000"
VIEWS = (("1", "dashboard"), ("3", "workers"), ("4", "queues"))
SETTLE_SECONDS = 60.0
"""Workers that are only messages answer no question, and are asked again less and less often."""


def measure(port: int, options: argparse.Namespace) -> None:
    """One line for each view."""
    names = ",".join(f"queue{number:03}" for number in range(options.queues))
    size = ("--workers", str(options.workers), "--queues", str(options.queues))
    with Terminal([*PROGRAM, "-b", f"redis://127.0.0.1:{port}/1", "--queues", names]) as terminal:
        wait_for(terminal, lambda lines: "live" in lines[0], 20)
        source = cluster.start(port, *size, "--fill", TASKS)
        try:
            time.sleep(SETTLE_SECONDS)
            for key, label in VIEWS:
                terminal.press(key)
                time.sleep(2)
                used, sent = terminal.watch(options.seconds)
                screen = Screen(terminal)
                pressed = press_keys(terminal, options.presses, STAY_SECONDS, random.Random(1))
                time.sleep(1)
                found = [delay * 1e3 for delay in delays(terminal, screen, pressed)]
                p50, p99 = percentile(found, 0.5), percentile(found, 0.99)
                row = f"{label:12}{used:10.1%}{sent:10,.0f}{len(found):10}"
                print(f"{row}{p50:8.1f}{p99:8.1f}{max(found):8.1f}", flush=True)
        finally:
            source.terminate()
            source.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=1_000)
    parser.add_argument("--queues", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--presses", type=int, default=200)
    options = parser.parse_args()
    print(f"{options.workers:,} workers, {options.queues} queues; milliseconds from key to paint")
    head = f"{'view':12}{'of a core':>10}{'bytes/s':>10}{'presses':>10}"
    print(f"{head}{'p50':>8}{'p99':>8}{'max':>8}")
    with own_redis() as port:
        measure(port, options)


if __name__ == "__main__":
    main()
