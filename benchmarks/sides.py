"""The receivers that `benchmarks.receive` compares, each holding still at its first event."""

from __future__ import annotations

import base64
import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import hiredis
import msgspec
from celery.events import EventReceiver
from celery.events.state import State
from msgspec import Struct

from benchmarks import flower
from benchmarks.publishers import Publisher, first_body
from benchmarks.snapshot import Snapshot
from celerytui.model import Batch, Event, Link, LinkState
from celerytui.store import Store
from celerytui.wire.receiver import Receiver
from celerytui.wire.redis.events import Envelope

HELD_SECONDS = 10.0
ALL_SECONDS = 180.0
MAX_TASKS = flower.MAX_TASKS
PIECE = 64 * 1024
"""Bytes the bare readers take at a time: eight times as much costs them half as much again."""


class Taken(Struct, frozen=True):
    """How many events were counted and how many not; seconds by the clock and of a processor."""

    events: int
    lost: int
    wall: float
    cpu: float


class Side(Protocol):
    """One receiver, for one stream of so many events."""

    def hold(self, publisher: Publisher) -> None:
        """Start receiving, and stand still once an event came."""

    def release(self) -> Taken:
        """Take all that was published meanwhile, and end."""


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


class InThread:
    """A receiver in a thread of this process; one that does not get every event ends the run."""

    def __init__(self, app: Any, events: int) -> None:
        self.app = app
        self.events = events
        self.gate = Gate(events + 1)
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """Receive until `stop`, or until the gate is complete."""
        raise NotImplementedError

    def stop(self) -> None:
        """End `run`."""
        self.over.set()

    def count(self) -> int:
        """The events taken, by whatever has its own count of them."""
        return self.gate.count

    def hold(self, publisher: Publisher) -> None:
        self._thread.start()
        publisher.start(first_body(), self.gate.ready)
        if not self.gate.reached.wait(HELD_SECONDS):
            raise SystemExit(f"{type(self).__name__} saw no event")

    def release(self) -> Taken:
        gate = self.gate
        gate.opened.set()
        gate.complete.wait(ALL_SECONDS)
        self.stop()
        self._thread.join(HELD_SECONDS)
        counted = self.count()
        if not gate.complete.is_set() or counted != gate.expected:
            raise SystemExit(f"{type(self).__name__} counted {counted} of {gate.expected} events")
        return Taken(self.events, 0, gate.seconds, gate.cpu)


class CeleryReceiver(EventReceiver):  # type: ignore[misc]  # celery is untyped
    """Celery's own, which tells when it consumes."""

    gate: Gate

    def on_consume_ready(self, *args: Any, **kwargs: Any) -> None:
        self.gate.ready.set()


class WithCelery(InThread):
    """Celery's receiver and State; the count is State's own."""

    def __init__(self, app: Any, events: int) -> None:
        super().__init__(app, events)
        self._state = State(max_tasks_in_memory=MAX_TASKS)

    def run(self) -> None:
        with self.app.connection_for_read() as connection:
            receiver = CeleryReceiver(connection, handlers={"*": self._handle}, app=self.app)
            receiver.gate = self.gate
            with receiver.consumer_context(wakeup=False) as (wire, _, _):
                while not self.over.is_set():
                    with contextlib.suppress(TimeoutError):
                        wire.drain_events(timeout=0.5)

    def _handle(self, event: dict[str, Any]) -> None:
        self._state.event(event)
        self.gate.take(1)

    def count(self) -> int:
        return int(self._state.event_count)


class WithNoStore(InThread):
    """This receiver and nothing behind it: what the store costs is the difference."""

    def __init__(self, app: Any, events: int) -> None:
        super().__init__(app, events)
        self._receiver = Receiver(app, self.take, self._note)

    def run(self) -> None:
        self._receiver.run()

    def take(self, batch: Batch) -> None:
        self.gate.take(len(batch.events))

    def _note(self, link: Link) -> None:
        if link.state is LinkState.CONNECTED:
            self.gate.ready.set()

    def stop(self) -> None:
        self._receiver.stop()


class WithCelerytui(WithNoStore):
    """This receiver and the store; the count is the store's own, less what was invalid."""

    def __init__(self, app: Any, events: int) -> None:
        super().__init__(app, events)
        self._store = Store(max_tasks=MAX_TASKS)

    def take(self, batch: Batch) -> None:
        self._store.apply(batch)
        self.gate.take(len(batch.events))

    def count(self) -> int:
        summary = self._store.summary(time.time())
        return summary.events_received - summary.events_invalid


