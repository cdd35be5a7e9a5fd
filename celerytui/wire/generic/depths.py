"""Queue depths on every other transport, as kombu's virtual channel tells them."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.masking import one_line
from celerytui.model import QueueDepth
from celerytui.wire.depths import DepthReader
from celerytui.wire.generic import private


class KombuDepthReader(DepthReader):
    """Asks the channel for each queue's size; what is unacked or consumes, it cannot tell."""

    def depths(self, names: Sequence[str]) -> list[QueueDepth]:
        """`ready` of these queues."""
        if not private.tells_sizes(self.channel):
            return [QueueDepth(name, error="not available on this transport") for name in names]
        return [self._depth(name) for name in names]

    def has(self, depth: QueueDepth) -> bool:
        """Whether it is listed or has messages: what is not there is as empty as what is."""
        known = depth.name in self._listed or depth.ready or depth.unacked
        return bool(known or depth.error)

    def _depth(self, name: str) -> QueueDepth:
        try:
            return QueueDepth(name, ready=private.size(self.channel, name))
        except self.connection.connection_errors:
            raise
        except Exception as exc:  # each transport has its own for a queue that it does not have
            return QueueDepth(name, error=one_line(exc))
