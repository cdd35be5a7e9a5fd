"""How soon the first frame is on the terminal, beside importing the libraries that it needs.

Usage: python -m benchmarks.start [--rounds N]

Every round starts each side once, in turn; the best of the rounds counts, as whatever else the
machine does only ever adds. The broker is one that nobody listens on: it is connected afterwards.
"""

from __future__ import annotations

import argparse
import compileall
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from benchmarks.terminal import PROGRAM, ROOT, Terminal
from tests.integration.servers import free_port

LIBRARIES = (sys.executable, "-c", "import textual.app, celery, kombu")
FRAME_SECONDS = 20.0
DRAWN = b"celerytui"


class Taken(Struct, frozen=True):
    """Seconds by the clock, and of a processor."""

    wall: float
    cpu: float


def ended(args: Sequence[str]) -> Taken:
    """Until the command is over."""
    began = time.perf_counter()
    process = subprocess.Popen(args, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{args} failed")
    return Taken(time.perf_counter() - began, used.ru_utime + used.ru_stime)


def first_frame(args: Sequence[str]) -> Taken:
    """Until the header's name was written."""
    with Terminal(args) as terminal:
        deadline = time.perf_counter() + FRAME_SECONDS
        data = b""
        taken = 0
        while time.perf_counter() < deadline and terminal.running:
            while taken < len(terminal.chunks):
                chunk = terminal.chunks[taken]
                taken += 1
                data += chunk.data
                if DRAWN in data:
                    return Taken(chunk.at - terminal.started, terminal.cpu_seconds())
            time.sleep(0.001)
    raise SystemExit(f"no frame came: {data!r}")


def sides(port: int) -> dict[str, Callable[[], Taken]]:
    """What is measured, by its title; the first is what the others are compared with."""
    url = f"redis://127.0.0.1:{port}/0"
    python = sys.executable
    return {
        "import textual.app, celery, kombu": lambda: ended(LIBRARIES),
        "celerytui -b URL, first frame": lambda: first_frame([*PROGRAM, "-b", url]),
        "celerytui --version": lambda: ended([*PROGRAM, "--version"]),
        "celerytui --help": lambda: ended([*PROGRAM, "--help"]),
        "the plug-in's import": lambda: ended([python, "-c", "import celerytui.cli"]),
        "click's import, of that": lambda: ended([python, "-c", "import click"]),
        "python -c pass, of that": lambda: ended([python, "-c", "pass"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    os.environ.pop("NO_COLOR", None)
    # As installed: pip compiles what it installs.
    compileall.compile_dir(ROOT / "celerytui", quiet=1)
    measured = sides(free_port())
    rounds: dict[str, list[Taken]] = {title: [] for title in measured}
    for _ in range(options.rounds):
        for title, measure in measured.items():
            rounds[title].append(measure())
    print(f"{f'best of {options.rounds}':40}{'ms':>8}{'ratio':>8}{'cpu ms':>10}{'ratio':>8}")
    base: Taken | None = None
    for title, times in rounds.items():
        best = Taken(min(one.wall for one in times), min(one.cpu for one in times))
        base = base or best
        wall, cpu = best.wall / base.wall, best.cpu / base.cpu
        print(f"{title:40}{best.wall * 1e3:8.0f}{wall:8.2f}{best.cpu * 1e3:10.0f}{cpu:8.2f}")


if __name__ == "__main__":
    main()
