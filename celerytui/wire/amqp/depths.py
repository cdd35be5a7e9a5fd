"""Queue depths on RabbitMQ and other AMQP brokers: a passive declare, no plug-in needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from celerytui.masking import one_line
from celerytui.model import QueueDepth
from celerytui.wire.amqp import private
from celerytui.wire.broker import OURS
from celerytui.wire.depths import NOT_DECLARED, UNREADABLE, DepthReader

INTERNAL_ERROR = 541
REFUSALS = {
    403: "access refused",
    404: NOT_DECLARED,
    405: "exclusive to another connection",
    INTERNAL_ERROR: UNREADABLE,
}
"""AMQP reply code of a refused declare -> what it means for the row."""


class AmqpDepthReader(DepthReader):
    """Asks for queues on one channel, many at a time.

    A refusal closes the channel, so each costs another, and what was asked behind it is asked
    again; RabbitMQ 4.0 ends the connection over some names. AMQP does not tell what is unacked.
    """

    def __init__(self, conf: Any, connect: Callable[[], Any]) -> None:
        super().__init__(conf, connect)
        self._found: set[str] = set()

    def depths(self, names: Sequence[str]) -> list[QueueDepth]:
        """`ready` and `consumers` of these queues."""
        found: list[QueueDepth] = []
        left = list(names)
        try:
            while left := self._worth_asking(left):
                left = left[self._ask_for(left, found) :]
        except OURS as exc:
            self.note_missing("queues are read one by one", exc)
            self.drop_channel()
            seen = {depth.name for depth in found}
            found += [self._depth(name) for name in left if name not in seen]
        return found

    def _worth_asking(self, names: list[str]) -> list[str]:
        """All, until too many were not there: then those that were, or are expected."""
        if self.refusals_left > 0:
            return names
        return [name for name in names if name in self.expected or name in self._found]

    def _ask_for(self, names: Sequence[str], found: list[QueueDepth]) -> int:
        """Add the depths of these up to and with the first that is refused; how many that were."""
        channel = self.channel
        for name in names:
            private.send_declare(channel, name)
        for count, name in enumerate(names, 1):
            try:
                ready, consumers = private.take_declared(channel)
            except self._errors as exc:
                found.append(self._refused(name, exc))
                return count
            self._found.add(name)
            found.append(QueueDepth(name, ready=ready, consumers=consumers))
        return len(names)

    def _depth(self, name: str) -> QueueDepth:
        try:
            declared: Any = self.channel.queue_declare(queue=name, passive=True)
        except self._errors as exc:
            return self._refused(name, exc)
        return QueueDepth(name, ready=declared.message_count, consumers=declared.consumer_count)

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        connection = self.connection
        return (*connection.channel_errors, *connection.connection_errors)

    def _refused(self, name: str, error: Exception) -> QueueDepth:
        """The row of a queue that the broker will not declare; it has closed the channel."""
        code = getattr(error, "reply_code", None)
        self.drop_channel()
        self.refusals_left -= 1
        self._found.discard(name)
        if not self.connection.connected:
            if code != INTERNAL_ERROR:
                raise error
            self.close()
        return QueueDepth(name, error=REFUSALS.get(code or 0) or one_line(error))
