"""Queue depths on every other transport, as kombu's virtual channel tells them."""

from __future__ import annotations

from collections.abc import Sequence

from kombu.transport.virtual.base import AbstractChannel

from celerytui.masking import one_line
from celerytui.model import QueueDepth
from celerytui.wire.depths import QueueReader


class GenericReader(QueueReader):
    """Asks the channel for each queue's size; what is unacked or consumes, it cannot tell."""

    def depths(self, names: Sequence[str]) -> list[QueueDepth]:
        """`ready` of these queues."""
        size = getattr(type(self.channel), "_size", None)
        if size is None or size is AbstractChannel._size:  # which says 0, whatever there is
            return [QueueDepth(name, error="this transport does not tell") for name in names]
        return [self._depth(name) for name in names]

    def _depth(self, name: str) -> QueueDepth:
        try:
            return QueueDepth(name, ready=self.channel._size(name))
        except self.connection.connection_errors:
            raise
        except Exception as exc:  # each transport has its own for a queue that it does not have
            return QueueDepth(name, error=one_line(exc))
