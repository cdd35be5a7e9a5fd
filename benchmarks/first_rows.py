"""How soon the first rows of another order or filter are on the screen, among a million tasks.

Usage: python -m benchmarks.first_rows [--tasks N] [--rate N] [--rounds N]

The real program on a pty of 120x40 and a real Redis, at rest and in a storm: from a click on the
head NAME, or the last letter of `state:failure`, to the bytes after which a terminal shows rows of
that order or filter alone. Where they stand is worked out afterwards, as in `benchmarks.keys`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from benchmarks import cluster
from benchmarks.cluster import NAMES
from benchmarks.keys import FILL_SECONDS, held, percentile
from benchmarks.serving import own_redis
from benchmarks.terminal import PROGRAM, Screen, Terminal, wait_for

SETTLE_SECONDS = 3.0
"""As long as the whole order of a million tasks takes, and more."""
ROWS = slice(6, 36)
FIRST = min(NAMES).partition(".")[2]

Lines = list[str]


def by_name(lines: Lines) -> bool:
    """Whether the rows are those of the first name alone."""
    return all(FIRST in line for line in lines[ROWS])


def failures(lines: Lines) -> bool:
    """Whether the rows are failures alone."""
    return all("failure" in line for line in lines[ROWS])


def click(terminal: Terminal, head: str) -> float:
    """Click on the head of a column; when that was."""
    screen = Screen(terminal)
    screen.feed()
    y = screen.row_of(head)
    if y is None:
        raise SystemExit(f"there is no {head}:\n" + "\n".join(screen.lines))
    at = f"0;{screen.lines[y].index(head) + 2};{y + 1}"
    return terminal.press(f"\x1b[<{at}M\x1b[<{at}m")


def shown(terminal: Terminal, ask: Callable[[], float], right: Callable[[Lines], bool]) -> float:
    """Seconds from asking until the rows are right."""
    screen = Screen(terminal)
    screen.feed()
    at = ask()
    time.sleep(SETTLE_SECONDS)
    while (painted := screen.step()) is not None:
        if right(screen.lines):
            return painted - at
    raise SystemExit("the rows were never right:\n" + "\n".join(screen.lines))


def rounds(terminal: Terminal, count: int) -> tuple[list[float], list[float]]:
    """How long each order and each filter took."""
    orders, filters = [], []
    for _ in range(count):
        orders.append(shown(terminal, lambda: click(terminal, "NAME"), by_name))
        click(terminal, "SEEN")
        time.sleep(SETTLE_SECONDS)
        for key in "/state:failur":
            terminal.press(key)
            time.sleep(0.2)
        filters.append(shown(terminal, lambda: terminal.press("e"), failures))
        terminal.press("\x1b")
        time.sleep(SETTLE_SECONDS)
    return orders, filters


def measure(port: int, options: argparse.Namespace, rate: int) -> None:
    """Fill, and a line for each question."""
    url = f"redis://127.0.0.1:{port}/1"
    with Terminal([*PROGRAM, "-b", url, "--max-tasks", str(options.tasks)]) as terminal:
        wait_for(terminal, lambda lines: "live" in lines[0], 20)
        fill = str(options.tasks + 1_000)
        source = cluster.start(port, "--fill", fill, "--rate", str(rate))
        try:
            wait_for(terminal, lambda lines: held(lines) >= options.tasks, FILL_SECONDS)
            terminal.press("2")
            time.sleep(SETTLE_SECONDS)
            for label, found in zip(
                ("by name", "state:failure"), rounds(terminal, options.rounds), strict=True
            ):
                middle, longest = percentile(found, 0.5) * 1e3, max(found) * 1e3
                row = f"{label:16}{rate:10,}{len(found):8}{middle:8.0f}{longest:8.0f}"
                print(row, flush=True)
        finally:
            source.terminate()
            source.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.tasks:,} tasks held; milliseconds from asking to the paint of the first rows")
    print(f"{'asked for':16}{'events/s':>10}{'rounds':>8}{'p50':>8}{'max':>8}")
    with own_redis() as port:
        for rate in options.rate or (0, 50_000):
            measure(port, options, rate)


if __name__ == "__main__":
    main()
