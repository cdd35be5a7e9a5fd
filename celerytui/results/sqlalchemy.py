"""Results in a database by its URL: Celery's own tables, and those of django-celery-results.

Read page by page from the newest row on, by the primary key, which every version has indexed.
Nothing is created or changed, as Celery's own backend does when it connects.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timezone, tzinfo
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from celerytui.errors import BackendUnavailable
from celerytui.iso_time import moment
from celerytui.masking import mask_url, one_line
from celerytui.model import StoredGroup, StoredResult
from celerytui.read_only_sql import engine_of, limit, table_of
from celerytui.results.key_value import content_type_of
from celerytui.results.page_size import PageSize, length_of
from celerytui.results.source import (
    GROUPS,
    GROUPS_AT_ONCE,
    SLICE,
    Page,
    derives,
)
from celerytui.results.tables import (
    CELERY,
    DJANGO,
    TABLES,
    Row,
    Table,
    may_hold,
    read_chord,
    read_saved_group,
    with_chord,
)
from celerytui.results.wanted import TextMatch, Wanted


class SqlKind:
    """db+URL, and the setting `database_url`."""

    def fits(self, backend: type, url: str | None) -> bool:
        """Celery's own database backend, and what is derived from it."""
        return derives(backend, "celery.backends.database")

    def open(self, app: Any, backend: type | None, url: str | None) -> SqlSource:
        """The source; the backend itself is not made, since it would create its tables."""
        conf = app.conf
        names, schemas = conf.database_table_names or {}, conf.database_table_schemas or {}
        return SqlSource(
            str(url or conf.database_url or ""),
            tables=(CELERY,),
            content_type=content_type_of(app),
            zone=app.timezone,
            options=dict(conf.database_engine_options or {}),
            renamed={CELERY.name: names.get("task"), CELERY.groups: names.get("group")},
            schemas={CELERY.name: schemas.get("task"), CELERY.groups: schemas.get("group")},
        )


