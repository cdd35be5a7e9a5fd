"""Which queues the messages came from that Redis holds until they are acknowledged.

One hash of the database has them all: delivery tag -> `[message, exchange, routing key]`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from celerytui.wire.redis import private

MAX_ENTRIES = 1_000
MAX_BYTES = 1_000_000
"""As many entries and, of those not seen before, bytes are looked at: the rest is not known."""

Origin = tuple[str, str]
"""Exchange and routing key."""


class Unacked:
    """Counts unacked messages by queue; a tag's entry never changes, so each is fetched once."""

    def __init__(self) -> None:
        self._origins: dict[bytes, Origin] = {}

    def count(self, client: Any, channel: Any) -> Mapping[str, int] | None:
        """Queue -> messages.

        None when there are too many to look at, one cannot be placed, or kombu keeps none.
        """
        key = private.unacked_key(channel)
        if key is None:
            return None
        held = client.hlen(key)
        if held > MAX_ENTRIES:
            self._origins.clear()
            return None
        tags: list[bytes] = client.hkeys(key) if held else []
        self._origins = {tag: self._origins[tag] for tag in tags if tag in self._origins}
        new = [tag for tag in tags if tag not in self._origins]
        if new and not self._learn(client, key, new):
            return None
        queues = self._queues(client, channel)
        counted: Counter[str] = Counter()
        for origin in self._origins.values():
            queue = queues.get(origin)
            if queue is None:
                return None
            counted[queue] += 1
        return counted

    def _learn(self, client: Any, key: str, tags: Sequence[bytes]) -> bool:
        """Fetch where these came from; False when they are too big or not what kombu writes."""
        with client.pipeline(transaction=False) as pipe:
            for tag in tags:
                pipe.hstrlen(key, tag)
            if sum(pipe.execute()) > MAX_BYTES:
                return False
        for tag, entry in zip(tags, client.hmget(key, tags), strict=True):
            if entry is None:  # acknowledged meanwhile
                continue
            try:
                _, exchange, routing_key = msgspec.json.decode(entry, type=tuple[Any, str, str])
            except msgspec.MsgspecError:
                return False
            self._origins[tag] = (exchange, routing_key)
        return True

    def _queues(self, client: Any, channel: Any) -> dict[Origin, str | None]:
        """Origin -> the one queue that its messages go to, None where there are several or none."""
        queues: dict[Origin, str | None] = {}
        for exchange in {exchange for exchange, _ in self._origins.values() if exchange}:
            members = client.smembers(private.binding_key(channel, exchange))
            for member in members:
                parts = private.binding_parts(channel, member)
                origin = (exchange, parts[0])
                queues[origin] = None if origin in queues else parts[-1]
        for origin in self._origins.values():
            if not origin[0]:  # the default exchange: the key is the queue
                queues[origin] = origin[1]
        return queues
