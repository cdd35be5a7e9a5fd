"""How many events a second each receiver takes off the same broker, in one run.

Usage: python -m benchmarks.receive [--events N] [--rounds N] [--broker redis|amqp ...]

Celery's `EventReceiver` + `State`, this receiver with and without `Store`, and a bare reader that
decodes and keeps nothing: hiredis or py-amqp's callback, and msgspec. Each holds still at its
first event until the whole stream is published, so that only reading is timed; the stream is the
one of `benchmarks.store`, one event a message and 24 in one, as workers send them. Every published
event has to be counted.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hiredis
import msgspec
from celery import Celery
from celery.events import EventReceiver
from celery.events.state import State

from benchmarks.store import lives
from celerytui.model import Batch, Event, Link, LinkState
from celerytui.receive import Receiver
from celerytui.receive.redis import Envelope
from celerytui.store import Store
from tests.integration.servers import RabbitServer, RedisServer, Server

NAMES = tuple(f"proj.tasks.job{index}" for index in range(30))


class Gate:
    """Holds a receiver at its first event and takes the time from `open` to its last."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.count = 0
        self.ready = threading.Event()
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.complete = threading.Event()
        self.begun = self.seconds = self.cpu = 0.0

    def take(self, number: int) -> None:
        self.count += number
        if not self.reached.is_set():
            self.reached.set()
            self.opened.wait()
            self.begun, self.cpu = time.perf_counter(), time.thread_time()
        if self.count >= self.expected and not self.complete.is_set():
            self.seconds = time.perf_counter() - self.begun
            self.cpu = time.thread_time() - self.cpu
            self.complete.set()


class CeleryReceiver(EventReceiver):  # type: ignore[misc]
    """Celery's own, which tells when it consumes."""

    gate: Gate

    def on_consume_ready(self, *args: Any, **kwargs: Any) -> None:
        self.gate.ready.set()


def with_celery(app: Any, gate: Gate) -> Callable[[], int]:
    """Celery's receiver and State; the count is State's own."""
    state = State(max_tasks_in_memory=1_000_000)
    over = threading.Event()

    def handle(event: dict[str, Any]) -> None:
        state.event(event)
        gate.take(1)

    def run() -> None:
        with app.connection_for_read() as connection:
            receiver = CeleryReceiver(connection, handlers={"*": handle}, app=app)
            receiver.gate = gate
            with receiver.consumer_context(wakeup=False) as (wire, _, _):
                while not over.is_set():
                    with contextlib.suppress(TimeoutError):
                        wire.drain_events(timeout=0.5)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def count() -> int:
        over.set()
        thread.join()
        return int(state.event_count)

    return count


def with_celerytui(app: Any, gate: Gate) -> Callable[[], int]:
    """This receiver and the store; the count is the store's own, less what was invalid."""
    store = Store(max_tasks=1_000_000)

    def take(batch: Batch) -> None:
        store.apply(batch)
        gate.take(len(batch.events))

    stop = run_receiver(app, gate, take)

    def count() -> int:
        stop()
        summary = store.summary(time.time())
        return summary.events_received - summary.events_invalid

    return count


def with_no_store(app: Any, gate: Gate) -> Callable[[], int]:
    """This receiver and nothing behind it: what the store costs is the difference."""
    stop = run_receiver(app, gate, lambda batch: gate.take(len(batch.events)))

    def count() -> int:
        stop()
        return gate.count

    return count


def run_receiver(app: Any, gate: Gate, take: Callable[[Batch], None]) -> Callable[[], None]:
    """Runs this receiver in a thread; what comes back stops it."""

    def note(link: Link) -> None:
        if link.state is LinkState.CONNECTED:
            gate.ready.set()

    receiver = Receiver(app, take, note)
    thread = threading.Thread(target=receiver.run, daemon=True)
    thread.start()

    def stop() -> None:
        receiver.stop()
        thread.join()

    return stop


def with_nothing(app: Any, gate: Gate) -> Callable[[], int]:
    """The broker's client and msgspec alone."""
    url = urlsplit(app.conf.broker_url)
    run = read_redis_barely if url.scheme == "redis" else read_amqp_barely
    threading.Thread(target=run, args=(app, gate), daemon=True).start()
    return lambda: gate.count


def read_redis_barely(app: Any, gate: Gate) -> None:
    """A socket, hiredis and msgspec."""
    decode = msgspec.json.Decoder(Event | list[Event]).decode
    open_envelope = msgspec.json.Decoder(Envelope).decode
    url = urlsplit(app.conf.broker_url)
    parser = hiredis.Reader()
    with socket.create_connection((url.hostname or "", url.port or 0)) as sock:
        sock.sendall(f"PSUBSCRIBE {url.path}.celeryev/*\r\n".encode())
        gate.ready.set()
        while not gate.complete.is_set():
            parser.feed(sock.recv(512 * 1024))
            number = 0
            while (reply := parser.gets()) is not False:
                if reply[0] == b"pmessage":
                    events = decode(open_envelope(reply[3]).body)
                    number += len(events) if isinstance(events, list) else 1
            if number:
                gate.take(number)


def read_amqp_barely(app: Any, gate: Gate) -> None:
    """Py-amqp's callback and msgspec."""
    decode = msgspec.json.Decoder(Event | list[Event]).decode

    def take(message: Any) -> None:
        events = decode(message.body)
        gate.take(len(events) if isinstance(events, list) else 1)

    with app.connection_for_read() as connection:
        channel = connection.default_channel
        queue = EventReceiver(channel, app=app).queue
        queue(channel).declare()
        channel.basic_consume(queue.name, no_ack=True, callback=take)
        gate.ready.set()
        while not gate.complete.is_set():
            connection.drain_events(timeout=60)


