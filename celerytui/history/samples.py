"""What a history holds beside tasks, as a store is told it: workers, queues, gaps and marks."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from celerytui.history.chapter import Chapter
from celerytui.model import MARK_EVENT, Batch, Entry, Event, Moment, QueueDepth

BEAT = 10.0
"""Seconds from one heartbeat to the next: samples are written where figures change alone."""
LATEST = 4e10
"""Times after it are no times, as in events."""
MOST_ACTIONS = 500
"""As many as the log of a monitor keeps."""
AT_WORK = ("online", "unknown")
"""The statuses in which a worker sends heartbeats."""
LEAVING = ("offline", "stopping")


class Session(NamedTuple):
    """A time in which one process recorded."""

    since: float
    until: float


class Happened:
    """The sessions, gaps, marks and newest actions of chapters, each in order."""

    def __init__(self, chapters: Sequence[Chapter]) -> None:
        sessions: dict[float, float] = {}
        gaps: dict[float, tuple[float | None, str]] = {}
        marks: set[tuple[float, str, str]] = set()
        actions: set[tuple[float, str]] = set()
        for chapter in chapters:
            for started, last in chapter.sessions():
                if 0 <= started <= last <= LATEST:
                    sessions[started] = max(last, sessions.get(started, started))
            for since, until, reason in chapter.gaps():
                if not 0 <= since <= (since if until is None else until) <= LATEST:
                    continue
                if until is not None or since not in gaps:
                    gaps[since] = until, reason or "no connection to the broker"
            marks |= {one for one in chapter.marks() if 0 <= one[0] <= LATEST}
            actions |= {one for one in chapter.actions() if 0 <= one[0] <= LATEST}
        self.sessions = [Session(*one) for one in sorted(sessions.items())]
        self.marks = sorted(marks)
        self.actions = sorted(actions)[-MOST_ACTIONS:]
        self.gaps = self._gaps(gaps)

    def _gaps(self, known: dict[float, tuple[float | None, str]]) -> list[Moment]:
        """The gaps while it was recorded, and the times between two sessions."""
        ends = {one.since: one.until for one in self.sessions}
        found = []
        for since, (until, reason) in known.items():
            inside = [end for begin, end in ends.items() if begin <= since <= end]
            end = until if until is not None else max(inside, default=since)
            found.append(Moment(since, reason, end))
        last = math.inf
        for session in self.sessions:
            if session.since - last > BEAT and last not in known:
                found.append(Moment(last, "nothing recorded", session.since))
            last = session.until if last == math.inf else max(last, session.until)
        return sorted(found, key=lambda one: one.at)

    def entries(self, start: float) -> Iterator[Entry]:
        """The gaps that reach beyond `start`, the marks since then, and all actions."""
        told: list[Entry] = []
        for gap in self.gaps:
            if gap.until is not None and gap.until >= start:
                told.append(Entry(gap.at, "mark_gap", (gap.at, None)))
                told.append(Entry(gap.until, "mark_gap", (gap.at, gap.until)))
        for at, text, by in self.marks:
            if at >= start:
                event = Event(MARK_EVENT, timestamp=at, extra={"text": text, "user": by})
                told.append(Entry(at, "apply", (Batch([event], at),)))
        for at, text in self.actions:
            told += (Entry(max(at, start), "action", (line,)) for line in _lines(text))
        yield from sorted(told, key=lambda one: one.at)

    def recorded(self, at: float) -> bool:
        """Whether anything could be recorded then."""
        return not any(one.at <= at < (one.until or at) for one in self.gaps)


def _lines(text: str) -> Iterator[dict[str, Any]]:
    """What is told of an entry of the log, and of its effect where it has that; none if flawed."""
    try:
        entry = json.loads(text)
    except ValueError:
        return
    if isinstance(entry, dict):
        finding = entry.pop("finding", None)
        yield entry
        if finding is not None:
            yield {"finding": finding}


def queue_entries(chapters: Sequence[Chapter], start: float) -> Iterator[Entry]:
    """The depths of the queues as they were at `start`, and each change of them."""
    rows = _rows(chapters, "queues", "queue", ("ready", "unacked", "consumers"), start)
    for at, group in groupby(rows, key=lambda row: row[0]):
        depths = [QueueDepth(*rest) for _, *rest in group]
        yield Entry(at, "record_queues", (depths, at))


def worker_entries(
    chapters: Sequence[Chapter], sessions: Sequence[Session], start: float
) -> Iterator[Entry]:
    """The heartbeats of the workers, as far as their samples say, while anybody recorded.

    There is an entry each `BEAT` seconds of a session, also where no worker is there.
    """
    rows = _rows(chapters, "workers", "worker", ("status", "running", "processed", "load"), start)
    sample = next(rows, None)
    for session in sessions:
        if session.until < start:
            continue
        beats: dict[str, Event] = {}
        at = max(start, session.since)
        while at <= session.until:
            left: list[Event] = []
            while sample is not None and sample[0] <= at:
                _, worker, status, *figures = sample
                if status in AT_WORK:
                    beats[worker] = _beat(worker, *figures)
                elif beats.pop(worker, None) is not None and status in LEAVING:
                    left.append(Event("worker-offline", worker, sample[0]))
                sample = next(rows, None)
            said = [_at(one, at) for one in beats.values()]
            yield Entry(at, "apply", (Batch([*left, *said], at),))
            at += BEAT


def _beat(worker: str, running: int | None, processed: int | None, load: float | None) -> Event:
    return Event(
        "worker-heartbeat",
        worker,
        freq=BEAT,
        active=running,
        processed=processed,
        loadavg=None if load is None else (load,),
    )


def _at(beat: Event, at: float) -> Event:
    """A heartbeat at a time."""
    return Event(
        beat.type,
        beat.hostname,
        at,
        freq=beat.freq,
        active=beat.active,
        processed=beat.processed,
        loadavg=beat.loadavg,
    )


def _rows(
    chapters: Sequence[Chapter],
    table: str,
    subject: str,
    figures: tuple[str, ...],
    start: float,
) -> Iterator[tuple[Any, ...]]:
    """What each subject was at `start`, then each sample since, with the subject's name."""
    before: dict[str, tuple[Any, ...]] = {}
    for chapter in chapters:
        for at, name, *rest in chapter.samples_at(table, subject, figures, start):
            if name not in before or before[name][0] <= at:
                before[name] = at, name, *rest
    yield from ((start, *row[1:]) for row in before.values())
    streams = [chapter.samples(table, subject, figures, start) for chapter in chapters]
    yield from heapq.merge(*streams, key=lambda row: row[0])
