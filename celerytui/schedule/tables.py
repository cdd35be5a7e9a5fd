"""The tables of django-celery-beat and celery-sqlalchemy-scheduler: their rows as entries.

All columns that there are get read, since versions differ in them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from celerytui.masking import one_line
from celerytui.model import Clocked, Crontab, Interval, OtherTiming, PlannedEntry, Solar, Timing
from celerytui.schedule.asking import Answer, Requests
from celerytui.schedule.due_now import HOURS, is_held, made_due, refusal
from celerytui.schedule.source import ASKED, SYNCED, BeatRules, SourceReader
from celerytui.schedule.table_packages import Connection, Database, Row, Tables
from celerytui.schedule.table_writes import TableWrites
from celerytui.schedule.timings import crontab, stamp, utc
from celerytui.schedule.zones import zone

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


class TableReader(SourceReader):
    """Reads the tables of a package, and changes what is in them so that beat notices.

    `timezone` is the zone of intervals and of crontabs without one.
    """

    writable = True

    def __init__(self, database: Database, tables: Tables, timezone: str) -> None:
        self._database = database
        self._timezone = timezone
        self.where = database.where
        self._use(tables)

    def _use(self, tables: Tables) -> None:
        """Have the tables be those of a package."""
        self._tables = tables
        self._writes = TableWrites(self._database, tables)
        self._requests = Requests(self._writes)
        self.name, self.loop = tables.package, tables.loop

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
        return self._writes.set_enabled(name, enabled, now)

    def why_not_soon(self, plan: PlannedEntry, now: float, rules: BeatRules) -> str:
        timing, own = plan.timing, self._tables
        if why := refusal(plan, now, rules):
            return why
        if (
            own.by_hours
            and isinstance(timing, Crontab)
            and not is_held(timing, plan.timezone, self._database.zone, now)
        ):
            return f"{own.package} loads it only within {HOURS} hours of its hour"
        if made_due(plan, now) is None:
            return "no last run makes it due now"
        return ""

    def run_soon(self, plan: PlannedEntry, now: float, rules: BeatRules) -> str:
        due = made_due(plan, now)
        assert due is not None
        self._requests.ask(plan.name, due, rules.loop, now)
        return f"its last run in {self._tables.task} set back, so that it is due now"

    def follow_up(self, now: float) -> None:
        self._requests.follow(now)

    def came_of(self, name: str) -> Answer | None:
        return self._requests.answer(name)

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
            last_run_at=self._requests.true_last_run(
                str(row["name"]), self._writes.last_run_in(row)
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
            own = row.get("timezone") if self._tables.heeds_zones() else None
            return crontab(row), str(own or self._timezone)
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
