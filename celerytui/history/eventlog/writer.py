"""Writes an event log: frames into a file, and the next file when that has become large."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from celerytui.errors import HistoryError
from celerytui.files import open_new_bytes, refuse_others
from celerytui.history.eventlog.frames import Compressor, FrameInfo, Header, Kind
from celerytui.history.eventlog.parts import claim, is_written, name_of, parts
from celerytui.history.trouble import explain
from celerytui.model import MARK_EVENT, Entry

VERSION = 1
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
PART_BYTES = 256_000_000
EVENTS_A_FRAME = 500
EVENTS_A_KEY = 1_000_000
"""From one key frame to the next: to go anywhere takes the events of a second or two."""


class Lines(Protocol):
    """Makes the line of an entry."""

    def line(self, entry: Entry) -> bytes:
        """The line with its end."""
        ...


class EventLogWriter:
    """For one thread; `size` is what all parts take together, in bytes.

    `key` gives the entries that tell a new store how things stand. Parts of an earlier recording of
    the name stay, until all together are larger than `most`. Every method raises HistoryError, and
    can be called again later: a part that could not be finished is cut where it was whole.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        lines: Lines,
        key: Callable[[], Iterable[Entry]],
        *,
        most: int,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self.path = path
        self._header = header
        self._lines = lines
        self._key = key
        self._most = most
        self._part_bytes = part_bytes
        self._compressor = Compressor()
        self._file: int | None = None
        self._whole = 0
        self._since_key = 0
        self._key_due = True
        self.part = 0
        self.size = 0

    def write(self, entries: Sequence[Entry], now: float) -> None:
        """Write entries, of which there may be none, as one frame."""
        with self._explained():
            self._open(now)
            if entries:
                self._since_key += self._put("events", entries)

    def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _open(self, now: float) -> None:
        """Have a file that is not too large, with a key frame that is not too old."""
        if self._file is None or self._whole >= self._part_bytes or self._is_removed():
            self._begin(now)
            self._key_due = True
        if self._key_due or self._since_key >= EVENTS_A_KEY:
            self._key_due = True
            self._put_key()
            self._key_due, self._since_key = False, 0

    def _put_key(self) -> None:
        """Write how things stand, whole or not at all: half of it, and then all, would be twice."""
        before = self._whole
        try:
            for some in by_frame(self._key()):
                self._put("key", some)
        except OSError:
            self.size -= self._whole - before
            self._whole = before
            raise

    def _is_removed(self) -> bool:
        """Whether what is written would go nowhere."""
        assert self._file is not None
        return not os.fstat(self._file).st_nlink

    def _begin(self, now: float) -> None:
        refuse_others(self.path)
        there = parts(self.path)
        if self._file is None and there and is_written(there[-1][1]):
            raise HistoryError(f"event log in {self.path}: another recorder is writing it")
        self.part = there[-1][0] + 1 if there else 1
        self._make_room([one for _, one in there])
        file = open_new_bytes(name_of(self.path, self.part))
        claim(file)
        # The one before it is held until then, so that nobody comes between.
        self.close()
        self._file = file
        self._whole = 0
        header = msgspec.structs.replace(self._header, part=self.part, began=now)
        info = FrameInfo("header", now, now, 0)
        self._append(self._compressor.frame(info, msgspec.json.encode(header) + b"\n"))

    def _make_room(self, there: list[Path]) -> None:
        """Remove the oldest parts where all are larger together than they may be."""
        sizes = [one.stat().st_size for one in there]
        self.size = sum(sizes)
        for one, size in zip(there, sizes, strict=True):
            if self.size + self._part_bytes <= self._most:
                return
            one.unlink()
            self.size -= size

    def _put(self, kind: Kind, entries: Sequence[Entry]) -> int:
        """Write one frame; gives how many events are in it."""
        info = described(kind, entries)
        lines = b"".join(map(self._lines.line, entries))
        self._append(self._compressor.frame(info, lines))
        return info.events

    def _append(self, frame: bytes) -> None:
        assert self._file is not None
        view = memoryview(frame)
        while view:
            view = view[os.write(self._file, view) :]
        self._whole += len(frame)
        self.size += len(frame)

    def _cut(self, error: OSError) -> None:
        """Leave what is whole: what is there of another frame would hide those after it.

        It goes on in the same file once there is room, for a new one would be there for each try.
        """
        assert self._file is not None
        goes_on = error.errno in _NO_ROOM and self._whole > 0
        try:
            os.ftruncate(self._file, self._whole)
            os.lseek(self._file, self._whole, os.SEEK_SET)
        except OSError:
            goes_on = False
        if not self._whole:
            with contextlib.suppress(OSError):
                name_of(self.path, self.part).unlink()
        if not goes_on:
            self.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._file is not None:
                self._cut(error)
            raise HistoryError(explain(error, self.path, "event log")) from error


def by_frame(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in lists with as many events as a frame has, or of one entry with more."""
    some: list[Entry] = []
    events = 0
    for entry in entries:
        count = len(entry.args[0].events) if entry.what == "apply" else 1
        if some and events + count > EVENTS_A_FRAME:
            yield some
            some, events = [], 0
        some.append(entry)
        events += count
    if some:
        yield some


def described(kind: Kind, entries: Sequence[Entry]) -> FrameInfo:
    """What is in a frame of these entries, of which there is one at least."""
    events = tasks = failures = alerts = dropped = 0
    marks: list[tuple[float, str]] = []
    gaps: list[tuple[float, float]] = []
    for at, what, args in entries:
        if what == "apply":
            events += len(args[0].events)
            for event in args[0].events:
                if event.type.startswith("task-"):
                    tasks += 1
                    failures += event.type == "task-failed"
                elif event.type == MARK_EVENT:
                    marks.append((at, str((event.extra or {}).get("text", ""))[:80]))
        elif what == "mark_gap" and args[1] is not None:
            gaps.append((args[0], args[1]))
        elif what == "alert":
            alerts += args[0]
        elif what == "dropped":
            dropped += args[0]
    times = [entry.at for entry in entries]
    return FrameInfo(
        kind,
        min(times),
        max(times),
        0,
        events,
        tasks,
        failures,
        alerts,
        dropped,
        tuple(marks),
        tuple(gaps),
    )