def bodies(events: int, size: int) -> list[bytes]:
    """The stream as message bodies of `size` events, as a dispatcher encodes them."""
    stream = islice(lives(events // 3 + 1, NAMES), events)
    found = []
    while chunk := list(islice(stream, size)):
        found.append(json.dumps(chunk if size > 1 else chunk[0]).encode())
    return found


SIDES = {
    "celery": with_celery,
    "celerytui": with_celerytui,
    "no store": with_no_store,
    "bare": with_nothing,
}


class RedisPublisher:
    """Publishes bodies in kombu's envelope; each PUBLISH says how many it reached."""

    def __init__(self, app: Any) -> None:
        url = urlsplit(app.conf.broker_url)
        self._topic = f"{url.path}.celeryev/task.multi".encode()
        self._socket = socket.create_connection((url.hostname or "", url.port or 0))
        self._parser = hiredis.Reader()

    def start(self, body: bytes, gate: Gate) -> None:
        while self.send([body]) == 0:
            time.sleep(0.01)

    def send(self, found: list[bytes]) -> int:
        """Publishes them all; to how many subscribers the last one went."""
        last = 0
        for first in range(0, len(found), 500):
            chunk = found[first : first + 500]
            self._socket.sendall(b"".join(map(self._command, chunk)))
            for _ in chunk:
                while (reply := self._parser.gets()) is False:
                    self._parser.feed(self._socket.recv(65536))
                last = int(reply)
        return last

    def _command(self, body: bytes) -> bytes:
        envelope = {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"hostname": "worker1@host"},
            "properties": {
                "delivery_mode": 1,
                "delivery_info": {"exchange": "celeryev", "routing_key": "task.multi"},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": "fd2ac5b4-1d0c-4a4b-8a9d-3b2c1d0e9f8a",
            },
        }
        data = json.dumps(envelope).encode()
        head = b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n" % (len(self._topic), self._topic)
        return b"%s$%d\r\n%s\r\n" % (head, len(data), data)


class AmqpPublisher:
    """Publishes bodies through py-amqp."""

    def __init__(self, app: Any) -> None:
        self._connection = app.connection_for_write()
        self._channel = self._connection.default_channel

    def start(self, body: bytes, gate: Gate) -> None:
        gate.ready.wait(10)
        self.send([body])

    def send(self, found: list[bytes]) -> None:
        for body in found:
            message = self._channel.prepare_message(
                body, content_type="application/json", content_encoding="utf-8"
            )
            self._channel.basic_publish(message, "celeryev", "task.multi")


def measure(app: Any, side: str, found: list[bytes], events: int) -> tuple[float, float]:
    """Events a second by the wall, and microseconds of the reading thread for each event."""
    gate = Gate(events + 1)
    start = SIDES[side]
    publisher: Any = (RedisPublisher if "redis" in app.conf.broker_url else AmqpPublisher)(app)
    count = start(app, gate)
    first = {"type": "worker-heartbeat", "hostname": "worker0@host", "timestamp": time.time()}
    publisher.start(json.dumps(first).encode(), gate)
    if not gate.reached.wait(10):
        raise SystemExit(f"{side} saw no event")
    publisher.send(found)
    gate.opened.set()
    if not gate.complete.wait(300):
        raise SystemExit(f"{side} counted {gate.count} of {gate.expected} events")
    counted = count()
    if counted != gate.expected:
        raise SystemExit(f"{side} counted {counted} of {gate.expected} events")
    return events / gate.seconds, gate.cpu / events * 1e6


@contextmanager
def serving(broker: str) -> Iterator[Server]:
    """A broker of its own, which holds the whole stream for a reader that is slow."""
    with tempfile.TemporaryDirectory() as folder:
        server: Server
        if broker == "redis":
            limit = ("--client-output-buffer-limit", "pubsub 0 0 0")
            server = RedisServer(Path(folder), *limit)
        else:
            server = RabbitServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def compare(broker: str, server: Server, events: int, rounds: int) -> None:
    for size in (1, 24):
        found = bodies(events, size)
        taken: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side in SIDES:
                app = Celery("bench", broker=server.fresh_url(), set_as_current=False)
                app.conf.event_queue_ttl = 600
                taken[side].append(measure(app, side, found, events))
        rates = {side: statistics.median(rate for rate, _ in taken[side]) for side in SIDES}
        for side in SIDES:
            cpu = statistics.median(cost for _, cost in taken[side])
            row = f"{broker:6} {size:5} {side:10} {rates[side]:11,.0f} {cpu:9.2f}"
            ratio = f"{rates[side] / rates['celery']:9.1f}x"
            print(row, ratio, f"{rates[side] / rates['bare']:9.0%}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=120_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--broker", action="append", choices=("redis", "amqp"))
    options = parser.parse_args()
    print(f"{options.events:,} events, median of {options.rounds}; Python {sys.version.split()[0]}")
    print("broker batch side        events/s  us/event  x celery    of bare")
    for broker in options.broker or ("redis", "amqp"):
        with serving(broker) as server:
            compare(broker, server, options.events, options.rounds)


if __name__ == "__main__":
    main()
