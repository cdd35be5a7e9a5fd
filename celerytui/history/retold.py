"""The tasks of a history as events again, in the order in which they happened."""

from __future__ import annotations

import bisect
import heapq
import math
from collections.abc import Iterator, Sequence

from celerytui.history.chapter import Chapter, Long, Position
from celerytui.model import Event, Task
from celerytui.store.retelling import retell

LEAD = 60.0
"""Seconds from its first event to its last up to which a task is found by its last."""
PAGE = 1_000
"""Rows that are read at once."""
MOST_LONG = 200_000
"""As many tasks of a chapter that took longer are known beforehand; others begin `LEAD` before
their last event."""

Told = tuple[float, Event]
"""An event, and when it came by our clock."""


class LongTasks:
    """The tasks of a chapter that took longer than `LEAD`, by their first event.

    Of the rows after `up_to`, where it is one, none was looked at.
    """

    def __init__(self, chapter: Chapter) -> None:
        found: list[Long] = []
        self.up_to: Position | None = None
        for (seen, row), begin, tried in chapter.long_rows(LEAD, MOST_LONG):
            found.append(Long(begin if tried is None else _begin_of(tried), seen, row))
        if len(found) == MOST_LONG:
            self.up_to = found[-1].seen, found[-1].row
        self.all = sorted(found)


def _unfinished(chapter: Chapter) -> Iterator[Long]:
    """The tasks of a chapter that had not ended when it was written last."""
    for row, task in chapter.unfinished():
        yield Long(_begin_of(task), math.inf, row, "open")


def told_events(task: Task) -> list[Told]:
    """The events of a task, with when each came by our clock as far as theirs are known."""
    client, worker = task.more.client_ahead, task.more.worker_ahead
    return [
        (event.timestamp - (client if event.type == "task-sent" else worker), event)
        for event in retell(task)
    ]


class Retold:
    """The events of the tasks of `chapters`, oldest first, that ended at `start` or later.

    `long_tasks` gives what a chapter has of them; each is asked for when the one before is begun.
    """

    def __init__(
        self, chapters: Sequence[Chapter], start: float, long_tasks: Sequence[LongTasks | None]
    ) -> None:
        self._chapters = chapters
        self._start = start
        self.long_tasks = list(long_tasks)
        self._pending: list[Told] = []
        self._long: list[tuple[Long, int]] = []

    def events(self) -> Iterator[Told]:
        """All of them, in order as far as their clocks allow."""
        for at, page in self._pages():
            for position, task in page:
                self._take(at, position, task)
            (seen, _), _ = page[-1]
            yield from self._settled(seen - LEAD)
        yield from self._settled(math.inf)

    def _settled(self, until: float) -> Iterator[Told]:
        """The events before a time, of which no more can come."""
        while self._long and self._long[0][0].begin < until:
            one, at = heapq.heappop(self._long)
            self._push(self._chapters[at].task_of(one))
        self._pending.sort(key=_when)
        end = bisect.bisect_left(self._pending, until, key=_when)
        settled, self._pending = self._pending[:end], self._pending[end:]
        yield from settled

    def _pages(self) -> Iterator[tuple[int, Sequence[tuple[Position, Task | None]]]]:
        """The tasks of all chapters with their numbers before them, by their last event."""
        self._long = [
            (one, at) for at, here in enumerate(self._chapters) for one in _unfinished(here)
        ]
        heapq.heapify(self._long)
        self._look_ahead(0)
        for at, chapter in enumerate(self._chapters):
            self._look_ahead(at + 1)
            after: Position | None = None
            while page := chapter.page(self._start, after, PAGE):
                yield at, page
                if len(page) < PAGE:
                    break
                after, _ = page[-1]

    def _look_ahead(self, at: int) -> None:
        """Know the long tasks of a chapter."""
        if at >= len(self._chapters):
            return
        known = self.long_tasks[at]
        if known is None:
            known = self.long_tasks[at] = LongTasks(self._chapters[at])
        for one in known.all:
            if one.seen >= self._start:
                heapq.heappush(self._long, (one, at))

    def _take(self, at: int, position: Position, task: Task | None) -> None:
        known = self.long_tasks[at]
        up_to = None if known is None else known.up_to
        unknown = known is None or (up_to is not None and position > up_to)
        if task is not None and (unknown or not _is_long(task)):
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
