"""Bytes a retained task: `celery.events.state.State` and the store, on the same stream.

Usage: python -m benchmarks.memory [tasks]

Each side runs in a process of its own, which decodes the events from JSON as they come off the
wire and reports how much its resident memory grew. The arguments are small: "(1234, 'x')", "{}".
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
from celery.events.state import State

from benchmarks.store import BATCH, lives
from celerytui.model import Batch, Event
from celerytui.store import Store

NAMES = tuple(f"proj.tasks.job{index}" for index in range(30))


def resident() -> int:
    """This process's resident memory in bytes."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def bodies(tasks: int) -> Iterator[bytes]:
    """The stream as JSON lists of `BATCH` events."""
    stream = lives(tasks, NAMES)
    while events := list(islice(stream, BATCH)):
        yield json.dumps(events).encode()


def hold_in_state(tasks: int) -> object:
    """Celery's State with all tasks in it."""
    state = State(max_tasks_in_memory=tasks)
    for body in bodies(tasks):
        for event in json.loads(body):
            state.event(dict(event, local_received=event["timestamp"]))
    return state


def hold_in_store(tasks: int, max_tasks: int) -> object:
    """The store with `max_tasks` of the tasks in it."""
    decoder = msgspec.json.Decoder(list[Event])
    store = Store(max_tasks=max_tasks)
    for body in bodies(tasks):
        events = decoder.decode(body)
        store.apply(Batch(events, events[-1].timestamp))
    return store


def measure(side: str, tasks: int) -> float:
    """Bytes a task held, in this process."""
    gc.collect()
    before = resident()
    if side == "state":
        held = hold_in_state(tasks)
    else:
        held = hold_in_store(tasks if side == "store" else 2 * tasks, tasks)
    gc.collect()
    grown = resident() - before
    del held
    return grown / tasks


def ask(side: str, tasks: int) -> float:
    """Bytes a task held, from a fresh process."""
    command = [sys.executable, "-m", "benchmarks.memory", side, str(tasks)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print the table, or one figure where a side is named."""
    if len(sys.argv) > 2:
        print(measure(sys.argv[1], int(sys.argv[2])))
        return
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    theirs = ask("state", min(tasks, 100_000))
    print(f"{'':40}{'bytes a task':>14}{'ratio':>8}")
    print(f"{'celery State':40}{theirs:14,.0f}{1:8.1f}")
    for side, title in (("store", "store"), ("evicting", "store, as many again evicted")):
        ours = ask(side, tasks)
        print(f"{f'{title}, {tasks:,} held':40}{ours:14,.0f}{theirs / ours:8.1f}")


if __name__ == "__main__":
    main()
