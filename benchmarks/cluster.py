"""A cluster that is only messages: heartbeats, and as many task events a second as asked for.

Usage: python -m benchmarks.cluster PORT DB [--rate N] [--fill N] [--workers N] [--queues N]
                                     [--failing SHARE]

The bodies are encoded beforehand, 24 events in each as workers send them; for each sending only
their ids and times are stamped anew. First come `--fill` tasks, as fast as they are read, then the
steady rate until the process ends. It says "filled" on standard output in between.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.publishers import in_envelope
from celerytui.store.runs import RUNTIME_SLACK

NAMES = (
    "shop.billing.charge_card", "shop.billing.refund", "shop.mail.send_receipt",
    "shop.search.reindex_product", "shop.media.make_thumbnails", "shop.webhooks.deliver",
    "shop.fraud.score_order", "shop.orders.expire_carts", "shop.stock.sync",
)  # fmt: skip
IN_FLIGHT = 40
BODY_EVENTS = 24
TEMPLATE_TASKS = 8_000
FILL_RATE = 60_000
PASS = b"ffffffff"
TIME = b"1111111111.111"
TICK = 0.01
BEAT = 2.0
ROOT = Path(__file__).resolve().parents[1]


class Cluster:
    """A connection to Redis that publishes; answers are read away."""

    def __init__(self, port: int, database: int, workers: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._topic = f"/{database}.celeryev/task.multi".encode()
        self._database = database
        self._workers = [f"worker{number}@host" for number in range(workers)]
        self._bodies: list[bytes] = []
        self._at = 0
        self._pass = 0
        self._beaten = 0
        self._began = time.monotonic()

    def make_queues(self, count: int) -> list[str]:
        """Lists with something in each."""
        names = [f"queue{number:03}" for number in range(count)]
        for number, name in enumerate(names):
            self._command("SELECT", str(self._database))
            self._command("RPUSH", name, *["x"] * (number % 50 + 1))
        return names

    def encode(self, failing: float) -> None:
        """Make the bodies of the steady stream, of which that share of the tasks fails."""
        stream = lives(TEMPLATE_TASKS, self._workers, random.Random(1), failing)
        while events := list(islice(stream, BODY_EVENTS)):
            body = json.dumps(events).encode().replace(b'"TIME"', TIME)
            self._bodies.append(body)

    def beat(self, now: float) -> None:
        """Send the heartbeats that are due, spread over the time between two of one worker."""
        elapsed = time.monotonic() - self._began
        due = int(elapsed / BEAT * len(self._workers)) + len(self._workers)
        for number in range(self._beaten, due):
            index = number % len(self._workers)
            event = {
                "type": "worker-heartbeat", "hostname": self._workers[index], "timestamp": now,
                "utcoffset": 0, "pid": 100 + index, "clock": number, "freq": BEAT, "active": 0,
                "processed": 1000 + index, "loadavg": [0.1, 0.1, 0.1],
                "sw_ident": "py-celery", "sw_ver": "5.7.0", "sw_sys": "Linux",
            }  # fmt: skip
            self._publish(json.dumps(event).encode())
        self._beaten = due

    def send(self, bodies: int, now: float) -> None:
        """Send that many bodies of task events."""
        stamp = b"%.3f" % now
        parts = []
        for _ in range(bodies):
            if self._at == 0:
                self._pass += 1
            body = self._bodies[self._at].replace(
                PASS, b"%08x" % (self._pass * 2654435761 % 0xFFFFFFFF)
            )
            parts.append(in_envelope(self._topic, body.replace(TIME, stamp)))
            self._at = (self._at + 1) % len(self._bodies)
        self._socket.sendall(b"".join(parts))

    def run(self, rate: float, tasks: int | None = None) -> None:
        """Send at a rate, events a second, until `tasks` more were sent; None: for ever."""
        began = time.monotonic()
        sent = 0
        wanted = None if tasks is None else tasks * 3 // BODY_EVENTS
        while wanted is None or sent < wanted:
            now = time.time()
            self.beat(now)
            due = int((time.monotonic() - began) * rate / BODY_EVENTS)
            if due > sent and self._bodies:
                self.send(due - sent, now)
                sent = due
            self._read_away()
            time.sleep(TICK)

    def _read_away(self) -> None:
        self._socket.setblocking(False)
        try:
            while self._socket.recv(65536):
                pass
        except BlockingIOError:
            pass
        self._socket.setblocking(True)

    def _publish(self, body: bytes) -> None:
        self._socket.sendall(in_envelope(self._topic, body))

    def _command(self, *words: str) -> None:
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word.encode()))
        self._socket.sendall(b"".join(parts))


def lives(
    tasks: int, workers: list[str], rng: random.Random, failing: float
) -> Iterator[dict[str, object]]:
    """Events of tasks that are received, started and done, `IN_FLIGHT` of a worker at a time."""
    for _ in range(0, tasks, IN_FLIGHT):
        number = rng.randrange(len(workers))
        flight = [_task(workers[number], 100 + number, rng, failing) for _ in range(IN_FLIGHT)]
        for step in range(3):
            for life in flight:
                yield life[step]


def _task(worker: str, pid: int, rng: random.Random, failing: float) -> list[dict[str, object]]:
    id = "ffffffff" + str(uuid.UUID(int=rng.getrandbits(128), version=4))[8:]
    common = {
        "hostname": worker, "uuid": id, "timestamp": "TIME", "utcoffset": 0,
        "pid": pid, "clock": rng.randrange(10**6),
    }  # fmt: skip
    received = {
        "type": "task-received", **common, "name": rng.choice(NAMES), "retries": 0, "root_id": id,
        "args": f"({rng.randrange(10**6)}, 'tok_{rng.getrandbits(32):x}')", "kwargs": "{}",
        "eta": None, "expires": None, "parent_id": None,
    }  # fmt: skip
    # All that a task did comes at once: a longer run would have begun before its own start.
    runtime = rng.expovariate(2) % RUNTIME_SLACK
    done: dict[str, object] = {"type": "task-succeeded", **common, "runtime": runtime}
    done["result"] = str(rng.randrange(10**8))
    if rng.random() < failing:
        frames = (
            "Traceback (most recent call last):\n" + '  File "a.py", line 1, in f\n    f()\n' * 9
        )
        done = {"type": "task-failed", **common, "exception": "TimeoutError('10 s')"}
        done["traceback"] = "Traceback (most recent call last):\n" + frames + "TimeoutError: 10 s"
    return [received, {"type": "task-started", **common}, done]


def start(port: int, *options: str, database: int = 1) -> subprocess.Popen[str]:
    """Run it as a process of its own."""
    command = [sys.executable, "-m", "benchmarks.cluster", str(port), str(database), *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("database", type=int)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--fill", type=int, default=0)
    parser.add_argument("--workers", type=int, default=20)
    parser.add_argument("--queues", type=int, default=0)
    parser.add_argument("--failing", type=float, default=0.03)
    options = parser.parse_args()
    cluster = Cluster(options.port, options.database, options.workers)
    cluster.make_queues(options.queues)
    if options.rate or options.fill:
        cluster.encode(options.failing)
    if options.fill:
        cluster.run(FILL_RATE, options.fill)
    print("filled", flush=True)
    cluster.run(options.rate)


if __name__ == "__main__":
    main()
