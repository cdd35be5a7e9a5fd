"""The tables of django-celery-beat and celery-sqlalchemy-scheduler: their rows as entries.

Both have the same columns, under other names of tables. All columns that there are get read, since
versions differ in them. How the database is reached is the matter of a `Database`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from msgspec import Struct

from celerytui.errors import UsageError
from celerytui.masking import one_line
from celerytui.model import Clocked, Interval, OtherTiming, PlannedEntry, Solar, Timing
from celerytui.schedule.source import ASKED, SYNCED, SourceReader
from celerytui.schedule.timings import crontab, stamp, utc
from celerytui.schedule.zones import zone

Row = Mapping[str, Any]

SECONDS = {
    "days": 86_400.0,
    "hours": 3_600.0,
    "minutes": 60.0,
    "seconds": 1.0,
    "microseconds": 0.000_001,
}
"""The periods of intervals."""
AT_ONCE = 500
"""Rows that are asked for by their keys in one statement."""
_FIRST = {
    "oracle": "FETCH FIRST {} ROWS ONLY",
    "mssql": "OFFSET 0 ROWS FETCH NEXT {} ROWS ONLY",
    "microsoft": "OFFSET 0 ROWS FETCH NEXT {} ROWS ONLY",
}
"""The end of a statement that asks for the first rows alone, where that is not LIMIT."""


class Tables(Struct, frozen=True, kw_only=True):
    """The names of the tables of a package; `changed` is where it notices changes.

    `forgets` says that the package takes the last run from what it disables, so that it does not
    run at once when it is enabled again; `names_itself` that tasks have the entry in their headers.
    `runs_in_utc` says that a last run without a zone is in UTC whatever the zone of other times.
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

    def time(self, seconds: float) -> Any: ...


class Database(Protocol):
    """How a database is reached; `zone` is that of the times which have none."""

    where: str
    zone: str

    def open(self, *, writes: bool) -> AbstractContextManager[Connection]: ...

    def close(self) -> None: ...


