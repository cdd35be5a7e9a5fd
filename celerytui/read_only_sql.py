"""Connections to databases of others, by URL: they only read, and no question takes for ever.

SQLAlchemy is imported when one is opened: that takes a quarter of a second.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from celerytui.sql_limits import driver_limits, limits, open_sqlite

CONNECT_SECONDS = 5.0
SECONDS = 10.0
"""The longest that a question to a database takes."""


def project_zone() -> str | None:
    """The zone of times without one that the loaded Django project writes; None without one."""
    if "django" not in sys.modules:
        return None
    from django.conf import settings

    if not settings.configured:
        return None
    return "UTC" if settings.USE_TZ else str(settings.TIME_ZONE)


def crontabs_have_zones() -> bool:
    """Whether the beat of the loaded Django project heeds the zones of its crontabs."""
    if "django" not in sys.modules:
        return True
    from django.conf import settings

    return not settings.configured or bool(getattr(settings, "DJANGO_CELERY_BEAT_TZ_AWARE", True))


def engine_of(url: str, options: Mapping[str, Any]) -> Any:
    """An engine that keeps no connection open; `options` are those of an app for its own.

    Raises ImportError, ValueError, SQLAlchemy's errors; FileNotFoundError once a file is opened
    that is none.
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
        return sa.create_engine(
            "sqlite://", poolclass=NullPool, creator=lambda: open_sqlite(path, SECONDS)
        )
    limited = driver_limits(address.get_driver_name(), CONNECT_SECONDS, 2 * SECONDS)
    arguments = {**limited, **given.pop("connect_args", {})}
    try:
        return sa.create_engine(address, poolclass=NullPool, connect_args=arguments, **given)
    except TypeError as error:  # an option that it does not have
        raise ValueError(f"database_engine_options: {error}") from error


def limit(connection: Any) -> None:
    """Have the server refuse writes and end long questions, for this transaction or connection."""
    import sqlalchemy as sa

    dialect = connection.dialect
    is_mariadb = bool(getattr(dialect, "is_mariadb", False))
    for statement in limits(dialect.name, SECONDS, is_mariadb=is_mariadb):
        connection.execute(sa.text(statement))


def table_of(connection: Any, name: str, schema: str | None = None) -> Any:
    """A table without types: a row may hold what its type would refuse. None: no such table."""
    import sqlalchemy as sa

    if not sa.inspect(connection).has_table(name, schema=schema):
        return None
    # What the table's catalogue says of its columns takes some databases a tenth of a second.
    nothing = sa.select(sa.text("*")).select_from(sa.table(name, schema=schema))
    there = list(connection.execute(nothing.where(sa.false())).keys())
    return sa.table(name, *map(sa.column, there), schema=schema)
