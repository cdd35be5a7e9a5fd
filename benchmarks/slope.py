"""Whether memory stays flat: a full store, events all the time, and a key every second.

Usage: python -m benchmarks.slope [live] [paused] [--minutes N] [--tasks N] [--rate N] [--no-keys]

The real program on a pty of 120x40, a real Redis, a publisher of its own. Once `--tasks` are held
the keys begin: help, sort and the palette opened and closed, every view, a task, moves. Resident
memory is read every 10 s after all of them were gone through some times and every task that the
store was filled with has made way for another: of tasks that come slowly fewer share a time, which
costs some bytes each. The slope is that of the line through the readings by least squares. No task
fails: failures stay when successes are evicted, and the store would fill with them and their
tracebacks for hours. Once with the display live, once with it paused: what stands still is kept
beside what is new, so all held tasks make way twice more before that is read. `--minutes 40` is
what the limit of 3 MB is about.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from itertools import cycle

from msgspec import Struct

from benchmarks import cluster, processes
from benchmarks.keys import FILL_SECONDS, held
from benchmarks.serving import own_redis
from benchmarks.terminal import PROGRAM, Terminal, wait_for

ESCAPE = "\x1b"
KEYS = (
    "1", "j", "j", "k", "?", "j", ESCAPE, "s", "j", ESCAPE, ":", "h", "e", ESCAPE,
    "2", "j", "\r", "j", ESCAPE, "?", ESCAPE, "3", "j", "\r", "\t", ESCAPE,
    "4", "j", "s", ESCAPE, "9", ":", ESCAPE, "1", "\t", "\t", "G", "g",
)  # fmt: skip
KEY_SECONDS = 1.0
READ_SECONDS = 10.0
SHOWN_SECONDS = 120.0
WARM_UP_SECONDS = 3 * len(KEYS) * KEY_SECONDS
EVENTS_A_TASK = 3
DISPLAYS = ("live", "paused")
PAUSE = "p"
MB = 1e6


class Reading(Struct, frozen=True):
    """Resident memory, in bytes, and the seconds from the first reading to it."""

    at: float
    resident: int


def slope(readings: list[Reading]) -> float:
    """Bytes a second by which memory grows: the line through the readings, by least squares."""
    count = len(readings)
    mean_at = sum(one.at for one in readings) / count
    mean = sum(one.resident for one in readings) / count
    spread = sum((one.at - mean_at) ** 2 for one in readings)
    return sum((one.at - mean_at) * (one.resident - mean) for one in readings) / spread


def press(terminal: Terminal, keys: Iterator[str], seconds: float) -> Iterator[float]:
    """Type a key a second for so long; the seconds that have gone, after each."""
    began = time.monotonic()
    due = began
    while due < began + seconds:
        if not terminal.running:
            raise SystemExit("the program has ended")
        if key := next(keys):
            terminal.press(key)
        due += KEY_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
        yield due - began


def read(terminal: Terminal, keys: Iterator[str], seconds: float) -> list[Reading]:
    """The memory while keys are typed, read every `READ_SECONDS`."""
    readings = [Reading(0.0, processes.resident(terminal.pid))]
    for gone in press(terminal, keys, seconds):
        if gone >= readings[-1].at + READ_SECONDS:
            readings.append(Reading(gone, processes.resident(terminal.pid)))
    return readings


def report(label: str, readings: list[Reading]) -> None:
    """One line of the table."""
    first, last = readings[0].resident / MB, readings[-1].resident / MB
    peak = max(one.resident for one in readings) / MB
    grown = slope(readings) * 3600 / MB
    row = f"{label:12}{len(readings):10}{first:10.1f}{last:10.1f}{peak:10.1f}{grown:+12.1f}"
    print(row, flush=True)
    every = max(1, round(SHOWN_SECONDS / READ_SECONDS))
    series = " ".join(f"{one.resident / MB:.1f}" for one in readings[::every])
    print(f"  every {SHOWN_SECONDS / 60:g} min: {series}", flush=True)


def measure(port: int, label: str, options: argparse.Namespace) -> None:
    """Fill the store, warm up, and read for `--minutes`."""
    command = [*PROGRAM, "-b", f"redis://127.0.0.1:{port}/1", "--max-tasks", str(options.tasks)]
    keys = cycle([""] if options.no_keys else KEYS)
    with Terminal(command) as terminal:
        wait_for(terminal, lambda lines: "live" in lines[0], 20)
        stream = ("--fill", str(options.tasks), "--rate", str(options.rate), "--failing", "0")
        source = cluster.start(port, *stream)
        try:
            wait_for(terminal, lambda lines: held(lines) >= options.tasks, FILL_SECONDS)
            warm_up = max(WARM_UP_SECONDS, options.tasks * EVENTS_A_TASK / options.rate)
            for _ in press(terminal, keys, warm_up):
                pass
            if label == "paused":
                terminal.press(PAUSE)
                for _ in press(terminal, keys, 2 * warm_up):
                    pass
            report(label, read(terminal, keys, options.minutes * 60))
        finally:
            source.terminate()
            source.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("displays", nargs="*", metavar="live|paused")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--no-keys", action="store_true", help="type nothing")
    options = parser.parse_args()
    if unknown := set(options.displays) - set(DISPLAYS):
        parser.error(f"there is no display {min(unknown)!r}")
    print(f"{options.tasks:,} tasks held, {options.rate:,} events/s, a key every second; MB")
    head = f"{'display':12}{'readings':>10}{'start':>10}{'end':>10}{'peak':>10}{'an hour':>12}"
    print(head, flush=True)
    with own_redis() as port:
        for label in options.displays or DISPLAYS:
            measure(port, label, options)


if __name__ == "__main__":
    main()
