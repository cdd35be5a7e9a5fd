"""Reads an event log: what is where, and all that a store has to be told from any time on."""

from __future__ import annotations

import bisect
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.files import open_to_read
from celerytui.history.eventlog.frames import Decompressor, Frame, Header, frames
from celerytui.history.eventlog.lines import LineReader
from celerytui.history.eventlog.parts import parts
from celerytui.history.eventlog.writer import VERSION
from celerytui.history.trouble import explain
from celerytui.model import Bucket, Entry, Moment, Moments

LEAD_SECONDS = 900.0
"""What the newest rates and charts reach back to is told again, rather than left out."""
LEAD_EVENTS = 3_000_000
"""Unless it takes more events than these."""
SILENCE = 5.0
"""Seconds without a frame after which nothing was recorded: there is one each second else."""


class _Place(NamedTuple):
    """A frame and the file that it is in."""

    file: BinaryIO
    frame: Frame


class EventLog:
    """A `Recording` in the files of an event log; raises HistoryError where it is none."""

    kind = "event log"
    unit = "event"

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._notes: list[str] = []
        self.notes: Sequence[str] = self._notes
        self._path = path
        self._files: list[BinaryIO] = []
        self._places: list[_Place] = []
        self._keys: list[int] = []
        self._decompressor = Decompressor()
        self._lines = LineReader()
        try:
            self._read(path)
        except OSError as error:
            self.close()
            raise HistoryError(explain(error, path, "event log")) from error
        except BaseException:
            self.close()
            raise
        events = [one.frame.info for one in self._places if one.frame.info.kind == "events"]
        self._starts = [one.since for one in events]
        self._infos = events
        if not events:
            self.close()
            raise HistoryError(f"{path}: nothing was recorded in it")
        self.begins, self.ends = events[0].since, max(one.until for one in events)
        self.events = sum(one.events for one in events)
        self.marks: Sequence[Moment] = [
            Moment(at, text) for info in events for at, text in info.marks
        ]
        self.gaps: Sequence[Moment] = self._gaps()

    # What is where

    def _read(self, path: Path) -> None:
        found = parts(path)
        if not found:
            raise HistoryError(f"{path}: no such file")
        header: Header | None = None
        for _, one in found:
            file = open_to_read(one, follow=True)
            self._files.append(file)
            own = self._index(file, one)
            if own is None and len(found) > 1:
                self._notes.append(f"{one.name}: nothing whole in it")
            header = header or own
        if header is None:
            raise HistoryError(f"{found[0][1]} is no event log of celerytui")
        self.app, self.broker, self.header = header.app, header.broker, header

    def _index(self, file: BinaryIO, path: Path) -> Header | None:
        """Note where the frames of a part are; None where it is none, or is not even begun."""
        header: Header | None = None
        for found in frames(file, os.fstat(file.fileno()).st_size):
            if isinstance(found, int):
                if header is None:
                    return None
                self._notes.append(f"{path.name}: {counted(found, 'byte')} damaged")
                continue
            if header is None:
                header = self._header(file, found, path)
                continue
            if found.info.kind == "key" and (
                not self._places or self._places[-1].frame.info.kind != "key"
            ):
                self._keys.append(len(self._places))
            self._places.append(_Place(file, found))
        return header

    def _header(self, file: BinaryIO, frame: Frame, path: Path) -> Header:
        try:
            header = msgspec.json.decode(self._decompressor.lines(file, frame)[0], type=Header)
        except (ValueError, IndexError, msgspec.DecodeError):
            raise HistoryError(f"{path} is no event log of celerytui") from None
        if header.version > VERSION:
            raise HistoryError(
                f"{path} was recorded by celerytui {header.celerytui}: update to read it"
            )
        return header

    def _gaps(self) -> list[Moment]:
        """When there was no connection, and when nothing recorded."""
        found = [
            Moment(since, "no connection", until)
            for info in self._infos
            for since, until in info.gaps
        ]
        last = self.begins
        for info in self._infos:
            if info.since - last > SILENCE:
                found.append(Moment(last, "nothing recorded", info.since))
            if info.dropped:
                found.append(
                    Moment(info.since, f"{counted(info.dropped, 'event')} dropped", info.until)
                )
            last = max(last, info.until)
        return sorted(found, key=lambda one: one.at)

    # The recording

    def buckets(self, count: int) -> list[Bucket]:
        """See `Recording.buckets`."""
        width = max(self.ends - self.begins, 1e-3) / count
        events: list[int | None] = [0] * count
        for gap in self.gaps:
            # Where all of a part is in it.
            first = math.ceil((gap.at - self.begins) / width)
            for at in range(max(0, first), int(((gap.until or gap.at) - self.begins) / width)):
                events[at] = None
        failures = [0] * count
        for info in self._infos:
            first = min(count - 1, int((info.since - self.begins) / width))
            last = min(count - 1, int((info.until - self.begins) / width))
            for at in range(first, last + 1):
                events[at] = (events[at] or 0) + info.events // (last - first + 1)
            failures[first] += info.failures
        return [Bucket(*one) for one in zip(events, failures, strict=True)]

    def begin_of(self, since: float) -> float:
        """See `Recording.begin_of`."""
        key = self._key(since)
        return self.begins if key is None else self._stands_at(key)

    def entries(self, since: float) -> Iterator[Entry]:
        """See `Recording.entries`."""
        key = self._key(since)
        start, stop = (0, 0) if key is None else (key, self._end_of(key))
        for at in range(start, stop):
            yield from self._entries(self._places[at])
        for at in range(stop, len(self._places)):
            if self._places[at].frame.info.kind == "events":
                yield from self._entries(self._places[at])

    def find(self, what: Moments, after: float, *, back: bool = False) -> float | None:
        """See `Recording.find`."""
        if what is Moments.MARK:
            times = sorted(one.at for one in self.marks)
            later = [at for at in times if (at < after if back else at > after)]
            return (later[-1] if back else later[0]) if later else None
        order = range(len(self._infos) - 1, -1, -1) if back else range(len(self._infos))
        places = [one for one in self._places if one.frame.info.kind == "events"]
        for at in order:
            info = self._infos[at]
            if not (info.failures or info.alerts):
                continue
            if info.since >= after if back else info.until <= after:
                continue
            found = [
                entry.at
                for entry in self._entries(places[at])
                if _is_trouble(entry) and (entry.at < after if back else entry.at > after)
            ]
            if found:
                return found[-1] if back else found[0]
        return None

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files:
            file.close()
        self._files = []

    def _key(self, since: float) -> int | None:
        """The key frame to begin with, by its place; None for the beginning of all."""
        before = [key for key in self._keys if self._stands_at(key) <= since]
        for key in reversed(before):
            stands = self._stands_at(key)
            first = bisect.bisect_left(self._starts, stands)
            last = bisect.bisect_right(self._starts, since)
            told = sum(one.events for one in self._infos[first:last])
            if stands <= since - LEAD_SECONDS or told > LEAD_EVENTS:
                return key
        return before[0] if before else None

    def _end_of(self, key: int) -> int:
        """The place after the last frame of a key frame."""
        end = key
        while end < len(self._places) and self._places[end].frame.info.kind == "key":
            end += 1
        return end

    def _stands_at(self, key: int) -> float:
        """How things stood when is what a key frame tells."""
        return self._places[self._end_of(key) - 1].frame.info.until

    def _entries(self, place: _Place) -> Iterator[Entry]:
        try:
            lines = self._decompressor.lines(place.file, place.frame)
        except ValueError as error:
            note = f"a frame is damaged: {error}"
            if note not in self._notes:
                self._notes.append(note)
            return
        except OSError as error:
            raise HistoryError(explain(error, self._path, "event log")) from error
        yield from self._lines.entries(lines)


def _is_trouble(entry: Entry) -> bool:
    if entry.what == "alert":
        return bool(entry.args[0])
    if entry.what != "apply":
        return False
    return any(event.type == "task-failed" for event in entry.args[0].events)
