"""How long a key press takes to be on the screen, with a million tasks held and a storm coming in.

Usage: python -m benchmarks.keys [--tasks N] [--rate N] [--presses N]

The real program on a pty of 120x40, a real Redis, a publisher of its own. Keys are typed at random
moments; a key is painted when the bytes have come after which a terminal shows the cursor on
another row. Where the cursor stands is worked out afterwards, so that nothing disturbs the clock.
"""

from __future__ import annotations

import argparse
import random
import re
import time

from benchmarks import cluster
from benchmarks.serving import own_redis
from benchmarks.terminal import PROGRAM, Screen, Terminal, wait_for

CURSOR = "▌"
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=50_000)
    parser.add_argument("--presses", type=int, default=300)
    options = parser.parse_args()
    print(f"{options.tasks:,} tasks held; milliseconds from a key to its paint")
    print(f"{'':34}{'presses':>8}{'p50':>8}{'p99':>8}{'max':>8}")
    with own_redis() as port:
        measure(port, options.tasks, options.rate, options.presses)


if __name__ == "__main__":
    main()