class WithFlower:
    """Flower's process, all of its threads; what it has not counted is lost."""

    def __init__(self, app: Any, events: int) -> None:
        self.events = events
        self._folder = tempfile.TemporaryDirectory()
        self._flower = flower.Flower(app.conf.broker_url, Path(self._folder.name))

    def hold(self, publisher: Publisher) -> None:
        self._flower.wait_ready(publisher)
        self._flower.hold()

    def release(self) -> Taken:
        try:
            began = self._flower.release()
            counted, before = 0, -1
            while before < counted < self.events:
                over, before = self._flower.wait_quiet(), counted
                counted = self._flower.count()
        finally:
            self._flower.stop()
            self._folder.cleanup()
        return Taken(counted, self.events - counted, over.at - began.at, over.cpu - began.cpu)


class WithSnapshot:
    """The process of `celerytui snapshot`, from its release to its end, all of its threads."""

    def __init__(self, app: Any, events: int) -> None:
        self.events = events
        self._folder = tempfile.TemporaryDirectory()
        self._snapshot = Snapshot(app.conf.broker_url, Path(self._folder.name), MAX_TASKS)

    def hold(self, publisher: Publisher) -> None:
        self._snapshot.wait_ready()
        publisher.send([first_body()])
        self._snapshot.hold()

    def release(self) -> Taken:
        try:
            began = self._snapshot.release()
            over = self._snapshot.wait_quiet()
            counted, cpu = self._snapshot.finish()
        finally:
            self._snapshot.stop()
            self._folder.cleanup()
        if counted != self.events + 1:
            raise SystemExit(f"snapshot counted {counted} of {self.events + 1} events")
        return Taken(self.events, 0, over.at - began.at, cpu - began.cpu)


class Bare(InThread):
    """The broker's client and msgspec into the structs that are needed; it keeps nothing."""

    def __init__(self, app: Any, events: int) -> None:
        super().__init__(app, events)
        decode = msgspec.json.Decoder(Event | list[Event]).decode
        open_envelope = msgspec.json.Decoder(Envelope).decode
        self.decode_body: Callable[[Any], Any] = decode
        self.decode_message: Callable[[bytes], Any] = lambda data: decode(open_envelope(data).body)

    def run(self) -> None:
        if "redis" in self.app.conf.broker_url:
            self._read_redis()
        else:
            self._read_amqp()

    def _read_redis(self) -> None:
        """A socket and hiredis."""
        decode, gate = self.decode_message, self.gate
        url = urlsplit(self.app.conf.broker_url)
        parser = hiredis.Reader()
        with socket.create_connection((url.hostname or "", url.port or 0)) as sock:
            sock.sendall(f"PSUBSCRIBE {url.path}.celeryev/*\r\n".encode())
            gate.ready.set()
            while not gate.complete.is_set() and (piece := sock.recv(PIECE)):
                parser.feed(piece)
                number = 0
                while (reply := parser.gets()) is not False:
                    if reply[0] == b"pmessage":
                        events = decode(reply[3])
                        number += len(events) if isinstance(events, list) else 1
                if number:
                    gate.take(number)

    def _read_amqp(self) -> None:
        """Py-amqp's callback."""
        decode, gate = self.decode_body, self.gate

        def take(message: Any) -> None:
            events = decode(message.body)
            gate.take(len(events) if isinstance(events, list) else 1)

        with self.app.connection_for_read() as connection:
            channel = connection.default_channel
            queue = EventReceiver(channel, app=self.app).queue
            queue(channel).declare()
            channel.basic_consume(queue.name, no_ack=True, callback=take)
            gate.ready.set()
            while not gate.complete.is_set() and not self.over.is_set():
                with contextlib.suppress(TimeoutError):
                    connection.drain_events(timeout=0.5)


class BareDicts(Bare):
    """The same as one writes it first: msgspec into dicts, base64 by the standard library."""

    def __init__(self, app: Any, events: int) -> None:
        super().__init__(app, events)
        decode = msgspec.json.decode
        self.decode_body = decode
        self.decode_message = lambda data: decode(base64.b64decode(decode(data)["body"]))


SIDES: dict[str, Callable[[Any, int], Side]] = {
    "celery": WithCelery,
    "flower": WithFlower,
    "celerytui": WithCelerytui,
    "snapshot": WithSnapshot,
    "no store": WithNoStore,
    "bare": Bare,
    "bare, dicts": BareDicts,
}
