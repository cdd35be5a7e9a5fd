"""Queue depths on RabbitMQ and other AMQP brokers: a passive declare, no plug-in needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celerytui.masking import one_line
from celerytui.model import QueueDepth
from celerytui.wire.depths import NOT_DECLARED, DepthReader

REFUSALS = {403: "access refused", 404: NOT_DECLARED, 405: "exclusive to another connection"}
"""AMQP reply code of a refused declare -> what it means for the row."""


class AmqpDepthReader(DepthReader):
    """Asks for one queue after the other on one channel.

    A refusal closes the channel, so each costs another. AMQP does not tell what is unacked.
    """

    def depths(self, names: Sequence[str]) -> list[QueueDepth]:
        """`ready` and `consumers` of these queues."""
        return [self._depth(name) for name in names]

    def _depth(self, name: str) -> QueueDepth:
        try:
            declared: Any = self.channel.queue_declare(queue=name, passive=True)
        except self.connection.channel_errors as exc:
            self.drop_channel()
            if not self.connection.connected:
                raise
            code = getattr(exc, "reply_code", None)
            return QueueDepth(name, error=REFUSALS.get(code or 0) or one_line(exc))
        return QueueDepth(name, ready=declared.message_count, consumers=declared.consumer_count)
