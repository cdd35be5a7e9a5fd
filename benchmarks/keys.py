"""How long a key press takes to be on the screen, with a million tasks held and a storm coming in.

Usage: python -m benchmarks.keys [--tasks N] [--rate N] [--presses N] [--openings N]

The real program on a pty of 120x40, a real Redis, a publisher of its own. Keys are typed at random
moments; a key is painted when the bytes have come after which a terminal shows the cursor on
another row. Where the cursor stands is worked out afterwards, so that nothing disturbs the clock.

Then the same for what a key opens, with as many tasks as are kept by default: the help, the palette
and a form, at rest (200 events a second) and in a storm. One is open once its frame's title is
there. And for marks: `*` on all tasks, and a key while all of them are marked.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable

from msgspec import Struct

from benchmarks import cluster
from benchmarks.serving import own_redis
from benchmarks.terminal import PROGRAM, Screen, Terminal, wait_for

CURSOR = "▌"
ESCAPE = "\x1b"
KEPT = 100_000
QUIET = 200
STORM = 30_000
SHOWN_SECONDS = 10.0
POLL_SECONDS = 0.02
FILL_SECONDS = 240.0
EVENTS_A_TASK = 3
STAY_SECONDS = 10.0


def held(lines: list[str]) -> int:
    """The number of tasks that the table's title says."""
    found = re.search(r"([\d,]+) tasks?\b", "\n".join(lines))
    return int(found[1].replace(",", "")) if found else 0


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


def press_keys(
    terminal: Terminal, presses: int, stay_seconds: float, rng: random.Random
) -> list[float]:
    """Type j and k at random moments; when each was.

    From the top again after `stay_seconds`: the row under the cursor ends as the last one once as
    many others came as are held, and there is no row below that.
    """
    pressed: list[float] = []
    from_top = 0.0
    for number in range(presses):
        if time.monotonic() >= from_top and number % 2 == 0:
            from_top = time.monotonic() + stay_seconds
            for key in "gjj":
                terminal.press(key)
                time.sleep(0.5)
        pressed.append(terminal.press("jk"[number % 2]))
        time.sleep(rng.uniform(0.1, 0.25))
    return pressed


def delays(terminal: Terminal, screen: Screen, pressed: list[float]) -> list[float]:
    """Seconds from each key to the bytes that moved the cursor."""
    found = []
    for at in pressed:
        screen.feed(until=at)
        found.append(moved(screen, screen.row_of(CURSOR)) - at)
    return found


def moved(screen: Screen, before: int | None) -> float:
    """When the bytes came that moved the cursor off its row."""
    while (painted := screen.step()) is not None:
        if screen.row_of(CURSOR) != before:
            return painted
    raise SystemExit("a key was never painted:\n" + "\n".join(screen.lines))


class Opening(Struct, frozen=True):
    """What a key opens: the keys before it, the key, and a text that only what it opens shows."""

    label: str
    before: str
    key: str
    shows: str
    close: str


OPENINGS = (
    Opening("help", "2", "?", "Help: Tasks", ESCAPE),
    Opening("palette", "2", ":", "Commands", ESCAPE),
    Opening("form", "3jP", "1", "worker.pool_grow", ESCAPE),
)


def opened(terminal: Terminal, one: Opening, times: int, rng: random.Random) -> list[float]:
    """Seconds from the key to the bytes that showed what it opens, each time."""
    found = []
    screen = Screen(terminal)
    for _ in range(times):
        for key in one.before:
            terminal.press(key)
            time.sleep(0.4)
        time.sleep(rng.uniform(0.2, 0.6))
        found.append(shown_after(terminal, screen, one.key, lambda lines: _has(lines, one.shows)))
        terminal.press(one.close)
        time.sleep(0.4)
    return found


def shown_after(
    terminal: Terminal, screen: Screen, key: str, shows: Callable[[list[str]], bool]
) -> float:
    """Seconds from a key to the bytes after which the screen shows something."""
    screen.feed()
    at = terminal.press(key)
    while time.perf_counter() - at < SHOWN_SECONDS:
        painted = screen.step()
        if painted is None:
            time.sleep(POLL_SECONDS)
        elif shows(screen.lines):
            return painted - at
    raise SystemExit(f"{key} showed nothing:\n" + "\n".join(screen.lines))


