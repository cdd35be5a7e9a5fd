"""What a history says that each type of task took, as counts and histograms by slice of time."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from celerytui.history.rows import NAME
from celerytui.model import TaskState
from celerytui.store.statistics.histogram import LEAST, MOST, OFFSET, SCALE

ENDED = (TaskState.RETRY, TaskState.CANCELLED)
"""The first and the last state that a run ends in; lost and missed ones are guesses."""


class Runs(Struct, frozen=True):
    """Runs of a name that ended in a state, and whose run times are in one bucket of a histogram.

    `bucket` is None for those of which none is known; `busy` and `longest` are microseconds,
    `last` is when the last of them ended.
    """

    slot: int
    name: str
    state: TaskState
    bucket: int | None
    count: int
    busy: int
    longest: int
    last: float


class Waits(Struct, frozen=True):
    """The same for how long tasks waited before they ran."""

    slot: int
    name: str
    bucket: int
    count: int
    longest: int


class TypeRuns(Struct, frozen=True):
    """What ended in a time, by slots of a width."""

    runs: Sequence[Runs]
    waits: Sequence[Waits]


# The newest record of a task counts, and few have several.
_NEWEST = (
    "(key NOT IN (SELECT key FROM again) OR NOT EXISTS (SELECT 1 FROM tasks AS newer"
    " INDEXED BY tasks_key WHERE newer.key = tasks.key AND newer.id > tasks.id"
    " AND newer.task = tasks.task))"
)
_FROM = (
    "FROM tasks INDEXED BY tasks_seen WHERE seen >= :since AND seen < :until"
    f" AND state BETWEEN {ENDED[0]:d} AND {ENDED[1]:d} AND {_NEWEST}"
)


def bucket_of(column: str) -> str:
    """SQL for the bucket of a duration in microseconds, as `histogram.buckets_of` has it."""
    return (
        f"CASE WHEN {column} < {math.ceil(LEAST * 1e6)} THEN 0"
        f" ELSE floor(ln({column} / 1e6) * {SCALE!r} + {OFFSET}) END"
    )


def usable(column: str) -> str:
    """SQL for a duration that counts, else NULL."""
    return f"CASE WHEN {column} >= 0 AND {column} < {int(MOST * 1e6)} THEN {column} END"


_RUNS = (
    "SELECT slot, text, state, bucket, number, busy, longest, last FROM"
    " (SELECT CAST(seen / :width AS INTEGER) AS slot, name, state,"
    f" {bucket_of(usable('runtime'))} AS bucket, count(*) AS number,"
    f" sum({usable('runtime')}) AS busy, max({usable('runtime')}) AS longest, max(seen) AS last"
    f" {_FROM} GROUP BY 1, 2, 3, 4) JOIN words ON words.id = name AND words.kind = {NAME}"
)
_WAITS = (
    "SELECT slot, text, bucket, number, longest FROM"
    " (SELECT CAST(seen / :width AS INTEGER) AS slot, name,"
    f" {bucket_of(usable('waited'))} AS bucket, count(*) AS number, max(waited) AS longest"
    f" {_FROM} AND {usable('waited')} IS NOT NULL GROUP BY 1, 2, 3)"
    f" JOIN words ON words.id = name AND words.kind = {NAME}"
)


def types_in(connection: sqlite3.Connection, since: float, until: float, width: int) -> TypeRuns:
    """The runs of a segment; raises sqlite3.Error."""
    _have_logarithms(connection)
    bounds = {"since": since, "until": until, "width": width}
    return type_runs(connection.execute(_RUNS, bounds), connection.execute(_WAITS, bounds))


def type_runs(runs: Iterable[Sequence[Any]], waits: Iterable[Sequence[Any]]) -> TypeRuns:
    """The runs and waits of rows."""
    return TypeRuns(
        [
            Runs(
                int(slot), name, TaskState(state), None if bucket is None else int(bucket),
                count, int(busy or 0), int(longest or 0), last,
            )
            for slot, name, state, bucket, count, busy, longest, last in runs
        ],
        [
            Waits(int(slot), name, int(bucket), count, int(longest))
            for slot, name, bucket, count, longest in waits
        ],
    )  # fmt: skip


def _have_logarithms(connection: sqlite3.Connection) -> None:
    """SQLite may have been built without them."""
    try:
        connection.execute("SELECT floor(ln(2))")
    except sqlite3.OperationalError:
        connection.create_function("ln", 1, _logarithm, deterministic=True)
        connection.create_function("floor", 1, _floor, deterministic=True)


def _logarithm(value: float | None) -> float | None:
    return None if value is None else math.log(value)


def _floor(value: float | None) -> int | None:
    return None if value is None else math.floor(value)
