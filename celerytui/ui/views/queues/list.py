"""The list of the broker's queues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from celerytui.columns import QUEUE_COLUMNS
from celerytui.columns.queues import queue_role
from celerytui.control import Scope
from celerytui.document import queue_row
from celerytui.model import Queue
from celerytui.query import quoted
from celerytui.store.queues import MAX_QUEUES
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.figures import GROWING_QUEUES, NOT_CONSUMED, UNREADABLE
from celerytui.ui.messages import FilterAsked
from celerytui.ui.panes.empty import EmptyState, no_queues
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.session import Session

_TROUBLE = ("failure", "warning", "text")


class QueueList(LoadedTable[Queue]):
    """Every queue that is configured, consumed or named in an event."""

    NAME = "Queues"
    NOUN = "queue"
    LABELS: ClassVar[Mapping[str, str]] = {"row.open": "its tasks"}
    COLUMNS = QUEUE_COLUMNS
    FIGURES = (GROWING_QUEUES, NOT_CONSUMED, UNREADABLE)
    SOUGHT = "part of a queue's name"

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._readable: list[Queue] = []

    def paint(self) -> None:
        if self.session.stale_since is not None and self._readable:
            # The broker was lost before the link noticed: show the last good reading.
            self._all = self._readable
        super().paint()

    @property
    def rows_wanted(self) -> int:
        return len(self.session.engine.store.queues())

    def read(self) -> list[Queue]:
        return self.session.engine.health.queues()

    def put_in_order(self) -> None:
        if all(queue.error is None for queue in self._all):
            self._readable = self._all
        super().put_in_order()

    def trouble(self, *, crowded: bool) -> Callable[[Queue], int]:
        # Where not all are seen, what is wrong comes first.
        return lambda queue: _TROUBLE.index(queue_role(queue)) if crowded else 0

    def targets(self, scope: Scope) -> list[str]:
        return [self.chosen] if scope is Scope.QUEUE and self.chosen is not None else []

    def titles(self) -> tuple[Spans, Spans]:
        if self.word:
            return self.left_title(), self.narrowed()
        return self.left_title(), self.troubles() or self._held(self._all)

    def _held(self, queues: list[Queue]) -> list[Span]:
        """The tasks still to run: waiting in the queues, and received by workers."""
        ready = [queue.ready for queue in queues if queue.ready is not None]
        if not ready:
            return []
        summary = self.session.summary
        known = summary.first_event_at is not None
        received = f"{summary.by_state['received']:,}" if known else self.session.glyphs.unknown
        return [(f"queued {sum(ready):,}, in workers {received}", "muted")]

    def left_out(self) -> list[Span]:
        full = len(self._all) >= MAX_QUEUES
        return [(f"at most {MAX_QUEUES:,} watched", "muted")] if full else []

    def key_of(self, item: Queue) -> str:
        return item.name

    def document(self, item: Queue) -> dict[str, Any]:
        return queue_row(item)

    def nothing(self) -> EmptyState:
        return no_queues(self.session)

    def open_row(self, key: str) -> None:
        self.post_message(FilterAsked(f"queue:{quoted(key)}"))
