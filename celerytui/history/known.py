"""What a history has of tasks and workers already, for those who bring in more."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.folder import Folder
from celerytui.history.rows import key_of, stored_id
from celerytui.history.trouble import explain

AT_ONCE = 500


def known_tasks(folder: Folder, task_ids: Sequence[str]) -> dict[str, bool]:
    """Those of these tasks that a history has, and whether they ended; raises HistoryError."""
    by_stored = {stored_id(one): one for one in task_ids}
    several = list(by_stored)
    found: dict[str, bool] = {}

    def look(connection: sqlite3.Connection) -> None:
        for start in range(0, len(several), AT_ONCE):
            some = {one: by_stored[one] for one in several[start : start + AT_ONCE]}
            for task_id in _unfinished(connection, some):
                found.setdefault(task_id, False)
            found.update(dict.fromkeys(_ended(connection, some), True))

    _look_into_each(folder, look)
    return found


def known_workers(folder: Folder) -> dict[str, float]:
    """When each worker was sampled last, in Unix seconds; raises HistoryError."""
    found: dict[str, float] = {}

    def look(connection: sqlite3.Connection) -> None:
        for name, at in connection.execute(
            "SELECT text, max(at) FROM workers JOIN words ON words.id = worker GROUP BY text"
        ):
            found[name] = max(at, found.get(name, at))

    _look_into_each(folder, look)
    return found


def _unfinished(connection: sqlite3.Connection, some: Mapping[str | bytes, str]) -> Iterator[str]:
    places = ", ".join("?" * len(some))
    query = f"SELECT task FROM open WHERE task IN ({places})"
    return (some[task] for (task,) in connection.execute(query, list(some)))


def _ended(connection: sqlite3.Connection, some: Mapping[str | bytes, str]) -> Iterator[str]:
    places = ", ".join("?" * len(some))
    query = f"SELECT task FROM tasks INDEXED BY tasks_key WHERE key IN ({places})"
    found = connection.execute(query, [key_of(one) for one in some])
    return (some[task] for (task,) in found if task in some)


def _look_into_each(folder: Folder, look: Callable[[sqlite3.Connection], None]) -> None:
    for file in folder.segments():
        try:
            with contextlib.closing(schema.open_to_read(file.path)) as connection:
                look(connection)
        except sqlite3.Error as error:
            if file.path.exists():
                raise HistoryError(explain(error, file.path)) from error
