"""Whether RabbitMQ blocks those who publish, for its memory or its disk.

It tells only a connection that declared the capability (py-amqp does) and that publishes while the
alarm stands; reading from such a connection stops until the alarm is over. So this has one of its
own, and publishes an empty message to a queue that nobody has, which RabbitMQ drops. It does so
only while no event comes in, at growing pauses.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from celerytui.masking import one_line
from celerytui.model import Blockage
from celerytui.wire.amqp import private
from celerytui.wire.broker import OURS
from celerytui.wire.own_connection import OwnConnection

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 30.0

ALARMS = {
    "low on memory": "memory alarm",
    "low on disk": "disk alarm",
    "low on memory & disk": "memory and disk alarm",
}
"""RabbitMQ's reason -> what it is in its own documentation."""

logger = logging.getLogger(__name__)


class _Blocked(Exception):
    """Ends the wait for an answer that RabbitMQ gives only when the alarm is over."""


class AmqpBlockWatch:
    """Asks by publishing to nobody; `monotonic` is a clock that nobody sets."""

    def __init__(
        self, connect: Callable[[], Any], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._own = OwnConnection(connect)
        self._monotonic = monotonic
        self._reason: str | None = None
        self._pause = FIRST_PAUSE
        self._next = 0.0
        self._refused = False

    def look(self, *, silent: bool) -> Blockage | None:
        """What RabbitMQ said last; publishes only where nothing comes in."""
        if self._refused:
            return None
        if not silent:
            self._pause, self._next = FIRST_PAUSE, 0.0
        due = silent and self._reason is None and self._monotonic() >= self._next
        if due:
            self._next = self._monotonic() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._ask(publish=due)
        if self._reason is None:
            return None
        alarm = ALARMS.get(self._reason, self._reason)
        return Blockage(
            f"RabbitMQ blocks publishers: {alarm}", {"reason": self._reason}, silences=True
        )

    def close(self) -> None:
        """Close it; a connection that is blocked is left, since RabbitMQ reads no farewell."""
        self._own.close(farewell=self._reason is None)
        self._reason = None

    def _ask(self, *, publish: bool) -> None:
        import amqp

        # Connected in time: a handshake takes longer than to ask.
        connection = self._connected()
        try:
            if publish:
                self._own.channel.basic_publish(
                    amqp.Message(b""), exchange="", routing_key=f"celerytui.{uuid4()}"
                )
                # Answered at once, unless RabbitMQ reads no further.
                self._own.channel.basic_qos(0, 1, False)
            else:
                self._read(connection)
        except _Blocked:
            pass
        except amqp.AccessRefused as exc:
            logger.info("whether RabbitMQ blocks publishers is not known: %s", one_line(exc))
            self._refused = True
            self.close()
            return
        connection.heartbeat_check()

    def _read(self, connection: Any) -> None:
        with contextlib.suppress(TimeoutError):
            connection.drain_events(timeout=0.01)

    def _connected(self) -> Any:
        if not self._own.connected:
            client = self._own.connection.connection
            try:
                private.on_blocked(client, self._take)
            except OURS as exc:
                logger.warning("RabbitMQ's reason for blocking cannot be read: %s", exc)
                client.on_blocked = self._take
                client.on_unblocked = lambda: self._take(None)
        return self._own.connection

    def _take(self, reason: str | None) -> None:
        self._reason = None if reason is None else str(reason)[:200]
        if reason is not None:
            raise _Blocked
