"""How long what is kept, and what is removed when."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.folder import (
    KEPT_SUFFIX,
    Catalogue,
    Folder,
    SegmentFacts,
    SegmentFile,
    facts_of,
    remove,
)
from celerytui.history.history import Pruned
from celerytui.history.replaced import counted_without, replaced_in
from celerytui.history.retries import COLUMNS, ENDED, INSERT, RetryCounts, as_total
from celerytui.history.trouble import explain
from celerytui.history.type_runs import (
    TOTAL_SECONDS,
    TOTALS,
    have_logarithms,
    names_in,
    totals_of,
)
from celerytui.settings import Keeping

STEP_ROWS = 5_000
"""Rows that are copied in one step."""
DAY = 86_400.0
_UNREADABLE = 0
"""The version of what cannot be read."""


def prune(
    folder: Folder,
    keeping: Keeping,
    now: float,
    *,
    live: Path | None = None,
) -> Pruned:
    """Remove what is older than it is to be kept, then the oldest until the rest has room.

    Successes go first: a segment whose newest task is older than successes are kept is written anew
    without them, and the old file removed. `live` is being written and stays. A segment that cannot
    be read goes by its name, and costs no other its turn. Raises OSError where the folder cannot be
    read; what was done until then stays done.
    """
    done = Pruned()
    for _ in pruning(folder, keeping, now, done, live=live):
        pass
    return done


def pruning(
    folder: Folder, keeping: Keeping, now: float, done: Pruned, *, live: Path | None = None
) -> Generator[None]:
    """Like `prune`, in steps of some 50 ms; `done` says what was done so far."""
    before = folder.size
    finished: list[SegmentFacts] = []
    try:
        _sweep(folder)
        finished += (one for one in _all(folder) if one.file.path != live)
        yield
        # A full disk has room for what is written anew only after files are gone.
        for one in list(finished):
            if _end(one) < now - keeping.others or _is_empty(one):
                _remove(one, finished, done)
                yield
        for one in list(finished):
            if _end(one) < now - keeping.successes:
                yield from _thin(one, finished, done)
        for one in list(finished):
            if folder.size > keeping.size:
                yield from _thin(one, finished, done)
        for one in list(finished):
            if folder.size > keeping.size:
                _remove(one, finished, done)
                yield
        with contextlib.suppress(sqlite3.Error, OSError):
            Catalogue(folder).write([one for one in finished if one.version != _UNREADABLE])
    finally:
        done.freed = max(0, before - folder.size)


def thin(file: SegmentFile) -> SegmentFile:
    """Write a segment anew without its successes, and remove the old file; gives the new one."""
    steps = thinning(file)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            kept: SegmentFile = end.value
            return kept


def thinning(file: SegmentFile) -> Generator[None, None, SegmentFile]:
    """Like `thin`, in steps.

    The new file has its name once it is whole: whatever happens, one of both counts. Raises
    OSError, sqlite3.Error, HistoryError.
    """
    path = file.path.with_name(f"{file.day}.{file.number}{KEPT_SUFFIX}")
    unfinished = path.with_name(path.name + schema.BEGUN)
    schema.remove(unfinished)
    try:
        with contextlib.closing(schema.create(unfinished)) as connection:
            yield from _copy_others(connection, file.path)
            schema.settle(connection)
        os.rename(unfinished, path)
    finally:
        schema.remove(unfinished)
    remove(file)
    return SegmentFile(file.day, file.number, True, path)


def _copy_others(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    run = connection.execute
    run("ATTACH DATABASE ? AS old", (schema.uri(path, "rw"),))
    schema.check(connection, path, "old")
    run("BEGIN IMMEDIATE")
    run("INSERT INTO meta SELECT * FROM old.meta")
    for table in ("words", "tracebacks", "open", "again", *schema.EVENTFUL, "tasks"):
        which = f"state <> {schema.SUCCESS}" if table == "tasks" else "1"
        after = -(2**63)
        while True:
            (last,) = run(
                f"SELECT max(rowid) FROM (SELECT rowid FROM old.{table} WHERE rowid > ?"
                " ORDER BY rowid LIMIT ?)",
                (after, STEP_ROWS),
            ).fetchone()
            if last is None:
                break
            run(
                f"INSERT INTO {table} SELECT * FROM old.{table}"
                f" WHERE rowid > ? AND rowid <= ? AND {which}",
                (after, last),
            )
            after = last
            yield
    yield from _total_successes(connection, path)
    run("COMMIT")
    run("DETACH DATABASE old")


def _total_successes(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Keep what all successes took together, hour by hour."""
    have_logarithms(connection)
    run, low = connection.execute, -math.inf
    counted = counted_without(connection, _replaced(path))
    rows = f"old.tasks WHERE seen >= ? AND seen < ? AND {counted}"
    names = names_in(connection)
    numbers = {name: number for number, name in names.items()}
    while True:
        (first,) = run("SELECT min(seen) FROM old.tasks WHERE seen >= ?", (low,)).fetchone()
        if first is None or not math.isfinite(first):
            return
        begin = first // TOTAL_SECONDS * TOTAL_SECONDS
        low = begin + TOTAL_SECONDS
        for query in totals_of(rows):
            run(f"INSERT INTO totals ({TOTALS}) {query}", (begin, low))
            yield
        retries = RetryCounts(-math.inf, math.inf, TOTAL_SECONDS)
        retried = f"SELECT {COLUMNS} FROM {rows} AND state = {schema.SUCCESS} AND {ENDED}"
        retries.take(run(retried, (begin, low)), names)
        for one in retries.all():
            number = None if one.name is None else numbers.get(one.name)
            run(INSERT("?, ?, ?, ?, ?, ?, ?"), as_total(one, number))
        yield


