"""Events through kombu, on every transport that carries them and in any serializer."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from celery.events import EventReceiver
from celery.utils import uuid

from celerytui.wire.broker import OURS, Broker, Clock, Held, Silence
from celerytui.wire.decode import EventDecoder

CHECK_SECONDS = 1.0
PING_SECONDS = 5.0
CLOSE_SECONDS = 0.8
# Messages in a row that kombu itself stumbles over before the connection is taken for broken.
STUMBLES = 100

logger = logging.getLogger(__name__)


class KombuEventReader:
    """A consumer on an event queue declared as Celery's own receiver declares it.

    The queue is exclusive and deletes itself. Its name is a new one with each connection: RabbitMQ
    holds the old one for as long as it believes in the connection that was lost. `queue` is the
    name of the present one.
    """

    def __init__(
        self, app: Any, connection: Any, decoder: EventDecoder, clock: Clock, broker: Broker
    ) -> None:
        self.queue: str | None = None
        self._app = app
        self._connection = connection
        self._decoder = decoder
        self._clock = clock
        self._broker = broker
        self._ping = broker.ping
        self._held: Held | None = None
        self._channel: Any = None
        self._next_check = 0.0
        self._last_answer = 0.0
        self._stumbles = 0

    def open(self) -> None:
        """Connects, declares the queue and consumes from it."""
        self._ping = self._broker.ping
        self._held = self._watch()
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
        self._stumbles = 0
        self._last_answer = self._clock()
        self._next_check = time.monotonic() + CHECK_SECONDS

    def read(self, seconds: float) -> None:
        """Drains once; keeps the heartbeat going also while events pour in."""
        before = self._decoder.pending
        with contextlib.suppress(TimeoutError):
            stumbled = self._stumbles_in(lambda: self._connection.drain_events(timeout=seconds))
            while stumbled and (resume := self._resume()) is not None:
                stumbled = self._stumbles_in(resume)
        if self._decoder.pending != before:
            self._last_answer = self._clock()
        if time.monotonic() >= self._next_check:
            self._check()

    def close(self, *, lost: bool) -> None:
        """Closes the connection; with it the queue goes from the broker."""
        connection = self._connection
        held, self._held = self._held, None
        try:
            if held is not None and not lost:
                held.close(CLOSE_SECONDS)
            if lost or held is not None:
                connection.collect()
            else:
                connection.release()
        except Exception as exc:
            logger.info("closing the connection: %s", type(exc).__name__)
            with contextlib.suppress(Exception):
                connection.collect()

    def abort(self) -> None:
        """Shuts the socket of a connection that is being made, where it can be reached."""
        held = self._held
        if held is not None:
            with contextlib.suppress(Exception):
                held.abort()

    def _watch(self) -> Held | None:
        """Gets hold of the client's connection before it blocks in its handshake."""
        if self._broker.watch is None:
            return None
        try:
            return self._broker.watch(self._connection.transport)
        except OURS as exc:
            # Then a handshake that hangs cannot be cut short, and that is all.
            logger.warning("%s's connection cannot be watched: %s", self._broker.title, exc)
            return None

    def _take(self, message: Any) -> None:
        self._stumbles = 0
        self._decoder.add(message.body, message.content_type, message.content_encoding)

    def _resume(self) -> Callable[[], None] | None:
        try:
            return None if self._broker.resume is None else self._broker.resume(self._channel)
        except OURS as exc:
            logger.warning("%s is read on with the next event: %s", self._broker.title, exc)
            return None

    def _stumbles_in(self, step: Callable[[], object]) -> bool:
        """Whether kombu stumbled over a message whose envelope is malformed."""
        try:
            step()
        except (LookupError, TypeError, ValueError, AttributeError):
            # Py-amqp raises these for a lost connection, too.
            self._stumbles += 1
            if self._stumbles > STUMBLES or not self._connection.connected:
                raise
            self._decoder.add_invalid()
            return True
        return False

    def _refuse(self, _message: Any, _exc: Exception) -> None:
        self._decoder.add_invalid()

    def _check(self) -> None:
        """Once a second: the heartbeat; without one a ping when nothing came for 5 s."""
        self._next_check = time.monotonic() + CHECK_SECONDS
        try:
            self._connection.heartbeat_check()
            if self._ping is not None and self._clock() - self._last_answer >= PING_SECONDS:
                self._ask(self._ping)
        except Exception as exc:
            raise Silence(str(exc) or type(exc).__name__, self._last_answer) from exc

    def _ask(self, ping: Callable[[Any], None]) -> None:
        try:
            ping(self._channel)
        except OURS as exc:
            logger.warning("%s cannot be pinged: %s", self._broker.title, exc)
            self._ping = None
        self._last_answer = self._clock()
