"""A database of the schedule by its URL, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from celerytui.errors import UsageError
from celerytui.masking import learn, mask_url, secrets_in
from celerytui.schedule.source import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Source,
    SourceReader,
    scheduler_of,
)
from celerytui.schedule.tables import DJANGO, SQLALCHEMY, Connection, Row, TableReader, Tables
from celerytui.schedule.timings import utc
from celerytui.schedule.zones import zone_name

SCHEMES = ("sqlite", "postgresql", "postgres", "mysql", "mariadb", "oracle", "mssql")
"""What the URL of a database may begin with, before a "+" and its driver."""


class SqlDatabase:
    """A database by a URL as SQLAlchemy takes it; connects on the first reading."""

    def __init__(self, url: str, zone: str = "UTC") -> None:
        learn(secrets_in([url]))
        self._url = url.replace("postgres://", "postgresql://", 1)
        self.where = mask_url(url)
        self.zone = zone
        self._engine: Any = None

    @contextmanager
    def open(self, *, writes: bool) -> Iterator[Connection]:
        """A transaction, which writes only where that is asked for."""
        engine = self._made()
        with engine.begin() if writes else engine.connect() as connection:
            if not writes and engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            yield _SqlConnection(connection, engine.dialect.name)

    def has(self, table: str) -> bool:
        """Whether there is such a table."""
        from sqlalchemy import inspect

        return bool(inspect(self._made()).has_table(table))

    def close(self) -> None:
        """Close its connections."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _made(self) -> Any:
        if self._engine is None:
            try:
                from sqlalchemy import create_engine
                from sqlalchemy.pool import NullPool
            except ImportError as error:
                raise UsageError(f"{error} (pip install 'celerytui[sql]')") from error
            url, arguments = _limited(self._url)
            self._engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
        return self._engine


class _SqlConnection:
    def __init__(self, connection: Any, dialect: str) -> None:
        self._connection = connection
        self._dialect = dialect

    def rows(self, statement: str, values: Row) -> list[Row]:
        from sqlalchemy import text

        found = self._connection.execute(text(statement), dict(values))
        return [dict(row) for row in found.mappings()]

    def change(self, statement: str, values: Row) -> int:
        from sqlalchemy import text

        return int(self._connection.execute(text(statement), dict(values)).rowcount)

    def time(self, seconds: float) -> Any:
        """A time as the packages write it: text without a zone in SQLite, in UTC."""
        at = utc(seconds)
        if self._dialect == "sqlite":
            return at.strftime("%Y-%m-%d %H:%M:%S.%f")
        return at if self._dialect == "postgresql" else at.replace(tzinfo=None)

    def truth(self, value: bool) -> Any:
        return value


class UrlReader(TableReader):
    """The tables of whichever package there are at a URL."""

    def __init__(self, database: SqlDatabase, timezone: str) -> None:
        super().__init__(database, DJANGO, timezone)
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
        self._tables, self.loop, self._found = tables, tables.loop, True
        self.name = tables.package


def _limited(url: str) -> tuple[str, dict[str, Any]]:
    """The URL, a SQLite file never made where there is none, and the driver's time limits."""
    scheme, _, driver = url.partition("://")[0].partition("+")
    if scheme == "sqlite":
        path = url.partition("://")[2].removeprefix("/")
        if path and path != ":memory:" and "file:" not in path and "?" not in path:
            return f"sqlite:///file:{quote(path)}?mode=rw&uri=true", {"timeout": CONNECT_SECONDS}
        return url, {}
    if scheme == "postgresql" and driver in ("", "psycopg", "psycopg2"):
        limit = f"-c statement_timeout={int(READ_SECONDS * 1000)}"
        return url, {"connect_timeout": int(CONNECT_SECONDS), "options": limit}
    if scheme in ("mysql", "mariadb"):
        return url, {"connect_timeout": int(CONNECT_SECONDS), "read_timeout": int(READ_SECONDS)}
    return url, {}


def _for_url(url: str) -> SourceReader | None:
    scheme = url.partition("://")[0].partition("+")[0].lower()
    return UrlReader(SqlDatabase(url), "UTC") if scheme in SCHEMES else None


def _for_app(app: Any) -> SourceReader | None:
    """celery-sqlalchemy-scheduler, whose database the setting `beat_dburi` names."""
    if "sqlalchemy" not in scheduler_of(app):
        return None
    timezone = zone_name(app.timezone)
    url = str(app.conf.get("beat_dburi") or "sqlite:///schedule.db")
    return TableReader(SqlDatabase(url, timezone), SQLALCHEMY, timezone)


SOURCE = Source(for_app=_for_app, for_url=_for_url)
