"""The file of Celery's default scheduler, `celerybeat-schedule`: read from a copy, never loaded.

Beat writes it every three minutes, so that its last runs and counts are late.
"""

from __future__ import annotations

import contextlib
import dbm
import os
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from celerytui.files import open_to_read
from celerytui.masking import one_line
from celerytui.model import PlannedEntry
from celerytui.schedule.pickled import (
    Placeholder,
    StoredEntry,
    read_pickle,
    stored_timing,
    stored_zone,
)
from celerytui.schedule.plain import plain
from celerytui.schedule.source import (
    ASKED,
    READ_SECONDS,
    SYNCED,
    Sign,
    Source,
    SourceReader,
    scheduler_of,
)
from celerytui.schedule.timings import stamp
from celerytui.schedule.zones import zone, zone_name
from celerytui.sql_limits import limit_sqlite

NAME = "celerybeat-schedule"
DEFAULT_SCHEDULERS = ("celery.beat:PersistentScheduler", "celery.beat.PersistentScheduler")
LARGEST = 64 * 2**20
"""Bytes of all of its files together that are copied."""
ENDINGS = ("", "-wal", ".dat", ".dir", ".bak", ".db", ".pag")
"""What the names of its files end in: what is written last comes first."""
TRIES = 3


class ShelfReader(SourceReader):
    """Reads the file that the app's settings name, in the folder that the program runs in."""

    name = NAME

    def __init__(self, path: Path, timezone: str) -> None:
        self._path = path
        self._timezone = timezone
        self._stamp: tuple[tuple[str, int, int], ...] = ()
        self._changed: float | None = None
        self._entries: list[PlannedEntry] = []
        self.where = str(path)

    def read(self, now: float) -> list[PlannedEntry]:
        stamp = self._stamped()
        if not stamp:
            raise FileNotFoundError(f"there is no file {self._path}")
        if stamp != self._stamp:
            self._entries = self._read()
            self._stamp = stamp
            self._changed = max(changed for _, changed, _ in stamp) / 1e9
        return self._entries

    def sign(self, now: float) -> Sign | None:
        changed = self._changed
        if changed is None:
            return None
        fresh = now - changed < SYNCED
        return Sign(True if fresh else None, changed, f"it wrote {self._path.name}", weak=True)

    @property
    def present(self) -> bool:
        """Whether there is such a file: beat may run elsewhere, and that says nothing."""
        return bool(self._parts())

    def _parts(self) -> list[Path]:
        """The files of the database: one, or several with endings, by what makes it."""
        found = [Path(f"{self._path}{ending}") for ending in ENDINGS]
        return [one for one in found if one.is_file()]

    def _stamped(self) -> tuple[tuple[str, int, int], ...]:
        """What differs once any of the files was written."""
        states = [(part.name, part.stat()) for part in self._parts()]
        return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)

    def _read(self) -> list[PlannedEntry]:
        with tempfile.TemporaryDirectory(prefix="celerytui-") as folder:
            self._copy(folder)
            data = stored_value(os.path.join(folder, self._path.name), b"entries")
        if data is None:
            return []
        entries = read_pickle(data)
        if not isinstance(entries, dict):
            raise ValueError("it has no entries")
        return [self._planned(str(name), entry) for name, entry in list(entries.items())[:ASKED]]

    def _copy(self, folder: str) -> None:
        """Copy the files as they are at one moment: beat may write them meanwhile."""
        for _ in range(TRIES):
            before = self._stamped()
            if sum(size for _, _, size in before) > LARGEST:
                raise ValueError(f"it is larger than {LARGEST:,} bytes")
            for name, _, _ in before:
                with (
                    open_to_read(self._path.with_name(name), follow=True) as source,
                    open(os.path.join(folder, name), "wb") as copy,
                ):
                    copy.write(source.read(LARGEST))
            if self._stamped() == before:
                return
        raise ValueError(f"{self._path} is being written; it is read again soon")

    def _planned(self, name: str, entry: Any) -> PlannedEntry:
        if isinstance(entry, Placeholder):
            trouble = f"its entry is of a class of the project, {entry.what}: not read"
            return PlannedEntry(
                name=name, task="", timing=stored_timing(entry), source=NAME, trouble=trouble
            )
        values = entry.fields if isinstance(entry, StoredEntry) else {}
        if not values:
            trouble = f"its entry is a {type(entry).__name__}, not one of Celery's"
            return PlannedEntry(
                name=name, task="", timing=stored_timing(None), source=NAME, trouble=trouble
            )
        call, unread = _call(values)
        try:
            last = values.get("last_run_at")
            count = values.get("total_run_count")
            return PlannedEntry(
                name=name,
                task=str(values.get("task") or ""),
                timing=stored_timing(values.get("schedule")),
                source=NAME,
                timezone=stored_zone(last) or self._timezone,
                args=call[0],
                kwargs=call[1],
                options=call[2],
                unread=unread,
                # One that never ran has the time when beat first saw it.
                last_run_at=stamp(last, zone(self._timezone)) if count else None,
                changed_at=None if count else stamp(last, zone(self._timezone)),
                total_runs=count if isinstance(count, int) else None,
            )
        except Exception as error:
            return PlannedEntry(
                name=name,
                task="",
                timing=stored_timing(None),
                source=NAME,
                trouble=one_line(error),
            )


def stored_value(path: str, key: bytes) -> bytes | None:
    """A value of a database of the module dbm, None where it has no such key; raises ValueError.

    SQLite's, which Python 3.13 makes, is read by any Python.
    """
    kind = dbm.whichdb(path)
    if kind in ("", "dbm.sqlite3"):
        return _sqlite_value(path, key)
    if kind is None:
        raise ValueError("it is in no format that Python's dbm knows")
    try:
        with dbm.open(path, "r") as stored:
            return stored.get(key)
    except dbm.error as error:
        raise ValueError(f"this Python cannot read it: {error}") from error


def _sqlite_value(path: str, key: bytes) -> bytes | None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        limit_sqlite(database, READ_SECONDS)
        try:
            row = database.execute("SELECT value FROM Dict WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError as error:
            raise ValueError(f"it is in no format that Python's dbm knows: {error}") from error
    return None if row is None else bytes(row[0])


def _call(values: Mapping[str, Any]) -> tuple[tuple[Any, dict[str, Any], dict[str, Any]], str]:
    """Arguments and options as plain data, and why they could not be read."""
    try:
        args = plain(tuple(values.get("args") or ()))
        kwargs = plain(dict(values.get("kwargs") or {}))
        options = plain(dict(values.get("options") or {}))
    except Exception as error:
        return ((), {}, {}), f"its arguments are not plain data: {one_line(error)}"
    return (args, kwargs, options), ""


def _for_app(app: Any) -> SourceReader | None:
    name = str(app.conf.beat_schedule_filename or "")
    # Without -A the app is Celery's own, and the file in this folder may be anybody's.
    if not name or app.main == "default" or scheduler_of(app) not in DEFAULT_SCHEDULERS:
        return None
    return ShelfReader(Path(name).absolute(), zone_name(app.timezone))


SOURCE = Source(for_app=_for_app)
