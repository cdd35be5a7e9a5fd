"""The views: which panes stand where. A view is one `View` here.

The panes of the dashboard are there from the start. Those of other views, and their modules, come
with the first look at them: the first frame does not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.widget import Widget

from celerytui.ui.panes.pane import Pane
from celerytui.ui.panes.throughput import Throughput
from celerytui.ui.session import Session
from celerytui.ui.views import layout
from celerytui.ui.views.layout import Needs, PaneLayout, Regions
from celerytui.ui.views.queues.list import QueueList
from celerytui.ui.views.task.detail import DetailPane
from celerytui.ui.views.tasks.table import TaskTable
from celerytui.ui.views.workers.list import WorkerList


class View(Struct, frozen=True):
    """A named arrangement of panes; `key` is its digit, "" for one that is reached from others.

    `panes` are all that it may show, `focus` the one that has the focus at first; `inside` is the
    view that it is a part of.
    """

    name: str
    key: str
    label: str
    regions: Callable[[Size, Needs], Regions]
    panes: tuple[str, ...]
    focus: str
    inside: str = ""


VIEWS = (
    View(
        "dashboard", "1", "Dashboard", layout.dashboard,
        ("workers", "queues", "throughput", "tasks", "detail"), "tasks",
    ),
    View("tasks", "2", "Tasks", layout.tasks, ("tasks", "detail"), "tasks"),
    View("workers", "3", "Workers", layout.alone("workers"), ("workers",), "workers"),
    View("queues", "4", "Queues", layout.alone("queues"), ("queues",), "queues"),
    View("log", "9", "Log", layout.alone("log"), ("log",), "log"),
    View("task", "", "Task", layout.alone("detail"), ("detail",), "detail", "tasks"),
    View(
        "worker", "", "Worker", layout.worker,
        layout.WORKER_PANES, "running", "workers",
    ),
)  # fmt: skip
BY_NAME = {view.name: view for view in VIEWS}


def _log_panes(session: Session) -> Iterator[Pane]:
    from celerytui.ui.views.log.list import LogList

    yield LogList(session, id="log")


def _worker_panes(session: Session) -> Iterator[Pane]:
    from celerytui.ui.views.worker.chart import WorkerThroughput
    from celerytui.ui.views.worker.facts import WorkerFacts
    from celerytui.ui.views.worker.log import WorkerLog
    from celerytui.ui.views.worker.running import WorkerRunning
    from celerytui.ui.views.worker.sections import WorkerSections
    from celerytui.ui.views.worker.waiting import WorkerWaiting

    yield WorkerFacts(session, id="facts")
    yield WorkerLog(session, id="answered")
    yield WorkerThroughput(session, id="chart")
    yield WorkerRunning(session, id="running")
    yield WorkerWaiting(session, id="waiting")
    yield WorkerSections(session, id="sections")


_LATE: dict[str, Callable[[Session], Iterator[Pane]]] = {"log": _log_panes, "worker": _worker_panes}


class Body(Widget):
    """The panes, of which the current view shows some."""

    DEFAULT_CSS = """
    Body { width: 100%; height: 1fr; background: $background; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(id="body")
        self.session = session
        self.alone: str | None = None
        self.typed_for: str | None = None
        """The pane that the line above is typed for: it keeps the place of the one in focus."""
        self._late = dict(_LATE)
        self._regions: Regions = {}
        self.styles.set_rule("layout", PaneLayout(self._current))

    def compose(self) -> ComposeResult:
        yield WorkerList(self.session, id="workers")
        yield QueueList(self.session, id="queues")
        yield Throughput(self.session, id="throughput")
        yield TaskTable(self.session, id="tasks")
        yield DetailPane(self.session, id="detail")

    def _current(self, size: Size) -> Regions:
        return self.view.regions(size, self._needs())

    @property
    def view(self) -> View:
        """The view that is shown."""
        return BY_NAME[self.session.view]

    def arrange_panes(self, *, focus: bool = False) -> None:
        """Work out which panes have room and where; with `focus`, go to the view's own pane."""
        self.session.framed = self.app.size.width >= layout.FRAMED_FROM
        regions = self._current(self.size)
        changed = regions != self._regions
        self._regions = regions
        if self.view.name in self._late:
            self.mount_all(self._late.pop(self.view.name)(self.session))
        for pane in self.query(Pane):
            pane.display = pane.id in regions
        if changed:
            self.query(Pane).first().refresh(layout=True)  # with it goes what was arranged before
        if focus or self._focus_is_lost():
            wanted = self.view.focus if self.view.focus in regions else next(iter(regions), None)
            if wanted is not None and self.is_attached:
                self.query_one(f"#{wanted}", Pane).focus()

    def _focus_is_lost(self) -> bool:
        focused = self.screen.focused
        return focused is None or (isinstance(focused, Pane) and focused.id not in self._regions)

    def _needs(self) -> Needs:
        store = self.session.engine.store
        focused = self.screen.focused
        name = (focused.id if isinstance(focused, Pane) else self.typed_for) or ""
        return Needs(
            workers=len(store.workers()),
            queues=len(store.queues()),
            alone=self.alone,
            focused=name if name in self.view.panes else self.view.focus,
        )

    @property
    def panes(self) -> list[Pane]:
        """The panes that are shown, in reading order."""
        return [pane for pane in self.query(Pane) if pane.id in self._regions]

    def next_pane(self, by: int) -> None:
        """Give the focus to the next pane, also to one that shows only while it has it."""
        # Where there is room for one alone, the others show while they have the focus.
        single = self.alone is None and (
            self.view.name == "worker"
            or (self.view.name == "dashboard" and len(self._regions) == 1)
        )
        shown = [name for name in self.view.panes if name in self._regions or single]
        focused = self.screen.focused
        at = shown.index(focused.id) if focused is not None and focused.id in shown else 0
        wanted = shown[(at + by) % len(shown)]
        pane = self.query_one(f"#{wanted}", Pane)
        pane.display = True
        self.screen.set_focus(pane)
        self.arrange_panes()

    def on_resize(self, event: events.Resize) -> None:
        self.arrange_panes()
