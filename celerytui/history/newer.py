"""Which of several records of a task counts: the newest."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from typing import Any

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.folder import SegmentFile
from celerytui.history.open_segment import OpenSegment
from celerytui.history.rows import Row

MOST_HELD = 100_000
"""Unfinished tasks that are held in memory; of a segment with more each is looked up."""
_KEY, _TASK, _SEEN = (schema.TASK_COLUMNS.index(name) for name in ("key", "task", "seen"))


class Newer:
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
        if len(self._open) + len(self._here) > MOST_HELD:
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
        with contextlib.suppress(sqlite3.Error):
            return segment is not None and segment.newest(stored) is not None
        return False

    def _is_open_in(self, file: SegmentFile, row: Row) -> bool:
        segment, seen = self._segment(file), None
        with contextlib.suppress(sqlite3.Error):
            seen = None if segment is None else segment.open_since(row[_TASK])
        return seen is not None and seen >= row[_SEEN]

    def _segment(self, file: SegmentFile) -> OpenSegment | None:
        if file not in self._segments:
            self._segments[file] = None
            with contextlib.suppress(sqlite3.Error, HistoryError):
                self._segments[file] = OpenSegment(file)
        return self._segments[file]