class TableReader(SourceReader):
    """Reads the tables of a package, and enables and disables what is in them.

    `timezone` is the zone of intervals and of crontabs without one.
    """

    writable = True

    def __init__(self, database: Database, tables: Tables, timezone: str) -> None:
        self._database = database
        self._tables = tables
        self._timezone = timezone
        self.name = tables.package
        self.where = database.where
        self.loop = tables.loop

    def read(self, now: float) -> list[PlannedEntry]:
        tables = self._tables
        with self._database.open(writes=False) as connection:
            first = _FIRST.get(connection.vendor, "LIMIT {}").format(ASKED)
            rows = connection.rows(f"SELECT * FROM {tables.task} ORDER BY name {first}", {})
            schedules = {
                kind: self._schedules(connection, table, kind, rows)
                for kind, table in (
                    ("interval", tables.interval),
                    ("crontab", tables.crontab),
                    ("solar", tables.solar),
                    ("clocked", tables.clocked),
                )
                if table is not None
            }
        return [self._planned(row, schedules) for row in rows]

    def set_enabled(self, name: str, enabled: bool, now: float) -> str:
        tables = self._tables
        forgets = ", last_run_at = NULL" if tables.forgets and not enabled else ""
        with self._database.open(writes=True) as connection:
            at = connection.time(now)
            values = {"name": name, "enabled": enabled, "at": at}
            count = connection.change(
                f"UPDATE {tables.task} SET enabled = :enabled, date_changed = :at{forgets}"
                " WHERE name = :name",
                values,
            )
            if not count:
                raise UsageError(f"there is no entry {name!r} in {tables.task}")
            self._note_change(connection, at)
        return f"{tables.task}.enabled and {tables.changed} written"

    def _note_change(self, connection: Connection, at: Any) -> None:
        """Have beat read the tables again."""
        tables, key = self._tables, self._tables.changed_key
        if not connection.change(
            f"UPDATE {tables.changed} SET last_update = :at WHERE {key} = 1", {"at": at}
        ):
            connection.change(
                f"INSERT INTO {tables.changed} ({key}, last_update) VALUES (1, :at)", {"at": at}
            )

    def close(self) -> None:
        self._database.close()

    def _schedules(
        self, connection: Connection, table: str, kind: str, rows: Sequence[Row]
    ) -> dict[Any, Row]:
        """The rows of a table of schedules that entries refer to: it may have many more."""
        keys = {row.get(f"{kind}_id"): None for row in rows}
        keys.pop(None, None)
        wanted = list(keys)
        found: dict[Any, Row] = {}
        for start in range(0, len(wanted), AT_ONCE):
            values = {f"id{at}": key for at, key in enumerate(wanted[start : start + AT_ONCE])}
            marks = ", ".join(f":{name}" for name in values)
            part = connection.rows(f"SELECT * FROM {table} WHERE id IN ({marks})", values)
            found |= {row["id"]: row for row in part}
        return found

    def _planned(self, row: Row, schedules: Mapping[str, Mapping[Any, Row]]) -> PlannedEntry:
        tables = self._tables
        trouble = unread = ""
        timing: Timing = OtherTiming("unreadable")
        timezone = self._timezone
        values: dict[str, Any] = {"args": [], "kwargs": {}, "headers": {}}
        try:
            timing, timezone = self._timing(row, schedules)
        except Exception as error:
            trouble = one_line(error)
        try:
            for field, empty in values.items():
                values[field] = _decoded(row.get(field), type(empty))
        except Exception as error:
            unread = one_line(error)
        count = row.get("total_run_count")
        return PlannedEntry(
            name=str(row["name"]),
            task=str(row.get("task") or ""),
            timing=timing,
            source=tables.package,
            timezone=timezone,
            args=tuple(values["args"]),
            kwargs=values["kwargs"],
            options=self._options(row, values["headers"]),
            enabled=bool(row.get("enabled", True)),
            one_off=bool(row.get("one_off")) or isinstance(timing, Clocked),
            last_run_at=stamp(
                row.get("last_run_at"), zone("UTC" if tables.runs_in_utc else self._database.zone)
            ),
            total_runs=count if isinstance(count, int) else None,
            starts_at=self._at(row.get("start_time")),
            expires_at=self._at(row.get("expires")),
            changed_at=self._at(row.get("date_changed")),
            description=str(row.get("description") or ""),
            record=f"{tables.record} {row.get('id')}",
            lag=SYNCED,
            trouble=trouble,
            unread=unread,
        )

    def _options(self, row: Row, headers: Mapping[str, Any]) -> dict[str, Any]:
        """What the package's scheduler sends the task with."""
        names = ("queue", "exchange", "routing_key", "priority")
        options = {name: row[name] for name in names if row.get(name) not in (None, "")}
        ends = self._at(row.get("expires"))
        if ends is not None:
            options["expires"] = utc(ends)
        elif row.get("expire_seconds") is not None:
            options["expires"] = row["expire_seconds"]
        if self._tables.names_itself:
            headers = {**headers, "periodic_task_name": str(row["name"])}
        return {**options, "headers": dict(headers)} if headers else options

    def _timing(self, row: Row, schedules: Mapping[str, Mapping[Any, Row]]) -> tuple[Timing, str]:
        for kind, found in schedules.items():
            key = row.get(f"{kind}_id")
            if key is None:
                continue
            if key not in found:
                return OtherTiming(f"its {kind} was deleted"), self._timezone
            return self._timing_of(kind, found[key])
        return OtherTiming("no schedule"), self._timezone

    def _timing_of(self, kind: str, row: Row) -> tuple[Timing, str]:
        if kind == "interval":
            return Interval(float(row["every"]) * SECONDS[_word(row["period"])]), self._timezone
        if kind == "crontab":
            return crontab(row), str(row.get("timezone") or self._timezone)
        if kind == "solar":
            place = float(row["latitude"]), float(row["longitude"])
            return Solar(_word(row["event"]), *place), self._timezone
        at = self._at(row["clocked_time"])
        return OtherTiming("no time") if at is None else Clocked(at), self._timezone

    def _at(self, value: Any) -> float | None:
        return stamp(value, zone(self._database.zone))


def _word(value: Any) -> str:
    """A word of a choice; an enumeration of SQLAlchemy has its name in capitals."""
    return str(value).rpartition(".")[2].lower()


def _decoded(text: Any, kind: type) -> Any:
    """The JSON of a column; ValueError where it is none, or of another kind."""
    if isinstance(text, kind):
        return text
    if text is None or text == "":
        return kind()
    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError(f"{text[:80]!r} is not a JSON {kind.__name__}")
    return value
