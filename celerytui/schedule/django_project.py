"""The tables of django-celery-beat in a project's own database, through Django.

Django is set up by the app's own loading; here nothing is, and no model is used.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from msgspec.structs import replace

from celerytui.read_only_sql import project_zone
from celerytui.schedule.source import READ_SECONDS, Source, SourceReader
from celerytui.schedule.table_packages import DJANGO, Connection, Row, Tables
from celerytui.schedule.tables import TableReader
from celerytui.schedule.timings import utc
from celerytui.schedule.zones import zone_name
from celerytui.sql_limits import limit_sqlite, limits

PARAMETER = re.compile(r":(\w+)")
APP_LABEL = "django_celery_beat"
BY_HOURS = (2, 8)
"""The version from which on beat does not read entries with another fixed hour."""


class DjangoDatabase:
    """The database that the project's routers give to django-celery-beat.

    Each transaction has a connection of its own, closed afterwards: threads share none.
    """

    def __init__(self) -> None:
        self.zone = project_zone() or "UTC"
        self.where = self._name(writes=False)

    @contextmanager
    def open(self, *, writes: bool) -> Iterator[Connection]:
        """A transaction, which writes only where that is asked for, and ends in time."""
        from django.db import connections, transaction

        alias = self._alias(writes=writes)
        connection = connections[alias]
        try:
            with transaction.atomic(using=alias):
                _limit(connection, writes=writes)
                yield _DjangoConnection(connection)
        finally:
            connection.close()

    def close(self) -> None:
        """Close nothing: connections end with their transactions."""

    def _alias(self, *, writes: bool) -> str:
        from django.apps import apps
        from django.db import router

        model = apps.get_model(APP_LABEL, "PeriodicTask")
        return str(router.db_for_write(model) if writes else router.db_for_read(model))

    def _name(self, *, writes: bool) -> str:
        from django.db import connections

        alias = self._alias(writes=writes)
        settings = connections.databases[alias]
        kind = str(settings.get("ENGINE", "")).rpartition(".")[2]
        return f"{kind} {settings.get('NAME', '')} ({alias})"


def _limit(connection: Any, *, writes: bool) -> None:
    """Have the database end long questions, and refuse writes unless `writes`."""
    if connection.vendor == "sqlite":
        limit_sqlite(connection.connection, READ_SECONDS, writes=writes)
        return
    maria = bool(getattr(connection, "mysql_is_mariadb", False))
    with connection.cursor() as cursor:
        for statement in limits(connection.vendor, READ_SECONDS, is_mariadb=maria, writes=writes):
            cursor.execute(statement)


class _DjangoConnection:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.vendor = str(connection.vendor)

    def rows(self, statement: str, values: Row) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(*_positional(statement, values))
            names = [column[0].lower() for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def change(self, statement: str, values: Row) -> int:
        with self._connection.cursor() as cursor:
            cursor.execute(*_positional(statement, values))
            return int(cursor.rowcount)

    def time(self, seconds: float, zone: tzinfo) -> Any:
        """A time as Django would write it."""
        from django.conf import settings
        from django.utils import timezone

        at = utc(seconds)
        own = at if settings.USE_TZ else timezone.make_naive(at, zone)
        return self._connection.ops.adapt_datetimefield_value(own)


def _positional(statement: str, values: Row) -> tuple[str, list[Any]]:
    names = PARAMETER.findall(statement)
    return PARAMETER.sub("%s", statement), [values[name] for name in names]


def _for_app(app: Any) -> SourceReader | None:
    """Where the project is one of Django with django-celery-beat installed in it."""
    if "django" not in sys.modules:
        return None
    from django.apps import apps

    if not apps.ready or not apps.is_installed(APP_LABEL):
        return None
    return TableReader(DjangoDatabase(), _installed(), zone_name(app.timezone))


def _installed() -> Tables:
    """The tables of the version that is installed, whose beat is most likely the same."""
    with contextlib.suppress(PackageNotFoundError, ValueError):
        major, minor = version("django-celery-beat").split(".")[:2]
        return replace(DJANGO, by_hours=(int(major), int(minor)) >= BY_HOURS)
    return DJANGO


SOURCE = Source(for_app=_for_app)
