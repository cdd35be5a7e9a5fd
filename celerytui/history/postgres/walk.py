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
from celerytui.history.postgres.schema import COLUMNS, DAY, day_of
from celerytui.history.rows import Row
from celerytui.history.schema import SLOW_MICROSECONDS, SUCCESS
from celerytui.history.walk import BY_ID, FEW, FEWEST, FIRST, MOST, MOST_NAMES, STEP_SECONDS

SELECT = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE"
MOST_DAYS = 64
"""The longest span in which what took long is looked for at once, but for all that is older."""
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
    low, high = _finite(since), _finite(until)
    if condition.ids is None and (condition.slower_than or 0) >= SLOW_MICROSECONDS:
        # The index of them is one of each day, and mostly the newest are wanted.
        for begin, end in _spans(link, low, high):
            yield from _by_index(link, condition, begin, end)
            yield Window((), begin if begin > -FAR else -math.inf, 0)
    else:
        yield from _by_index(link, condition, low, high)


def _spans(link: Link, since: float, until: float) -> Iterator[tuple[float, float]]:
    """The time in spans of whole days, the newest first, each longer than all before it."""
    newest, days, high = _low(link, None, "TRUE", until, 0), 1, until
    while newest > -FAR and high > since:
        low = day_of(newest).timestamp() - (days - 1) * DAY if days <= MOST_DAYS else since
        low = max(low, since)
        yield low, high
        high, days = low, days * 4


def _by_index(link: Link, condition: Condition, since: float, until: float) -> Iterator[Window]:
    chosen = _few(link, condition, since, until)
    if chosen is None:
        yield from _windows(link, condition, since, until)
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


def _names(condition: Condition) -> list[int] | None:
    """The names whose rows alone are gone through, where they are few."""
    names = condition.names
    return None if names is None or len(names) > MOST_NAMES else sorted(names)


def _outcome(condition: Condition) -> str:
    """SQL for the outcomes that the rows may have, where it leaves partitions out.

    As they are partitioned by it, successes are not even opened, and an index of the rest has few.
    """
    states = condition.states
    if states is None or SUCCESS in states:
        return "TRUE"
    return f"state = {next(iter(states))}" if len(states) == 1 else f"state <> {SUCCESS}"


def _windows(link: Link, condition: Condition, since: float, until: float) -> Iterator[Window]:
    names, outcome, high, size = _names(condition), _outcome(condition), until, FIRST
    named = "TRUE" if names is None else f"name IN ({', '.join(map(str, names)) or 'NULL'})"
    sql, values = condition.compiled("postgresql")
    query = (
        f"{SELECT} {outcome} AND {named} AND seen >= %(low)s AND seen < %(high)s AND {sql}"
        " ORDER BY seen DESC, task"
    )
    while high > since:
        began = time.monotonic()
        low = max(since, _low(link, names, outcome, high, size))
        bounds = {"low": low, "high": high}
        rows = link.execute(query.encode(), {**values, **bounds}).fetchall()
        yield Window(rows, low if low > -FAR else -math.inf, size if low > since else 0)
        high = low
        took = time.monotonic() - began
        if took < STEP_SECONDS / 4:
            size = min(MOST, size * 4)
        elif took > STEP_SECONDS:
            size = max(FEWEST, size // 2)


def _low(link: Link, names: list[int] | None, outcome: str, high: float, size: int) -> float:
    """From where on there are about `size` rows up to `high`; minus infinity if no more."""
    share = size if names is None or len(names) < 2 else max(FEWEST, size // len(names))
    row = f"{outcome} AND seen < %(high)s ORDER BY seen DESC OFFSET {share} LIMIT 1"
    query = f"SELECT seen FROM tasks WHERE {row}"
    if names is not None:
        # One statement for all: with a partition for each day, to plan it takes the most.
        of_one = f"SELECT seen FROM tasks WHERE name = one AND {row}"
        query = f"SELECT max(({of_one})) FROM unnest(%(names)s::int8[]) one"
    found = link.execute(query.encode(), {"high": high, "names": names}).fetchone()
    return -math.inf if found is None or found[0] is None else float(found[0])


def _finite(seconds: float) -> float:
    """A bound that a plan can be made with: a partition is left out by it."""
    return seconds if math.isfinite(seconds) else math.copysign(FAR, seconds)
