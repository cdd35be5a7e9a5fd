"""What a repaint of the types and of the failures costs the interface's loop.

Usage: python -m benchmarks.views [--groups N]

The real screen of 200x60 on a store that saw 29 runs of each type in five minutes, and failures in
that many groups with five messages each. Timed is the processor time of the thread of the loop: the
first look at a view, and a repaint at a piece of news, after which every figure is another.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable

from benchmarks.types import many_types
from celerytui.model import Batch, Event
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.ui.app import MonitorApp
from celerytui.ui.draw.theme import PALETTES
from celerytui.ui.views.registry import BY_NAME
from tests.ui.fake_engine import FakeEngine

NOW = 1_700_000_290.0
ROUNDS = 15
MESSAGES = 5


def failing(store: Store, groups: int, step: int = 0) -> None:
    """Have a failure of each message of each group come in."""
    host = "worker@host"
    for number in range(groups):
        events = []
        for message in range(MESSAGES if step == 0 else 1):
            id, name = f"f{step}-{number}-{message}", f"proj.tasks.fail{number}"
            text = f"Declined('reason {'abcde'[message]}')"
            trace = (
                "Traceback (most recent call last):\n"
                f'  File "/srv/proj/tasks.py", line {number}, in fail{number}\n    raise x\n'
                f"proj.errors.Declined: reason {'abcde'[message]}\n"
            )
            events += [
                Event("task-received", host, NOW - 3, uuid=id, name=name),
                Event("task-started", host, NOW - 2, uuid=id),
                Event("task-failed", host, NOW - 1, uuid=id, exception=text, traceback=trace),
            ]
        store.apply(Batch(events, NOW))
    store.failures.update(NOW)


def thread_ms(work: Callable[[], object]) -> float:
    """Milliseconds of the thread."""
    begun = time.thread_time()
    work()
    return (time.thread_time() - begun) * 1e3


async def measure(store: Store, view: str, change: Callable[[int], None]) -> tuple[float, ...]:
    """The first look, then the middle and the longest of the repaints."""
    engine = FakeEngine(Settings(theme="dark"), store, now=NOW)
    app = MonitorApp(engine, palette=PALETTES["dark"])
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause()
        # As with the real engine, where another thread works out the figures of types.
        store.types.ask = lambda: None
        first = thread_ms(lambda: app.main.action_show_view(view))
        await pilot.pause()
        store.types.catch_up(NOW)
        app.main.repaint()
        taken = []
        for step in range(1, ROUNDS + 1):
            change(step)
            taken.append(thread_ms(app.main.repaint))
            await pilot.pause()
        assert app.main.body.view is BY_NAME[view]
    return first, statistics.median(taken), max(taken)


def line(label: str, row: tuple[float, ...]) -> str:
    """A row of the table."""
    first, middle, longest = row
    return f"{label:28}{first:12.1f}{middle:10.1f}{longest:10.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--groups", type=int, default=1_000)
    options = parser.parse_args()
    print(f"{'milliseconds of the loop':28}{'first look':>12}{'repaint':>10}{'longest':>10}")
    store = many_types()

    def more_runs(step: int) -> None:
        store.types.refresh(NOW)

    print(line("2,000 types", asyncio.run(measure(store, "types", more_runs))))
    failed = Store(max_tasks=100_000, clock=lambda: NOW)
    failing(failed, options.groups)

    def more_failures(step: int) -> None:
        failing(failed, options.groups, step)

    row = asyncio.run(measure(failed, "failures", more_failures))
    print(line(f"{options.groups:,} groups of failures", row))


if __name__ == "__main__":
    main()
