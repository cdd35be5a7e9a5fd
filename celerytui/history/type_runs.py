"""What a history says that each type of task took, as counts and histograms by slice of time."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence

from msgspec import Struct

from celerytui.history.rows import NAME
from celerytui.history.schema import SUCCESS
from celerytui.model import TaskState
from celerytui.store.statistics.histogram import LEAST, MOST, OFFSET, SCALE

ENDED = (TaskState.RETRY, TaskState.CANCELLED)
"""The first and the last state that a run ends in; lost and missed ones are guesses."""


Run = tuple[int, int, int, float | None, int, int | None, int | None, float]
"""Runs that ended alike: slot, number of their name, state, bucket of their time, how many, all
their time and the longest in microseconds, when the last of them ended. Of those in no bucket no
time is known."""
Wait = tuple[int, int, float, int, int]
"""Waits alike: slot, number of their name, bucket, how many, the longest in microseconds."""


class TypeRuns(Struct, frozen=True):
    """What ended in a time, by slots of a width; `names` are those of the numbers."""

    runs: Sequence[Run]
    waits: Sequence[Wait]
    names: Mapping[int, str]


def bucket_of(column: str) -> str:
    """SQL for the bucket of a duration in microseconds, as `histogram.buckets_of` has it."""
    return (
        f"CASE WHEN {column} < {math.ceil(LEAST * 1e6)} THEN 0"
        f" ELSE floor(ln({column} / 1e6) * {SCALE!r} + {OFFSET}) END"
    )


def usable(column: str) -> str:
    """SQL for a duration that counts, else NULL."""
    return f"CASE WHEN {column} >= 0 AND {column} < {int(MOST * 1e6)} THEN {column} END"


RUN, WAIT, RETRIED = 0, 1, 2
"""The kinds of totals: of runs by their time, of waits, and of retries."""
TOTALS = "kind, last, name, bucket, number, busy, longest"
"""What is kept of successes that are no longer: by hour, name and bucket; `last` is when the last
of them ended, `busy` and `longest` are microseconds. Retries are in no bucket."""
TOTAL_SECONDS = 3600


def totals_of(rows: str) -> tuple[str, str]:
    """SQL for the totals of successes; `rows` is what follows FROM."""
    runtime, waited = usable("runtime"), usable("waited")
    return (
        f"SELECT {RUN}, max(seen), name, {bucket_of(runtime)}, count(*), sum({runtime}),"
        f" max({runtime}) FROM {rows} AND state = {SUCCESS} GROUP BY 3, 4",
        f"SELECT {WAIT}, max(seen), name, {bucket_of(waited)}, count(*), NULL, max({waited})"
        f" FROM {rows} AND state = {SUCCESS} AND {waited} IS NOT NULL GROUP BY 3, 4",
    )


def runs_by_slot(slot: str, rows: str, totals: str) -> tuple[str, str]:
    """SQL for runs and waits; `slot` is made of `at`, `rows` and `totals` are what follows FROM."""
    runtime, waited = usable("runtime"), usable("waited")
    ended = f"AND name IS NOT NULL AND state BETWEEN {ENDED[0]:d} AND {ENDED[1]:d}"
    return (
        f"SELECT {slot.format(at='seen')}, name, state, {bucket_of(runtime)}, count(*),"
        f" CAST(sum({runtime}) AS BIGINT), max({runtime}), max(seen)"
        f" FROM {rows} {ended} GROUP BY 1, 2, 3, 4"
        f" UNION ALL SELECT {slot.format(at='last')}, name, {SUCCESS}, bucket, number, busy,"
        f" longest, last FROM {totals} AND name IS NOT NULL AND kind = {RUN}",
        f"SELECT {slot.format(at='seen')}, name, {bucket_of(waited)}, count(*), max({waited})"
        f" FROM {rows} {ended} AND {waited} IS NOT NULL GROUP BY 1, 2, 3"
        f" UNION ALL SELECT {slot.format(at='last')}, name, bucket, number, longest FROM {totals}"
        f" AND name IS NOT NULL AND kind = {WAIT}",
    )


def _queries(counted: str) -> tuple[str, str]:
    return runs_by_slot(
        "CAST({at} / :width AS INTEGER)",
        f"tasks INDEXED BY tasks_seen WHERE seen >= :since AND seen < :until AND {counted}",
        "totals WHERE last >= :since AND last < :until",
    )


_NAMES = f"SELECT id, text FROM words WHERE kind = {NAME}"


def names_in(connection: sqlite3.Connection) -> dict[int, str]:
    """The task names of a segment by their numbers; raises sqlite3.Error."""
    return dict(connection.execute(_NAMES))


def types_in(
    connection: sqlite3.Connection, since: float, until: float, width: int, counted: str
) -> TypeRuns:
    """The runs of a segment, of the rows that SQL says are counted; raises sqlite3.Error."""
    have_logarithms(connection)
    run, bounds = connection.execute, {"since": since, "until": until, "width": width}
    runs, waits = (run(query, bounds).fetchall() for query in _queries(counted))
    return TypeRuns(runs, waits, names_in(connection))


LOGARITHM = "SELECT floor(ln(2))"


def have_logarithms(connection: sqlite3.Connection) -> None:
    """Give a connection logarithms: SQLite may have been built without them."""
    try:
        connection.execute(LOGARITHM)
    except sqlite3.OperationalError:
        connection.create_function("ln", 1, _logarithm, deterministic=True)
        connection.create_function("floor", 1, _floor, deterministic=True)


def _logarithm(value: float | None) -> float | None:
    return None if value is None else math.log(value)


def _floor(value: float | None) -> int | None:
    return None if value is None else math.floor(value)
