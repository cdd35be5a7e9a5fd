"""Results in Redis: a key each, `celery-task-meta-<id>`, in no order.

They are found with SCAN, in steps that block the server for less than a millisecond, and read with
pipelined MGETs; never with KEYS. Times and states are in the values, so nothing can be narrowed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice, starmap
from operator import methodcaller
from typing import Any, TypeVar

from msgspec.structs import replace

from celerytui.errors import BackendUnavailable
from celerytui.masking import mask_url, one_line
from celerytui.model import StoredGroup, StoredResult, id_text
from celerytui.results.decode import Undecodable, decode_any
from celerytui.results.key_value import content_type_of, read_group, read_meta
from celerytui.results.page_size import PageSize
from celerytui.results.seen_keys import SeenKeys
from celerytui.results.source import Page, derives
from celerytui.results.wanted import Wanted
from celerytui.wire.result_backend import bound_waits

T = TypeVar("T")

SCAN_STEP = 500
"""Keys that the server looks at in one call: 0.7 ms, and 1.3 ms for twice as many."""
GET_AT_ONCE = 100
"""Values in one MGET."""
PARTS = 200
"""Parts of a chord that are read, with their results."""


class RedisKind:
    """redis://, rediss://, redis over a socket, and sentinel://."""

    def fits(self, backend: type, url: str | None) -> bool:
        """Celery's own Redis backends, and what is derived from them."""
        return derives(backend, "celery.backends.redis")

    def open(self, app: Any, backend: type, url: str | None) -> RedisSource:
        """The source on a client of its own, made by the backend from the app's settings."""
        return RedisSource(bound_waits(backend(app=app, url=url)), content_type_of(app))


class RedisSource:
    """See `Source`."""

    ordered = False

    def __init__(self, backend: Any, content_type: str) -> None:
        self._backend = backend
        self._prefix = bytes(backend.task_keyprefix)
        self._content_type = content_type
        self.name = mask_url(str(backend.as_uri(include_password=False)))

    def prepare(self) -> None:
        """Its client came with the backend."""

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        """All results in the order of the server's table."""
        if wanted.ids is not None:
            keys = [self._key(one) for one in wanted.ids]
            yield from self._pages_of(keys, PageSize(len(keys)))
            return
        seen, cursor, page = SeenKeys(), 0, PageSize(size)
        match = _escaped(self._prefix) + b"*"
        while True:
            scan = methodcaller("scan", cursor=cursor, match=match, count=SCAN_STEP)
            cursor, keys = self._ask(scan)
            fresh = [key for key in keys if seen.add(key)]
            if not fresh and cursor:
                yield Page((), len(keys))
            yield from self._pages_of(fresh, page)
            if not cursor:
                return

    def one(self, task_id: str) -> StoredResult | None:
        """The result under the key of that task."""
        return next(starmap(self._result, self._kept([self._key(task_id)])), None)

    def group(self, group_id: str) -> StoredGroup | None:
        """What `GroupResult.save` kept, and which and how many parts of its chord came back."""
        backend = self._backend
        suffixes = ("", ".s", ".t", ".j")
        saved_at, size_at, added_at, parts_at = (
            backend.get_key_for_group(group_id, suffix) for suffix in suffixes
        )

        def read(client: Any) -> list[Any]:
            pipeline = client.pipeline(transaction=False)
            for key in (saved_at, size_at, added_at):
                pipeline.get(key)
            # The parts have one of two types: the other answers are errors.
            pipeline.zcard(parts_at)
            pipeline.llen(parts_at)
            pipeline.zrange(parts_at, 0, PARTS - 1)
            pipeline.lrange(parts_at, 0, PARTS - 1)
            return list(pipeline.execute(raise_on_error=False))

        saved, stored, added, *counts, ranked, listed = self._ask(read)
        come = sum(one for one in counts if isinstance(one, int))
        size, missing = _number(stored), None
        if size is not None:
            size += _number(added) or 0
            missing = max(0, size - come)
        if isinstance(saved, Exception):
            return StoredGroup(group_id, (), missing, flaw=one_line(saved), size=size)
        if saved is not None:
            group = read_group(saved, group_id, self._content_type, missing)
            return replace(group, size=size)
        parts = ranked if isinstance(ranked, list) else listed
        members = self._part_ids(parts if isinstance(parts, list) else ())
        if size is None and not members:
            return None
        # The size is deleted when a part failed.
        return StoredGroup(group_id, members, missing, size=size, partial=True)

    def _part_ids(self, parts: Sequence[Any]) -> tuple[str, ...]:
        """The ids in the parts of a chord that came back: `[1, id, state, result]`, encoded."""
        found: list[str] = []
        for part in parts:
            with contextlib.suppress(Undecodable):
                value = decode_any(part, self._content_type)
                if isinstance(value, list) and len(value) > 1 and (one := id_text(value[1])):
                    found.append(one)
        return tuple(dict.fromkeys(found))

    def groups(self, of: Collection[str] = ()) -> Iterator[StoredGroup]:
        """None: each result names its group."""
        return iter(())

    def close(self) -> None:
        """Close the connections of its client."""
        client = self._backend.__dict__.get("client")
        if client is not None:
            client.connection_pool.disconnect()

    def _pages_of(self, keys: Sequence[Any], page: PageSize) -> Iterator[Page]:
        while keys:
            part, keys = keys[: page.rows], keys[page.rows :]
            kept = self._kept(part)
            page.take(len(value) for _, value in kept)
            yield Page(tuple(starmap(self._result, kept)), len(part))

    def _key(self, task_id: str) -> bytes:
        return self._prefix + task_id.encode("utf-8", "replace")

    def _kept(self, keys: Sequence[Any]) -> list[tuple[bytes, Any]]:
        """The keys that have not expired meanwhile, with their values."""
        keys = [_bytes(key) for key in keys]

        def get(client: Any) -> list[Any]:
            pipeline = client.pipeline(transaction=False)
            pending = iter(keys)
            while part := list(islice(pending, GET_AT_ONCE)):
                pipeline.mget(part)
            return [value for values in pipeline.execute() for value in values]

        values = self._ask(get) if keys else ()
        return [one for one in zip(keys, values, strict=False) if one[1] is not None]

    def _result(self, key: bytes, value: Any) -> StoredResult:
        task_id = key[len(self._prefix) :].decode("utf-8", "replace")
        return read_meta(value, task_id, self._content_type)

    def _ask(self, question: Callable[[Any], T]) -> T:
        from redis.exceptions import RedisError

        try:
            return question(self._backend.client)
        except (RedisError, OSError) as error:
            raise BackendUnavailable(f"result backend {self.name}: {one_line(error)}") from error


def _number(stored: Any) -> int | None:
    if isinstance(stored, (bytes, str)) and re.fullmatch(rb"\d{1,9}", _bytes(stored)):
        return int(stored)
    return None


def _bytes(key: Any) -> bytes:
    return key if isinstance(key, bytes) else str(key).encode("utf-8", "replace")


def _escaped(prefix: bytes) -> bytes:
    return re.sub(rb"([\\*?\[\]])", rb"\\\1", prefix)
