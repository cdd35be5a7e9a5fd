"""How the rows of a segment are gone through for a condition: by which index, window by window."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from celerytui.history import schema
from celerytui.history.condition import NOTHING, Condition
from celerytui.history.rows import key_of

STEP_SECONDS = 0.05
FEWEST, FIRST, MOST = 100, 200, 50_000
"""Rows that are looked at in one window."""
FEW = 20_000
"""As many rows are fetched by an index of what few have; more are met soon on the way anyway."""
MOST_NAMES = 50
NARROW = 2**44
"""Keys that a beginning of five digits leaves."""
BY_ID = 200

_COLUMNS = ", ".join(schema.TASK_COLUMNS)
# The newest record of a task counts.
_NEWEST = (
    "NOT EXISTS (SELECT 1 FROM tasks AS newer INDEXED BY tasks_key WHERE newer.key = tasks.key"
    " AND newer.id > tasks.id AND newer.task = tasks.task)"
)

Row = tuple[Any, ...]


class Window(Struct, frozen=True):
    """The rows that match from `low` on; `looked_at` rows of the index were gone through."""

    rows: Sequence[Row]
    low: float
    looked_at: int


class _Path(Struct, frozen=True):
    """An index whose rows are gone through by `seen`, where `sql` holds."""

    index: str
    sql: str = "TRUE"
    names: frozenset[int] = frozenset()


def walk(
    connection: sqlite3.Connection, condition: Condition, since: float, until: float
) -> Iterator[Window]:
    """The rows of `tasks` that the condition lets through, seen from `since` to before `until`.

    The newest first, in windows that each take about `STEP_SECONDS`. Raises sqlite3.Error.
    """
    if condition is NOTHING:
        return
    chosen = _few(connection, condition, since, until)
    if chosen is not None:
        yield from _fetch(connection, condition, chosen)
        return
    yield from _windows(connection, _path(condition), condition, since, until)


def _path(condition: Condition) -> _Path:
    names = condition.names
    if names is not None and len(names) <= MOST_NAMES:
        return _Path("tasks_name", f"name IN ({_numbers(names)})", names)
    if condition.states is not None and schema.SUCCESS not in condition.states:
        return _Path("tasks_other", f"state <> {schema.SUCCESS}")
    return _Path("tasks_seen")


def _few(
    connection: sqlite3.Connection, condition: Condition, since: float, until: float
) -> list[tuple[int, float]] | None:
    """The ids, with when they were seen, where an index leaves few; newest first, None else."""
    slower = condition.slower_than
    keys = None if condition.ids is None else tuple(map(key_of, condition.ids))
    values: tuple[float, ...]
    if keys is not None and keys[1] - keys[0] <= NARROW and not _has_texts(connection):
        # Ids that begin with the time share a long beginning.
        query, values = "INDEXED BY tasks_key WHERE key BETWEEN ? AND ?", keys
    elif slower is not None and slower >= schema.SLOW_MICROSECONDS:
        # SQLite uses the index only for a condition that repeats its own.
        query = f"INDEXED BY tasks_slow WHERE runtime > ? AND runtime > {schema.SLOW_MICROSECONDS}"
        values = (slower,)
    else:
        return None
    found = connection.execute(
        f"SELECT id, seen FROM tasks {query} LIMIT ?", (*values, FEW + 1)
    ).fetchall()
    if len(found) > FEW:
        return None
    return sorted(
        (one for one in found if since <= one[1] < until), key=lambda one: (-one[1], -one[0])
    )


def _has_texts(connection: sqlite3.Connection) -> bool:
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_text WHERE typeof(task) = 'text')"
    )
    return bool(found.fetchone()[0])


def _fetch(
    connection: sqlite3.Connection, condition: Condition, chosen: list[tuple[int, float]]
) -> Iterator[Window]:
    sql, values = condition.compiled("sqlite")
    for start in range(0, len(chosen), BY_ID):
        part = chosen[start : start + BY_ID]
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM tasks NOT INDEXED"
            f" WHERE id IN ({_numbers(one for one, _ in part)}) AND {sql} AND {_NEWEST}"
            " ORDER BY seen DESC, id DESC",
            values,
        ).fetchall()
        yield Window(rows, part[-1][1], len(part))


def _windows(
    connection: sqlite3.Connection,
    path: _Path,
    condition: Condition,
    since: float,
    until: float,
) -> Iterator[Window]:
    run, high, size = connection.execute, until, FIRST
    sql, values = condition.compiled("sqlite")
    query = (
        f"SELECT {_COLUMNS} FROM tasks INDEXED BY {path.index} WHERE {path.sql}"
        f" AND seen >= :low AND seen < :high AND {sql} AND {_NEWEST}"
        " ORDER BY seen DESC, id DESC"
    )
    while high > since:
        began = time.monotonic()
        low = max(since, _low(connection, path, high, size))
        rows = run(query, {**values, "low": low, "high": high}).fetchall()
        yield Window(rows, low, size if low > since else 0)
        high = low
        took = time.monotonic() - began
        if took < STEP_SECONDS / 4:
            size = min(MOST, size * 4)
        elif took > STEP_SECONDS:
            size = max(FEWEST, size // 2)


def _low(connection: sqlite3.Connection, path: _Path, high: float, size: int) -> float:
    """From where on there are about `size` rows up to `high`; minus infinity if no more."""
    run = connection.execute
    if not path.names:
        query = (
            f"SELECT seen FROM tasks INDEXED BY {path.index} WHERE {path.sql} AND seen < ?"
            " ORDER BY seen DESC LIMIT 1 OFFSET ?"
        )
        row = run(query, (high, size)).fetchone()
        return -math.inf if row is None else float(row[0])
    query = (
        f"SELECT seen FROM tasks INDEXED BY {path.index} WHERE name = ? AND seen < ?"
        " ORDER BY seen DESC LIMIT 1 OFFSET ?"
    )
    share = max(FEWEST, size // len(path.names))
    rows = (run(query, (name, high, share)).fetchone() for name in path.names)
    return max((float(row[0]) for row in rows if row is not None), default=-math.inf)


def _numbers(some: Iterable[int]) -> str:
    return ", ".join(f"{one:d}" for one in some)
