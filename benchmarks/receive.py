"""How many events a second each receiver takes off the same broker, in one run.

Usage: python -m benchmarks.receive [--events N] [--rounds N] [--broker redis|amqp ...]

Each side holds still at its first event until the whole stream is published, so that only reading
is timed. The stream is the one of `benchmarks.store`, one event a message and 24 in one, as workers
send them. Every published event has to be counted; Flower's row says how many it did not.

    celery       Celery's `EventReceiver` and `State`
    flower       Flower's process as it comes, by its own count; stopped and continued by signals
    celerytui    this receiver and `Store`; each keeps up to 1,000,000 tasks
    snapshot     the process of `celerytui snapshot`, which reads, sweeps, asks and prints; held as
                 Flower is, and counted from then to its end: its start is left out
    no store     this receiver alone
    bare         the ceiling: hiredis or py-amqp's callback, and msgspec straight into structs of
                 the fields that are needed, base64 as well; it keeps nothing and checks nothing
    bare, dicts  the same reader as anybody writes it first: `msgspec.json.decode` into plain
                 dicts, `base64.b64decode`

`us/event` is processor time of the thread that reads; of Flower and snapshot, of the process, and
`x cpu` how many times less that is than Celery's.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery

from benchmarks import flower
from benchmarks.publishers import bodies, publisher_to
from benchmarks.serving import redis, running
from benchmarks.sides import SIDES, Taken
from tests.integration.servers import RabbitServer, Server

BATCHES = (1, 24)


def measure(app: Any, side: str, found: list[bytes], events: int) -> Taken:
    """One side takes one stream."""
    publisher = publisher_to(app)
    reader = SIDES[side](app, events)
    reader.hold(publisher)
    publisher.send(found)
    taken = reader.release()
    publisher.close()
    return taken


@contextmanager
def serving(broker: str, urls: int) -> Iterator[Server]:
    """A broker of its own with so many urls, which holds the whole stream for a slow reader."""
    with tempfile.TemporaryDirectory() as folder:
        server: Server
        if broker == "redis":
            server = redis(Path(folder))
            server.databases = urls + 1
        else:
            server = RabbitServer(Path(folder), vhosts=urls)
        with running(server):
            yield server


def compare(broker: str, size: int, events: int, rounds: int) -> None:
    """The rows of one broker and batch: the sides in turn, round by round."""
    found = list(bodies(events, size))
    sides = [side for side in SIDES if side != "flower" or not flower.absence()]
    taken: dict[str, list[Taken]] = {side: [] for side in sides}
    with serving(broker, len(sides) * rounds) as server:
        for _ in range(rounds):
            for side in sides:
                app = Celery("bench", broker=server.fresh_url(), set_as_current=False)
                app.conf.event_queue_ttl = 600
                taken[side].append(measure(app, side, found, events))
    rates = {
        side: statistics.median(one.events / one.wall for one in taken[side]) for side in sides
    }
    for side in SIDES:
        print(f"{broker:6} {size:5} {side:12}", row(side, taken, rates), flush=True)


def row(side: str, taken: Mapping[str, list[Taken]], rates: Mapping[str, float]) -> str:
    """What a side's line says behind its name."""
    if side not in taken:
        return f"   {flower.absence()}"
    cpus = {
        one: statistics.median(took.cpu / max(1, took.events) for took in taken[one]) * 1e6
        for one in (side, "celery")
    }
    ratio, of_bare, of_dicts = (
        rates[side] / rates[one] for one in ("celery", "bare", "bare, dicts")
    )
    text = (
        f"{rates[side]:9,.0f} {cpus[side]:9.2f} {ratio:8.1f}x {cpus['celery'] / cpus[side]:6.1f}x"
    )
    text += f" {of_bare:8.0%} {of_dicts:9.0%}"
    lost = sum(one.lost for one in taken[side])
    return f"{text}  lost {lost:,} of all rounds" if lost else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=120_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--broker", action="append", choices=("redis", "amqp"))
    options = parser.parse_args()
    print(f"{options.events:,} events, median of {options.rounds}; Python {sys.version.split()[0]}")
    print("broker batch side          events/s  us/event  x celery   x cpu  of bare  of dicts")
    for broker in options.broker or ("redis", "amqp"):
        for size in BATCHES:
            compare(broker, size, options.events, options.rounds)


if __name__ == "__main__":
    main()
