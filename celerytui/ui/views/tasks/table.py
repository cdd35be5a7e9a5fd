"""The table of tasks: 100,000 rows cost no more than the ones on the screen."""

from __future__ import annotations

import json
from collections.abc import Hashable
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from celerytui.columns import (
    TASK_COLUMNS,
    CellContext,
    clean,
    column,
    common_worker_prefix,
)
from celerytui.control import Scope
from celerytui.counts import agree, counted
from celerytui.document import task_row
from celerytui.masking import mask
from celerytui.model import Task
from celerytui.query import Filter
from celerytui.store import FROM_HISTORY, FROM_RESULTS
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.messages import RowOpened, TaskSelected
from celerytui.ui.panes.empty import no_tasks
from celerytui.ui.panes.narrowed import Listed
from celerytui.ui.panes.pane import Row
from celerytui.ui.panes.table import TablePane
from celerytui.ui.session import Session
from celerytui.ui.views.tasks.past import past_text

if TYPE_CHECKING:
    from celerytui.engine.past_search import PastReading

NAMED = 1_000
"""As many marked tasks as are looked at for their names."""
ASKED = 20
"""As many marked tasks as are looked at for whether any has a name."""

PAGE = 100
"""As many tasks are read from the store at a time to be written to a file."""

_SHORT = {FROM_HISTORY: "history", FROM_RESULTS: "results"}

PROGRESS_SECONDS = 0.2
"""How soon it is said again how far a search is."""


