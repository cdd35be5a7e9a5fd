"""What the monitor costs while nothing is done: of a core, and of the line to the terminal.

Usage: python -m benchmarks.idle [--seconds N]

With 10 workers that send a heartbeat every 2 s each; `benchmarks.workers` has more of them.
"""

from __future__ import annotations

import argparse
import time

from benchmarks import cluster
from benchmarks.serving import own_redis
from benchmarks.terminal import PROGRAM, Terminal, wait_for

WORKERS = "10"
VIEWS = (("1", "dashboard"), ("2", "tasks"), ("3", "workers"), ("4", "queues"))
SETTLE_SECONDS = 60.0
"""Workers that are only messages answer no question, and are asked again less and less often."""


def measure(port: int, seconds: float) -> None:
    """One line for each view."""
    with Terminal([*PROGRAM, "-b", f"redis://127.0.0.1:{port}/1"]) as terminal:
        wait_for(terminal, lambda lines: "live" in lines[0], 20)
        source = cluster.start(port, "--workers", WORKERS)
        try:
            time.sleep(SETTLE_SECONDS)
            for key, label in VIEWS:
                terminal.press(key)
                time.sleep(2)
                used, sent = terminal.watch(seconds)
                print(f"{label:12}{used:10.1%}{sent:10,.0f}", flush=True)
        finally:
            source.terminate()
            source.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    print(f"{'view':12}{'of a core':>10}{'bytes/s':>10}")
    with own_redis() as port:
        measure(port, options.seconds)


if __name__ == "__main__":
    main()
