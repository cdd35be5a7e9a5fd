"""What django-celery-monitor, and django-celery before it, kept in a database: tasks and workers.

Their cameras wrote one row of each task, with its newest state. Only read, by plain SQL.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from celerytui.errors import HistoryError
from celerytui.iso_time import moment
from celerytui.masking import learn, mask_url, one_line, passwords_in
from celerytui.model import BY_CONSTANT, Task, TaskExtra, TaskState, Worker
from celerytui.read_only_sql import engine_of, limit, project_zone, table_of

PAGE = 2_000
"""Rows of one question."""
PREFIXES = ("celery_monitor", "djcelery")
SOURCE = "django-celery-monitor tables"
"""As the source of what a task came to."""

Row = Mapping[str, Any]


class CameraTables:
    """The tables at a URL; raises HistoryError where they cannot be read, or are not there."""

    def __init__(self, url: str) -> None:
        learn(passwords_in(url))
        self.name = mask_url(url)
        named = project_zone()
        self._zone = timezone.utc if named in (None, "UTC") else ZoneInfo(named)
        self._url = url.replace("postgres://", "postgresql://", 1)
        self._engine: Any = None
        self._prefixes: tuple[str, ...] = ()

    def open(self) -> None:
        """See which tables there are."""
        with self._connected() as connection:
            self._prefixes = tuple(
                one for one in PREFIXES if table_of(connection, f"{one}_taskstate") is not None
            )
        if not self._prefixes:
            names = " and no ".join(f"{one}_taskstate" for one in PREFIXES)
            raise HistoryError(f"{self.name}: no table {names}; name the database of your project")

    def count(self) -> int:
        """How many tasks there are."""
        import sqlalchemy as sa

        with self._connected() as connection:
            tables = (table_of(connection, f"{one}_taskstate") for one in self._prefixes)
            counts = (sa.select(sa.func.count()).select_from(one) for one in tables
                      if one is not None)  # fmt: skip
            return sum(int(connection.execute(one).scalar_one()) for one in counts)

    def tasks(self) -> Iterator[Sequence[Task | None]]:
        """All tasks, a page at a time; None where no task can be made of a row."""
        for prefix in self._prefixes:
            names: dict[Any, str] = {}
            for rows in self._pages(f"{prefix}_workerstate"):
                names.update((row["id"], str(row.get("hostname"))) for row in rows)
            for rows in self._pages(f"{prefix}_taskstate"):
                yield [task_of(row, names.get(row.get("worker_id")), self._zone) for row in rows]

    def workers(self) -> Iterator[Sequence[Worker | None]]:
        """All workers as they were at their last heartbeat; None for one without."""
        for prefix in self._prefixes:
            for rows in self._pages(f"{prefix}_workerstate"):
                yield [worker_of(row, self._zone) for row in rows]

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()

    def _pages(self, name: str) -> Iterator[list[dict[str, Any]]]:
        """The rows of a table by their primary key; none where there is no such table."""
        import sqlalchemy as sa

        after = None
        while True:
            with self._connected() as connection:
                table = table_of(connection, name)
                if table is None:
                    return
                query = sa.select(*table.c).order_by(table.c.id).limit(PAGE)
                if after is not None:
                    query = query.where(table.c.id > after)
                rows = [dict(row) for row in connection.execute(query).mappings()]
            if not rows:
                return
            after = rows[-1]["id"]
            yield rows

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        import sqlalchemy as sa

        try:
            if self._engine is None:
                self._engine = engine_of(self._url, {})
            with self._engine.connect() as connection:
                limit(connection)
                yield connection
        except (sa.exc.SQLAlchemyError, OSError, ImportError, sqlite3.Error) as error:
            cause = getattr(error, "orig", None) or error
            raise HistoryError(f"{self.name}: {one_line(cause)}") from error


def task_of(row: Row, worker: str | None, zone: tzinfo) -> Task | None:
    """The task of a row, None where it lacks an id, a time or a known state.

    `zone` is that of times which have none.
    """
    state = BY_CONSTANT.get(str(row.get("state")).upper())
    task_id, at = _text(row.get("task_id")), moment(row.get("tstamp"), zone)
    if state is None or state.guessed or not task_id or at is None:
        return None
    failed = state in (TaskState.FAILURE, TaskState.RETRY)
    outcome = _text(row.get("result"))
    retries = row.get("retries")
    task = Task(
        task_id,
        0,
        state,
        name=_text(row.get("name")),
        worker=worker,
        args=_text(row.get("args")),
        kwargs=_text(row.get("kwargs")),
        result=None if failed else outcome,
        retries=retries if isinstance(retries, int) else None,
        runtime=_span(row.get("runtime")),
        seen=at,
    )
    task.extra = TaskExtra(
        exception=outcome if failed else None,
        traceback=_text(row.get("traceback")),
        eta=moment(row.get("eta"), zone),
        expires=moment(row.get("expires"), zone),
        source=SOURCE if state.finished else None,
    )
    _put_time(task, at)
    return task


def worker_of(row: Row, zone: tzinfo) -> Worker | None:
    """The worker of a row at its last heartbeat, None where it lacks a name or has had none."""
    hostname, at = _text(row.get("hostname")), moment(row.get("last_heartbeat"), zone)
    if not hostname or at is None:
        return None
    return Worker(hostname, at, at, last_heartbeat=at, status="online")


def _put_time(task: Task, at: float) -> None:
    """Keep the one time of a row, that of its newest event, as that of its state."""
    if task.state.finished:
        task.finished = at
    elif task.state is TaskState.SENT:
        task.sent = at
    elif task.state is TaskState.RECEIVED:
        task.received = at
    elif task.state is TaskState.STARTED:
        task.started = at
    elif task.extra is not None:
        task.extra.retried = at


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _span(value: Any) -> float | None:
    if isinstance(value, (int, float)) and math.isfinite(value) and value >= 0:
        return float(value)
    return None
