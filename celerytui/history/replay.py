"""A history as a recording: what a store was told, made again from its rows."""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise

from celerytui.errors import HistoryError
from celerytui.history.chapter import Chapter, Long
from celerytui.history.history import Origin
from celerytui.history.retold import LongTasks, Retold, told_events
from celerytui.history.samples import Happened, queue_entries, worker_entries
from celerytui.masking import mask
from celerytui.model import Batch, Bucket, Entry, Event, Link, LinkState, Moment, Moments, Task

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
KNOWN_CHAPTERS = 4
"""Chapters of which the long tasks are kept in memory."""


class HistoryRecording:
    """A `Recording` of the chapters of a history, which it closes; `extent` is from when to when
    tasks were seen last, None without any, and how many there are.

    What it tells is as good as the rows are: of a task the end and the times are known, of workers
    samples. Tasks that ended more than an hour before the time that is asked for are left out.
    Raises HistoryError where nothing was recorded.
    """

    unit = "task"

    def __init__(
        self,
        name: str,
        kind: str,
        origin: Origin,
        chapters: Sequence[Chapter],
        extent: tuple[float | None, float | None, int],
        notes: Sequence[str],
    ) -> None:
        self.name, self.kind, self.notes = name, kind, notes
        self.app, self.broker = origin.app or "history", mask(origin.broker)
        self._chapters = chapters
        self._long: dict[Hashable, LongTasks] = {}
        try:
            self._happened = Happened(chapters)
            sessions = self._happened.sessions
            if not sessions:
                raise HistoryError(f"nothing was recorded in {name}")
        except HistoryError:
            self.close()
            raise
        first, last, self.events = extent
        begins, ends = sessions[0].since, max(one.until for one in sessions)
        self.begins = begins if first is None else min(first, begins)
        self.ends = ends if last is None else max(last, ends)
        self.gaps: Sequence[Moment] = self._happened.gaps
        self.marks: Sequence[Moment] = [Moment(at, text) for at, text, _ in self._happened.marks]

    # The recording

    def buckets(self, count: int) -> list[Bucket]:
        """See `Recording.buckets`: tasks by when they were seen last."""
        width = max(self.ends - self.begins, 1e-3) / count
        borders = [self.begins + place * width for place in range(count)] + [math.inf]
        return [self._bucket(a, b, a + width / 2) for a, b in pairwise(borders)]

    def _bucket(self, since: float, until: float, middle: float) -> Bucket:
        tasks = failures = 0
        for chapter in self._chapters:
            here, failed = chapter.count(since, until)
            tasks, failures = tasks + here, failures + failed
        known = tasks or self._happened.recorded(middle)
        return Bucket(tasks if known else None, failures)

    def begin_of(self, since: float) -> float:
        """See `Recording.begin_of`."""
        enough = max(one.nth_before(since, MOST_RUN_UP) for one in self._chapters)
        return max(self.begins, min(since - LEAST_RUN_UP, max(since - RUN_UP, enough)))

    def entries(self, since: float) -> Iterator[Entry]:
        """See `Recording.entries`."""
        start = self.begin_of(since)
        yield Entry(start, "link", (Link(state=LinkState.CONNECTED, since=start),))
        retold = Retold(self._chapters, start, [self._long.get(one.key) for one in self._chapters])
        streams = (
            self._happened.entries(start),
            worker_entries(self._chapters, self._happened.sessions, start),
            queue_entries(self._chapters, start),
            _batches(retold.events(), self.ends),
        )
        try:
            yield from _swept(heapq.merge(*streams, key=lambda entry: entry.at), self.ends)
        finally:
            self._keep(retold)

    def _keep(self, retold: Retold) -> None:
        """Keep what was found of long tasks for the next time, of the newest chapters."""
        for chapter, known in zip(self._chapters, retold.long_tasks, strict=True):
            # What is still written has more the next time.
            if known is not None and chapter is not self._chapters[-1]:
                self._long.pop(chapter.key, None)
                self._long[chapter.key] = known
        while len(self._long) > KNOWN_CHAPTERS:
            del self._long[next(iter(self._long))]

    def find(self, what: Moments, after: float, *, back: bool = False) -> float | None:
        """See `Recording.find`: the next task that failed, or the next alert."""
        if what is Moments.MARK:
            found = [one.at for one in self.marks]
        else:
            alerts = (one.alert(after, back=back) for one in self._chapters)
            found = [*self._failures(after, back), *(at for at in alerts if at is not None)]
        found = [at for at in found if (at < after if back else at > after)]
        return (max if back else min)(found, default=None)

    def _failures(self, after: float, back: bool) -> Iterator[float]:
        """The first failure beyond a time in each chapter."""
        slack = CLOCK_SLACK if back else -CLOCK_SLACK
        for chapter in self._chapters:
            for seen, row in chapter.failures(after + slack, back=back):
                at = _failed_at(chapter.task_of(Long(seen, seen, row)))
                if at is not None and (at < after if back else at > after):
                    yield at
                    break

    def close(self) -> None:
        """Let go of the files."""
        for chapter in self._chapters:
            chapter.close()
        self._chapters = ()


def _failed_at(task: Task | None) -> float | None:
    """When a task failed by our clock, as `entries` tells it."""
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
