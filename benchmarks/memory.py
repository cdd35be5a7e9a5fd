"""Bytes a retained task: `celery.events.state.State`, Flower and the store, on the same stream.

Usage: python -m benchmarks.memory [tasks]

State and the store run in a process of their own each, which decodes the events from JSON as they
come off the wire and reports how much its resident memory grew. Flower's process gets them from a
Redis, a piece at a time. The arguments are small: "(1234, 'x')", "{}".
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import msgspec
from celery import Celery
from celery.events.state import State

from benchmarks import flower
from benchmarks.processes import resident
from benchmarks.publishers import RedisPublisher, bodies
from benchmarks.store import BATCH
from celerytui.model import Batch, Event
from celerytui.store import Store
from tests.integration.servers import RedisServer

FEW_TASKS = 100_000
"""What the others hold: they need several times the memory."""
TURN_TASKS = 10_000
"""After so many the store counts what ended, as it does once a second in the program."""
FLOWER_PIECE = 100
"""Bodies of 24 events that Flower gets at a time: what waits in it would be taken for tasks."""


def hold_in_state(tasks: int) -> object:
    """Celery's State with all tasks in it."""
    state = State(max_tasks_in_memory=tasks)
    for body in bodies(3 * tasks, BATCH):
        for event in json.loads(body):
            state.event(dict(event, local_received=event["timestamp"]))
    return state


def hold_in_store(tasks: int, max_tasks: int) -> object:
    """The store with `max_tasks` of the tasks in it."""
    decoder = msgspec.json.Decoder(list[Event])
    store = Store(max_tasks=max_tasks)
    uncounted = 0
    for body in bodies(3 * tasks, BATCH):
        events = decoder.decode(body)
        now = events[-1].timestamp
        store.apply(Batch(events, now))
        uncounted += len(events)
        if uncounted >= 3 * TURN_TASKS:
            store.types.catch_up(now)
            store.failures.update(now)
            uncounted = 0
    return store


def measure(side: str, tasks: int) -> float:
    """Bytes a task held, in this process."""
    gc.collect()
    before = resident(os.getpid())
    if side == "state":
        held = hold_in_state(tasks)
    else:
        held = hold_in_store(tasks if side == "store" else 2 * tasks, tasks)
    gc.collect()
    grown = resident(os.getpid()) - before
    del held
    return grown / tasks


def ask_flower(tasks: int) -> float:
    """Bytes a task held, from Flower's process; SystemExit where it has not got every event."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            app = Celery("bench", broker=server.fresh_url(), set_as_current=False)
            return grown_by_flower(app, Path(folder), tasks)
        finally:
            server.stop()


def grown_by_flower(app: Celery, folder: Path, tasks: int) -> float:
    """The same, on a broker that is there."""
    publisher = RedisPublisher(app)
    process = flower.Flower(app.conf.broker_url, folder)
    try:
        process.wait_ready(publisher)
        before = process.resident()
        stream = bodies(3 * tasks, 24)
        while piece := list(islice(stream, FLOWER_PIECE)):
            publisher.send(piece)
            process.wait_quiet(seconds=0.1)
        process.wait_quiet()
        grown = process.resident() - before
        if (counted := process.count()) != 3 * tasks:
            raise SystemExit(f"Flower counted {counted:,} of {3 * tasks:,} events")
        return grown / tasks
    finally:
        process.stop()
        publisher.close()


def ask(side: str, tasks: int) -> float:
    """Bytes a task held, from a fresh process."""
    command = [sys.executable, "-m", "benchmarks.memory", "--side", side, str(tasks)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print the table, or one figure where a side is named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--side", choices=("state", "store", "evicting"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    tasks = options.tasks
    if options.side:
        print(measure(options.side, tasks))
        return
    few = min(tasks, FEW_TASKS)
    theirs = ask("state", few)
    print(f"{'':40}{'bytes a task':>14}{'ratio':>8}")
    print(row(f"celery State, {few:,} held", theirs, theirs))
    if why := flower.absence():
        print(f"{'flower':40}   {why}")
    else:
        print(row(f"flower's process, {few:,} held", ask_flower(few), theirs))
    for side, title in (("store", "store"), ("evicting", "store, as many again evicted")):
        print(row(f"{title}, {tasks:,} held", ask(side, tasks), theirs))


def row(title: str, taken: float, base: float) -> str:
    """One line of the table."""
    return f"{title:40}{taken:14,.0f}{base / taken:8.1f}"


if __name__ == "__main__":
    main()
