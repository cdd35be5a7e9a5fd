"""Replies of workers on Redis: as many as wait in their list, with one question to it.

They are not consumed: a blocking pop outlives its cancelling and swallows the next reply.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from celerytui.wire.redis import private

PAGE = 200
"""As many are taken at a time: Redis serves others in between."""


class RedisReplyReader:
    """Takes a reply queue's messages off its lists."""

    def __init__(self, channel: Any, queue: Any) -> None:
        self._channel = channel
        self._message = private.message_type(channel)
        self._client = private.client(channel)
        self._keys = private.priority_keys(channel, queue.name)

    def take(self) -> list[Any]:
        """The messages that wait, the oldest first; raises what redis-py does."""
        pipe = self._client.pipeline()
        for key in self._keys:
            pipe.lrange(key, -PAGE, -1)
            pipe.ltrim(key, 0, -PAGE - 1)
        return [message for page in pipe.execute()[::2] for message in self._messages(page)]

    def _messages(self, page: Sequence[bytes]) -> Iterator[Any]:
        for raw in reversed(page):
            # What is no message is an answer of nobody.
            with contextlib.suppress(ValueError, TypeError, LookupError):
                yield self._message(json.loads(raw), channel=self._channel)
