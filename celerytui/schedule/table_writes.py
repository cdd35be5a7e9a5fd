"""What is written to the tables of the schedule, each time so that beat notices it."""

from __future__ import annotations

from celerytui.errors import UsageError
from celerytui.schedule.table_packages import Connection, Database, Row, Tables
from celerytui.schedule.timings import stamp
from celerytui.schedule.zones import zone

GROWS = 0.001
"""Seconds by which the time of a change grows, where the clock of who wrote it last is ahead."""


class TableWrites:
    """Writes to the tables of a package, with the row by which its beat notices changes."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        self._tables = tables

    def set_enabled(self, name: str, enabled: bool, now: float) -> str:
        """Enable or disable an entry, and say what was written."""
        tables = self._tables
        forgets = ", last_run_at = NULL" if tables.forgets and not enabled else ""
        with self._database.open(writes=True) as connection:
            values = {
                "name": name,
                "enabled": enabled,
                "at": connection.time(now, zone(self._database.zone)),
            }
            count = connection.change(
                f"UPDATE {tables.task} SET enabled = :enabled, date_changed = :at{forgets}"
                " WHERE name = :name",
                values,
            )
            if not count:
                raise self._nobody(name)
            self._note_change(connection, now)
        return f"{tables.task}.enabled and {tables.changed} written"

    def last_run(self, name: str) -> float | None:
        """The last run of an entry; UsageError where there is none of that name."""
        with self._database.open(writes=False) as connection:
            rows = connection.rows(
                f"SELECT last_run_at FROM {self._tables.task} WHERE name = :name", {"name": name}
            )
        if not rows:
            raise self._nobody(name)
        return self.last_run_in(rows[0])

    def last_run_in(self, row: Row) -> float | None:
        """The last run that a row has."""
        return stamp(row.get("last_run_at"), zone(self._zone_of_runs))

    def set_last_run(
        self, name: str, at: float | None, now: float, instead_of: float | None = None
    ) -> None:
        """Write the last run of an entry; only where it is `instead_of`, if that is given."""
        set_back = f"UPDATE {self._tables.task} SET last_run_at = :at WHERE name = :name"
        with self._database.open(writes=True) as connection:
            tz = zone(self._zone_of_runs)
            values = {"name": name, "at": None if at is None else connection.time(at, tz)}
            if instead_of is not None:
                set_back += " AND last_run_at = :old"
                values["old"] = connection.time(instead_of, tz)
            if connection.change(set_back, values):
                self._note_change(connection, now)
            elif instead_of is None:
                raise self._nobody(name)

    def note_change(self, now: float) -> None:
        """Have beat read the tables again, before which it writes the last runs."""
        with self._database.open(writes=True) as connection:
            self._note_change(connection, now)

    @property
    def _zone_of_runs(self) -> str:
        return "UTC" if self._tables.runs_in_utc else self._database.zone

    def _note_change(self, connection: Connection, now: float) -> None:
        """Beat looks whether the time of the last change has grown."""
        tables, key, tz = self._tables, self._tables.changed_key, zone(self._database.zone)
        rows = connection.rows(f"SELECT last_update FROM {tables.changed} WHERE {key} = 1", {})
        before = stamp(rows[0]["last_update"], tz) if rows else None
        at = connection.time(now if before is None else max(now, before + GROWS), tz)
        if rows:
            change = f"UPDATE {tables.changed} SET last_update = :at WHERE {key} = 1"
        else:
            change = f"INSERT INTO {tables.changed} ({key}, last_update) VALUES (1, :at)"
        connection.change(change, {"at": at})

    def _nobody(self, name: str) -> UsageError:
        return UsageError(f"there is no entry {name!r} in {self._tables.task}")