class TaskTable(TablePane[Task]):
    """The tasks that match the filter, in the order chosen; marks are kept by id."""

    NAME = "Tasks"
    COLUMNS = TASK_COLUMNS
    GUTTER = 2
    HEAD_FROM = 2
    KEYS: ClassVar[tuple[str, ...]] = ("tasks", "marks", "task")

    keeps_cursor = True
    last_good: str = ""
    """The filter that is shown while the one being typed does not parse."""

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        if (order := self.remembered_order()) is not None:
            session.engine.show(sort=order.column, reverse=order.reverse)

    def titles(self) -> tuple[Spans, Spans]:
        view, session = self.session.engine.view, self.session
        left: list[Span] = [(self.NAME, self.title_role)]
        if session.filter_text:
            left += [("  / ", "muted"), (clean(session.filter_text), "text")]
        right: list[Span] = []
        missing = [] if session.framed else self.left_out()
        if self.last_good:
            right += [("last good filter", "warning"), ("  ", "text")]
        if view.stale:
            same = view.showing[0].filter == view.filter
            right += [("sorting" if same else "searching", "warning"), ("  ", "text")]
        if self.follow:
            right += [("following the newest", "accent"), ("  ", "text")]
        if session.marked:
            right += [(f"{len(session.marked):,} marked", "accent"), ("  ", "text")]
        if session.filter_text:
            right += [(f"{view.matched:,}", "text"), (f" of {view.total:,}", "muted")]
        else:
            summary = session.summary
            if summary.first_event_at is not None and not missing and not session.replaying:
                # The header's "queued" leaves these out.
                right += [
                    (f"in workers {summary.by_state['received']:,}", "muted"),
                    ("   ", "text"),
                ]
            right += [(f"{view.total:,}", "text"), (f" {agree(view.total, 'task')}", "muted")]
        if session.replaying:
            right.append((" at this moment", "muted"))
        if missing:
            right += [("  ", "text"), *missing]
        return left, right

    def left_out(self) -> list[Span]:
        """What is not in the table: malformed events, events that failed, evicted tasks."""
        summary = self.session.summary
        found: list[Span] = []
        if summary.events_invalid:
            found.append((counted(summary.events_invalid, "malformed event"), "warning"))
        dot = f" {self.session.glyphs.dot} "
        if summary.events_failed:
            text = f"{counted(summary.events_failed, 'event')} not applied"
            found.append(((dot if found else "") + text, "warning"))
        for source, count in self.session.engine.past.brought.items():
            found.append(
                (f"{dot if found else ''}{count:,} from {_SHORT.get(source, source)}", "muted")
            )
        if summary.evicted:
            found.append((f"{dot if found else ''}{summary.evicted:,} evicted", "muted"))
        return found

    @property
    def sort_column(self) -> str | None:
        return self.session.engine.view.sort

    @property
    def sort_reverse(self) -> bool:
        return self.session.engine.view.reverse

    def context(self) -> CellContext:
        context = super().context()
        prefix = common_worker_prefix(one.hostname for one in self.session.engine.store.workers())
        return CellContext(
            now=context.now, utc=context.utc, ascii=context.ascii, worker_prefix=prefix
        )

    def length(self) -> int:
        return self.session.engine.view.matched

    def window(self, start: int, count: int) -> list[Task]:
        return self.session.engine.view.window(start, count)

    def position(self, key: str) -> int | None:
        return self.session.engine.view.position(key)

    def key_of(self, item: Task) -> str:
        return item.id

    def lasting(self, item: Task, context: CellContext) -> Hashable:
        if not item.state.finished:
            return None
        # Clocks get a date on the next day.
        return context.utc, context.worker_prefix, int(context.now // 60)

    def ground(self, item: Task) -> str:
        return "marked" if item.id in self.session.marked else "bg"

    def before(self, item: Task) -> Spans:
        cursor = self.session.glyphs.cursor if self.at_cursor(item) else " "
        mark = self.session.glyphs.marked if item.id in self.session.marked else " "
        return [(cursor, "cursor"), (mark, "accent")]

    @property
    def answers(self) -> bool:
        view = self.session.engine.view
        made, _ = view.showing
        return (made.filter, made.sort, made.reverse) == (view.filter, view.sort, view.reverse)

    def empty(self, width: int, height: int) -> list[Row]:
        if self.session.engine.view.stale:
            self._progress_shown_again()
        state = no_tasks(self.session)
        engine = self.session.engine
        where = "history" if engine.history.kept else "result backend"
        if not engine.view.stale and (engine.history.kept or engine.results_ahead.kept):
            key = self.session.key_of("results.older")
            state.keys = (*state.keys, (key, f"look in the {where}"))
        return state.rows(width, height, self.session.glyphs)

    def _progress_shown_again(self) -> None:
        """No news comes while a search goes on that has found nothing yet."""
        self.set_timer(PROGRESS_SECONDS, self.redraw)

    @property
    def narrowed_by(self) -> str:
        return self.session.filter_text

    def narrow(self, text: str, made: Filter | None) -> None:
        self.session.filter_text = text
        self.session.engine.show(filter=made)
        self.end_narrowing()

    def keep_narrowed(self) -> None:
        self.last_good = self.session.filter_text or "all"
        self.paint()

    def end_narrowing(self) -> None:
        self.last_good = ""
        self.paint()

    def listed(self) -> Listed:
        now = self.session.now()
        total, pages = self.session.engine.view.pages(PAGE)
        rows = (None if task is None else task_row(task, now) for page in pages for task in page)
        return Listed("task", rows, total)

    def cursor_moved(self) -> None:
        self.post_message(TaskSelected(self.cursor))

    def targets(self, scope: Scope) -> list[str]:
        """The marked tasks, else the one under the cursor; or their names."""
        if scope not in (Scope.TASK, Scope.TYPE):
            return []
        marked = self.session.marked
        here = [] if self.cursor is None else [self.cursor]
        if scope is Scope.TYPE:
            some = list(islice(marked, NAMED)) if marked else here
            found = self.session.engine.store.tasks(some)
            return sorted({task.name for task in found if task is not None and task.name})
        return sorted(marked) or here

    def has_targets(self, scope: Scope) -> bool:
        if scope is Scope.TASK:
            return bool(self.session.marked) or self.cursor is not None
        if scope is not Scope.TYPE:
            return False
        some = islice(self.session.marked, ASKED) if self.session.marked else [self.cursor or ""]
        found = self.session.engine.store.tasks(list(some))
        return any(task is not None and task.name for task in found)

    @property
    def current_task(self) -> str | None:
        return self.cursor

    # Keys

    def action_open(self) -> None:
        if self.cursor is None:
            self.action_move(1)
        if self.cursor is not None:
            self.post_message(RowOpened(Scope.TASK, self.cursor))

    def action_mark(self) -> None:
        if self.cursor is None:
            return
        self.session.marked ^= {self.cursor}
        self.action_move(1)
        self.paint()

    def action_mark_all(self) -> None:
        matching = set(self.session.engine.view.matching_ids())
        if matching <= self.session.marked:
            self.session.marked -= matching
        else:
            self.session.marked |= matching
        self.paint()

    def action_follow(self) -> None:
        self.follow = not self.follow
        if not self.follow:
            self.release_cursor()
        self.paint()

    def action_older_results(self) -> None:
        """Bring in what is in memory no longer, or never was, a part at a time."""
        past, app = self.session.engine.past, self.app

        def done(reading: PastReading) -> None:
            app.call_later(self._results_read, reading)

        made = self.session.engine.view.filter
        if past.more(made, done):
            app.notify("searching older tasks", markup=False, timeout=2)

    def _results_read(self, reading: PastReading) -> None:
        key = self.session.key_of("results.older")
        text, failed = past_text(reading, key, self.session.now(), utc=self.session.utc)
        severity: Literal["information", "error"] = "error" if failed else "information"
        self.app.notify(text, markup=False, timeout=8, severity=severity)

    def action_reverse(self) -> None:
        view = self.session.engine.view
        self.session.engine.show(sort=view.sort, reverse=not view.reverse)
        self.remember_order()
        self.paint()

    def sort_by(self, column_id: str) -> None:
        view = self.session.engine.view
        if column_id == view.sort:
            reverse = not view.reverse
        else:
            reverse = column(TASK_COLUMNS, column_id).falls
        self.session.engine.show(sort=column_id, reverse=reverse)
        self.remember_order()
        self.paint()


def as_json(task: Task) -> str:
    """A task as one JSON document, unknown fields left out and passwords masked."""
    document = {
        key: value
        for key, value in msgspec.to_builtins(task).items()
        if value is not None and key not in ("extra", "lineage", "seq")
    }
    family = {"root_id": task.root_id, "parent_id": task.parent_id}
    document.update({key: value for key, value in family.items() if value is not None})
    document["state"] = task.state.constant
    document.update({k: v for k, v in msgspec.to_builtins(task.more).items() if v})
    return mask(json.dumps(document, indent=2, ensure_ascii=True))
