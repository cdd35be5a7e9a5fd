"""A segment as a chapter that is told again."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.chapter import Long, Position
from celerytui.history.folder import Folder, SegmentFile
from celerytui.history.folder_place import shown
from celerytui.history.open_segment import COLUMNS, OpenSegment
from celerytui.history.reading import SegmentHistory
from celerytui.history.replay import HistoryRecording
from celerytui.history.samples import LATEST
from celerytui.history.trouble import explain
from celerytui.model import Task, TaskState

_SEEN = schema.TASK_COLUMNS.index("seen")
_BEGIN = "min(ifnull(sent, seen), ifnull(received, seen), ifnull(started, seen), seen)"


class SegmentChapter:
    """See `Chapter`; `place` is the folder as messages name it. A row is told by its `id`."""

    def __init__(self, file: SegmentFile, place: str) -> None:
        self.key = file
        self._place = place
        self._segment = OpenSegment(file)

    def sessions(self) -> Sequence[tuple[float, float]]:
        """See `Chapter.sessions`."""
        return self._all("SELECT started, last FROM sessions")

    def gaps(self) -> Sequence[tuple[float, float | None, str | None]]:
        """See `Chapter.gaps`."""
        return self._all("SELECT since, until, reason FROM gaps")

    def marks(self) -> Sequence[tuple[float, str, str]]:
        """See `Chapter.marks`."""
        return self._all("SELECT at, text, by FROM marks")

    def actions(self) -> Sequence[tuple[float, str]]:
        """See `Chapter.actions`."""
        return self._all("SELECT at, entry FROM actions")

    def count(self, since: float, until: float) -> tuple[int, int]:
        """See `Chapter.count`."""
        ((tasks,),) = self._all(
            "SELECT count(*) FROM tasks INDEXED BY tasks_seen WHERE seen >= ? AND seen < ?",
            since,
            until,
        )
        if not tasks:
            return 0, 0
        ((failed,),) = self._all(
            "SELECT count(*) FROM tasks INDEXED BY tasks_other"
            f" WHERE state <> {schema.SUCCESS} AND seen >= ? AND seen < ? AND state = ?",
            since,
            until,
            int(TaskState.FAILURE),
        )
        return tasks, failed

    def nth_before(self, moment: float, count: int) -> float:
        """See `Chapter.nth_before`."""
        rows = self._all(
            "SELECT seen FROM tasks INDEXED BY tasks_seen WHERE seen < ?"
            " ORDER BY seen DESC LIMIT 1 OFFSET ?",
            moment,
            count,
        )
        return float(rows[0][0]) if rows else -math.inf

    def page(
        self, since: float, after: Position | None, size: int
    ) -> Sequence[tuple[Position, Task | None]]:
        """See `Chapter.page`."""
        seen, last = (since, -1) if after is None else after
        rows = self._all(
            f"SELECT id, {COLUMNS} FROM tasks INDEXED BY tasks_seen"
            " WHERE seen >= ? AND (seen > ? OR id > ?) ORDER BY seen, id LIMIT ?",
            seen,
            seen,
            last,
            size,
        )
        with self._explained():
            return [((row[_SEEN + 1], row[0]), self._segment.task(row[1:])) for row in rows]

    def long_rows(self, lead: float, most: int) -> Iterator[tuple[Position, float, Task | None]]:
        """See `Chapter.long_rows`."""
        with self._explained():
            for number, seen, begin, tried in self._segment.connection.execute(
                f"SELECT id, seen, {_BEGIN} AS begin, attempts IS NOT NULL FROM tasks NOT INDEXED"
                " WHERE attempts IS NOT NULL OR seen - begin > ? ORDER BY seen, id LIMIT ?",
                (lead, most),
            ):
                task = self.task_of(Long(begin, seen, number)) if tried else None
                yield (seen, number), begin, task

    def unfinished(self) -> Iterator[tuple[int, Task | None]]:
        """See `Chapter.unfinished`."""
        for (number,) in self._all("SELECT id FROM open"):
            yield number, self.task_of(Long(0.0, math.inf, number, "open"))

    def task_of(self, one: Long) -> Task | None:
        """See `Chapter.task_of`."""
        rows = self._all(f"SELECT {COLUMNS} FROM {one.table} WHERE id = ?", one.row)
        with self._explained():
            return self._segment.task(rows[0]) if rows else None

    def failures(self, moment: float, *, back: bool) -> Iterator[Position]:
        """See `Chapter.failures`."""
        than, order = ("<", "DESC") if back else (">", "ASC")
        with self._explained():
            yield from self._segment.connection.execute(
                "SELECT seen, id FROM tasks INDEXED BY tasks_other"
                f" WHERE state <> {schema.SUCCESS} AND seen {than} ? AND state = ?"
                f" ORDER BY seen {order}",
                (moment, int(TaskState.FAILURE)),
            )

    def alert(self, moment: float, *, back: bool) -> float | None:
        """See `Chapter.alert`."""
        best, than = ("max", "<") if back else ("min", ">")
        ((at,),) = self._all(f"SELECT {best}(at) FROM alerts WHERE raised AND at {than} ?", moment)
        return None if at is None else float(at)

    def samples_at(
        self, table: str, subject: str, figures: Sequence[str], moment: float
    ) -> Sequence[tuple[Any, ...]]:
        """See `Chapter.samples_at`."""
        rows = self._all(
            f"SELECT max(at), {subject}, {', '.join(figures)} FROM {table} WHERE at < ?"
            f" GROUP BY {subject}",
            moment,
        )
        return [(at, self._name(number), *rest) for at, number, *rest in rows]

    def samples(
        self, table: str, subject: str, figures: Sequence[str], since: float
    ) -> Iterator[tuple[Any, ...]]:
        """See `Chapter.samples`."""
        with self._explained():
            for at, number, *rest in self._segment.connection.execute(
                f"SELECT at, {subject}, {', '.join(figures)} FROM {table} WHERE at >= ?"
                " ORDER BY at",
                (since,),
            ):
                yield at, self._name(number), *rest

    def close(self) -> None:
        """See `Chapter.close`."""
        with contextlib.suppress(sqlite3.Error):
            self._segment.close()

    def _all(self, query: str, *values: Any) -> list[Any]:
        with self._explained():
            return self._segment.connection.execute(query, values).fetchall()

    def _name(self, number: int) -> str:
        return self._segment.words.get(number, (0, ""))[1]

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise HistoryError(f"{self._place} cannot be read: {error}") from error


def recording(folder: Folder) -> HistoryRecording:
    """What is in a folder of segments; raises HistoryError where there is nothing."""
    history = SegmentHistory(folder)
    try:
        facts, origin = history.facts(), history.origin()
    finally:
        history.close()
    name, notes = shown(folder.path), list(history.notes)
    chapters: list[SegmentChapter] = []
    for one in facts:
        try:
            chapters.append(SegmentChapter(one.file, name))
        except (HistoryError, sqlite3.Error) as error:
            known = isinstance(error, HistoryError)
            said = str(error) if known else explain(error, one.file.path)
            notes += [said] * (said not in notes)
    # What somebody else wrote into it may be of no time.
    firsts = [one.first for one in facts if one.first is not None and one.first >= 0]
    lasts = [one.last for one in facts if one.last is not None and one.last <= LATEST]
    first, last = min(firsts, default=None), max(lasts, default=None)
    extent = first, last, sum(one.rows for one in facts)
    return HistoryRecording(name, "sqlite", origin, chapters, extent, notes)
