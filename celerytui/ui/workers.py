"""The list of workers."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from celerytui.columns import (
    WORKER_COLUMNS,
    CellContext,
    common_worker_prefix,
    natural,
    trouble_first,
)
from celerytui.control import Scope
from celerytui.model import Worker
from celerytui.ui.keys import bindings
from celerytui.ui.lines import Span, Spans
from celerytui.ui.messages import WorkerOpened
from celerytui.ui.notices import no_workers
from celerytui.ui.pane import Row
from celerytui.ui.session import Session
from celerytui.ui.table import TablePane


class WorkerList(TablePane[Worker]):
    """Every worker that was heard of or answered: what it is, does and carries."""

    NAME = "Workers"
    COLUMNS = WORKER_COLUMNS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("marks", "worker")]

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._workers: list[Worker] = []
        self._places: dict[str, int] = {}
        self._names: list[str] = []
        self._by_number: list[int] = []

    def paint(self) -> None:
        held = self.session.paused_at is not None or self.session.stale_since is not None
        if not (held and self._workers):
            workers = self._in_order(self.session.engine.store.workers())
            self._workers = workers
            self._places = {worker.hostname: i for i, worker in enumerate(workers)}
        super().paint()

    def _in_order(self, workers: list[Worker]) -> list[Worker]:
        names = [worker.hostname for worker in workers]
        if names != self._names:
            self._names = names
            self._by_number = sorted(range(len(names)), key=lambda at: natural(names[at]))
        workers = [workers[at] for at in self._by_number]
        # Where not all are seen, what is wrong comes first.
        crowded = len(workers) > self.page_rows
        workers.sort(key=trouble_first if crowded else _offline_last)
        return workers

    def titles(self) -> tuple[Spans, Spans]:
        workers = self._workers
        right: list[Span] = []
        if self.session.marked_workers:
            right += [(f"{len(self.session.marked_workers)} marked", "accent"), ("  ", "text")]
        for status, role in (("lost", "failure"), ("late", "warning")):
            count = sum(worker.status == status for worker in workers)
            if count:
                right += [(f"{count} {status}", f"{role} bold"), (f" {self._dot} ", "faint")]
        off = sum(self._silent(worker) for worker in workers)
        live = [worker for worker in workers if worker.status in ("online", "late")]
        if off:
            right += [(f"events off on {off}", "warning"), (f" of {len(live)}", "muted")]
            if not self.session.engine.settings.read_only:
                right += [("  E", "key"), (" on", "muted")]
            return [(self.NAME, self.title_role)], right
        busy = sum(worker.active or 0 for worker in live)
        if live and all(worker.concurrency is not None for worker in live):
            slots = sum(worker.concurrency or 0 for worker in live)
            right.append((f"{busy:,} of {slots:,} busy", "muted"))
        elif live:
            right.append((f"{busy:,} busy", "muted"))
        return [(self.NAME, self.title_role)], right

    def footnote(self) -> Spans:
        most = self.session.engine.settings.max_workers
        return [(f"no more than {most:,} are kept", "muted")] if len(self._workers) >= most else []

    @property
    def _dot(self) -> str:
        return self.session.glyphs.dot

    @staticmethod
    def _silent(worker: Worker) -> bool:
        return worker.task_events is False and worker.status in ("online", "late")

    def context(self) -> CellContext:
        # The host alone tells them apart where all are called celery@; a wide table has room.
        context, width = super().context(), self.inside.width
        room = next(size for column, size in self.layout_for(width) if column.id == "name")
        if width >= 44 and all(len(worker.hostname) <= room for worker in self._workers):
            return context
        prefix = common_worker_prefix(worker.hostname for worker in self._workers)
        return CellContext(
            now=context.now, utc=context.utc, ascii=context.ascii, worker_prefix=prefix
        )

    def length(self) -> int:
        return len(self._workers)

    def window(self, start: int, count: int) -> list[Worker]:
        return self._workers[start : start + count]

    def position(self, key: str) -> int | None:
        return self._places.get(key)

    def key_of(self, item: Worker) -> str:
        return item.hostname

    def empty(self, width: int, height: int) -> list[Row]:
        return no_workers(self.session).rows(width, height, self.session.glyphs)

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
        return marked or ([] if self.cursor is None else [self.cursor])

    def action_mark(self) -> None:
        if self.cursor is None:
            return
        self.session.marked_workers ^= {self.cursor}
        self.action_move(1)
        self.paint()

    def action_mark_all(self) -> None:
        names = set(self._places)
        marked = self.session.marked_workers
        self.session.marked_workers = marked - names if names <= marked else marked | names
        self.paint()

    def action_open(self) -> None:
        if self.cursor is None:
            self.action_move(1)
        if self.cursor is not None:
            self.post_message(WorkerOpened(self.cursor))

    def silent_workers(self) -> list[str]:
        """The workers that are known to send no task events."""
        return [worker.hostname for worker in self._workers if self._silent(worker)]


def _offline_last(worker: Worker) -> tuple[int, float]:
    return int(worker.status == "offline"), 0.0
