"""The list of workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from celerytui.columns import (
    WORKER_COLUMNS,
    CellContext,
    common_worker_prefix,
    trouble_first,
)
from celerytui.columns.workers import left_in_order
from celerytui.control import ENABLE_EVENTS, Scope
from celerytui.document import worker_row
from celerytui.model import Worker
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.figures import EVENTS_OFF, LATE_WORKERS, LOST_WORKERS
from celerytui.ui.messages import RowOpened
from celerytui.ui.panes.empty import EmptyState, no_workers
from celerytui.ui.panes.loaded_table import LoadedTable


class WorkerList(LoadedTable[Worker]):
    """Every worker that sent an event or replied."""

    NAME = "Workers"
    NOUN = "worker"
    COLUMNS = WORKER_COLUMNS
    FIGURES = (LOST_WORKERS, LATE_WORKERS, EVENTS_OFF)
    SOUGHT = "part of a worker's name"
    KEYS: ClassVar[tuple[str, ...]] = ("worker", "marks")

    @property
    def rows_wanted(self) -> int:
        return len(self.session.glance.workers)

    def read(self) -> list[Worker]:
        return list(self.session.glance.workers.values())

    def trouble(self, *, crowded: bool) -> Callable[[Worker], Any]:
        # Where not all are seen, what is wrong comes first.
        return trouble_first if crowded else left_in_order

    def titles(self) -> tuple[Spans, Spans]:
        workers = self._all
        right: list[Span] = []
        if self.session.marked_workers:
            right += [(f"{len(self.session.marked_workers)} marked", "accent"), ("  ", "text")]
        if self.word:
            return self.left_title(), [*right, *self.narrowed()]
        troubles = self.troubles()
        right += troubles
        live = [worker for worker in workers if worker.alive]
        if EVENTS_OFF.number(workers):
            right.append((f" of {len(live)}", "muted"))
            key = self.session.key_of(ENABLE_EVENTS.id)
            if key and not self.session.read_only:
                right += [(f"  {key}", "key"), (" on", "muted")]
            return self.left_title(), right
        if troubles:
            right.append((f" {self._dot} ", "faint"))
        busy = sum(worker.running or 0 for worker in workers if not worker.gone)
        if live and all(worker.concurrency is not None for worker in live):
            slots = sum(worker.concurrency or 0 for worker in live)
            right.append((f"{busy:,} of {slots:,} busy", "muted"))
        elif live:
            right.append((f"{busy:,} busy", "muted"))
        return self.left_title(), right

    def left_out(self) -> list[Span]:
        most = self.session.engine.settings.max_workers
        return [(f"at most {most:,} kept", "muted")] if len(self._all) >= most else []

    @property
    def _dot(self) -> str:
        return self.session.glyphs.dot

    def context(self) -> CellContext:
        # The host alone tells them apart where all are called celery@; a wide table has room.
        context, width = super().context(), self.inside.width
        room = next(size for column, size in self.layout_for(width) if column.id == "name")
        if width >= 44 and all(len(worker.hostname) <= room for worker in self._all):
            return context
        prefix = common_worker_prefix(worker.hostname for worker in self._all)
        return CellContext(
            now=context.now, utc=context.utc, ascii=context.ascii, worker_prefix=prefix
        )

    def key_of(self, item: Worker) -> str:
        return item.hostname

    def document(self, item: Worker) -> dict[str, Any]:
        return worker_row(item)

    def nothing(self) -> EmptyState:
        return no_workers(self.session)

    def ground(self, item: Worker) -> str:
        return "marked" if item.hostname in self.session.marked_workers else "bg"

    def before(self, item: Worker) -> Spans:
        if item.hostname in self.session.marked_workers:
            return [(self.session.glyphs.marked, "accent")]
        return super().before(item)

    def targets(self, scope: Scope) -> list[str]:
        """The marked workers, else the one under the cursor."""
        if scope is not Scope.WORKER:
            return []
        marked = sorted(self.session.marked_workers)
        return marked or ([] if self.chosen is None else [self.chosen])

    def action_mark(self) -> None:
        if self.chosen is None:
            return
        self.session.marked_workers ^= {self.chosen}
        self.action_move(1)
        self.redraw()

    def action_mark_all(self) -> None:
        names = set(self._places)
        marked = self.session.marked_workers
        self.session.marked_workers = marked - names if names <= marked else marked | names
        self.redraw()

    def open_row(self, key: str) -> None:
        self.post_message(RowOpened(Scope.WORKER, key))
