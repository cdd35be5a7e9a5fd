"""How often the tasks of each name were retried, as the attempts in the rows of a history say."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from celerytui.history.type_runs import RETRIED, TOTALS, names_in
from celerytui.interpreter import give_way
from celerytui.model import TaskState
from celerytui.store.statistics.histogram import MOST

COLUMNS = "name, seen, state, attempts"
"""What is read of a row that may have been retried."""
ENDED = "attempts IS NOT NULL"
UNFINISHED = f"(attempts IS NOT NULL OR state = {TaskState.RETRY:d})"
"""SQL for the rows that may have been retried."""
TOTALLED = "name, last, number, busy"
"""What is read of the totals of retries."""
INSERT = f"INSERT INTO totals ({TOTALS}) VALUES ({{}})".format
"""Writes a row of `as_total`; it takes the places of the values."""
SLICE = 500
"""Rows that are taken before a key press goes first."""


class Retried(Struct, frozen=True):
    """Runs of a name that ended in a retry in the slot of that number: how many, the microseconds
    that they ran, and when the last of them ended."""

    slot: int
    name: str | None
    count: int
    busy: int
    last: float


class _Attempt(Struct):
    at: float
    state: int
    name: str | None = None
    started: float | None = None
    runtime: float | None = None


_attempts = msgspec.json.Decoder(list[_Attempt])


class RetryCounts:
    """Adds up the retries from `since` to before `until`, in slots of `width` seconds."""

    def __init__(self, since: float, until: float, width: int) -> None:
        self._since, self._until, self._width = since, until, width
        self._found: dict[tuple[int, str | None], Retried] = {}

    def take(self, rows: Iterable[Any], names: Mapping[int, str]) -> None:
        """Take rows of `COLUMNS`, whose names have these numbers."""
        for number, (name, seen, state, text) in enumerate(rows):
            if number % SLICE == 0:
                give_way()
            attempts = _read(text)
            for one in attempts:
                if one.state == TaskState.RETRY:
                    self._add(one.at, one.name or names.get(name), 1, _micro(one))
            if state == TaskState.RETRY and not (
                attempts and attempts[-1].state == TaskState.RETRY
            ):
                self._add(seen, names.get(name), 1, 0)

    def take_totals(self, rows: Iterable[Any], names: Mapping[int, str]) -> None:
        """Take rows of `TOTALLED`."""
        for name, last, number, busy in rows:
            self._add(last, names.get(name), number, busy or 0)

    def all(self) -> list[Retried]:
        """What was found."""
        return list(self._found.values())

    def _add(self, at: float, name: str | None, count: int, busy: int) -> None:
        if not self._since <= at < self._until:
            return
        slot = int(at // self._width)
        known = self._found.get((slot, name))
        if known is not None:
            count, busy, at = count + known.count, busy + known.busy, max(at, known.last)
        self._found[slot, name] = Retried(slot, name, count, busy, at)


def retries_in(
    connection: sqlite3.Connection, since: float, until: float, counted: str, counts: RetryCounts
) -> None:
    """Count those of a segment, of the rows that SQL says are counted; raises sqlite3.Error."""
    run, names, bounds = connection.execute, names_in(connection), (since, until)
    totals = f"SELECT {TOTALLED} FROM totals WHERE last >= ? AND last < ? AND kind = {RETRIED}"
    counts.take_totals(run(totals, bounds), names)
    ended = (
        f"SELECT {COLUMNS} FROM tasks INDEXED BY tasks_seen"
        f" WHERE seen >= ? AND seen < ? AND {ENDED} AND {counted}"
    )
    counts.take(run(ended, bounds), names)


def unfinished_retries_in(connection: sqlite3.Connection, counts: RetryCounts) -> None:
    """Count those of tasks that have not ended; raises sqlite3.Error."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM open WHERE {UNFINISHED}")
    counts.take(rows, names_in(connection))


def as_total(one: Retried, number: int | None) -> tuple[Any, ...]:
    """Retries as a row of `TOTALS`; the number is that of their name."""
    return RETRIED, one.last, number, None, one.count, one.busy, None


def _read(text: str | None) -> list[_Attempt]:
    """The attempts of a row; those that cannot be read cost themselves alone."""
    if not text:
        return []
    try:
        return _attempts.decode(text)
    except (msgspec.MsgspecError, UnicodeError):
        return []


def _micro(one: _Attempt) -> int:
    runtime = one.runtime
    if runtime is None:
        runtime = 0.0 if one.started is None else max(0.0, one.at - one.started)
    return round(runtime * 1e6) if math.isfinite(runtime) and 0 <= runtime < MOST else 0
