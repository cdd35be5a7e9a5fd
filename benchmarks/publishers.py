"""The stream of `benchmarks.store` as messages, put on a broker as workers put it there."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol
from urllib.parse import urlsplit

import hiredis
from celery.events.event import get_exchange

from benchmarks.store import lives

NAMES = tuple(f"proj.tasks.job{index}" for index in range(30))
FIRST_WORKER = "worker0@host"
PIPELINE = 500
ANSWER_SECONDS = 60


def bodies(events: int, size: int) -> Iterator[bytes]:
    """The stream as message bodies of `size` events, as a dispatcher encodes them."""
    stream = islice(lives(events // 3 + 1, NAMES), events)
    while chunk := list(islice(stream, size)):
        yield json.dumps(chunk if size > 1 else chunk[0]).encode()


def first_body() -> bytes:
    """A heartbeat, which no stream of `bodies` has."""
    event = {"type": "worker-heartbeat", "hostname": FIRST_WORKER, "timestamp": time.time()}
    return json.dumps(event).encode()


ENVELOPE = json.dumps(
    {
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
).encode()[1:-1]


def in_envelope(topic: bytes, body: bytes) -> bytes:
    """The command that publishes a body on Redis as kombu does."""
    data = b'{"body": "%s", %s}' % (base64.b64encode(body), ENVELOPE)
    head = b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n" % (len(topic), topic)
    return b"%s$%d\r\n%s\r\n" % (head, len(data), data)


class Publisher(Protocol):
    """Puts bodies on the event exchange."""

    def start(self, body: bytes, ready: threading.Event) -> None:
        """Send one body as soon as somebody receives it; `ready` says that it consumes."""

    def send(self, found: Iterable[bytes]) -> None:
        """Send them all; the broker has them when this returns."""

    def close(self) -> None:
        """Leave the broker."""


class RedisPublisher:
    """Publishes bodies in kombu's envelope; each PUBLISH says how many it reached."""

    def __init__(self, app: Any) -> None:
        url = urlsplit(app.conf.broker_url)
        self._topic = f"{url.path}.celeryev/task.multi".encode()
        self._socket = socket.create_connection((url.hostname or "", url.port or 0))
        self._parser = hiredis.Reader()

    def start(self, body: bytes, ready: threading.Event) -> None:
        while self._send([body]) == 0:
            time.sleep(0.01)

    def send(self, found: Iterable[bytes]) -> None:
        rest = iter(found)
        while chunk := list(islice(rest, PIPELINE)):
            self._send(chunk)

    def close(self) -> None:
        self._socket.close()

    def _send(self, chunk: list[bytes]) -> int:
        """To how many subscribers the last one went."""
        self._socket.sendall(b"".join(in_envelope(self._topic, body) for body in chunk))
        last = 0
        for _ in chunk:
            while (reply := self._parser.gets()) is False:
                self._parser.feed(self._socket.recv(65536))
            last = int(reply)
        return last


class AmqpPublisher:
    """Publishes bodies through py-amqp."""

    def __init__(self, app: Any) -> None:
        limit = {"read_timeout": ANSWER_SECONDS}
        self._connection = app.connection_for_write(transport_options=limit)
        self._channel = self._connection.default_channel
        self._exchange = get_exchange(self._connection, name="celeryev")(self._channel)
        # RabbitMQ closes the channel where nobody has declared it, as before a process is up.
        self._exchange.declare()

    def start(self, body: bytes, ready: threading.Event) -> None:
        ready.wait(10)
        self.send([body])

    def send(self, found: Iterable[bytes]) -> None:
        for body in found:
            message = self._channel.prepare_message(
                body, content_type="application/json", content_encoding="utf-8"
            )
            self._channel.basic_publish(message, "celeryev", "task.multi")
        # A channel is answered in turn: what is published can no longer be on its way.
        self._exchange.declare()

    def close(self) -> None:
        self._connection.release()


def publisher_to(app: Any) -> Publisher:
    """One for the app's broker."""
    return RedisPublisher(app) if "redis" in app.conf.broker_url else AmqpPublisher(app)
