"""The packages that keep the schedule in tables: what these are called, and how they are reached.

Both have the same columns, under other names of tables. How the database is reached is the matter
of a `Database`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import tzinfo
from typing import Any, Protocol

from msgspec import Struct

from celerytui.read_only_sql import crontabs_have_zones

Row = Mapping[str, Any]


class Tables(Struct, frozen=True, kw_only=True):
    """The names of the tables of a package; `changed` is where it notices changes.

    `forgets` says that the package takes the last run from what it disables, so that it does not
    run at once when it is enabled again; `names_itself` that tasks have the entry in their headers.
    `runs_in_utc` says that a last run without a zone is in UTC whatever the zone of other times,
    `by_hours` that entries with a fixed hour are not in beat's memory all day. `heeds_zones` asks
    whether crontabs run in the zones that they have there, and not in the app's.
    """

    package: str
    record: str
    task: str
    interval: str
    crontab: str
    solar: str
    clocked: str | None
    changed: str
    changed_key: str
    forgets: bool
    names_itself: bool
    runs_in_utc: bool
    by_hours: bool
    heeds_zones: Callable[[], bool]
    loop: float


DJANGO = Tables(
    package="django-celery-beat",
    record="PeriodicTask",
    task="django_celery_beat_periodictask",
    interval="django_celery_beat_intervalschedule",
    crontab="django_celery_beat_crontabschedule",
    solar="django_celery_beat_solarschedule",
    clocked="django_celery_beat_clockedschedule",
    changed="django_celery_beat_periodictasks",
    changed_key="ident",
    forgets=True,
    names_itself=True,
    # It takes them from utcnow() where the project has no USE_TZ, and takes them for UTC.
    runs_in_utc=True,
    by_hours=True,
    heeds_zones=crontabs_have_zones,
    loop=5.0,
)
SQLALCHEMY = Tables(
    package="celery-sqlalchemy-scheduler",
    record="row",
    task="celery_periodic_task",
    interval="celery_interval_schedule",
    crontab="celery_crontab_schedule",
    solar="celery_solar_schedule",
    clocked=None,
    changed="celery_periodic_task_changed",
    changed_key="id",
    forgets=False,
    names_itself=False,
    runs_in_utc=False,
    by_hours=False,
    heeds_zones=lambda: True,
    loop=5.0,
)


class Connection(Protocol):
    """A transaction in the database; values are given by name, as `:name` in the statement.

    `vendor` is the kind of database, by the names that `sql_limits` has for them. Columns have
    names in small letters.
    """

    vendor: str

    def rows(self, statement: str, values: Row) -> list[Row]: ...

    def change(self, statement: str, values: Row) -> int: ...

    def time(self, seconds: float, zone: tzinfo) -> Any:
        """A time as the package writes it, in that zone where it is written without one."""
        ...


class Database(Protocol):
    """How a database is reached; `zone` is that of the times which have none."""

    where: str
    zone: str

    def open(self, *, writes: bool) -> AbstractContextManager[Connection]: ...

    def close(self) -> None: ...
