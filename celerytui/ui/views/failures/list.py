"""The list of the groups of failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from celerytui.columns import FAILURE_COLUMNS, CellContext, clean, common_worker_prefix
from celerytui.counts import counted
from celerytui.document import failure_row
from celerytui.store import FailureRow
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.messages import PaneAsked
from celerytui.ui.panes.empty import EmptyState, no_tasks
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.views.failures.keyed import FailurePane


class FailureList(FailurePane, LoadedTable[FailureRow]):
    """Every group that came in the window: those not resolved first, the newest first."""

    NAME = "Failures"
    NOUN = "group"
    LABELS: ClassVar[Mapping[str, str]] = {}
    COLUMNS = FAILURE_COLUMNS
    SOUGHT = "part of a task's name, an exception or its message"
    ORDER = "unresolved first, then newest"

    keeps_cursor = True

    @property
    def rows_wanted(self) -> int:
        return len(self._all)

    def read(self) -> list[FailureRow]:
        session = self.session
        return session.engine.store.failures.rows(session.now(), session.failure_window)

    def put_in_order(self) -> None:
        super().put_in_order()
        first = self._items[0].key if self._items else None
        self.session.failure = self.chosen or first

    def trouble(self, *, crowded: bool) -> Callable[[FailureRow], Any]:
        return lambda row: (row.standing == "resolved", -row.last_seen)

    def titles(self) -> tuple[Spans, Spans]:
        left = [
            *self.left_title(),
            ("  last ", "muted"),
            (self.session.failure_window.label, "text"),
        ]
        if self.word:
            return left, self.narrowed()
        rows = self._all
        failed, retried = sum(row.failed for row in rows), sum(row.retried for row in rows)
        dot: Span = (f" {self.session.glyphs.dot} ", "faint")
        right: list[Span] = []
        for standing in ("new", "again"):
            if number := sum(row.standing == standing for row in rows):
                right += [(f"{number:,} {standing}", "warning bold"), *self._since(standing), dot]
        right += [(counted(len(rows), "group"), "muted"), dot]
        right.append((counted(failed, "failure"), "muted"))
        if retried:
            right += [dot, (f"{retried:,} retried", "muted")]
        return left, right

    def _since(self, standing: str) -> list[Span]:
        """Which mark the new ones are new since."""
        since = {row.since for row in self._all if row.standing == standing and row.since}
        return [(f" since {clean(one, limit=24)}", "muted") for one in since]

    def left_out(self) -> list[Span]:
        found: list[Span] = []
        if trouble := self.session.engine.resolutions.trouble:
            found.append((trouble, "warning"))
        if others := self.session.engine.store.failures.others:
            found.append((f"{'  ' if found else ''}{counted(others, 'failure')} not kept", "muted"))
        return found

    def context(self) -> CellContext:
        context = super().context()
        names = {name for row in self._all for name, _ in row.workers}
        return CellContext(
            now=context.now,
            utc=context.utc,
            ascii=context.ascii,
            worker_prefix=common_worker_prefix(names),
        )

    def key_of(self, item: FailureRow) -> str:
        return item.key

    def name_of(self, item: FailureRow) -> str:
        return f"{item.task} {item.exception} {item.message}"

    def document(self, item: FailureRow) -> dict[str, Any]:
        return failure_row(self.session.engine.store, item)

    def nothing(self) -> EmptyState:
        session = self.session
        if session.engine.store.summary(session.now()).first_event_at is None:
            return no_tasks(session)
        return EmptyState(
            f"No failures in the last {session.failure_window.label}",
            "Failed, retried, lost, missed, rejected and terminated tasks appear here in groups.",
            keys=((session.key_of("window.longer"), "longer window"),),
        )

    def cursor_moved(self) -> None:
        self.session.failure = self.chosen or self.session.failure
        detail = self.screen.query("#failure")
        for pane in detail.results(FailurePane):
            pane.paint()

    def open_row(self, key: str) -> None:
        self.session.failure = key
        self.post_message(PaneAsked("failure"))
