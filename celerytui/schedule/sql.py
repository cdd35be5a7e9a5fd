"""A database of the schedule by its URL, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any

from celerytui.errors import UsageError
from celerytui.masking import learn, mask_url, one_line, secrets_in
from celerytui.read_only_sql import project_zone
from celerytui.schedule.source import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Source,
    SourceReader,
    scheduler_of,
)
from celerytui.schedule.table_packages import DJANGO, SQLALCHEMY, Connection, Row, Tables
from celerytui.schedule.tables import TableReader
from celerytui.schedule.timings import utc
from celerytui.schedule.zones import zone_name
from celerytui.sql_limits import driver_limits, limits, open_sqlite

SCHEMES = ("sqlite", "postgresql", "postgres", "mysql", "mariadb", "oracle", "mssql")
"""What the URL of a database may begin with, before a "+" and its driver."""


class SqlDatabase:
    """A database by a URL as SQLAlchemy takes it; connects on the first reading."""

    def __init__(self, url: str, zone: str = "UTC") -> None:
        learn(secrets_in([url]))
        scheme, separator, rest = url.partition("://")
        self._url = ("postgresql" if scheme == "postgres" else scheme) + separator + rest
        self.where = mask_url(url)
        self.zone = zone
        self._engines: dict[bool, Any] = {}

    @contextmanager
    def open(self, *, writes: bool) -> Iterator[Connection]:
        """A transaction, which writes only where that is asked for, and ends in time."""
        with self._connected(writes=writes) as (connection, vendor):
            yield _SqlConnection(connection, vendor)

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[tuple[Any, str]]:
        """A limited connection, and the kind of the database; RuntimeError in its own words."""
        engine = self._made(writes=writes)
        from sqlalchemy.exc import DBAPIError

        dialect = engine.dialect
        try:
            with engine.begin() if writes else engine.connect() as connection:
                maria = bool(getattr(dialect, "is_mariadb", False))
                for one in limits(dialect.name, READ_SECONDS, is_mariadb=maria, writes=writes):
                    connection.exec_driver_sql(one)
                yield connection, str(dialect.name)
        except DBAPIError as error:
            # Its own text has the statement and a link, which say nothing to a user.
            raise RuntimeError(one_line(error.orig or error)) from error

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        from sqlalchemy import inspect

        with self._connected(writes=False) as (connection, _):
            return bool(inspect(connection).has_table(table))

    def close(self) -> None:
        """Close its connections."""
        while self._engines:
            self._engines.popitem()[1].dispose()

    def _made(self, *, writes: bool) -> Any:
        if writes not in self._engines:
            try:
                self._engines[writes] = _engine(self._url, writes)
            except ImportError as error:
                raise UsageError(str(error)) from error
        return self._engines[writes]


class _SqlConnection:
    def __init__(self, connection: Any, vendor: str) -> None:
        self._connection = connection
        self.vendor = vendor

    def rows(self, statement: str, values: Row) -> list[Row]:
        from sqlalchemy import text

        found = self._connection.execute(text(statement), dict(values))
        return [dict(row) for row in found.mappings()]

    def change(self, statement: str, values: Row) -> int:
        from sqlalchemy import text

        return int(self._connection.execute(text(statement), dict(values)).rowcount)

    def time(self, seconds: float, zone: tzinfo) -> Any:
        """See `Connection.time`: without a zone but in PostgreSQL, text in SQLite."""
        at = utc(seconds).astimezone(zone)
        if self.vendor == "sqlite":
            return at.strftime("%Y-%m-%d %H:%M:%S.%f")
        return at if self.vendor == "postgresql" else at.replace(tzinfo=None)


class UrlReader(TableReader):
    """The tables of whichever package there are at a URL; the app, or None, says their zone."""

    def __init__(self, database: SqlDatabase, app: Any) -> None:
        super().__init__(database, DJANGO, "UTC" if app is None else zone_name(app.timezone))
        self.name = ""
        self._sql = database
        self._found = False

    def read(self, now: float) -> Any:
        if not self._found:
            for tables in (DJANGO, SQLALCHEMY):
                if self._sql.has(tables.task):
                    self._take(tables)
                    break
            else:
                raise UsageError(f"it has neither the table {DJANGO.task} nor {SQLALCHEMY.task}")
        return super().read(now)

    def _take(self, tables: Tables) -> None:
        self._use(tables)
        self._found = True
        self._sql.zone = (project_zone() or "UTC") if tables is DJANGO else self._timezone


def _engine(url: str, writes: bool) -> Any:
    """An engine whose connections are limited, and none of which makes a file."""
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        path = address.database or ""
        return sa.create_engine(
            "sqlite://",
            poolclass=NullPool,
            creator=lambda: open_sqlite(path, READ_SECONDS, writes=writes),
        )
    # What the URL itself says of time limits goes first.
    given = driver_limits(address.get_driver_name(), CONNECT_SECONDS, 2 * READ_SECONDS)
    arguments = {name: value for name, value in given.items() if name not in address.query}
    return sa.create_engine(address, poolclass=NullPool, connect_args=arguments)


def _for_url(url: str, app: Any) -> SourceReader | None:
    scheme = url.partition("://")[0].partition("+")[0].lower()
    return UrlReader(SqlDatabase(url), app) if scheme in SCHEMES else None


def _for_app(app: Any) -> SourceReader | None:
    """celery-sqlalchemy-scheduler, whose database the setting `beat_dburi` names."""
    if "sqlalchemy" not in scheduler_of(app):
        return None
    timezone = zone_name(app.timezone)
    url = str(app.conf.get("beat_dburi") or "sqlite:///schedule.db")
    return TableReader(SqlDatabase(url, timezone), SQLALCHEMY, timezone)


SOURCE = Source(for_app=_for_app, for_url=_for_url)
