"""A history on PostgreSQL for the tests: where it is, and what is in it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from celerytui.errors import HistoryError
from celerytui.history.flush import Flush
from celerytui.history.place import place_of
from celerytui.history.postgres.place import PostgresPlace
from celerytui.history.postgres.writer import PostgresWriter
from celerytui.model import Task
from celerytui.query import parse_filter
from celerytui.settings import DEFAULTS, Keeping
from tests.unit.history_tasks import T0


def place_at(url: str) -> PostgresPlace:
    """The place of the app `shop` in a database."""
    place = place_of(url, "shop", "redis://h", os.environ)
    assert isinstance(place, PostgresPlace)
    return place


def writer_at(
    url: str, keeping: Keeping = DEFAULTS.keeping, *, started: float = T0
) -> PostgresWriter:
    """A writer of that place."""
    return PostgresWriter(place_at(url), "shop", "redis://h", keeping, started)


def record(url: str, flushes: Sequence[Sequence[Task]], now: float = T0) -> None:
    """Write tasks, one flush after the other."""
    writer = writer_at(url)
    writer.open(now)
    for one in flushes:
        writer.write(Flush(tasks=one), now)
    writer.close(now)


def found(url: str, query: str = "", now: float = T0, **bounds: float) -> list[Task]:
    """All tasks that match, in the order in which they are found."""
    history = place_at(url).reader()
    try:
        steps = history.search(parse_filter(query), now, **bounds)
        return [task for step in steps for task in step.tasks]
    finally:
        history.close()


def ids(url: str) -> list[str]:
    """The ids of all tasks, none where there is no history."""
    try:
        return [task.id for task in found(url)]
    except HistoryError:
        return []


def run(url: str, statement: str) -> list[Any]:
    """The rows of a statement in the history of `shop`."""
    with place_at(url).connect({}, 5.0) as link:
        cursor = link.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
