"""How many events a second the store takes, and what a reader waits for meanwhile.

Usage: python -m benchmarks.store [tasks]

The same stream, lives of received, started and succeeded events of 20 workers, goes through
`celery.events.state.State` and through the store. Decoding is not part of it.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator
from itertools import islice

from celery.events.state import State

from celerytui.model import Batch, Event
from celerytui.store import Store

BATCH = 480
WORKERS = 20
IN_FLIGHT = 40


def lives(tasks: int, names: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Events as dicts: one worker after the other runs `IN_FLIGHT` tasks at a time.

    So the events of one message are of one worker, as each worker sends its own.
    """
    now = 1_700_000_000.0
    for first in range(0, tasks, IN_FLIGHT):
        numbers = range(first, min(first + IN_FLIGHT, tasks))
        worker = first // IN_FLIGHT % WORKERS
        for kind in ("task-received", "task-started", "task-succeeded"):
            for number in numbers:
                now += 0.00001
                event: dict[str, object] = {
                    "type": kind,
                    "hostname": f"worker{worker}@host",
                    "uuid": f"{number:08x}-5f0c-4b1e-9d3a-{number:012x}",
                    "timestamp": now,
                    "clock": number,
                    "pid": 100 + worker,
                }
                if kind == "task-received":
                    event |= {
                        "name": names[number % len(names)],
                        "args": f"({number}, 'x')",
                        "kwargs": "{}",
                        "retries": 0,
                        "root_id": event["uuid"],
                        "eta": None,
                        "expires": None,
                        "parent_id": None,
                    }
                elif kind == "task-succeeded":
                    event |= {"result": f"{number * 7}", "runtime": 0.125 + number * 1e-6}
                yield event


def batches(tasks: int) -> list[Batch]:
    """The stream as the receiver would deliver it."""
    names = tuple(f"proj.tasks.job{index}" for index in range(30))
    stream = (Event(**event) for event in lives(tasks, names))  # type: ignore[arg-type]  # the fields of an event
    found = []
    while events := list(islice(stream, BATCH)):
        found.append(Batch(events, events[-1].timestamp))
    return found


def store_rate(tasks: int, max_tasks: int, *, read: bool = False) -> tuple[float, list[float]]:
    """Events a second, and how long each of the reader's calls took."""
    stream = batches(tasks)
    store = Store(max_tasks=max_tasks)
    waits: list[float] = []
    over = threading.Event()

    def reader() -> None:
        while not over.wait(0.01):
            begun = time.perf_counter()
            store.summary(time.time())
            waits.append(time.perf_counter() - begun)

    thread = threading.Thread(target=reader)
    if read:
        thread.start()
    begun = time.perf_counter()
    for batch in stream:
        store.apply(batch)
    taken = time.perf_counter() - begun
    over.set()
    if read:
        thread.join()
    return tasks * 3 / taken, sorted(waits)


def state_rate(tasks: int) -> float:
    """Events a second through Celery's own State."""
    names = tuple(f"proj.tasks.job{index}" for index in range(30))
    stream = [
        dict(event, utcoffset=0, local_received=event["timestamp"]) for event in lives(tasks, names)
    ]
    state = State()
    begun = time.perf_counter()
    for event in stream:
        state.event(event)
    return tasks * 3 / (time.perf_counter() - begun)


def row(title: str, rate: float, base: float) -> str:
    """One line of the table."""
    return f"{title:36}{rate:12,.0f}{1e6 / rate:10.2f}{rate / base:8.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", type=int, nargs="?", default=100_000)
    tasks = parser.parse_args().tasks
    theirs = state_rate(min(tasks, 50_000))
    print(f"{'':36}{'events/s':>12}{'us/event':>10}{'ratio':>8}")
    print(row("celery State, 10,000 kept", theirs, theirs))
    print(row("store, all kept", store_rate(tasks, tasks)[0], theirs))
    print(row("store, 10,000 kept", store_rate(tasks, 10_000)[0], theirs))
    ours, waits = store_rate(tasks, tasks, read=True)
    print(row("store, all kept, read each 10 ms", ours, theirs))
    p99 = waits[int(len(waits) * 0.99)] if waits else 0.0
    longest = waits[-1] if waits else 0.0
    print(f"a reader waited {p99 * 1e3:.1f} ms at p99, {longest * 1e3:.1f} ms at most")


if __name__ == "__main__":
    main()