class SqlSource:
    """See `Source`. `renamed` and `schemas` are by the tables' usual names."""

    ordered = True

    def __init__(
        self,
        url: str,
        *,
        tables: Sequence[Table] = TABLES,
        content_type: str | None = None,
        zone: tzinfo = timezone.utc,
        options: Mapping[str, Any] | None = None,
        renamed: Mapping[str, str | None] | None = None,
        schemas: Mapping[str, str | None] | None = None,
    ) -> None:
        self.name = mask_url(url)
        self._url = url
        self._tables = tables
        self._content_type = content_type
        self._zone = zone
        self._options = dict(options or {})
        self._renamed = dict(renamed or {})
        self._schemas = dict(schemas or {})
        self._engine: Any = None
        self._found: tuple[Table, Any] | None = None

    def prepare(self) -> None:
        """Import SQLAlchemy and the driver of the URL."""
        with self._understood():
            self._opened()

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        """From the newest row on, narrowed by the database."""
        below = floor = None
        page = PageSize(size)
        while True:
            size = page.rows
            with self._connected() as connection:
                table, columns = self._table(connection)
                if wanted.narrows:
                    newest = _newest_key(connection, columns.c[table.key], below)
                    if newest is None:
                        return
                    floor = newest - SLICE
                rows = self._page(connection, table, columns, wanted, (below, floor), size)
            page.take(map(length_of, rows))
            found = tuple(table.read(row, self._content_type, self._zone) for row in rows)
            yield Page(found, len(rows))
            if len(rows) == size:
                below = rows[-1][table.key]
                if below is None:  # a table that others made may have no keys
                    return
            elif floor is None:
                return
            else:
                below = floor

    def one(self, task_id: str) -> StoredResult | None:
        """The row of that task."""
        import sqlalchemy as sa

        with self._connected() as connection:
            table, columns = self._table(connection)
            query = sa.select(*_sound(connection, columns))
            query = query.where(columns.c[table.id] == task_id).limit(1)
            row = connection.execute(query).mappings().first()
        return None if row is None else table.read(row, self._content_type, self._zone)

    def group(self, group_id: str) -> StoredGroup | None:
        """The saved group, and of a chord how many parts are missing."""
        with self._connected() as connection:
            table, _ = self._table(connection)
            row = self._named(connection, table.groups, table.group_id, group_id)
            chord = (
                None
                if table.chords is None
                else self._named(connection, table.chords, "group_id", group_id)
            )
        return with_chord(row, chord, self._content_type, self._zone)

    def groups(self, of: Collection[str] = ()) -> Iterator[StoredGroup]:
        """The newest rows of the tables of groups and of chords."""
        with self._connected() as connection:
            table, _ = self._table(connection)
            for row in self._newest(connection, table.groups):
                if may_hold(row, of):
                    yield read_saved_group(row, self._content_type, self._zone)
            chords = () if table.chords is None else self._newest(connection, table.chords)
            for row in chords:
                if may_hold(row, of):
                    yield read_chord(row)

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    # What is asked

    def _page(
        self,
        connection: Any,
        table: Table,
        columns: Any,
        wanted: Wanted,
        between: tuple[Any, Any],
        size: int,
    ) -> list[Row]:
        """The newest rows with a key below the one bound, and from the other on."""
        import sqlalchemy as sa

        key, (below, floor) = columns.c[table.key], between
        query = sa.select(*_sound(connection, columns)).order_by(key.desc()).limit(size)
        if below is not None:
            query = query.where(key < below)
        if floor is not None:
            query = query.where(key >= floor)
        for condition in _conditions(table, columns, wanted, self._zone):
            query = query.where(condition)
        return [dict(row) for row in connection.execute(query).mappings()]

    def _named(self, connection: Any, name: str, column: str, value: str) -> Row | None:
        import sqlalchemy as sa

        found = self._columns(connection, name, None)
        if found is None:
            return None
        query = sa.select(*found.c).where(found.c[column] == value).limit(1)
        row = connection.execute(query).mappings().first()
        return None if row is None else dict(row)

    def _newest(self, connection: Any, name: str) -> Iterator[Row]:
        """The newest rows, some at a time: one may have a member for each of a million tasks."""
        import sqlalchemy as sa

        found = self._columns(connection, name, None)
        if found is None:
            return
        query = sa.select(*found.c).order_by(found.c["id"].desc()).limit(GROUPS_AT_ONCE)
        asked = query
        for _ in range(0, GROUPS, GROUPS_AT_ONCE):
            rows = [dict(row) for row in connection.execute(asked).mappings()]
            yield from rows
            if len(rows) < GROUPS_AT_ONCE:
                return
            asked = query.where(found.c["id"] < rows[-1]["id"])

    def _table(self, connection: Any) -> tuple[Table, Any]:
        """The table of results that is there, and those of its columns that are.

        Of both the one with the newer result: an app may have changed from one to the other.
        """
        if self._found is None:
            there = list(self._tables_there(connection))
            if not there:
                names = " and no ".join(self._renamed.get(t.name) or t.name for t in self._tables)
                raise BackendUnavailable(
                    f"result backend {self.name}: no table {names};"
                    " a worker creates it with its first result, Django with `manage.py migrate`"
                )
            _, table, columns = max(there, key=itemgetter(0))
            self._found = table, columns
        return self._found

    def _tables_there(self, connection: Any) -> Iterator[tuple[float, Table, Any]]:
        """Each table that may be read, after when its newest result was stored.

        Raises the error of the first that may not, where that is all there is.
        """
        import sqlalchemy as sa

        refused: Exception | None = None
        found = 0
        for table in self._tables:
            try:
                with connection.begin_nested():
                    columns = self._columns(connection, table.name, table.columns)
                    needed = {table.key, table.id, table.state, table.done}
                    if columns is None or not needed <= set(columns.c.keys()):
                        continue
                    done = _sound(connection, columns)[columns.c.keys().index(table.done)]
                    newest = sa.select(done).order_by(columns.c[table.key].desc()).limit(1)
                    at = moment(connection.execute(newest).scalar(), self._zone) or 0.0
            except sa.exc.SQLAlchemyError as error:
                refused = refused or error
                continue
            found += 1
            yield at, table, columns
        if not found and refused is not None:
            raise refused

    def _columns(self, connection: Any, name: str, wanted: Sequence[str] | None) -> Any:
        """A table with those of these columns that it has; None: no such table."""
        import sqlalchemy as sa

        found = table_of(connection, self._renamed.get(name) or name, self._schemas.get(name))
        if found is None or wanted is None:
            return found
        kept: list[Any] = [sa.column(name) for name in wanted if name in found.c]
        return sa.table(found.name, *kept, schema=found.schema)

    # Its connections

    def _opened(self) -> Any:
        """The engine, made at the first question."""
        if self._engine is None:
            self._engine = engine_of(self._url, self._options)
        return self._engine

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        """A connection whose transaction only reads and ends in time; raises BackendUnavailable."""
        with self._understood(), self._opened().connect() as connection:
            limit(connection)
            if connection.dialect.name == "postgresql":
                self._zone = _session_zone(connection) or self._zone
            yield connection

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        """Raises BackendUnavailable for what SQLAlchemy and its drivers raise."""
        import sqlalchemy as sa

        try:
            yield
        except (sa.exc.SQLAlchemyError, OSError, ImportError, sqlite3.Error, ValueError) as error:
            # Drivers have ValueErrors for what they cannot send or read.
            cause = getattr(error, "orig", None) or error
            raise BackendUnavailable(f"result backend {self.name}: {one_line(cause)}") from error


