"""Replies of workers, one at a time: what kombu offers with any broker."""

from __future__ import annotations

from typing import Any


class KombuReplyReader:
    """Takes a reply queue's messages as kombu gets them, each with a question to the broker."""

    def __init__(self, channel: Any, queue: Any) -> None:
        self._queue = queue

    def take(self) -> list[Any]:
        """The next message, if there is one."""
        message = self._queue.get(no_ack=True)
        return [] if message is None else [message]
