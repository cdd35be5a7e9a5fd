"""Reads a history in a folder, beside whoever writes it."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.condition import condition_of
from celerytui.history.course import (
    Ended,
    Samples,
    ended_in,
    marks_in,
    recorded_in,
    samples_in,
    watched,
)
from celerytui.history.folder import Catalogue, Folder, SegmentFacts, SegmentFile, day_of
from celerytui.history.history import Found, NothingRecorded, Origin
from celerytui.history.newer import Newer
from celerytui.history.open_segment import COLUMNS, OpenSegment
from celerytui.history.replaced import ALL, counted_without, replaced_in
from celerytui.history.retries import Retried, RetryCounts, retries_in, unfinished_retries_in
from celerytui.history.rows import stored_id
from celerytui.history.trouble import explain
from celerytui.history.type_places import TypePlaces, places_in
from celerytui.history.type_runs import TypeRuns, types_in
from celerytui.history.walk import walk
from celerytui.model import Mark, Task
from celerytui.query import Filter
from celerytui.store.spans import Span

Part = TypeVar("Part")
_SEEN = schema.TASK_COLUMNS.index("seen")
UNFINISHED_AT_ONCE = 500
"""Unfinished tasks of one step."""
DAY_SECONDS = 86_400.0
_ANY = "SELECT 1 FROM tasks INDEXED BY tasks_seen WHERE seen >= ? AND seen < ? LIMIT 1"


class SegmentHistory:
    """A `History` in a folder of segments; raises HistoryError where there is none."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._reading: OpenSegment | None = None
        self._replaced: dict[object, list[int]] = {}
        try:
            folder.segments()
        except FileNotFoundError:
            raise NothingRecorded(
                f"no history in {folder.path}: nothing was recorded there"
            ) from None
        except OSError as error:
            raise HistoryError(explain(error, folder.path)) from error

    def facts(self) -> list[SegmentFacts]:
        """What each segment holds, oldest first."""
        catalogue = Catalogue(self.folder)
        with self._explained():
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
        looked_at, done, newer = 0, 0, Newer()
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
        with self._explained():
            files = self.folder.segments()
        for file in reversed(files):
            with self._open(file) as segment:
                if segment is None:
                    continue
                row = segment.connection.execute(
                    f"SELECT {COLUMNS} FROM open WHERE task = ?", (stored,)
                ).fetchone() or segment.newest(stored)
                if row is not None and (task := segment.task(row)) is not None:
                    return task
        return None

    def recorded(self, since: float) -> list[Span]:
        """See `History.recorded`."""
        parts = self._each_since(since, lambda connection: recorded_in(connection, since))
        sessions = [one for some, _ in parts for one in some]
        return watched(sessions, [one for _, some in parts for one in some], since)

    def ended(self, since: float, until: float, width: int) -> list[Ended]:
        """See `History.ended`."""
        parts = self._each_counted(
            since, until, lambda one, counted: ended_in(one, since, until, width, counted)
        )
        return [one for part in parts for one in part]

    def types(self, since: float, until: float, width: int) -> Sequence[TypeRuns]:
        """See `History.types`."""
        return self._each_counted(
            since, until, lambda one, counted: types_in(one, since, until, width, counted)
        )

    def retries(
        self, since: float, until: float, width: int, begin: float, *, unfinished: bool
    ) -> list[Retried]:
        """See `History.retries`."""
        counts = RetryCounts(begin, until, width)
        self._each_counted(
            since, until, lambda one, counted: retries_in(one, since, until, counted, counts)
        )
        # The newest segment goes on with what had not ended.
        for file in self.folder.segments()[-1:] if unfinished else ():
            with self._open(file) as segment:
                if segment is not None:
                    unfinished_retries_in(segment.connection, counts)
        return counts.all()

    def places(self, since: float, until: float) -> TypePlaces:
        """See `History.places`."""
        parts = self._each_counted(
            since, until, lambda one, counted: places_in(one, since, until, counted)
        )
        return TypePlaces(
            [run for part in parts for run in part.runs],
            max((part.removed for part in parts if part.removed is not None), default=None),
        )

    def samples(self, since: float, until: float | None = None) -> Samples:
        """See `History.samples`."""
        end = math.inf if until is None else until
        parts = self._each_since(since, lambda connection: samples_in(connection, since, end), end)
        return Samples(
            [one for part in parts for one in part.running],
            [one for part in parts for one in part.queued],
        )

    def marks(self, since: float) -> list[Mark]:
        """See `History.marks`."""
        parts = self._each_since(since, lambda connection: marks_in(connection, since))
        return [one for part in parts for one in part]

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

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise HistoryError(explain(error, self.folder.path)) from error

    # One segment

    def _each_since(
        self,
        since: float,
        read: Callable[[sqlite3.Connection], Part],
        until: float = math.inf,
    ) -> list[Part]:
        """What is read of each segment that may have something of a time, oldest first."""
        return self._each_segment(since, until, lambda segment: read(segment.connection))

    def _each_counted(
        self, since: float, until: float, read: Callable[[sqlite3.Connection, str], Part]
    ) -> list[Part]:
        """The same, with SQL for the rows of a segment that count: a task has one in all of them.

        To find the others takes a while; it is done once for each segment.
        """

        def read_counted(segment: OpenSegment) -> Part:
            connection, file = segment.connection, segment.file
            bounds = since, until
            if connection.execute(_ANY, bounds).fetchone() is None:
                return read(connection, ALL)
            known = file, connection.execute("SELECT max(id) FROM tasks").fetchone()
            if known not in self._replaced:
                newer = [one.path for one in self.folder.segments() if one > file]
                self._replaced[known] = replaced_in(connection, newer)
            return read(connection, counted_without(connection, self._replaced[known]))

        return self._each_segment(since, until, read_counted)

    def _each_segment(
        self, since: float, until: float, read: Callable[[OpenSegment], Part]
    ) -> list[Part]:
        found: list[Part] = []
        last = "9" if math.isinf(until) else day_of(until + DAY_SECONDS)
        for file in self.folder.segments():
            # One ends on the day after it was begun at the latest, and is written late at times.
            if day_of(since - DAY_SECONDS) <= file.day <= last:
                with self._open(file) as segment:
                    if segment is not None:
                        found.append(read(segment))
        return found

    def _search_one(
        self,
        one: SegmentFacts,
        wanted: Filter,
        now: float,
        low: float,
        high: float,
        newer: Newer,
    ) -> Iterator[Found]:
        with self._open(one.file) as segment:
            if segment is None:
                return
            yield from self._unfinished(segment, wanted, now, high, newer)
            if one.last is not None and one.last >= low:
                if one.first is not None and one.first < high <= one.last:
                    yield Found((), None, segment.newer_than(high), 0)
                condition = condition_of(wanted, segment.words, segment.all_tracebacks, now)
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
        self, segment: OpenSegment, wanted: Filter, now: float, high: float, newer: Newer
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


def _finite(seconds: float) -> float | None:
    return None if math.isinf(seconds) else seconds
