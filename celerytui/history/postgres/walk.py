"""How the rows of a history are gone through for a condition: window by window, by an index.

The planner chooses the index; what makes it choose well is said here: the window, and what the
condition bounds. See `history.walk` for the same on SQLite.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from celerytui.history.postgres.link import Link
from celerytui.history.postgres.schema import COLUMNS
from celerytui.history.rows import Row
from celerytui.history.schema import SLOW_MICROSECONDS, SUCCESS
from celerytui.history.translate import NOTHING, Condition, Dialect
from celerytui.history.walk import BY_ID, FEW, FEWEST, FIRST, MOST, MOST_NAMES, STEP_SECONDS

POSTGRES = Dialect(
    "{} ILIKE ? ESCAPE '\\'",
    "length(task) <> 16",
    "encode(task, 'hex')",
    "task",
    lambda raw: raw,
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE"


FAR = 1e12
"""Beyond any time that is recorded, in Unix seconds."""


class Window(Struct, frozen=True):
    """The rows that match from `low` on; `looked_at` rows were gone through."""

    rows: Sequence[Row]
    low: float
    looked_at: int


class _Path(Struct, frozen=True):
    """What narrows the rows that are gone through: SQL with its parameters, one of them a name."""

    sql: str
    each: tuple[tuple[Any, ...], ...] = ((),)


def walk(link: Link, condition: Condition, since: float, until: float) -> Iterator[Window]:
    """The rows that the condition lets through, seen from `since` to before `until`.

    The newest first, in windows that each take about `STEP_SECONDS`. Raises psycopg.Error.
    """
    if condition.sql == NOTHING.sql:
        return
    bounds = _finite(since), _finite(until)
    chosen = _few(link, condition, *bounds)
    if chosen is None:
        yield from _windows(link, condition, *bounds)
    else:
        yield from _fetch(link, condition, chosen)


def _few(
    link: Link, condition: Condition, since: float, until: float
) -> list[tuple[bytes, float]] | None:
    """The ids, with when they were seen, where an index leaves few; newest first, None else."""
    keys, slower, names = condition.keys, condition.slower_than, condition.names
    values: tuple[Any, ...]
    if keys is not None:
        sql = f"task BETWEEN %s AND %s OR {POSTGRES.is_text}"
        values = keys
    elif slower is not None and slower >= SLOW_MICROSECONDS:
        # The index is used only for a condition that repeats its own.
        sql, values = f"runtime > %s AND runtime > {SLOW_MICROSECONDS}", (slower,)
        if names is not None:
            sql, values = f"{sql} AND name = ANY(%s)", (slower, sorted(names))
    else:
        return None
    if since > -FAR or until < FAR:
        # Only where there are some: the index of these bounds is the wrong one.
        sql, values = f"({sql}) AND seen >= %s AND seen < %s", (*values, since, until)
    found = link.execute(
        f"SELECT task, seen FROM tasks WHERE {sql} LIMIT {FEW + 1}".encode(), values
    ).fetchall()
    if len(found) > FEW:
        return None
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _fetch(link: Link, condition: Condition, chosen: list[tuple[bytes, float]]) -> Iterator[Window]:
    query = (
        f"{SELECT} task = ANY(%s) AND seen >= %s AND seen <= %s AND {_sql(condition)}"
        " ORDER BY seen DESC, task"
    )
    for start in range(0, len(chosen), BY_ID):
        part = chosen[start : start + BY_ID]
        values = [one for one, _ in part], part[-1][1], part[0][1], *condition.values
        rows = link.execute(query.encode(), values).fetchall()
        yield Window(rows, part[-1][1], len(part))


def _path(condition: Condition) -> _Path:
    names = condition.names
    if names is not None and len(names) <= MOST_NAMES:
        return _Path("name = %s", tuple((name,) for name in sorted(names)))
    states = condition.states
    if states is not None and len(states) == 1 and SUCCESS not in states:
        return _Path(f"state = {next(iter(states))}")
    if states is not None and SUCCESS not in states:
        # As it is partitioned by it, successes are not even opened.
        return _Path(f"state <> {SUCCESS}")
    return _Path("TRUE")


def _windows(link: Link, condition: Condition, since: float, until: float) -> Iterator[Window]:
    path, high, size = _path(condition), until, FIRST
    narrowed = " OR ".join([path.sql] * len(path.each))
    query = (
        f"{SELECT} ({narrowed}) AND seen >= %s AND seen < %s AND {_sql(condition)}"
        " ORDER BY seen DESC, task"
    )
    numbers = tuple(one for values in path.each for one in values)
    while high > since:
        began = time.monotonic()
        low = max(since, _low(link, path, high, size))
        rows = link.execute(query.encode(), (*numbers, low, high, *condition.values)).fetchall()
        yield Window(rows, low if low > -FAR else -math.inf, size if low > since else 0)
        high = low
        took = time.monotonic() - began
        if took < STEP_SECONDS / 4:
            size = min(MOST, size * 4)
        elif took > STEP_SECONDS:
            size = max(FEWEST, size // 2)


def _low(link: Link, path: _Path, high: float, size: int) -> float:
    """From where on there are about `size` rows up to `high`; minus infinity if no more."""
    share = size if len(path.each) == 1 else max(FEWEST, size // len(path.each))
    query = (
        f"SELECT seen FROM tasks WHERE {path.sql} AND seen < %s ORDER BY seen DESC"
        f" OFFSET {share} LIMIT 1"
    )
    rows = (link.execute(query.encode(), (*values, high)).fetchone() for values in path.each)
    return max((float(row[0]) for row in rows if row is not None), default=-math.inf)


def _sql(condition: Condition) -> str:
    return condition.sql.replace("?", "%s")


def _finite(seconds: float) -> float:
    """A bound that a plan can be made with: a partition is left out by it."""
    return seconds if math.isfinite(seconds) else math.copysign(FAR, seconds)
