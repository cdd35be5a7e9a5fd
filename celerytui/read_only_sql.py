"""Connections to databases of others, by URL: they only read, and no question takes for ever.

SQLAlchemy is imported when one is opened: it is an extra.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

CONNECT_SECONDS = 5.0
SECONDS = 10.0
"""The longest that a question to a database takes."""
PROGRESS_STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock."""


def engine_of(url: str, options: Mapping[str, Any]) -> Any:
    """An engine that keeps no connection open; `options` are those of an app for its own.

    Raises ImportError, SQLAlchemy's errors; FileNotFoundError once a file is opened that is none.
    """
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    address = sa.make_url(url)
    given = {
        name: value
        for name, value in options.items()
        if not name.startswith("pool") and name not in ("max_overflow", "echo", "echo_pool")
    }
    if address.get_backend_name() == "sqlite":
        path = address.database or ""
        return sa.create_engine("sqlite://", poolclass=NullPool, creator=lambda: open_sqlite(path))
    arguments = dict(given.pop("connect_args", {}))
    driver = address.get_driver_name()
    if driver in ("psycopg", "psycopg2", "pymysql", "mysqldb", "mysqlconnector"):
        arguments.setdefault("connect_timeout", int(CONNECT_SECONDS))
    if driver == "pymysql":
        arguments.setdefault("read_timeout", int(2 * SECONDS))
    return sa.create_engine(address, poolclass=NullPool, connect_args=arguments, **given)


def open_sqlite(path: str) -> sqlite3.Connection:
    """A connection that can't write, ends long questions, and reads texts that are not UTF-8."""
    if path.startswith("file:"):
        path = path.removeprefix("file:").partition("?")[0]
    if not os.path.isfile(path):
        raise FileNotFoundError("no such file")
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode=ro", uri=True, timeout=CONNECT_SECONDS, check_same_thread=False
    )
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    limit_sqlite(connection)
    return connection


def limit_sqlite(connection: sqlite3.Connection) -> None:
    """Have each question on a connection end with an error once its time is up."""
    end = time.monotonic() + SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > end, PROGRESS_STEPS)


def limit(connection: Any) -> None:
    """Have the server refuse writes and end long questions, for this transaction or connection."""
    import sqlalchemy as sa

    for statement in limits(
        connection.dialect.name, bool(getattr(connection.dialect, "is_mariadb", False))
    ):
        connection.execute(sa.text(statement))


def limits(vendor: str, is_mariadb: bool) -> tuple[str, ...]:
    """The statements with which a server limits what follows, by Django's names of vendors."""
    if vendor == "postgresql":
        # For the transaction alone: a pooler may give the connection to others.
        return (
            "SET TRANSACTION READ ONLY",
            f"SET LOCAL statement_timeout = {int(SECONDS * 1000)}",
        )
    if vendor in ("mysql", "mariadb"):
        longest = (
            f"SET SESSION max_statement_time = {SECONDS:g}"
            if is_mariadb
            else f"SET SESSION MAX_EXECUTION_TIME = {int(SECONDS * 1000)}"
        )
        return (longest, "SET SESSION TRANSACTION READ ONLY")
    return ()


def table_of(connection: Any, name: str, schema: str | None = None) -> Any:
    """A table without types: a row may hold what its type would refuse. None: no such table."""
    import sqlalchemy as sa

    if not sa.inspect(connection).has_table(name, schema=schema):
        return None
    # What the table's catalogue says of its columns takes some databases a tenth of a second.
    nothing = sa.select(sa.text("*")).select_from(sa.table(name, schema=schema))
    there = list(connection.execute(nothing.where(sa.false())).keys())
    return sa.table(name, *map(sa.column, there), schema=schema)
