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

from benchmarks.terminal import PROGRAM, ROOT, Terminal
from tests.integration.servers import free_port

LIBRARIES = (sys.executable, "-c", "import textual.app, celery, kombu")
FRAME_SECONDS = 20.0
DRAWN = b"celerytui"


def ended(args: Sequence[str]) -> float:
    """Seconds until the command is over."""
    began = time.perf_counter()
    subprocess.run(args, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def first_frame(args: Sequence[str]) -> float:
    """Seconds until the header's name was written."""
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
                    return chunk.at - terminal.started
            time.sleep(0.002)
    raise SystemExit(f"no frame came: {data!r}")


def sides(port: int) -> dict[str, Callable[[], float]]:
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
    best = dict.fromkeys(measured, float("inf"))
    for _ in range(options.rounds):
        for title, measure in measured.items():
            best[title] = min(best[title], measure())
    base = next(iter(best.values()))
    print(f"best of {options.rounds}{'':36}{'ms':>8}{'ratio':>8}")
    for title, seconds in best.items():
        print(f"{title:45}{seconds * 1e3:8.0f}{seconds / base:8.2f}")


if __name__ == "__main__":
    main()