def _has(lines: list[str], text: str) -> bool:
    return any(text in line for line in lines)


def measure_marks(terminal: Terminal, tasks: int, presses: int, rng: random.Random) -> None:
    """Mark all tasks, and press keys while they are marked."""
    terminal.press("2")
    time.sleep(1)
    wanted = f"{tasks:,} marked"
    screen = Screen(terminal)
    took = shown_after(terminal, screen, "*", lambda lines: _has(lines, wanted))
    report(f"* on {tasks:,} tasks", [took])
    pressed = press_keys(terminal, presses, STAY_SECONDS, rng)
    time.sleep(1)
    report(f"a key, {tasks:,} marked", delays(terminal, screen, pressed))
    terminal.press("*")
    time.sleep(2)


def measure_openings(port: int, rate: int, times: int, presses: int) -> None:
    """What keys open at rest and in a storm, and marks, with as many tasks as are kept."""
    rng = random.Random(2)
    with Terminal([*PROGRAM, "-b", f"redis://127.0.0.1:{port}/2"]) as terminal:
        wait_for(terminal, lambda lines: "live" in lines[0], 20)
        source = cluster.start(port, "--fill", str(KEPT), "--rate", str(QUIET), database=2)
        try:
            wait_for(terminal, lambda lines: held(lines) >= KEPT, FILL_SECONDS)
            time.sleep(3)
            measure_marks(terminal, KEPT, presses, rng)
            for one in OPENINGS:
                report(f"{one.label}, at rest", opened(terminal, one, times, rng))
                storm = cluster.start(port, "--rate", str(rate), database=2)
                time.sleep(5)
                report(f"{one.label}, {rate:,} events/s", opened(terminal, one, times, rng))
                storm.terminate()
                storm.wait()
                time.sleep(2)
        finally:
            source.terminate()
            source.wait()


def report(label: str, found: list[float]) -> None:
    """One line of the table."""
    p50, p99 = percentile(found, 0.5) * 1e3, percentile(found, 0.99) * 1e3
    print(f"{label:34}{len(found):8}{p50:8.1f}{p99:8.1f}{max(found) * 1e3:8.1f}", flush=True)


def measure(port: int, tasks: int, rate: int, presses: int) -> None:
    """Fill, and measure on the dashboard and in the table alone, in the storm and after it."""
    url = f"redis://127.0.0.1:{port}/1"
    command = [*PROGRAM, "-b", url, "--max-tasks", str(tasks)]
    rng = random.Random(1)
    with Terminal(command) as terminal:
        wait_for(terminal, lambda lines: "live" in lines[0], 20)
        source = cluster.start(port, "--fill", str(tasks), "--rate", str(rate))
        try:
            wait_for(terminal, lambda lines: held(lines) >= tasks, FILL_SECONDS)
            time.sleep(3)
            for view, label in (("2", "tasks"), ("1", "dashboard")):
                terminal.press(view)
                time.sleep(1)
                screen = Screen(terminal)
                turnover = tasks * EVENTS_A_TASK / rate
                pressed = press_keys(terminal, presses, min(STAY_SECONDS, turnover / 3), rng)
                time.sleep(1)
                report(f"{label}, {rate:,} events/s", delays(terminal, screen, pressed))
        finally:
            source.terminate()
            source.wait()
        time.sleep(3)
        measure_marks(terminal, tasks, presses, rng)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--presses", type=int, default=300)
    parser.add_argument("--openings", type=int, default=30)
    options = parser.parse_args()
    print(f"{options.tasks:,} tasks held; milliseconds from a key to its paint")
    print(f"{'':34}{'presses':>8}{'p50':>8}{'p99':>8}{'max':>8}")
    with own_redis() as port:
        measure(port, options.tasks, options.rate, options.presses)
        print(f"{KEPT:,} tasks held; milliseconds until what a key does is shown")
        measure_openings(port, STORM, options.openings, options.presses)


if __name__ == "__main__":
    main()
