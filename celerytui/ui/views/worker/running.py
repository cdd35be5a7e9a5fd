"""The running tasks of one worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from celerytui.columns import (
    clean,
    format_id,
    format_running,
    meter,
    short_name,
)
from celerytui.control import ENABLE_EVENTS, Scope
from celerytui.counts import counted
from celerytui.health.tasks import runs_long
from celerytui.health.workers import SILENT
from celerytui.model import Task, TaskState
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.messages import RowOpened
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.list import ListPane
from celerytui.ui.panes.pane import Row
from celerytui.ui.session import Session
from celerytui.ui.views.worker.pane import WorkerPane

METER = 14
NAME, ID, ARGS, RUNNING, USUAL = "NAME", "ID", "ARGS", "RUNNING", "VS p95"
HEADS = {
    NAME: "task name",
    ID: "task id, shortened in the middle",
    ARGS: "positional arguments",
    RUNNING: "run time so far",
    USUAL: "run time against the 95th percentile of its type",
}


MEASURE_SECONDS = 5.0


SAMPLE = 20_000
"""As many of the newest tasks as are looked at for the usual run time."""


class TypicalRuntimes:
    """The 95th percentile of the run time of tasks by name, measured every few seconds."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._at = float("-inf")
        self._names: frozenset[str] = frozenset()
        self._p95: dict[str, float] = {}

    def p95(self, names: Iterable[str]) -> Mapping[str, float]:
        """Name -> seconds, of those that have succeeded here."""
        wanted = frozenset(names)
        now = self._session.engine.clock()
        if wanted <= self._names and abs(now - self._at) < MEASURE_SECONDS:
            return self._p95
        self._at, self._names = now, wanted
        runtimes: dict[str, list[float]] = {}
        for task in self._session.engine.store.all_tasks()[-SAMPLE:]:
            if task.runtime is not None and task.name in wanted:
                runtimes.setdefault(task.name, []).append(task.runtime)
        self._p95 = {
            name: sorted(found)[min(len(found) - 1, len(found) * 95 // 100)]
            for name, found in runtimes.items()
        }
        return self._p95


class WorkerRunning(WorkerPane, ListPane[Task]):
    """The running tasks, longest first, each against the usual run time of its type."""

    NAME = "Running"

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._typical = TypicalRuntimes(session)
        self._tasks: list[Task] = []
        self._of: str | None = None

    def paint(self) -> None:
        fresh = self.session.paused_at is None or self._of != self.hostname
        if fresh and self.is_attached and self.display:
            self._of = self.hostname
            held = self.session.glance.tasks
            running = [task for task in held if task.state is TaskState.STARTED]
            running.sort(key=lambda task: task.started or task.seen)
            self._tasks = running
        super().paint()

    def titles(self) -> tuple[Spans, Spans]:
        worker = self.worker
        left: Spans = [(self.NAME, self.title_role)]
        # More than it can run: some of them have ended unsaid, and the worker is asked which.
        running = None if worker is None else worker.running
        doubted = 0 if running is None else len(self._tasks) - running
        right: list[Span] = []
        if doubted > 0:
            right = [(f"{doubted:,} in doubt", "warning"), ("  ", "text")]
        right.append((f"{len(self._tasks) - max(0, doubted):,}", "text"))
        if worker is not None and worker.concurrency:
            noun = {"prefork": "processes", "threads": "threads"}.get(worker.pool or "", "slots")
            right.append((f" of {worker.concurrency:,} {noun}", "muted"))
        return left, right

    def targets(self, scope: Scope) -> list[str]:
        task = next((one for one in self._tasks if one.id == self.cursor), None)
        if scope is Scope.TASK:
            return [] if task is None else [task.id]
        if scope is Scope.TYPE:
            return [task.name] if task is not None and task.name else []
        return super().targets(scope)

    def columns_explained(self) -> Sequence[tuple[str, str]]:
        return list(HEADS.items())

    def length(self) -> int:
        return len(self._tasks)

    def window(self, start: int, count: int) -> list[Task]:
        return self._tasks[start : start + count]

    def position(self, key: str) -> int | None:
        return next((at for at, task in enumerate(self._tasks) if task.id == key), None)

    def key_of(self, item: Task) -> str:
        return item.id

    def action_open(self) -> None:
        if self.cursor is None:
            self.action_move(1)
        if self.cursor is not None:
            self.post_message(RowOpened(Scope.TASK, self.cursor))

    def empty(self, width: int, height: int) -> list[Row]:
        worker = self.worker
        if worker is not None and worker.gone:
            notice = EmptyState("No running tasks", f"The worker is {worker.status}.")
        elif worker is not None and SILENT.on(worker):
            key = self.session.key_of(ENABLE_EVENTS.id)
            keys = () if self.session.read_only else ((key, "enable task events"),)
            notice = EmptyState(
                "Task events are off", "Without them running tasks are unknown.", keys=keys
            )
        elif worker is not None and worker.active:
            notice = EmptyState(
                f"{counted(worker.active, 'running task')} not seen here",
                "Started before the monitor did.",
                keys=((self.session.key_of("workers.ask"), "ask the workers"),),
            )  # fmt: skip
        else:
            notice = EmptyState("No running tasks")
        return notice.rows(width, height, self.session.glyphs)

    # Drawing

    def _widths(self, width: int) -> tuple[int, int, int]:
        """Cells for the name, the arguments and the meter; 0 for what has no room."""
        bar = METER + 12 if width >= 80 else 0
        room = width - 1 - 10 - 9 - bar
        name = max(8, min(24, room * 2 // 5 if room >= 34 else room))
        args = room - name - 2
        return name, args if args >= 10 else 0, bar

    def head(self, width: int) -> list[Line | Spans]:
        if self.inside.height < 4:
            return []
        name, args, bar = self._widths(width)
        line = Line(width, self.session.glyphs.ellipsis)
        line.put(1, NAME, "muted").put(name + 3, ID, "muted")
        if args:
            line.put(name + 13, ARGS, "muted")
        end = width - bar - 1
        line.put(end - 8, RUNNING, "strong", 8, "right")
        if bar:
            line.put(end + 2, USUAL, "muted")
        return [line]

    def draw(self, items: list[Task], width: int) -> list[Row]:
        paces = self._typical.p95(task.name for task in self._tasks if task.name)
        return [
            (self._row(task, paces.get(task.name or ""), width),
             "cursor" if self.at_cursor(task) else "bg")
            for task in items
        ]  # fmt: skip

    def _row(self, task: Task, pace: float | None, width: int) -> Line:
        session = self.session
        name, args, bar = self._widths(width)
        here = self.at_cursor(task)
        now = session.now()
        ran = task.running(now)
        times = ran / pace if ran is not None and pace else None
        late = times is not None and runs_long(times)
        line = Line(width, session.glyphs.ellipsis)
        line.put(0, session.glyphs.cursor if here else " ", "cursor")
        shown = short_name(task.name, name, ascii=session.ascii)
        line.put(1, shown, "strong" if here else "text", name)
        line.put(name + 3, format_id(task.id, ascii=session.ascii), "muted", 8)
        if args:
            line.put(name + 13, clean(task.args or "", limit=args * 2), "muted", args)
        end = width - bar - 1
        role = "warning bold" if late else "text"
        shown = format_running(task, now, ascii=session.ascii)
        line.put(end - 8, shown or session.glyphs.unknown, role, 8, "right")
        if bar and times is not None:
            drawn = meter(min(1.0, times), METER, ascii=session.ascii)
            full = len(drawn.rstrip("-─"))
            line.put(end + 2, drawn[:full], "warning" if late else "started")
            line.put(end + 2 + full, drawn[full:], "faint")
            if late:
                sign = f"{session.glyphs.growing} {min(times, 999):.1f} {session.glyphs.times}"
                line.put(end + 4 + METER, sign, "warning")
        return line
