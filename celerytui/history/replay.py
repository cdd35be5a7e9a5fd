"""A history as a recording: what a store was told, made again from the rows of its segments."""

from __future__ import annotations

import contextlib
import heapq
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.folder import Folder, SegmentFile
from celerytui.history.folder_place import shown
from celerytui.history.open_segment import OpenSegment
from celerytui.history.reading import SegmentHistory
from celerytui.history.retold import Long, LongTasks, Retold, row_of, told_events
from celerytui.history.samples import LATEST, Happened, queue_entries, worker_entries
from celerytui.history.trouble import explain
from celerytui.masking import mask
from celerytui.model import Batch, Bucket, Entry, Event, Link, LinkState, Moment, Moments, TaskState

RUN_UP = 3600.0
"""Seconds before a time from which on a store is told what happened, to know how things stood."""
LEAST_RUN_UP = 330.0
"""Where so much happened that it would take long, at least what the figures of 5 minutes need."""
MOST_RUN_UP = 50_000
"""Tasks that are told beforehand, but for those of `LEAST_RUN_UP`."""
AT_ONCE = 0.1
"""Seconds within which events are told together."""
MOST_AT_ONCE = 500
CLOCK_SLACK = 2.0
"""Seconds that the clocks of workers may be off before a failure is found too late."""
KNOWN_SEGMENTS = 4
"""Segments of which the long tasks are kept in memory."""

Result = TypeVar("Result")


