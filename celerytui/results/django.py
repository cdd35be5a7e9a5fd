"""Results of django-celery-results, through the connection of the Django project itself.

So the project's settings, routers and passwords hold. Each question has a transaction that only
reads and ends in time, and closes the connection of its thread afterwards.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timezone, tzinfo
from typing import Any

from celerytui.errors import BackendUnavailable
from celerytui.masking import one_line
from celerytui.model import StoredGroup, StoredResult
from celerytui.results.page_size import PageSize, length_of
from celerytui.results.source import (
    GROUPS,
    GROUPS_AT_ONCE,
    SECONDS,
    SLICE,
    Page,
    derives,
)
from celerytui.results.tables import DJANGO, Row, may_hold, read_chord, read_saved_group, with_chord
from celerytui.results.wanted import TextMatch, Wanted
from celerytui.sql_limits import limit_sqlite, limits, sqlite_path

_LOOKUPS = {"whole": "exact", "part": "contains", "beginning": "startswith", "end": "endswith"}


class DjangoKind:
    """django-db, which needs a Django project that is set up."""

    def fits(self, backend: type, url: str | None) -> bool:
        """The package's database backend, and what is derived from it."""
        return derives(backend, "django_celery_results.backends.database")

    def open(self, app: Any, backend: type, url: str | None) -> DjangoSource:
        """The source on the models of the backend."""
        return DjangoSource(backend)


class DjangoSource:
    """See `Source`."""

    ordered = True

    def __init__(self, backend: Any) -> None:
        self._results = backend.TaskModel
        self._groups = backend.GroupModel
        self._there: dict[Any, list[str]] = {}
        self.name = "django-db"

    def prepare(self) -> None:
        """Import the driver of its database, and what makes a query of its models."""
        from django.db import connections

        with self._understood():
            alias = self._chosen(self._results)
            str(self._results._default_manager.using(alias).order_by("-pk")[:1].query)
            connections[alias].close()

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        """From the newest row on, narrowed by the database."""
        below = floor = None
        page = PageSize(size)
        while True:
            size = page.rows
            with self._asked(self._results) as alias:
                query = self._query(alias, self._results, wanted).order_by("-pk")
                if below is not None:
                    query = query.filter(pk__lt=below)
                if wanted.narrows:
                    newest = self._newest_key(alias, below)
                    if newest is None:
                        return
                    floor = newest - SLICE
                    query = query.filter(pk__gte=floor)
                rows = self._rows(query, size)
            page.take(map(length_of, rows))
            yield Page(tuple(self._read(row) for row in rows), len(rows))
            if len(rows) == size:
                below = rows[-1][self._results._meta.pk.name]
            elif floor is None:
                return
            else:
                below = floor

    def one(self, task_id: str) -> StoredResult | None:
        """The row of that task."""
        row = self._row(self._results, DJANGO.id, task_id)
        return None if row is None else self._read(row)

    def group(self, group_id: str) -> StoredGroup | None:
        """The saved group, and of a chord how many parts are missing."""
        from django_celery_results.models import ChordCounter

        saved = self._row(self._groups, "group_id", group_id)
        chord = self._row(ChordCounter, "group_id", group_id)
        return with_chord(saved, chord, None, _zone())

    def groups(self, of: Collection[str] = ()) -> Iterator[StoredGroup]:
        """The newest rows of the tables of groups and of chords."""
        from django_celery_results.models import ChordCounter

        zone = _zone()
        for row in self._newest(self._groups):
            if may_hold(row, of):
                yield read_saved_group(row, None, zone)
        for row in self._newest(ChordCounter):
            if may_hold(row, of):
                yield read_chord(row)

    def close(self) -> None:
        """Nothing is open between two questions."""

    def _read(self, row: Row) -> StoredResult:
        return DJANGO.read(row, None, _zone())

    def _row(self, model: Any, column: str, value: str) -> Row | None:
        with self._asked(model) as alias:
            rows = model._default_manager.using(alias).filter(**{column: value})
            found = self._rows(rows.order_by().values(*self._columns(alias, model)), 1)
        return found[0] if found else None

    def _rows(self, query: Any, size: int) -> list[Row]:
        """The first rows; one with a time that is none comes without its times."""
        from django.db import DataError

        try:
            return list(query[:size])
        except (DataError, ValueError, TypeError, AttributeError):
            if size == 1:
                model = query.model._meta
                dated = [one.name for one in model.concrete_fields if one.name.startswith("date_")]
                return list(query.values(*(one for one in query._fields if one not in dated))[:1])
        keys = list(query.values_list("pk", flat=True)[:size])
        one_each = (self._rows(query.filter(pk=key), 1) for key in keys)
        return [row for rows in one_each for row in rows]

    def _newest_key(self, alias: str, below: int | None) -> int | None:
        """The largest key, or the largest below another; keys may have gaps of any size."""
        from django.db.models import Max

        rows = self._results._default_manager.using(alias)
        if below is not None:
            rows = rows.filter(pk__lt=below)
        newest: int | None = rows.aggregate(newest=Max("pk"))["newest"]
        return newest

    def _newest(self, model: Any) -> Iterator[Row]:
        """The newest rows, some at a time: one may have a member for each of a million tasks."""
        below = None
        for _ in range(0, GROUPS, GROUPS_AT_ONCE):
            with self._asked(model) as alias:
                query = model._default_manager.using(alias).order_by("-pk")
                if below is not None:
                    query = query.filter(pk__lt=below)
                rows = list(query.values(*self._columns(alias, model))[:GROUPS_AT_ONCE])
            yield from rows
            if len(rows) < GROUPS_AT_ONCE:
                return
            below = rows[-1][model._meta.pk.name]

    def _query(self, alias: str, model: Any, wanted: Wanted) -> Any:
        there = self._columns(alias, model)
        query = model._default_manager.using(alias).values(*there)
        if wanted.ids is not None:
            query = query.filter(**{f"{DJANGO.id}__in": wanted.ids})
        if wanted.states is not None:
            query = query.filter(**{f"{DJANGO.state}__in": sorted(wanted.states)})
        for matches, name in ((wanted.names, DJANGO.task_name), (wanted.workers, DJANGO.worker)):
            if matches is not None:
                query = query.filter(_any(name, matches)) if name in there else query.none()
        for bound, compare in ((wanted.since, "gte"), (wanted.until, "lte")):
            if bound is not None:
                query = query.filter(**{f"{DJANGO.done}__{compare}": _as_stored(bound)})
        return query

    def _columns(self, alias: str, model: Any) -> list[str]:
        """The model's fields whose columns are there: not all migrations may have been applied."""
        from django.db import connections

        known = self._there.get(model)
        if known is None:
            with connections[alias].cursor() as cursor:
                table = model._meta.db_table
                described = connections[alias].introspection.get_table_description(cursor, table)
            names = {column.name for column in described}
            known = [one.name for one in model._meta.concrete_fields if one.column in names]
            self._there[model] = known
        return known

    def _chosen(self, model: Any) -> str:
        """The database that the project's routers choose."""
        from django.db import router

        alias = str(router.db_for_read(model))
        self.name = f"django-db ({alias})"
        return alias

    @contextlib.contextmanager
    def _asked(self, model: Any) -> Iterator[str]:
        """The database of the model, for one question; raises BackendUnavailable."""
        from django.db import Error, connections, transaction

        with self._understood():
            alias = self._chosen(model)
            try:
                _need_file(connections[alias])
                connections[alias].close_if_unusable_or_obsolete()
                with transaction.atomic(using=alias):
                    _limit(connections[alias])
                    yield alias
            finally:
                with contextlib.suppress(Error):
                    connections[alias].close()

    @contextlib.contextmanager
    def _understood(self) -> Iterator[None]:
        """Raises BackendUnavailable for what Django and its drivers raise."""
        from django.core.exceptions import ImproperlyConfigured
        from django.db import Error

        try:
            yield
        except (Error, ImproperlyConfigured, OSError, ValueError) as error:
            raise BackendUnavailable(f"result backend {self.name}: {one_line(error)}") from error


