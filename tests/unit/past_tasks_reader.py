"""Past tasks of a history, as the engine reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from celery import Celery

from celerytui.control import Silences
from celerytui.engine import PastReading
from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.past_tasks import PastTasks
from celerytui.engine.request_pool import RequestPool
from celerytui.model import Task, TaskState
from celerytui.query import parse_filter
from celerytui.settings import Settings
from celerytui.store import Store
from tests.unit.history_tasks import T0, ended, record
from tests.unit.store_stream import ALPHA
from tests.waiting import wait_until

SECONDS = 20.0


def unfinished(number: int, at: float, state: TaskState, worker: str = ALPHA) -> Task:
    task = ended(number, at, state, worker=worker, finished=None, runtime=None)
    task.sent = at - 3
    return task


class Reader:
    """Past tasks of an app with a history, and results in a folder, read by a pool that runs."""

    def __init__(
        self, folder: Path, *, room: int = 100_000, backend: str = "", offline: bool = False
    ) -> None:
        self.folder = folder / "h"
        self.store = Store(max_tasks=room)
        app = Celery("t", broker="memory://", backend=backend or None, set_as_current=False)
        settings = Settings(history=f"sqlite:///{self.folder}", offline=offline)
        self.pool = RequestPool(app, settings, self.store, lambda: None, lambda: T0, Silences())
        self.access = HistoryAccess(settings, "t", "memory://")
        self.past = PastTasks(app, self.store, self.pool, self.access, lambda: T0)

    def record(self, *flushes: Sequence[Task], most_rows: int = 2_000_000) -> None:
        record(self.folder, flushes, most_rows=most_rows)

    def turn(self, query: str = "") -> PastReading:
        came: list[PastReading] = []
        assert self.past.more(parse_filter(query) if query else None, came.append)
        wait_until(lambda: bool(came), SECONDS, "the request")
        return came[0]

    @property
    def ids(self) -> set[str]:
        return {task.id for task in self.store.all_tasks()}
