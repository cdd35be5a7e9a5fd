"""A segment, a SQLite file that can be read alone: how it is made, opened and checked.

`user_version` says by which version a file was made: old ones are read by it and never changed,
newer ones are refused. Its tables are in `tables`. Source of the choices: docs/history.md.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from functools import partial
from pathlib import Path
from urllib.parse import quote

from celerytui.errors import HistoryError
from celerytui.files import OWNERS_ALONE

VERSION = 1
LEAST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""
BUSY_SECONDS = 2.0
PAGE_BYTES = 8192
BEGUN = ".new"
"""After the name of a segment that is not whole yet."""

TASK_COLUMNS = (
    *("key", "task", "name", "worker", "queue", "state", "retries", "seen"),
    *("sent", "received", "started", "finished", "runtime", "waited"),
    *("args", "kwargs", "result", "exception", "traceback"),
    *("own_root", "root", "parent", "origin", "extra", "attempts"),
)
"""What is kept of a task, in the order of a row.

`task` is a UUID's 16 bytes or another id's text, `key` its first 8 bytes as a number. Names are
numbers of `words`, `traceback` that of `tracebacks`; times are Unix seconds, `runtime` and `waited`
microseconds; `extra` and `attempts` are JSON.
"""

SUCCESS = 4
"""The number of the state `success` in a segment of this version."""
SLOW_MICROSECONDS = 1_000_000
"""Runs from this length on are found by an index."""

EVENTFUL = ("sessions", "workers", "queues", "gaps", "marks", "actions", "alerts")
"""The tables beside those of tasks; each has little, and is copied whole."""


class NewerSchema(HistoryError):
    """The file was made by a newer version of the program."""


def check_sqlite() -> None:
    """Raise HistoryError where Python has a SQLite that is too old."""
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        least = ".".join(map(str, LEAST_SQLITE[:2]))
        raise HistoryError(
            f"history needs SQLite {least} or newer, and this Python has {sqlite3.sqlite_version}"
        )


def create(path: Path) -> sqlite3.Connection:
    """A new segment (mode 0600), open to write; raises OSError, sqlite3.Error, and leaves no file.

    It gets its name once it is whole: a file that was begun is none. Nothing else may write there.
    """
    from celerytui.history.tables import segment_statements

    check_sqlite()
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    begun = path.with_name(path.name + BEGUN)
    try:
        remove(begun)
        os.close(os.open(begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, OWNERS_ALONE))
        with contextlib.closing(_connect(begun, "rw")) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("BEGIN")
            for statement in segment_statements():
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        remove(path)  # the log of a file that somebody removed would be taken for its own
        os.rename(begun, path)
    except BaseException:
        remove(begun)
        raise
    try:
        return open_to_write(path)
    except BaseException:
        remove(path)
        raise


def remove(path: Path) -> None:
    """Remove a segment with its log, the whole file last; raises OSError."""
    for suffix in ("-journal", "-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")


def open_to_write(path: Path) -> sqlite3.Connection:
    """An existing segment; raises sqlite3.Error, NewerSchema."""
    check_sqlite()
    connection = _connect(path, "rw")
    try:
        check(connection, path)
        _tune(connection)
    except (sqlite3.Error, HistoryError):
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """An existing segment, beside whoever writes it; raises sqlite3.Error, NewerSchema."""
    check_sqlite()
    connection = _connect(path, "ro")
    try:
        check(connection, path)
        connection.execute("PRAGMA mmap_size = 1073741824")
        # A damaged text costs itself alone.
        connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    except (sqlite3.Error, HistoryError):
        connection.close()
        raise
    return connection


def settle(connection: sqlite3.Connection) -> None:
    """Bring a segment that is finished into its one file; raises sqlite3.Error."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode = DELETE")


def uri(path: Path, mode: str) -> str:
    """A file as SQLite names it, whatever bytes its name has."""
    return f"file:{quote(os.fsencode(path))}?mode={mode}"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri(path, mode),
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )


def _tune(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # kill -9 loses nothing that was committed; only the machine's own end may.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 67108864")


def check(connection: sqlite3.Connection, path: Path, name: str = "main") -> None:
    """Raise NewerSchema or sqlite3.DatabaseError where a database is no segment to be read."""
    (version,) = connection.execute(f"PRAGMA {name}.user_version").fetchone()
    if version > VERSION:
        raise NewerSchema(
            f"{path} was written by a newer celerytui (schema {version}, this one reads {VERSION});"
            " upgrade, or name another folder with --history"
        )
    if version == 0:
        raise sqlite3.DatabaseError("file is not a segment of a history")
