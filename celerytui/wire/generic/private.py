"""What is used of kombu's virtual transports that they promise to nobody, in one place.

Checked with kombu 5.3.0 and 5.7.0.
"""

from __future__ import annotations

from typing import Any


def tells_sizes(channel: Any) -> bool:
    """Whether a channel knows how many messages wait; kombu's own says 0, whatever there is."""
    from kombu.transport.virtual.base import AbstractChannel

    size = getattr(type(channel), "_size", None)
    return size is not None and size is not AbstractChannel._size


def size(channel: Any, queue: str) -> int:
    """How many messages wait in a queue; raises what the transport raises."""
    return int(channel._size(queue))