def _replaced(path: Path) -> list[int]:
    """The rows of a segment that newer ones replace."""
    segments = Folder(path.parent).segments()
    own = next((one for one in segments if one.path == path), None)
    newer = [one.path for one in segments if own is not None and one > own]
    with contextlib.closing(schema.open_to_read(path)) as connection:
        return replaced_in(connection, newer)


def _sweep(folder: Folder) -> None:
    """Remove what a killed writer left."""
    for file in folder.superseded():
        remove(file)
    for path in folder.begun():
        schema.remove(path)


def _all(folder: Folder) -> list[SegmentFacts]:
    """All segments, oldest first, those included that cannot be read."""
    facts = {one.file: one for one in Catalogue(folder).facts()}
    return [facts.get(file) or SegmentFacts(file, None, None, 0, 0, 0, _UNREADABLE)
            for file in folder.segments()]  # fmt: skip


def _thin(one: SegmentFacts, finished: list[SegmentFacts], done: Pruned) -> Iterator[None]:
    if one.file.kept or one.version == _UNREADABLE or one not in finished:
        return
    try:
        kept = facts_of((yield from thinning(one.file)))
    except (sqlite3.Error, OSError, HistoryError) as error:
        _note(error, one, done)
        return
    finished[finished.index(one)] = kept
    done.thinned.append(one.file.path.name)
    if _is_empty(kept):
        _remove(kept, finished, done)
    yield


def _remove(one: SegmentFacts, finished: list[SegmentFacts], done: Pruned) -> None:
    try:
        remove(one.file)
    except OSError as error:
        _note(error, one, done)
        return
    finished.remove(one)
    done.removed.append(one.file.path.name)


def _note(error: Exception, one: SegmentFacts, done: Pruned) -> None:
    said = str(error) if isinstance(error, HistoryError) else explain(error, one.file.path)
    if said not in done.failed:
        done.failed.append(said)


def _end(one: SegmentFacts) -> float:
    """The time of the newest task, within what the name of the file allows.

    The clocks of workers may be years off; a segment is written in its day and closed soon after.
    """
    day = one.file.begin
    return day + DAY if one.last is None else min(max(one.last, day), day + 2 * DAY)


def _is_empty(one: SegmentFacts) -> bool:
    """Whether nothing of any task is in it: of those of today, one is written and not here."""
    return one.version != _UNREADABLE and not (one.rows or one.unfinished or one.totals)