class SegmentRecording:
    """A `Recording` in a folder of segments; raises HistoryError where there is none.

    What it tells is as good as the rows are: of a task the end and the times are known, of workers
    samples. Tasks that ended more than an hour before the time that is asked for are left out.
    """

    kind = "sqlite"
    unit = "task"

    def __init__(self, folder: Folder) -> None:
        self.name = shown(folder.path)
        self._notes: list[str] = []
        self.notes: Sequence[str] = self._notes
        history = SegmentHistory(folder)
        try:
            facts, origin = history.facts(), history.origin()
        finally:
            history.close()
        self._note(*history.notes)
        self.app, self.broker = origin.app or "history", mask(origin.broker)
        self._segments = self._open([one.file for one in facts])
        self._long: dict[SegmentFile, LongTasks] = {}
        self._happened = self._reading(lambda: Happened(self._segments))
        first = [one.first for one in facts if one.first is not None and one.first >= 0]
        last = [one.last for one in facts if one.last is not None and one.last <= LATEST]
        sessions = self._happened.sessions
        if not sessions:
            self.close()
            raise HistoryError(f"nothing was recorded in {self.name}")
        self.begins = min([*first, sessions[0].since])
        self.ends = max([*last, *(one.until for one in sessions)])
        self.events = sum(one.rows for one in facts)
        self.gaps: Sequence[Moment] = self._happened.gaps
        self.marks: Sequence[Moment] = [Moment(at, text) for at, text, _ in self._happened.marks]

    def _open(self, files: Sequence[SegmentFile]) -> list[OpenSegment]:
        found = []
        for file in files:
            try:
                found.append(OpenSegment(file))
            except HistoryError as error:
                self._note(str(error))
            except sqlite3.Error as error:
                self._note(explain(error, file.path))
        return found

    def _note(self, *said: str) -> None:
        self._notes += [one for one in said if one not in self._notes]

    def _reading(self, read: Callable[[], Result]) -> Result:
        """What is read; raises HistoryError where it cannot be."""
        try:
            return read()
        except sqlite3.Error as error:
            raise HistoryError(f"{self.name} cannot be read: {error}") from error

    # The recording

    def buckets(self, count: int) -> list[Bucket]:
        """See `Recording.buckets`: tasks by when they were seen last."""
        width = max(self.ends - self.begins, 1e-3) / count
        borders = [self.begins + place * width for place in range(count)] + [math.inf]
        return self._reading(
            lambda: [self._bucket(a, b, a + width / 2) for a, b in pairwise(borders)]
        )

    def _bucket(self, since: float, until: float, middle: float) -> Bucket:
        tasks = failures = 0
        for segment in self._segments:
            run = segment.connection.execute
            (here,) = run(
                "SELECT count(*) FROM tasks INDEXED BY tasks_seen WHERE seen >= ? AND seen < ?",
                (since, until),
            ).fetchone()
            if not here:
                continue
            (failed,) = run(
                "SELECT count(*) FROM tasks INDEXED BY tasks_other"
                f" WHERE state <> {schema.SUCCESS} AND seen >= ? AND seen < ? AND state = ?",
                (since, until, int(TaskState.FAILURE)),
            ).fetchone()
            tasks, failures = tasks + here, failures + failed
        known = tasks or self._happened.recorded(middle)
        return Bucket(tasks if known else None, failures)

    def begin_of(self, since: float) -> float:
        """See `Recording.begin_of`."""
        enough = max(self._nth_before(segment, since) for segment in self._segments)
        return max(self.begins, min(since - LEAST_RUN_UP, max(since - RUN_UP, enough)))

    def _nth_before(self, segment: OpenSegment, since: float) -> float:
        """From when on a segment has as many tasks before a time as are told at most."""
        row = self._reading(
            lambda: segment.connection.execute(
                "SELECT seen FROM tasks INDEXED BY tasks_seen WHERE seen < ?"
                " ORDER BY seen DESC LIMIT 1 OFFSET ?",
                (since, MOST_RUN_UP),
            ).fetchone()
        )
        return -math.inf if row is None else float(row[0])

    def entries(self, since: float) -> Iterator[Entry]:
        """See `Recording.entries`."""
        start = self.begin_of(since)
        yield Entry(start, "link", (Link(state=LinkState.CONNECTED, since=start),))
        retold = Retold(self._segments, start, [self._long.get(one.file) for one in self._segments])
        streams = (
            self._happened.entries(start),
            worker_entries(self._segments, self._happened.sessions, start),
            queue_entries(self._segments, start),
            _batches(retold.events(), self.ends),
        )
        try:
            yield from _swept(heapq.merge(*streams, key=lambda entry: entry.at), self.ends)
        except sqlite3.Error as error:
            raise HistoryError(f"{self.name} cannot be read: {error}") from error
        finally:
            self._keep(retold)

    def _keep(self, retold: Retold) -> None:
        """Keep what was found of long tasks for the next time, of the newest segments."""
        newest = self._segments[-1].file if self._segments else None
        for segment, known in zip(self._segments, retold.long_tasks, strict=True):
            # What is still written has more the next time.
            if known is not None and segment.file != newest:
                self._long.pop(segment.file, None)
                self._long[segment.file] = known
        while len(self._long) > KNOWN_SEGMENTS:
            del self._long[next(iter(self._long))]

    def find(self, what: Moments, after: float, *, back: bool = False) -> float | None:
        """See `Recording.find`: the next task that failed, or the next alert."""
        if what is Moments.MARK:
            found = [one.at for one in self.marks]
        else:
            found = self._reading(
                lambda: [*self._failures(after, back), *self._alerts(after, back)]
            )
        found = [at for at in found if (at < after if back else at > after)]
        return (max if back else min)(found, default=None)

    def _alerts(self, after: float, back: bool) -> Iterator[float]:
        best, than = ("max", "<") if back else ("min", ">")
        for segment in self._segments:
            (at,) = segment.connection.execute(
                f"SELECT {best}(at) FROM alerts WHERE raised AND at {than} ?", (after,)
            ).fetchone()
            if at is not None:
                yield at

    def _failures(self, after: float, back: bool) -> Iterator[float]:
        """The first failure beyond a time in each segment."""
        than, order, slack = ("<", "DESC", CLOCK_SLACK) if back else (">", "ASC", -CLOCK_SLACK)
        query = (
            "SELECT id, seen FROM tasks INDEXED BY tasks_other"
            f" WHERE state <> {schema.SUCCESS} AND seen {than} ? AND state = ?"
            f" ORDER BY seen {order}"
        )
        for segment in self._segments:
            rows = segment.connection.execute(query, (after + slack, int(TaskState.FAILURE)))
            for number, seen in rows:
                at = _failed_at(segment, Long(seen, seen, number))
                if at is not None and (at < after if back else at > after):
                    yield at
                    break

    def close(self) -> None:
        """Let go of the files."""
        for segment in self._segments:
            with contextlib.suppress(sqlite3.Error):
                segment.close()
        self._segments = []


def _failed_at(segment: OpenSegment, one: Long) -> float | None:
    """When a task failed by our clock, as `entries` tells it."""
    task = row_of(segment, one)
    told = [] if task is None else told_events(task)
    return next((at for at, event in reversed(told) if event.type == "task-failed"), None)


def _batches(told: Iterable[tuple[float, Event]], ends: float) -> Iterator[Entry]:
    """Events that came together as one batch, none later than the end."""
    events: list[Event] = []
    begin = last = -math.inf
    for at, event in told:
        at = min(ends, max(at, last))
        if events and (at - begin > AT_ONCE or len(events) >= MOST_AT_ONCE):
            yield Entry(last, "apply", (Batch(events, last),))
            events = []
        begin = at if not events else begin
        last = at
        events.append(event)
    if events:
        yield Entry(last, "apply", (Batch(events, last),))


def _swept(entries: Iterable[Entry], ends: float) -> Iterator[Entry]:
    """The entries, and after each second in which there were any a sweep, none after the end."""
    second: int | None = None
    for entry in entries:
        if second is not None and entry.at >= second + 1:
            yield Entry(second + 1.0, "sweep", (second + 1.0, True))
            second = None
        yield entry
        if second is None:
            second = math.floor(entry.at)
    if second is not None:
        at = max(float(second), min(second + 1.0, ends))
        yield Entry(at, "sweep", (at, True))
