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

from celerytui.history.condition import NOTHING, Condition
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.schema import COLUMNS
from celerytui.history.rows import Row
from celerytui.history.schema import SLOW_MICROSECONDS, SUCCESS
from celerytui.history.walk import BY_ID, FEW, FEWEST, FIRST, MOST, MOST_NAMES, STEP_SECONDS

SELECT = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE"
FAR = 1e12
"""Beyond any time that is recorded, in Unix seconds."""


class Window(Struct, frozen=True):
    """The rows that match from `low` on; `looked_at` rows were gone through."""

    rows: Sequence[Row]
    low: float
    looked_at: int


def walk(link: Link, condition: Condition, since: float, until: float) -> Iterator[Window]:
    """The rows that the condition lets through, seen from `since` to before `until`.

    The newest first, in windows that each take about `STEP_SECONDS`. Raises psycopg.Error.
    """
    if condition is NOTHING:
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
    ids, slower, names = condition.ids, condition.slower_than, condition.names
    values: tuple[Any, ...]
    if ids is not None:
        sql, values = "task BETWEEN %s AND %s OR length(task) <> 16", ids
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
    sql, values = condition.compiled("postgresql")
    query = (
        f"{SELECT} task = ANY(%(tasks)s) AND seen >= %(low)s AND seen <= %(high)s AND {sql}"
        " ORDER BY seen DESC, task"
    )
    for start in range(0, len(chosen), BY_ID):
        part = chosen[start : start + BY_ID]
        bounds = {"tasks": [one for one, _ in part], "low": part[-1][1], "high": part[0][1]}
        rows = link.execute(query.encode(), {**values, **bounds}).fetchall()
        yield Window(rows, part[-1][1], len(part))


def _paths(condition: Condition) -> tuple[str, ...]:
    """What narrows the rows that are gone through: each is SQL for some of them."""
    names, outcome = condition.names, _outcome(condition)
    if names is not None and len(names) <= MOST_NAMES:
        also = "" if outcome is None else f" AND {outcome}"
        return tuple(f"name = {name:d}{also}" for name in sorted(names))
    return ("TRUE" if outcome is None else outcome,)


def _outcome(condition: Condition) -> str | None:
    """SQL for the outcomes that the rows may have, where it leaves partitions out; None else.

    As they are partitioned by it, successes are not even opened, and an index of the rest has few.
    """
    states = condition.states
    if states is None or SUCCESS in states:
        return None
    return f"state = {next(iter(states))}" if len(states) == 1 else f"state <> {SUCCESS}"


def _windows(link: Link, condition: Condition, since: float, until: float) -> Iterator[Window]:
    paths, high, size = _paths(condition), until, FIRST
    sql, values = condition.compiled("postgresql")
    query = (
        f"{SELECT} ({' OR '.join(paths)}) AND seen >= %(low)s AND seen < %(high)s AND {sql}"
        " ORDER BY seen DESC, task"
    )
    while high > since:
        began = time.monotonic()
        low = max(since, _low(link, paths, high, size))
        bounds = {"low": low, "high": high}
        rows = link.execute(query.encode(), {**values, **bounds}).fetchall()
        yield Window(rows, low if low > -FAR else -math.inf, size if low > since else 0)
        high = low
        took = time.monotonic() - began
        if took < STEP_SECONDS / 4:
            size = min(MOST, size * 4)
        elif took > STEP_SECONDS:
            size = max(FEWEST, size // 2)


def _low(link: Link, paths: Sequence[str], high: float, size: int) -> float:
    """From where on there are about `size` rows up to `high`; minus infinity if no more."""
    share = size if len(paths) == 1 else max(FEWEST, size // len(paths))
    query = "SELECT seen FROM tasks WHERE {} AND seen < %s ORDER BY seen DESC OFFSET {} LIMIT 1"
    rows = (link.execute(query.format(sql, share).encode(), (high,)).fetchone() for sql in paths)
    return max((float(row[0]) for row in rows if row is not None), default=-math.inf)


def _finite(seconds: float) -> float:
    """A bound that a plan can be made with: a partition is left out by it."""
    return seconds if math.isfinite(seconds) else math.copysign(FAR, seconds)
