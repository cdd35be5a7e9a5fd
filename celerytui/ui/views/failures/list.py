"""The list of the groups of failures."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, ClassVar

from celerytui.columns import (
    FAILURE_COLUMNS,
    CellContext,
    clean,
    common_worker_prefix,
    format_clock,
)
from celerytui.counts import counted
from celerytui.document import failure_row
from celerytui.store import FailureRow, VariantRow, variant_rows
from celerytui.store.failures import recorded
from celerytui.store.statistics import WINDOWS
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.messages import PaneAsked
from celerytui.ui.panes.empty import EmptyState, no_tasks
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.panes.narrowed import Listed
from celerytui.ui.panes.pane import Row
from celerytui.ui.panes.windows import reached
from celerytui.ui.views.failures.keyed import FailurePane

MESSAGES = 5
"""As many messages are listed below a group."""
BELOW = "\n"
"""Between a group's key and the number of a line below it."""


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
        return max(len(self._all), len(self._items))

    @property
    def about(self) -> Hashable:
        session = self.session
        reach = session.engine.past_windows.reach(session.failure_window.label)
        known = reach is None or reach.done
        return session.failure_window, session.engine.store.failures.changed, known

    def read(self) -> list[FailureRow]:
        session = self.session
        return session.engine.store.failures.rows(session.now(), session.failure_window)

    def put_in_order(self) -> None:
        super().put_in_order()
        groups = self._items
        self._unfold({group.key for group in self._all})
        self.session.failure = self.chosen or (groups[0].key if groups else None)

    def rearrange(self) -> None:
        self.put_in_order()

    def _unfold(self, known: set[str]) -> None:
        """Put the messages of unfolded groups below them."""
        session = self.session
        session.unfolded &= known
        if not session.unfolded:
            return
        items: list[FailureRow] = []
        for row in self._items:
            items.append(row)
            if row.key in session.unfolded:
                detail = session.engine.store.failures.detail(row.key)
                items += variant_rows(row, detail.variants if detail else (), MESSAGES)
        self._items = items
        self._places = {self.key_of(item): at for at, item in enumerate(items)}

    @property
    def chosen(self) -> str | None:
        found = super().chosen
        return None if found is None else found.partition(BELOW)[0]

    @property
    def _groups(self) -> list[FailureRow]:
        return [row for row in self._items if not isinstance(row, VariantRow)]

    def narrowed(self) -> list[Span]:
        groups = f"{len(self._groups):,}"
        return [(groups, "text"), (f" of {len(self.candidates()):,}", "muted")]

    def listed(self) -> Listed:
        groups = self._groups
        return Listed(self.NOUN, map(self.document, groups), len(groups))

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
        if limit := self._limit():
            found += [*([("  ", "text")] if found else []), (limit, "warning")]
        if reach := reached(self.session, self.session.failure_window.label):
            found += [*([("  ", "text")] if found else []), *reach]
        return found

    def _limit(self) -> str:
        """From when on all failures of the window are counted, where there are too many."""
        session, now = self.session, self.session.now()
        since = session.engine.store.failures.counted_back_to
        if since is None or since < now - WINDOWS[session.failure_window.label]:
            return ""
        at = format_clock(since, session.utc, now=now)
        most = counted(recorded.MOST, "recorded task")
        return f"before {at} not all are counted: the limit is {most}"

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
        return f"{item.key}{BELOW}{item.number}" if isinstance(item, VariantRow) else item.key

    def draw(self, items: list[FailureRow], width: int) -> list[Row]:
        groups = [item for item in items if not isinstance(item, VariantRow)]
        drawn = iter(super().draw(groups, width))
        return [
            self._message(item, width) if isinstance(item, VariantRow) else next(drawn)
            for item in items
        ]

    def _message(self, item: VariantRow, width: int) -> Row:
        """A message below its group, where the group has its exception."""
        glyphs, here = self.session.glyphs, self.at_cursor(item)
        line = Line(width, glyphs.ellipsis).left(*self.before(item))
        start = self.GUTTER
        for one, size in self.layout_for(width):
            start += one.gap if start > self.GUTTER else 0
            if one.id == "exception":
                break
            start += size
        branch = glyphs.last if item.last else glyphs.branch
        times = f"{glyphs.times}{item.times:,}"
        line.put(start, branch, "faint").put(start + 3, times, "strong" if here else "muted")
        text = clean(item.text, limit=300) or "no message"
        if item.others != 0:
            text = "other messages" if item.others is None else counted(item.others, "more message")
        line.put(
            start + 5 + len(times), text, "text" if item.text and item.others == 0 else "muted"
        )
        return line, "cursor" if here else "bg"

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
