"""Throwing away the messages of one task that wait in a queue on Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from celerytui.wire.redis import private

PAGE = 500
"""Messages looked at, and at most removed, in one go: Redis serves others in between."""


class _Headers(Struct):
    task: str


class _Message(Struct):
    headers: _Headers


def purge_by_name(channel: Any, queue: str, task: str) -> Iterator[tuple[int, int]]:
    """Remove the messages of one task, each by its exact text, which its delivery tag makes unique.

    Yields after each page how many are removed and how many were looked at. Messages come in at
    the head and are taken from the tail, so that a page read by its distance from the head may
    show one twice and misses none.
    """
    client = private.client(channel)
    removed = looked = 0
    for key in private.priority_keys(channel, queue):
        start = 0
        while page := client.lrange(key, start, start + PAGE - 1):
            gone = _remove(client, key, [one for one in page if _task_of(one) == task])
            removed += gone
            looked += len(page)
            start += len(page) - gone
            yield removed, looked


def _remove(client: Any, key: str, messages: list[bytes]) -> int:
    with client.pipeline(transaction=False) as pipe:
        for message in messages:
            pipe.lrem(key, 1, message)
        return sum(pipe.execute())


def _task_of(message: bytes) -> str | None:
    """The name of a message's task; None for what is no task, or of Celery 3's protocol."""
    try:
        return msgspec.json.decode(message, type=_Message).headers.task
    except msgspec.MsgspecError:
        return None
