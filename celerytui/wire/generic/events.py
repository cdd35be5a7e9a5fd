"""Events through kombu, on every transport that carries them and in any serializer."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

from celery.events import EventReceiver
from celery.utils import uuid

from celerytui.connect import read_connection
from celerytui.wire.broker import Silence
from celerytui.wire.decode import EventDecoder

CHECK_SECONDS = 1.0
PING_SECONDS = 5.0
CLOSE_SECONDS = 0.8
# Messages in a row that kombu itself stumbles over before the connection is taken for broken.
STUMBLES = 100

logger = logging.getLogger(__name__)


class KombuReader:
    """A consumer on an event queue declared as Celery's own receiver declares it.

    The queue is exclusive and deletes itself. Its name is a new one with each connection: RabbitMQ
    holds the old one for as long as it believes in the connection that was lost. `queue` is the
    name of the present one.
    """

    def __init__(self, app: Any, decoder: EventDecoder, clock: Callable[[], float]) -> None:
        self.queue: str | None = None
        self._app = app
        self._decoder = decoder
        self._clock = clock
        self._connection: Any = None
        self._wire: Any = None
        self._channel: Any = None
        self._failed = False
        self._next_check = 0.0
        self._last_answer = 0.0
        self._stumbles = 0

    def open(self) -> None:
        """Connects, declares the queue and consumes from it; after a failure the next broker's."""
        if self._connection is None:
            self._connection = read_connection(self._app)
        elif self._failed:
            self._connection.maybe_switch_next()
        self._failed = True
        self._watch(self._connection.transport)
        self._connection.ensure_connection(max_retries=0)
        self._channel = self._connection.default_channel
        receiver = EventReceiver(self._channel, app=self._app, node_id=uuid())
        self.queue = receiver.queue.name
        # Celery leaves a durable one behind, where it collects events for nobody.
        receiver.queue.auto_delete = True
        self._app.amqp.Consumer(
            self._channel,
            [receiver.queue],
            on_message=self._take,
            on_decode_error=self._refuse,
            no_ack=True,
        ).consume()
        self._failed = False
        self._stumbles = 0
        self._last_answer = self._clock()
        self._next_check = time.monotonic() + CHECK_SECONDS

    def read(self, seconds: float) -> None:
        """Drains once; keeps the heartbeat going also while events pour in."""
        before = self._decoder.pending
        try:
            self._connection.drain_events(timeout=seconds)
        except TimeoutError:
            pass
        except (LookupError, TypeError, ValueError, AttributeError):
            # Kombu stumbled over a message whose envelope is malformed. Py-amqp raises these
            # for a lost connection, too.
            self._stumbles += 1
            if self._stumbles > STUMBLES or not self._connection.connected:
                raise
            self._decoder.add_invalid()
        if self._decoder.pending != before:
            self._last_answer = self._clock()
        if time.monotonic() >= self._next_check:
            self._check()

    def close(self, *, lost: bool) -> None:
        """Closes the connection; with it the queue goes from the broker."""
        connection = self._connection
        if connection is None:
            return
        wire, self._wire = self._wire, None
        try:
            if wire is not None and wire.connected and not lost:
                # Without the channel's own farewell: py-amqp waits for the broker's word, for as
                # long as its socket does, and this one ends them both.
                with wire.transport.having_timeout(CLOSE_SECONDS):
                    wire.close()
            if lost or wire is not None:
                connection.collect()
            else:
                connection.release()
        except Exception as exc:
            logger.info("closing the connection: %s", type(exc).__name__)
            with contextlib.suppress(Exception):
                connection.collect()

    def abort(self) -> None:
        """Shuts the socket of an AMQP connection that is being made; no other can be reached."""
        with contextlib.suppress(Exception):
            # Not `.transport`, which connects where there is none.
            self._wire._transport.sock.shutdown(socket.SHUT_RDWR)

    def _watch(self, transport: Any) -> None:
        """Notes py-amqp's connection before it blocks in its handshake."""
        if transport.driver_name != "py-amqp":
            return
        make = type(transport).Connection

        def remember(**options: Any) -> Any:
            self._wire = make(**options)
            return self._wire

        transport.Connection = remember

    def _take(self, message: Any) -> None:
        self._stumbles = 0
        self._decoder.add(message.body, message.content_type, message.content_encoding)

    def _refuse(self, _message: Any, _exc: Exception) -> None:
        self._decoder.add_invalid()

    def _check(self) -> None:
        """Once a second: the AMQP heartbeat; on Redis a ping when nothing came for 5 s."""
        self._next_check = time.monotonic() + CHECK_SECONDS
        try:
            self._connection.heartbeat_check()
            if (
                self._connection.transport.driver_type == "redis"
                and self._clock() - self._last_answer >= PING_SECONDS
            ):
                self._channel.client.ping()
                self._last_answer = self._clock()
        except Exception as exc:
            raise Silence(str(exc) or type(exc).__name__, self._last_answer) from exc
