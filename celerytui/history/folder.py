"""A history in a folder: its files, which of them count, and the catalogue that describes them."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

from msgspec import Struct

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.trouble import explain

SUFFIX = ".db"
KEPT_SUFFIX = ".kept.db"
"""The name of a segment that has lost its successes."""
CATALOGUE = "catalogue.db"
LOCK = "lock"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d{1,6})(\.kept)?\.db")


class SegmentFile(Struct, frozen=True, order=True):
    """The file of a segment: the `number`th of a day in UTC, `kept` without its successes."""

    day: str
    number: int
    kept: bool
    path: Path

    @property
    def begin(self) -> float:
        """When its day begins, in Unix seconds."""
        return _moment(self.day) or 0.0

    @property
    def size(self) -> int:
        """Its bytes on the disk, with those of its log."""
        total = 0
        for suffix in ("", "-wal"):
            with contextlib.suppress(OSError):
                total += os.stat(f"{self.path}{suffix}").st_size
        return total


class SegmentFacts(Struct, frozen=True):
    """What a segment holds: the times of its first and last task, None without any.

    `totals` are rows on successes that are no longer there.
    """

    file: SegmentFile
    first: float | None
    last: float | None
    rows: int
    successes: int
    unfinished: int
    version: int
    totals: int = 0

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.file.path.name

    @property
    def size(self) -> int:
        """The bytes of its file."""
        return self.file.size


class Folder:
    """The folder of a history; nothing of it is created before `make`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Create it (mode 0700) if needed; raises OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def segments(self) -> list[SegmentFile]:
        """Its segments, oldest first; raises OSError where the folder cannot be read.

        Where a segment is there with its successes and without, the one without them counts: the
        other was about to be removed.
        """
        found: dict[tuple[str, int], SegmentFile] = {}
        for entry in os.scandir(self.path):
            match = _NAME.fullmatch(entry.name)
            if match is None or _moment(match[1]) is None:
                continue
            one = SegmentFile(match[1], int(match[2]), match[3] is not None, self.path / entry.name)
            known = found.get((one.day, one.number))
            if known is None or one.kept:
                found[one.day, one.number] = one
        return sorted(found.values())

    def superseded(self) -> list[SegmentFile]:
        """Segments that are there without their successes as well."""
        kept = {(one.day, one.number) for one in self.segments() if one.kept}
        paths = ((day, number, self.path / f"{day}.{number}{SUFFIX}") for day, number in kept)
        return [SegmentFile(day, number, False, path) for day, number, path in paths
                if path.exists()]  # fmt: skip

    def begun(self) -> list[Path]:
        """Segments that were begun and are not whole: what a killed writer left."""
        names = (entry.name for entry in os.scandir(self.path))
        return [self.path / name for name in names
                if name.endswith(schema.BEGUN) and _NAME.match(name)]  # fmt: skip

    def next_segment(self, now: float) -> SegmentFile:
        """The segment that would be begun now."""
        day = day_of(now)
        used = [one.number for one in self.segments() if one.day == day]
        number = max(used, default=0) + 1
        return SegmentFile(day, number, False, self.path / f"{day}.{number}{SUFFIX}")

    @property
    def size(self) -> int:
        """The bytes of all of its files."""
        total = 0
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.path):
                with contextlib.suppress(OSError):
                    total += entry.stat().st_size
        return total


def day_of(now: float) -> str:
    """The day of a time in UTC, as the names of segments have it."""
    return datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%d")


def _moment(day: str) -> float | None:
    """When a day begins in UTC; None where there is no such day."""
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None


def remove(file: SegmentFile) -> None:
    """Remove a segment with its log; raises OSError."""
    schema.remove(file.path)


def facts_of(file: SegmentFile) -> SegmentFacts:
    """What a segment holds, from itself; raises sqlite3.Error, HistoryError."""
    with contextlib.closing(schema.open_to_read(file.path)) as connection:
        run = connection.execute
        # One end at a time: SQLite walks the whole index for both.
        (first,) = run("SELECT min(seen) FROM tasks").fetchone()
        (last,) = run("SELECT max(seen) FROM tasks").fetchone()
        # Rows are only ever added, but to one without its successes: to count takes a while.
        count = "count(*)" if file.kept else "ifnull(max(id), 0)"
        (rows,) = run(f"SELECT {count} FROM tasks").fetchone()
        others = f"SELECT count(*) FROM tasks WHERE state <> {schema.SUCCESS}"
        (other,) = run(others).fetchone()
        (unfinished,) = run("SELECT count(*) FROM open").fetchone()
        (version,) = run("PRAGMA user_version").fetchone()
        (totals,) = run("SELECT count(*) FROM totals").fetchone()
        return SegmentFacts(file, first, last, rows, rows - other, unfinished, version, totals)


_CATALOGUE = """
CREATE TABLE IF NOT EXISTS segments (
    name TEXT PRIMARY KEY, first REAL, last REAL, rows INTEGER NOT NULL,
    successes INTEGER NOT NULL, unfinished INTEGER NOT NULL, version INTEGER NOT NULL,
    totals INTEGER NOT NULL, size INTEGER NOT NULL
) STRICT
"""
_CATALOGUED = "name, first, last, rows, successes, unfinished, version, totals, size"


class Catalogue:
    """What the finished segments hold, so that nobody needs to open all of them.

    It can be made again from the segments at any time: what is wrong or missing in it is read from
    there. `write` is for the one who writes the history. `notes` say which cannot be read.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._path = folder.path / CATALOGUE
        self.notes: list[str] = []

    def facts(self) -> list[SegmentFacts]:
        """What each segment holds, oldest first; those that cannot be read are left out."""
        known = self._read()
        found = []
        for file in self._folder.segments():
            one = known.get(file.path.name)
            if one is not None and one[-1] == file.size:
                found.append(SegmentFacts(file, *one[:-1]))
                continue
            try:
                found.append(facts_of(file))
            except HistoryError as error:
                self.notes.append(str(error))
            except sqlite3.Error as error:
                if file.path.exists():
                    self.notes.append(explain(error, file.path))
        return found

    def write(self, finished: list[SegmentFacts]) -> None:
        """Have it hold these and no others; raises sqlite3.Error, OSError."""
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(self._path, timeout=schema.BUSY_SECONDS)) as db, db:
            try:
                db.execute(_CATALOGUE)
                db.execute("DELETE FROM segments")
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                os.unlink(self._path)
                raise
            db.executemany(
                "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(one.file.path.name, one.first, one.last, one.rows, one.successes,
                  one.unfinished, one.version, one.totals, one.file.size) for one in finished],
            )  # fmt: skip

    def _read(self) -> dict[str, tuple[float, float, int, int, int, int, int, int]]:
        if not self._path.exists():
            return {}
        uri = schema.uri(self._path, "ro")
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(uri, uri=True, timeout=schema.BUSY_SECONDS)) as db,
        ):
            rows = db.execute(f"SELECT {_CATALOGUED} FROM segments")
            return {name: tuple(rest) for name, *rest in rows}
        return {}
