"""Reads a history in a folder, beside whoever writes it."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.course import (
    Ended,
    Samples,
    Span,
    ended_in,
    recorded_in,
    samples_in,
    watched,
)
from celerytui.history.folder import Catalogue, Folder, SegmentFacts, SegmentFile, day_of
from celerytui.history.history import Found, Origin
from celerytui.history.rows import Decoder, Row, key_of, stored_id, unpack
from celerytui.history.translate import MOST_TRACEBACKS, Translation
from celerytui.history.trouble import explain
from celerytui.history.walk import walk
from celerytui.model import Task
from celerytui.query import Filter

Part = TypeVar("Part")
_COLUMNS = ", ".join(schema.TASK_COLUMNS)
_KEY, _TASK, _SEEN = (schema.TASK_COLUMNS.index(name) for name in ("key", "task", "seen"))
MOST_AGAIN = 100_000
"""Keys that are held in memory; of a segment with more each is looked up."""
DAY_SECONDS = 86_400.0
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
        self._tracebacks: dict[int, str | None] = {}
        texts: dict[int | None, str] = {one: text for one, (_, text) in self.words.items()}
        self._decoder = Decoder(texts, self._traceback)

    def task(self, row: Row) -> Task:
        """The task of a row."""
        return self._decoder.task(row)

    def origin(self) -> Origin:
        """Whose tasks are in it, and when somebody wrote last."""
        run = self.connection.execute
        said = dict(run("SELECT key, value FROM meta WHERE key IN ('app', 'broker')").fetchall())
        (until,) = run("SELECT max(last) FROM sessions").fetchone()
        return Origin(str(said.get("app", "")), str(said.get("broker", "")), until)

    def unfinished(self) -> list[Row]:
        """The rows of those that have not ended, the newest first."""
        return self.connection.execute(
            f"SELECT {_COLUMNS} FROM open ORDER BY seen DESC, id DESC"
        ).fetchall()

    def newer_than(self, seen: float) -> int:
        """How many rows there are from a time on."""
        count = "SELECT count(*) FROM tasks INDEXED BY tasks_seen WHERE seen >= ?"
        found: int = self.connection.execute(count, (seen,)).fetchone()[0]
        return found

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

    def origin(self) -> Origin:
        """See `History.origin`."""
        for file in reversed(self.folder.segments()):
            with self._open(file) as segment:
                if segment is not None:
                    return segment.origin()
        return Origin("", "", None)

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
                if one.first is not None:
                    yield Found((), max(low, one.first), min(done, total), total)
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
                if row is not None:
                    return segment.task(row)
        return None

    def recorded(self, since: float) -> list[Span]:
        """See `History.recorded`."""
        parts = self._each_since(since, lambda connection: recorded_in(connection, since))
        sessions = [one for some, _ in parts for one in some]
        return watched(sessions, [one for _, some in parts for one in some], since)

    def ended(self, since: float, until: float, width: int) -> list[Ended]:
        """See `History.ended`."""
        parts = self._each_since(
            since, lambda connection: ended_in(connection, since, until, width)
        )
        return [one for part in parts for one in part]

    def samples(self, since: float) -> Samples:
        """See `History.samples`."""
        parts = self._each_since(since, lambda connection: samples_in(connection, since))
        return Samples(
            [one for part in parts for one in part.running],
            [one for part in parts for one in part.queued],
        )

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

    def _each_since(self, since: float, read: Callable[[sqlite3.Connection], Part]) -> list[Part]:
        """What is read of each segment that may have something from then on, oldest first."""
        found: list[Part] = []
        for file in self.folder.segments():
            # One ends on the day after it was begun at the latest.
            if file.day >= day_of(since - DAY_SECONDS):
                with self._open(file) as segment:
                    if segment is not None:
                        found.append(read(segment.connection))
        return found

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
            if one.last is None or one.last >= low:
                yield from self._unfinished(segment, wanted, now, low, high, newer)
                if one.first is not None and one.last is not None and one.first < high <= one.last:
                    yield Found((), None, segment.newer_than(high), 0)
                condition = Translation(segment.words, segment.all_tracebacks, now).of(wanted)
                matches = None if condition.exact else wanted.matches
                back_to = math.inf
                for window in walk(segment.connection, condition, low, high):
                    tasks = [
                        task
                        for row in window.rows
                        if not newer.has(row)
                        and (
                            (task := segment.task(row)) and (matches is None or matches(task, now))
                        )
                    ]
                    back_to = min(back_to, window.low)
                    yield Found(tasks, _finite(back_to), window.looked_at, 0)
            newer.take(segment)

    def _unfinished(
        self,
        segment: OpenSegment,
        wanted: Filter,
        now: float,
        low: float,
        high: float,
        newer: _Newer,
    ) -> Iterator[Found]:
        rows = segment.unfinished()
        tasks = [segment.task(row) for row in rows
                 if low <= row[_SEEN] < high and not newer.has(row)]  # fmt: skip
        newer.note_unfinished(rows)
        found = wanted.select(tasks, now)
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
        self._segments: dict[SegmentFile, OpenSegment | None] = {}
        self._unfinished: dict[Any, float] = {}

    def has(self, row: Row) -> bool:
        """Whether there is a newer record of the row's task."""
        seen = self._unfinished.get(row[_TASK])
        if seen is not None and seen >= row[_SEEN]:
            return True
        task = row[_TASK]
        if row[_KEY] in self._keys and any(
            row[_KEY] in keys and self._is_in(file, task) for keys, file in self._some
        ):
            return True
        return any(self._is_in(file, task) for file in self._many)

    def note_unfinished(self, rows: list[Row]) -> None:
        """Take those that have not ended."""
        self._unfinished.update((row[_TASK], row[_SEEN]) for row in rows)

    def take(self, segment: OpenSegment) -> None:
        """Take a segment that was read: the next ones are older."""
        keys = segment.again()
        if keys is None:
            self._many.append(segment.file)
        elif keys:
            self._keys |= keys
            self._some.append((keys, segment.file))

    def close(self) -> None:
        """Close what was opened to look into."""
        for segment in self._segments.values():
            if segment is not None:
                segment.close()

    def _is_in(self, file: SegmentFile, stored: str | bytes) -> bool:
        if file not in self._segments:
            self._segments[file] = None
            with contextlib.suppress(sqlite3.Error, HistoryError):
                self._segments[file] = OpenSegment(file)
        segment = self._segments[file]
        return segment is not None and segment.newest(stored) is not None


def _finite(seconds: float) -> float | None:
    return None if math.isinf(seconds) else seconds
