"""The tasks of segments as events again, in the order in which they happened."""

from __future__ import annotations

import bisect
import heapq
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from celerytui.history import schema
from celerytui.history.open_segment import OpenSegment
from celerytui.history.rows import Row
from celerytui.model import Event, Task
from celerytui.store.retelling import retell

LEAD = 60.0
"""Seconds from its first event to its last up to which a task is found by its last."""
PAGE = 1_000
"""Rows that are read at once."""
MOST_LONG = 200_000
"""As many tasks of a segment that took longer are known beforehand; others begin `LEAD` before
their last event."""

_COLUMNS = ", ".join(schema.TASK_COLUMNS)
_SEEN = schema.TASK_COLUMNS.index("seen")
_BEGIN = "min(ifnull(sent, seen), ifnull(received, seen), ifnull(started, seen), seen)"

Told = tuple[float, Event]
"""An event, and when it came by our clock."""


class Long(NamedTuple):
    """A task that took long: its first event, its last, and its row, which is in `table`."""

    begin: float
    seen: float
    row: int
    table: str = "tasks"


class LongTasks:
    """The tasks of a segment that took longer than `LEAD`, by their first event.

    Of the rows after `up_to` none was looked at.
    """

    def __init__(self, segment: OpenSegment) -> None:
        run = segment.connection.execute
        found: list[Long] = []
        self.up_to: float = math.inf
        rows = run(
            f"SELECT id, seen, {_BEGIN} AS begin, attempts IS NOT NULL FROM tasks NOT INDEXED"
            f" WHERE attempts IS NOT NULL OR seen - begin > {LEAD} ORDER BY id LIMIT ?",
            (MOST_LONG,),
        )
        for number, seen, begin, tried in rows:
            if tried:
                begin = _begin_of(row_of(segment, Long(begin, seen, number)))
            found.append(Long(begin, seen, number))
        if len(found) == MOST_LONG:
            self.up_to = found[-1].row
        self.all = sorted(found)


def _unfinished(segment: OpenSegment) -> Iterator[Long]:
    """The tasks of a segment that had not ended when it was written last."""
    for (number,) in segment.connection.execute("SELECT id FROM open").fetchall():
        begin = _begin_of(row_of(segment, Long(0.0, math.inf, number, "open")))
        yield Long(begin, math.inf, number, "open")


def row_of(segment: OpenSegment, one: Long) -> Task | None:
    """The task of a row, None where it is gone."""
    row = segment.connection.execute(
        f"SELECT {_COLUMNS} FROM {one.table} WHERE id = ?", (one.row,)
    ).fetchone()
    return None if row is None else segment.task(row)


def told_events(task: Task) -> list[Told]:
    """The events of a task, with when each came by our clock as far as theirs are known."""
    client, worker = task.more.client_ahead, task.more.worker_ahead
    return [
        (event.timestamp - (client if event.type == "task-sent" else worker), event)
        for event in retell(task)
    ]


class Retold:
    """The events of the tasks of `segments`, oldest first, that ended at `start` or later.

    `long_tasks` gives what a segment has of them; each is asked for when the one before is begun.
    """

    def __init__(
        self, segments: Sequence[OpenSegment], start: float, long_tasks: Sequence[LongTasks | None]
    ) -> None:
        self._segments = segments
        self._start = start
        self.long_tasks = list(long_tasks)
        self._pending: list[Told] = []
        self._long: list[tuple[Long, int]] = []

    def events(self) -> Iterator[Told]:
        """All of them, in order as far as their clocks allow."""
        for at, page in self._pages():
            for row in page:
                self._take_row(at, row)
            yield from self._settled(page[-1][_SEEN + 1] - LEAD)
        yield from self._settled(math.inf)

    def _settled(self, until: float) -> Iterator[Told]:
        """The events before a time, of which no more can come."""
        while self._long and self._long[0][0].begin < until:
            one, at = heapq.heappop(self._long)
            self._push(row_of(self._segments[at], one))
        self._pending.sort(key=_when)
        end = bisect.bisect_left(self._pending, until, key=_when)
        settled, self._pending = self._pending[:end], self._pending[end:]
        yield from settled

    def _pages(self) -> Iterator[tuple[int, list[Row]]]:
        """The rows of all segments with their numbers before them, by their last event."""
        self._long = [
            (one, at) for at, here in enumerate(self._segments) for one in _unfinished(here)
        ]
        heapq.heapify(self._long)
        self._look_ahead(0)
        for at, segment in enumerate(self._segments):
            self._look_ahead(at + 1)
            seen, last = self._start, -1
            while True:
                page = segment.connection.execute(
                    f"SELECT id, {_COLUMNS} FROM tasks INDEXED BY tasks_seen"
                    " WHERE seen >= ? AND (seen > ? OR id > ?) ORDER BY seen, id LIMIT ?",
                    (seen, seen, last, PAGE),
                ).fetchall()
                if page:
                    yield at, page
                if len(page) < PAGE:
                    break
                seen, last = page[-1][_SEEN + 1], page[-1][0]

    def _look_ahead(self, at: int) -> None:
        """Know the long tasks of a segment."""
        if at >= len(self._segments):
            return
        known = self.long_tasks[at]
        if known is None:
            known = self.long_tasks[at] = LongTasks(self._segments[at])
        for one in known.all:
            if one.seen >= self._start:
                heapq.heappush(self._long, (one, at))

    def _take_row(self, at: int, row: Row) -> None:
        known, number = self.long_tasks[at], row[0]
        task = self._segments[at].task(row[1:])
        if task is None:
            return
        if known is None or number > known.up_to or not _is_long(task):
            self._push(task)

    def _push(self, task: Task | None) -> None:
        if task is not None:
            self._pending += told_events(task)


def _when(told: Told) -> float:
    return told[0]


def _is_long(task: Task) -> bool:
    """Whether it is one of what `LongTasks` has."""
    times = (task.sent, task.received, task.started)
    begin = min((at for at in times if at is not None), default=task.seen)
    return bool(task.more.attempts) or task.seen - begin > LEAD


def _begin_of(task: Task | None) -> float:
    if task is None:
        return math.inf
    return min((at for at, _ in told_events(task)), default=task.seen)
