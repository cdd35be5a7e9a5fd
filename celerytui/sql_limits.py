"""What keeps a question to a database short and from writing: one place for all of them."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import Any
from urllib.parse import quote

PROGRESS_STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock."""


def limits(
    vendor: str, seconds: float, *, is_mariadb: bool = False, writes: bool = False
) -> tuple[str, ...]:
    """The statements with which a server ends long questions, and refuses writes unless `writes`.

    They come first in a transaction. `vendor` is the name that Django and SQLAlchemy have for a
    kind of database; SQLite is limited by `limit_sqlite`.
    """
    millis = int(seconds * 1000)
    if vendor == "postgresql":
        # For the transaction alone: a pooler may give the connection to others.
        found = [f"SET LOCAL statement_timeout = {millis}"]
        return tuple(found if writes else ["SET TRANSACTION READ ONLY", *found])
    if vendor in ("mysql", "mariadb"):
        if is_mariadb or vendor == "mariadb":
            found = [f"SET SESSION max_statement_time = {seconds:g}"]
        else:
            found = [f"SET SESSION MAX_EXECUTION_TIME = {millis}"]
        if writes:
            # MySQL's other limit is that of SELECT alone.
            return (*found, f"SET SESSION innodb_lock_wait_timeout = {max(1, int(seconds))}")
        return (*found, "SET SESSION TRANSACTION READ ONLY")
    if vendor == "oracle" and not writes:
        return ("SET TRANSACTION READ ONLY",)
    if vendor in ("mssql", "microsoft"):
        return (f"SET LOCK_TIMEOUT {millis}",)
    return ()


def driver_limits(driver: str, connect_seconds: float, read_seconds: float) -> dict[str, Any]:
    """What a driver takes as its time limits, by SQLAlchemy's name of it; what has none gets none.

    `read_seconds` is how long a server may be silent: longer than what `limits` allows it.
    """
    connect, read = max(1, int(connect_seconds)), max(1, int(read_seconds))
    if driver in ("psycopg", "psycopg2"):
        return {"connect_timeout": connect}
    if driver == "pg8000":
        return {"timeout": read}
    if driver in ("pymysql", "mysqldb", "mariadbconnector"):
        return {"connect_timeout": connect, "read_timeout": read, "write_timeout": read}
    if driver == "mysqlconnector":
        return {"connection_timeout": connect}
    if driver == "oracledb":
        return {"tcp_connect_timeout": float(connect)}
    if driver == "pymssql":
        return {"login_timeout": connect, "timeout": read}
    if driver == "pyodbc":
        return {"timeout": connect}
    return {}


def sqlite_path(database: str) -> str:
    """The path of a SQLite database as a URL names it: a path, or a `file:` URL of its own."""
    if database.startswith("file:"):
        return database.removeprefix("file:").partition("?")[0]
    return database


def open_sqlite(database: str, seconds: float, *, writes: bool = False) -> sqlite3.Connection:
    """A connection to a file that exists: limited, and read-only unless `writes`.

    FileNotFoundError where there is none: it is never made. Texts that are not UTF-8 can be read.
    """
    path = sqlite_path(database)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {path}")
    mode = "rw" if writes else "ro"
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode={mode}", uri=True, timeout=seconds, check_same_thread=False
    )
    limit_sqlite(connection, seconds, writes=writes)
    return connection


def limit_sqlite(connection: sqlite3.Connection, seconds: float, *, writes: bool = False) -> None:
    """Have all questions on a connection end with an error once the time from now on is up."""
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, PROGRESS_STEPS)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    if not writes:
        connection.execute("PRAGMA query_only = ON")
