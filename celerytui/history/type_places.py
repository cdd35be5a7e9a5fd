"""On which workers and from which queues the tasks of each name ran, as a history says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from celerytui.history.type_runs import RUN
from celerytui.model import TaskState
from celerytui.store.statistics import PlaceRuns

SUCCESS, FAILURE = int(TaskState.SUCCESS), int(TaskState.FAILURE)


class TypePlaces(Struct, frozen=True):
    """Where tasks ran that ended in a time; of successes up to `removed` that is not known."""

    runs: Sequence[PlaceRuns] = ()
    removed: float | None = None


def places_query(rows: str) -> str:
    """SQL for the runs; `rows` is what follows FROM."""
    return (
        f"SELECT name, worker, queue, count(*) FILTER (WHERE state = {SUCCESS}),"
        f" count(*) FILTER (WHERE state = {FAILURE}), max(seen) FROM {rows}"
        f" AND name IS NOT NULL AND state IN ({SUCCESS}, {FAILURE}) GROUP BY 1, 2, 3"
    )


def removed_query(totals: str) -> str:
    """SQL for until when successes were removed; `totals` is what follows FROM."""
    return f"SELECT max(last) FROM {totals} AND kind = {RUN}"


def runs_of(rows: Iterable[Any], texts: Mapping[int, str]) -> list[PlaceRuns]:
    """The runs of rows that were read, with the texts of their numbers."""
    return [
        PlaceRuns(texts[name], texts.get(worker), texts.get(queue), succeeded, failed, last)
        for name, worker, queue, succeeded, failed, last in rows
        if name in texts
    ]


def places_in(
    connection: sqlite3.Connection, since: float, until: float, counted: str
) -> TypePlaces:
    """Those of a segment, of the rows that SQL says are counted; raises sqlite3.Error."""
    run, bounds = connection.execute, (since, until)
    rows = f"tasks INDEXED BY tasks_seen WHERE seen >= ? AND seen < ? AND {counted}"
    found = run(places_query(rows), bounds).fetchall()
    (removed,) = run(removed_query("totals WHERE last >= ? AND last < ?"), bounds).fetchone()
    return TypePlaces(runs_of(found, dict(run("SELECT id, text FROM words"))), removed)