def _need_file(connection: Any) -> None:
    """Raise FileNotFoundError where SQLite would make the file that it does not find."""
    if connection.vendor == "sqlite" and not connection.is_in_memory_db():
        path = sqlite_path(str(connection.settings_dict["NAME"]))
        if not os.path.exists(path):
            raise FileNotFoundError(f"there is no file {path}")


def _limit(connection: Any) -> None:
    """Have the database refuse writes and end long questions, until the connection is closed."""
    if connection.vendor == "sqlite":
        limit_sqlite(connection.connection, SECONDS)
        return
    is_mariadb = bool(getattr(connection, "mysql_is_mariadb", False))
    statements = limits(connection.vendor, SECONDS, is_mariadb=is_mariadb)
    if statements:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def _any(name: str, matches: Sequence[TextMatch]) -> Any:
    from django.db.models import CharField, Q
    from django.db.models.functions import Lower

    lower, found = Lower(name, output_field=CharField()), Q()
    for match in matches:
        found |= Q(lower.get_lookup(_LOOKUPS[match.place])(lower, match.text))
    return found


def _as_stored(at: float) -> datetime:
    """A time as the project's databases take it."""
    from django.conf import settings
    from django.utils.timezone import make_naive

    moment = datetime.fromtimestamp(at, timezone.utc)
    return moment if settings.USE_TZ else make_naive(moment, _zone())


def _zone() -> tzinfo:
    from django.utils.timezone import get_default_timezone

    zone: tzinfo = get_default_timezone()
    return zone
