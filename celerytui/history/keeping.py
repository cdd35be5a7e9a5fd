"""How long what is kept, and what is removed when."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

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
from celerytui.settings import Keeping


def prune(
    folder: Folder,
    keeping: Keeping,
    now: float,
    *,
    live: Path | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Pruned:
    """Remove what is older than it is to be kept, then the oldest until the rest has room.

    Successes go first: a segment whose newest task is older than successes are kept is written anew
    without them, and the old file removed. `live` is being written and stays. Raises OSError,
    sqlite3.Error; what was done until then stays done.
    """
    done, size = Pruned(), folder.size
    for file in folder.superseded():
        remove(file)
    finished = [one for one in Catalogue(folder).facts() if one.file.path != live]
    for one in list(finished):
        if stopped():
            break
        end = _end(one)
        if end < now - keeping.others or _is_empty(one):
            _remove(one, finished, done)
        elif end < now - keeping.successes and not one.file.kept:
            _thin(one, finished, done)
    for one in list(finished):
        if folder.size <= keeping.size or stopped():
            break
        if not one.file.kept:
            _thin(one, finished, done)
    for one in list(finished):
        if folder.size <= keeping.size or stopped():
            break
        _remove(one, finished, done)
    done.freed = max(0, size - folder.size)
    with contextlib.suppress(sqlite3.Error):
        Catalogue(folder).write(finished)
    return done


def thin(file: SegmentFile) -> SegmentFile:
    """Write a segment anew without its successes, and remove the old file; gives the new one.

    The new file has its name once it is whole: whatever happens, one of both counts.
    """
    path = file.path.with_name(f"{file.day}.{file.number}{KEPT_SUFFIX}")
    unfinished = path.with_name(f"{path.name}.new")
    for suffix in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{unfinished}{suffix}")
    with contextlib.closing(schema.create(unfinished)) as connection:
        run = connection.execute
        run("ATTACH DATABASE ? AS old", (str(file.path),))
        run("BEGIN IMMEDIATE")
        for table in ("meta", "words", "tracebacks", "open", "again", *schema.EVENTFUL):
            run(f"INSERT INTO {table} SELECT * FROM old.{table}")
        run(f"INSERT INTO tasks SELECT * FROM old.tasks WHERE state <> {schema.SUCCESS}")
        run("COMMIT")
        run("DETACH DATABASE old")
        schema.settle(connection)
    os.rename(unfinished, path)
    remove(file)
    return SegmentFile(file.day, file.number, True, path)


def _thin(one: SegmentFacts, finished: list[SegmentFacts], done: Pruned) -> None:
    kept = facts_of(thin(one.file))
    finished[finished.index(one)] = kept
    done.thinned.append(one.file.path.name)
    if not kept.rows and not kept.unfinished:
        _remove(kept, finished, done)


def _remove(one: SegmentFacts, finished: list[SegmentFacts], done: Pruned) -> None:
    remove(one.file)
    finished.remove(one)
    done.removed.append(one.file.path.name)


def _end(one: SegmentFacts) -> float:
    """The time of the newest task, by the name of the file where it has none."""
    if one.last is not None:
        return one.last
    return datetime.strptime(one.file.day, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()


def _is_empty(one: SegmentFacts) -> bool:
    """Whether there is no task in it: of those of today, one is written and not among these."""
    return not one.rows and not one.unfinished
