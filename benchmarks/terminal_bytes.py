"""What the monitor writes to the terminal a second: while nothing happens, and in a storm.

Usage: python -m benchmarks.terminal_bytes [--seconds N] [--rate N]

At 120x40 in 24-bit colour, with 10 workers of which each sends a heartbeat every 2 s.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks import cluster
from benchmarks.keys import UNBOUNDED
from benchmarks.terminal import PROGRAM, Terminal, wait_for
from tests.integration.servers import RedisServer

WORKERS = "10"
VIEWS = (("1", "dashboard"), ("2", "tasks"), ("3", "workers"))


def measure(port: int, seconds: float, rate: int) -> None:
    """One line for each view."""
    url = f"redis://127.0.0.1:{port}/1"
    with Terminal([*PROGRAM, "-b", url]) as terminal:
        wait_for(terminal, lambda lines: "live" in lines[0], 20)
        source = cluster.start(port, "--rate", str(rate), "--workers", WORKERS)
        try:
            time.sleep(6)
            for key, label in VIEWS:
                terminal.press(key)
                time.sleep(2)
                before, cpu = terminal.bytes, terminal.cpu_seconds()
                time.sleep(seconds)
                sent = (terminal.bytes - before) / seconds
                used = (terminal.cpu_seconds() - cpu) / seconds
                print(f"{label:12}{rate:12,}{sent:14,.0f}{used:10.1%}", flush=True)
        finally:
            source.terminate()
            source.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=int, action="append")
    options = parser.parse_args()
    print(f"{'view':12}{'events/s':>12}{'bytes/s':>14}{'cpu':>10}")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), *UNBOUNDED)
        server.start()
        try:
            for rate in options.rate or (0, 500, 50_000):
                measure(server.port, options.seconds, rate)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
