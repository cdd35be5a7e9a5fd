"""The list of the broker's queues."""

from __future__ import annotations

from celerytui.columns import QUEUE_COLUMNS, natural
from celerytui.columns.queues import queue_role
from celerytui.control import Scope
from celerytui.model import Queue
from celerytui.store.queues import MAX_QUEUES
from celerytui.ui.lines import Span, Spans
from celerytui.ui.messages import FilterAsked
from celerytui.ui.notices import no_queues
from celerytui.ui.pane import Row
from celerytui.ui.session import Session
from celerytui.ui.table import TablePane


class QueueList(TablePane[Queue]):
    """Every queue that is configured, consumed or was seen in an event, and what waits in it."""

    NAME = "Queues"
    COLUMNS = QUEUE_COLUMNS

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._queues: list[Queue] = []
        self._readable: list[Queue] = []

    def paint(self) -> None:
        session = self.session
        held = session.paused_at is not None or session.stale_since is not None
        if not (held and self._queues):
            queues = session.engine.store.queues()
            queues.sort(key=lambda queue: natural(queue.name))
            if len(queues) > self.page_rows:
                # Not all are seen: what is wrong first.
                order = ("failure", "warning", "text")
                queues.sort(key=lambda queue: order.index(queue_role(queue)))
            self._queues = queues
            if all(queue.error is None for queue in queues):
                self._readable = queues
        if session.stale_since is not None and self._readable:
            # The broker went before the link was known to be lost: show what was last read.
            self._queues = self._readable
        super().paint()

    def targets(self, scope: Scope) -> list[str]:
        return [self.cursor] if scope is Scope.QUEUE and self.cursor is not None else []

    def titles(self) -> tuple[Spans, Spans]:
        growing = sum(queue_role(queue) == "warning" for queue in self._queues)
        alone = sum(queue.consumed is False for queue in self._queues)
        unread = sum(queue.error is not None for queue in self._queues)
        right: list[Span] = []
        for count, text, role in (
            (growing, "growing", "warning"),
            (alone, "not consumed", "failure"),
            (unread, "unreadable", "failure"),
        ):
            if count:
                if right:
                    right.append((f" {self.session.glyphs.dot} ", "faint"))
                right.append((f"{count} {text}", role))
        if not right:
            waiting = [queue.ready for queue in self._queues if queue.ready is not None]
            if waiting:
                right.append((f"{sum(waiting):,} waiting", "muted"))
        return [(self.NAME, self.title_role)], right

    def footnote(self) -> Spans:
        full = len(self._queues) >= MAX_QUEUES
        return [(f"no more than {MAX_QUEUES:,} are watched", "muted")] if full else []

    def length(self) -> int:
        return len(self._queues)

    def window(self, start: int, count: int) -> list[Queue]:
        return self._queues[start : start + count]

    def position(self, key: str) -> int | None:
        return next((i for i, queue in enumerate(self._queues) if queue.name == key), None)

    def key_of(self, item: Queue) -> str:
        return item.name

    def empty(self, width: int, height: int) -> list[Row]:
        return no_queues(self.session).rows(width, height, self.session.glyphs)

    def action_open(self) -> None:
        if self.cursor is not None:
            self.post_message(FilterAsked(f'queue:"{self.cursor}"'))
