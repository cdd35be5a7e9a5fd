"""What the figures of types cost the store, a second of a screen that shows them, and in memory.

Usage: python -m benchmarks.types [tasks]

The stream of `benchmarks.store` goes through two stores in turn, one of which counts nothing of
types; both are measured in the processor time of the thread, and the best of seven is taken. The
quantiles are compared with the exact ones of the same runs.
"""

from __future__ import annotations

import argparse
import random
import time
import tracemalloc
from collections.abc import Callable

from benchmarks.store import batches
from celerytui.model import Batch, Event, Task
from celerytui.store import Store
from celerytui.store.statistics.histogram import Histogram, quantiles

ROUNDS = 7
TYPES = 2_000
RUNS = 200_000
PARTS = (0.5, 0.95, 0.99)


def applied(tasks: int, *, counting: bool) -> float:
    """Microseconds an event; counted are the types at each 10,000 events, as once a second."""
    stream = batches(tasks)
    store = Store(max_tasks=tasks)
    if not counting:
        store._intake._usual._take_ended = lambda ended, now: ended.clear()
    begun = time.thread_time()
    for number, batch in enumerate(stream):
        store.apply(batch)
        if number % 20 == 0:
            store.types.refresh(batch.received_at)
    return (time.thread_time() - begun) / (tasks * 3) * 1e6


def many_types() -> Store:
    """A store that saw 29 runs of each of 2,000 types in five minutes."""
    rng = random.Random(1)
    store = Store(max_tasks=10_000)
    for step in range(29):
        now = 1_700_000_000.0 + step * 10
        events: list[Event] = []
        for number in range(TYPES):
            runtime = rng.lognormvariate(-1, 1)
            id, host = f"{step}-{number}", "worker@host"
            started = now - runtime
            name = f"proj.tasks.job{number}"
            events += [
                Event("task-received", host, started - 1, uuid=id, name=name),
                Event("task-started", host, started, uuid=id),
                Event("task-succeeded", host, now, uuid=id, runtime=runtime),
            ]
        store.apply(Batch(events, now))
        store.sweep(now)
    return store


def best(work: Callable[[], object]) -> float:
    """Milliseconds of the thread that it takes at the least."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.thread_time()
        work()
        taken.append(time.thread_time() - begun)
    return min(taken) * 1e3


def errors() -> list[float]:
    """By how many percent p50, p95 and p99 of 200,000 runs are off the exact ones."""
    rng = random.Random(7)
    runs = [
        rng.lognormvariate(-1.5, 0.6) + (8.0 if rng.random() < 0.03 else 0.0) for _ in range(RUNS)
    ]
    histogram = Histogram()
    histogram.add(runs)
    found = quantiles(histogram.counts, histogram.longest, PARTS)
    runs.sort()
    exact = [runs[round(part * (RUNS - 1))] for part in PARTS]
    return [abs(one / true - 1) * 100 for one, true in zip(found, exact, strict=True)]


def day_of_one_type() -> float:
    """Kilobytes that a type keeps of a day with 10 runs a second."""
    rng = random.Random(3)
    store = Store(max_tasks=1_000)
    statistics = store._statistics
    tracemalloc.start()
    for step in range(8_640):
        now = 1_700_000_000.0 + step * 10
        runs = [
            Task("", 0, name="proj.tasks.job", worker="worker@host", received=now, started=now + 1,
                 runtime=rng.lognormvariate(-1, 0.5))
            for _ in range(100)
        ]  # fmt: skip
        statistics.take(runs, now)
    size = tracemalloc.get_traced_memory()[0] / 1e3
    tracemalloc.stop()
    return size


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", type=int, nargs="?", default=60_000)
    tasks = parser.parse_args().tasks
    pairs = [(applied(tasks, counting=False), applied(tasks, counting=True)) for _ in range(ROUNDS)]
    without, counted = (min(one) for one in zip(*pairs, strict=True))
    print(f"store, types not counted      {without:8.2f} us an event")
    print(f"store, types counted          {counted:8.2f} us an event")
    part = (counted - without) * 10_000 / 1e6 * 100
    print(f"  at 10,000 events a second   {part:8.2f} % of a core more")
    store = many_types()
    now = 1_700_000_290.0
    store.types.all("5m", now)
    refreshed = best(lambda: store.types.refresh(now))
    print(f"figures of {TYPES:,} types        {refreshed:8.1f} ms, once a second while shown")
    read = best(lambda: store.types.all("5m", now))
    print(f"reading them for a repaint    {read:8.3f} ms")
    print(f"a type of 10 runs a second    {day_of_one_type():8.0f} kB for its 24 hours")
    off = ", ".join(f"{one:.2f}" for one in errors())
    print(f"p50, p95, p99 are off by      {off} % on {RUNS:,} runs")


if __name__ == "__main__":
    main()
