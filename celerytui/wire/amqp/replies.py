"""Replies of workers on RabbitMQ: consumed, so that none has to be asked for."""

from __future__ import annotations

import socket
from typing import Any

DRAIN_SECONDS = 0.001


class AmqpReplyReader:
    """Takes what was delivered from a reply queue, for as long as its channel is open."""

    def __init__(self, channel: Any, queue: Any) -> None:
        from kombu.messaging import Consumer

        make: Any = Consumer
        self._connection = channel.connection.client
        self._come: list[Any] = []
        make(channel, queues=[queue], no_ack=True, on_message=self._come.append).consume()

    def take(self) -> list[Any]:
        """The messages that have come; raises what py-amqp does."""
        try:
            while True:
                self._connection.drain_events(timeout=DRAIN_SECONDS)
        except (socket.timeout, TimeoutError):  # noqa: UP041  one of 3.10 is not the other
            come = self._come[:]
            self._come.clear()
            return come
