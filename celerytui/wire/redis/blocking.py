"""Whether Redis refuses commands that write, because its memory is used up.

Events still come: PUBLISH needs none. A worker that takes a message then fails at noting it as
unacknowledged, though, and ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celerytui.masking import one_line
from celerytui.model import Blockage
from celerytui.wire.broker import OURS
from celerytui.wire.own_connection import OwnConnection
from celerytui.wire.redis import private

EVICTS_ANYTHING = "allkeys-"
"""A policy that begins so makes room by throwing other keys away."""

logger = logging.getLogger(__name__)


class RedisBlockWatch:
    """Reads INFO memory and errorstats; where INFO is not allowed, nothing is known."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._own = OwnConnection(connect)
        self._refused = False
        self._refusals: int | None = None

    def look(self, *, silent: bool) -> Blockage | None:
        """Whether `maxmemory` is reached, or commands were refused for it since the last look."""
        from redis.exceptions import ResponseError

        if self._refused:
            return None
        try:
            client = private.client(self._own.channel)
            with client.pipeline(transaction=False) as pipe:
                pipe.info("memory")
                pipe.info("errorstats")
                memory, errors = pipe.execute()
        except (ResponseError, *OURS) as exc:
            logger.info("whether Redis is full is not known: %s", one_line(exc))
            self._refused = True
            self.close()
            return None
        return self._judge(memory, errors)

    def close(self) -> None:
        """Close the connection."""
        self._own.close()

    def _judge(self, memory: Any, errors: Any) -> Blockage | None:
        before, self._refusals = self._refusals, _refusals(errors)
        limit, policy = memory.get("maxmemory"), str(memory.get("maxmemory_policy", ""))
        if not isinstance(limit, int) or not limit or policy.startswith(EVICTS_ANYTHING):
            return None
        used = memory.get("used_memory", 0) - memory.get("mem_not_counted_for_evict", 0)
        grew = before is not None and self._refusals is not None and self._refusals > before
        if used <= limit and not grew:
            return None
        size = _megabytes(limit)
        return Blockage(
            f"Redis is full: maxmemory {size} reached, commands that write are refused",
            {"used_memory": used, "maxmemory": limit, "maxmemory_policy": policy},
        )


def _refusals(errors: Any) -> int | None:
    """How many commands were ever refused for the memory, None where Redis is older than 6.2."""
    told = errors.get("errorstat_OOM") if isinstance(errors, dict) else None
    if isinstance(told, dict):
        count = told.get("count")
        return count if isinstance(count, int) else None
    return 0 if errors else None


def _megabytes(size: int) -> str:
    """`1.0 MB`, `4.0 GB`, in powers of two as Redis counts them."""
    megabytes = size / 2**20
    return f"{megabytes / 1024:.1f} GB" if megabytes >= 1024 else f"{megabytes:.1f} MB"
