"""Reads a history in a folder, beside whoever writes it."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.folder import Catalogue, Folder, SegmentFacts, SegmentFile
from celerytui.history.history import Found
from celerytui.history.rows import DamagedRow, Decoder, Row, key_of, stored_id, unpack
from celerytui.history.translate import MOST_TRACEBACKS, Translation
from celerytui.history.trouble import explain
from celerytui.history.walk import walk
from celerytui.model import Task
from celerytui.query import Filter

_COLUMNS = ", ".join(schema.TASK_COLUMNS)
_KEY, _TASK, _SEEN = (schema.TASK_COLUMNS.index(name) for name in ("key", "task", "seen"))
MOST_AGAIN = 100_000
"""Keys that are held in memory; of a segment with more each is looked up."""
UNFINISHED_AT_ONCE = 500
"""Unfinished tasks of one step."""
REMEMBERED = 1_000
"""Tracebacks that are kept in memory while a segment is read."""


class OpenSegment:
    """A segment that is read: its rows as tasks."""

    def __init__(self, file: SegmentFile) -> None:
        self.file = file
        self.connection = schema.open_to_read(file.path)
        self.words: dict[int, tuple[int, str]] = {
            number: (kind, text)
            for number, kind, text in self.connection.execute("SELECT id, kind, text FROM words")
        }
        self.damaged = 0
        self._tracebacks: dict[int, str | None] = {}
        texts: dict[int | None, str] = {one: text for one, (_, text) in self.words.items()}
        self._decoder = Decoder(texts, self._traceback)

    def task(self, row: Row) -> Task | None:
        """The task of a row; None where it is damaged, which is counted."""
        try:
            return self._decoder.task(row)
        except DamagedRow:
            self.damaged += 1
            return None

    def open_tasks(self) -> dict[Any, float]:
        """When each task that has not ended was seen last, the newest first."""
        return dict(self.connection.execute("SELECT task, seen FROM open ORDER BY seen DESC, id"))

    def unfinished(self, some: Sequence[Any]) -> list[Row]:
        """The rows of these, as they are stored, that have still not ended."""
        places = ", ".join("?" * len(some))
        return self.connection.execute(
            f"SELECT {_COLUMNS} FROM open WHERE task IN ({places}) ORDER BY seen DESC, id", some
        ).fetchall()

    def open_since(self, stored: Any) -> float | None:
        """When a task that has not ended was seen last."""
        found = self.connection.execute("SELECT seen FROM open WHERE task = ?", (stored,))
        row = found.fetchone()
        return None if row is None else float(row[0])

    def rows(self) -> Iterator[Row]:
        """All rows, ended or not."""
        for table in ("open", "tasks"):
            yield from self.connection.execute(f"SELECT {_COLUMNS} FROM {table}")

    def again(self) -> set[int] | None:
        """The keys of tasks of which older segments may have a record, None where they are many."""
        run = self.connection.execute
        (count,) = run("SELECT count(*) FROM again").fetchone()
        if count > MOST_AGAIN:
            return None
        return {key for (key,) in run("SELECT key FROM again")}

    def newest(self, stored: str | bytes) -> Row | None:
        """The newest row of a task that has ended."""
        row: Row | None = self.connection.execute(
            f"SELECT {_COLUMNS} FROM tasks INDEXED BY tasks_key WHERE key = ? AND task = ?"
            " ORDER BY id DESC LIMIT 1",
            (key_of(stored), stored),
        ).fetchone()
        return row

    def all_tracebacks(self) -> Mapping[int, str] | None:
        """All of its tracebacks by number, None where there are too many to look through."""
        run = self.connection.execute
        (count,) = run("SELECT count(*) FROM tracebacks").fetchone()
        if count > MOST_TRACEBACKS:
            return None
        return {one: unpack(text) for one, text in run("SELECT id, text FROM tracebacks")}

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _traceback(self, number: int) -> str | None:
        if number not in self._tracebacks:
            if len(self._tracebacks) >= REMEMBERED:
                self._tracebacks.clear()
            found = self.connection.execute("SELECT text FROM tracebacks WHERE id = ?", (number,))
            row = found.fetchone()
            self._tracebacks[number] = None if row is None else unpack(row[0])
        return self._tracebacks[number]


class SegmentHistory:
    """A `History` in a folder of segments; raises HistoryError where there is none."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._reading: OpenSegment | None = None
        try:
            folder.segments()
        except FileNotFoundError:
            raise HistoryError(f"no history in {folder.path}: nothing was recorded there") from None
        except OSError as error:
            raise HistoryError(explain(error, folder.path)) from error

    def facts(self) -> list[SegmentFacts]:
        """What each segment holds, oldest first."""
        catalogue = Catalogue(self.folder)
        facts = catalogue.facts()
        self.notes += [note for note in catalogue.notes if note not in self.notes]
        return facts

    def search(
        self,
        wanted: Filter,
        now: float,
        *,
        since: float | None = None,
        until: float | None = None,
    ) -> Iterator[Found]:
        """See `History.search`."""
        low = -math.inf if since is None else since
        high = math.inf if until is None else until
        facts = self.facts()
        total = sum(one.rows for one in facts)
        looked_at, done, newer = 0, 0, _Newer()
        try:
            for one in reversed(facts):
                if one.last is not None and one.last < low and not one.unfinished:
                    done += one.rows
                    continue
                for found in self._search_one(one, wanted, now, low, high, newer):
                    looked_at += found.looked_at
                    yield Found(found.tasks, found.back_to, min(looked_at, total), total)
                done += one.rows
                looked_at = done
        finally:
            newer.close()

    def task(self, task_id: str) -> Task | None:
        """See `History.task`."""
        stored = stored_id(task_id)
        for file in reversed(self.folder.segments()):
            with self._open(file) as segment:
                if segment is None:
                    continue
                row = segment.connection.execute(
                    f"SELECT {_COLUMNS} FROM open WHERE task = ?", (stored,)
                ).fetchone() or segment.newest(stored)
                if row is not None and (task := segment.task(row)) is not None:
                    return task
        return None

    def interrupt(self) -> None:
        """See `History.interrupt`."""
        reading = self._reading
        if reading is not None:
            reading.connection.interrupt()

    def close(self) -> None:
        """See `History.close`."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.close()

    # One segment

    def _search_one(
        self,
        one: SegmentFacts,
        wanted: Filter,
        now: float,
        low: float,
        high: float,
        newer: _Newer,
    ) -> Iterator[Found]:
        with self._open(one.file) as segment:
            if segment is None:
                return
            yield from self._unfinished(segment, wanted, now, high, newer)
            if one.last is not None and one.last >= low:
                condition = Translation(segment.words, segment.all_tracebacks, now).of(wanted)
                matches = None if condition.exact else wanted.matches
                back_to = math.inf
                for window in walk(segment.connection, condition, low, high):
                    tasks = [
                        task
                        for row in window.rows
                        if not newer.has(row)
                        and (task := segment.task(row)) is not None
                        and (matches is None or matches(task, now))
                    ]
                    back_to = min(back_to, window.low)
                    yield Found(tasks, _finite(back_to), window.looked_at, 0)
            newer.take(segment)

    def _unfinished(
        self, segment: OpenSegment, wanted: Filter, now: float, high: float, newer: _Newer
    ) -> Iterator[Found]:
        """Those that have not ended, whenever they were seen last: nobody saw them end."""
        stored = newer.begin(segment)
        for start in range(0, len(stored), UNFINISHED_AT_ONCE):
            rows = segment.unfinished(stored[start : start + UNFINISHED_AT_ONCE])
            tasks = [
                task
                for row in rows
                if row[_SEEN] < high
                and not newer.is_newer(row)
                and (task := segment.task(row)) is not None
            ]
            found = wanted.select(tasks, now)
            newer.found.update(stored_id(task.id) for task in found)
            if found:
                yield Found(found, None, 0, 0)

    @contextlib.contextmanager
    def _open(self, file: SegmentFile) -> Iterator[OpenSegment | None]:
        """The segment while it is read; None where it cannot be, which is noted."""
        try:
            segment = OpenSegment(file)
        except (sqlite3.Error, HistoryError) as error:
            if file.path.exists():
                self._note(file, error)
            yield None
            return
        self._reading = segment
        try:
            yield segment
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise HistoryError("the search was interrupted") from error
            self._note(file, error)
        except sqlite3.Error as error:
            self._note(file, error)
        finally:
            self._reading = None
            segment.close()
            if segment.damaged:
                rows = counted(segment.damaged, "row is", "rows are")
                self._note(file, HistoryError(f"history in {file.path}: {rows} damaged, left out"))

    def _note(self, file: SegmentFile, error: Exception) -> None:
        said = str(error) if isinstance(error, HistoryError) else explain(error, file.path)
        if said not in self.notes:
            self.notes.append(said)


class _Newer:
    """Which records count no longer, because a newer segment or an unfinished run has another."""

    def __init__(self) -> None:
        self._keys: set[int] = set()
        self._some: list[tuple[set[int], SegmentFile]] = []
        self._many: list[SegmentFile] = []
        self._open: dict[Any, float] = {}
        self._many_open: list[SegmentFile] = []
        self._here: dict[Any, float] = {}
        self._segments: dict[SegmentFile, OpenSegment | None] = {}
        self.found: set[Any] = set()
        """Tasks of this segment that were found unfinished: one may end while it is read."""

    def begin(self, segment: OpenSegment) -> list[Any]:
        """Begin with a segment; gives its unfinished tasks, the newest first."""
        self._here = segment.open_tasks()
        return list(self._here)

    def has(self, row: Row) -> bool:
        """Whether the task of a row that ended has a newer record, there or in a newer segment."""
        task = row[_TASK]
        return (
            self._here.get(task, -math.inf) >= row[_SEEN]
            or task in self.found
            or self.is_newer(row)
        )

    def is_newer(self, row: Row) -> bool:
        """Whether a newer segment has a record of the row's task."""
        task = row[_TASK]
        if self._open.get(task, -math.inf) >= row[_SEEN]:
            return True
        if row[_KEY] in self._keys and any(
            row[_KEY] in keys and self._is_in(file, task) for keys, file in self._some
        ):
            return True
        return any(self._is_in(file, task) for file in self._many) or any(
            self._is_open_in(file, row) for file in self._many_open
        )

    def take(self, segment: OpenSegment) -> None:
        """Take a segment that was read: the next ones are older."""
        keys = segment.again()
        if keys is None:
            self._many.append(segment.file)
        elif keys:
            self._keys |= keys
            self._some.append((keys, segment.file))
        if len(self._open) + len(self._here) > MOST_AGAIN:
            self._many_open.append(segment.file)
        else:
            self._open = {**self._here, **self._open}
        self._here = {}
        self.found.clear()

    def close(self) -> None:
        """Close what was opened to look into."""
        for segment in self._segments.values():
            if segment is not None:
                segment.close()

    def _is_in(self, file: SegmentFile, stored: str | bytes) -> bool:
        segment = self._segment(file)
        return segment is not None and segment.newest(stored) is not None

    def _is_open_in(self, file: SegmentFile, row: Row) -> bool:
        segment = self._segment(file)
        seen = None if segment is None else segment.open_since(row[_TASK])
        return seen is not None and seen >= row[_SEEN]

    def _segment(self, file: SegmentFile) -> OpenSegment | None:
        if file not in self._segments:
            self._segments[file] = None
            with contextlib.suppress(sqlite3.Error, HistoryError):
                self._segments[file] = OpenSegment(file)
        return self._segments[file]


def _finite(seconds: float) -> float | None:
    return None if math.isinf(seconds) else seconds