def _sound(connection: Any, columns: Any) -> list[Any]:
    """The columns of a table; of a time that Python has no date for nothing.

    PostgreSQL has times of other millennia, and infinity: one of them would end a page.
    """
    import sqlalchemy as sa

    if connection.dialect.name != "postgresql":
        return list(columns.c)
    first: Any = sa.literal_column("'0001-01-02'")
    last: Any = sa.literal_column("'9999-12-30'")
    return [
        sa.case((sa.and_(one > first, one < last), one)).label(one.name)
        if one.name.startswith("date_")
        else one
        for one in columns.c
    ]


def _newest_key(connection: Any, key: Any, below: int | None) -> int | None:
    """The largest key, or the largest below another; keys may have gaps of any size."""
    import sqlalchemy as sa

    query = sa.select(sa.func.max(key))
    newest = connection.execute(query if below is None else query.where(key < below)).scalar_one()
    return None if newest is None else int(newest)


def _conditions(table: Table, columns: Any, wanted: Wanted, zone: tzinfo) -> Iterator[Any]:
    import sqlalchemy as sa

    if wanted.ids is not None:
        yield columns.c[table.id].in_(wanted.ids)
    if wanted.states is not None:
        yield columns.c[table.state].in_(sorted(wanted.states))
    for matches, name in ((wanted.names, table.task_name), (wanted.workers, table.worker)):
        if matches is not None:
            if name not in columns.c:
                yield sa.false()
            else:
                yield sa.or_(*(_matching(columns.c[name], match) for match in matches))
    aware = table is DJANGO
    for bound, compare in ((wanted.since, "__ge__"), (wanted.until, "__le__")):
        if bound is not None:
            value = sa.literal(_as_stored(bound, zone, aware), sa.DateTime(timezone=aware))
            yield getattr(columns.c[table.done], compare)(value)


def _matching(column: Any, match: TextMatch) -> Any:
    import sqlalchemy as sa

    lower = sa.func.lower(column)
    if match.place == "whole":
        return lower == match.text
    if match.place == "beginning":
        return lower.startswith(match.text, autoescape=True)
    if match.place == "end":
        return lower.endswith(match.text, autoescape=True)
    return lower.contains(match.text, autoescape=True)


def _as_stored(at: float, zone: tzinfo, aware: bool) -> datetime:
    """A time as the column has it: without a zone, or in UTC as Django writes it."""
    # A second off is no loss: the filter decides.
    stored = datetime.fromtimestamp(at, timezone.utc if aware else zone)
    return stored if aware else stored.replace(tzinfo=None)


def _session_zone(connection: Any) -> tzinfo | None:
    """What PostgreSQL takes a time without a zone in when it is given one with a zone."""
    import sqlalchemy as sa

    try:
        return ZoneInfo(str(connection.execute(sa.text("SHOW timezone")).scalar_one()))
    except (KeyError, ValueError, OSError):
        return None
