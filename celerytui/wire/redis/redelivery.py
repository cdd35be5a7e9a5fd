"""When Redis' clients deliver unacknowledged tasks again: kombu's visibility timeout.

The index has the time of each delivery by its tag, the hash the message. A live worker puts back
what was delivered longer ago than its visibility timeout.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from celerytui.masking import one_line
from celerytui.wire.broker import OURS
from celerytui.wire.own_connection import OwnConnection
from celerytui.wire.redis import private

MAX_ENTRIES = 10_000
MAX_BYTES = 20_000_000
"""As many messages, and bytes of them, are looked at for ids: the rest is not known."""
PAGE = 200
"""Messages that are fetched in one go: Redis serves others in between."""


logger = logging.getLogger(__name__)


class _Headers(Struct):
    id: str


class _Message(Struct):
    headers: _Headers


class RedisUnackedReader:
    """Looks for the tags of tasks once, and from then on only at the times of these."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self.timeout = 3600.0
        self._own = OwnConnection(connect)
        self._tags: dict[str, bytes] = {}
        self._absent: set[str] = set()
        self._told = False

    def due(self, ids: Collection[str]) -> Mapping[str, float | None]:
        """Task id -> when it comes again, None where no delivery of it is unacknowledged."""
        channel = self._own.channel
        try:
            self.timeout = private.visibility_timeout(channel)
            index, key = private.index_key(channel), private.unacked_key(channel)
        except OURS as exc:
            if not self._told:
                logger.warning("when tasks are delivered again is not known: %s", one_line(exc))
            self._told = True
            return {}
        if index is None or key is None:
            return {}
        client = private.client(channel)
        self._tags = {id: tag for id, tag in self._tags.items() if id in ids}
        self._absent.intersection_update(ids)
        new = {id for id in ids if id not in self._tags and id not in self._absent}
        if new and self._find(client, index, key, new):
            self._absent |= new - self._tags.keys()
        found: dict[str, float | None] = dict.fromkeys(self._absent)
        tags = list(self._tags.items())
        with client.pipeline(transaction=False) as pipe:
            for _, tag in tags:
                pipe.zscore(index, tag)
            times = pipe.execute() if tags else []
        for (id, _), delivered in zip(tags, times, strict=True):
            found[id] = None if delivered is None else float(delivered) + self.timeout
        return found

    def close(self) -> None:
        """Close the connection."""
        self._own.close()

    def _find(self, client: Any, index: str, key: str, wanted: set[str]) -> bool:
        """Note the tags of these tasks; False where not all messages could be looked at."""
        tags: list[bytes] = client.zrange(index, 0, MAX_ENTRIES - 1, desc=True)
        missing, room = set(wanted), MAX_BYTES
        complete = len(tags) < MAX_ENTRIES or client.zcard(index) <= MAX_ENTRIES
        for page in _pages(tags):
            if not missing:
                return True
            small = _small(client, key, page, room)
            complete = complete and len(small) == len(page)
            entries = client.hmget(key, small) if small else []
            for tag, entry in zip(small, entries, strict=True):
                room -= len(entry or b"")
                if entry is None:  # acknowledged meanwhile
                    continue
                id = _task_of(entry)
                if id is None:
                    complete = False
                elif id in missing:
                    self._tags[id] = tag
                    missing.discard(id)
        return complete


def _pages(tags: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(tags)
    while page := list(islice(rest, PAGE)):
        yield page


def _small(client: Any, key: str, tags: Sequence[bytes], room: int) -> list[bytes]:
    """Those of the messages, from the first on, that there is still room for."""
    with client.pipeline(transaction=False) as pipe:
        for tag in tags:
            pipe.hstrlen(key, tag)
        sizes = pipe.execute()
    small = []
    for tag, size in zip(tags, sizes, strict=True):
        room -= size
        if room >= 0:
            small.append(tag)
    return small


def _task_of(entry: bytes) -> str | None:
    """The id of a message's task; None where it is not to be read."""
    try:
        message, *_ = msgspec.json.decode(entry, type=tuple[_Message, str, str])
    except msgspec.MsgspecError:
        return None
    return message.headers.id
