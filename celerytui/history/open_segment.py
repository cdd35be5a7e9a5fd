"""A segment that is read: its rows as tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from celerytui.history import schema
from celerytui.history.condition import MOST_TRACEBACKS
from celerytui.history.folder import SegmentFile
from celerytui.history.history import Origin
from celerytui.history.rows import DamagedRow, Decoder, Row, key_of, unpack
from celerytui.model import Task

COLUMNS = ", ".join(schema.TASK_COLUMNS)
MOST_AGAIN = 100_000
"""Keys that are held in memory; of a segment with more each is looked up."""
REMEMBERED = 1_000
"""Tracebacks that are kept in memory while a segment is read."""


class OpenSegment:
    """For one thread. `damaged` counts the rows that no task could be made of."""

    def __init__(self, file: SegmentFile) -> None:
        self.file = file
        self.connection = schema.open_to_read(file.path)
        self.words: dict[int, tuple[int, str]] = {}
        try:
            for number, kind, text in self.connection.execute("SELECT id, kind, text FROM words"):
                self.words[number] = kind, text
        except BaseException:
            self.close()
            raise
        self.damaged = 0
        self._tracebacks: dict[int, str | None] = {}
        texts: dict[int | None, str] = {one: text for one, (_, text) in self.words.items()}
        self._decoder = Decoder(texts, self._traceback)

    def task(self, row: Row) -> Task | None:
        """The task of a row; None where it is damaged, which is counted."""
        try:
            return self._decoder.task(row)
        except DamagedRow:
            self.damaged += 1
            return None

    def origin(self) -> Origin:
        """Whose tasks are in it, and when somebody wrote last."""
        run = self.connection.execute
        said = dict(run("SELECT key, value FROM meta WHERE key IN ('app', 'broker')").fetchall())
        (until,) = run("SELECT max(last) FROM sessions").fetchone()
        return Origin(str(said.get("app", "")), str(said.get("broker", "")), until)

    def newer_than(self, seen: float) -> int:
        """How many rows there are from a time on."""
        count = "SELECT count(*) FROM tasks INDEXED BY tasks_seen WHERE seen >= ?"
        found: int = self.connection.execute(count, (seen,)).fetchone()[0]
        return found

    def open_tasks(self) -> dict[Any, float]:
        """When each task that has not ended was seen last, the newest first."""
        return dict(self.connection.execute("SELECT task, seen FROM open ORDER BY seen DESC, id"))

    def unfinished(self, some: Sequence[Any]) -> list[Row]:
        """The rows of these, as they are stored, that have still not ended."""
        places = ", ".join("?" * len(some))
        return self.connection.execute(
            f"SELECT {COLUMNS} FROM open WHERE task IN ({places}) ORDER BY seen DESC, id", some
        ).fetchall()

    def open_since(self, stored: Any) -> float | None:
        """When a task that has not ended was seen last."""
        found = self.connection.execute("SELECT seen FROM open WHERE task = ?", (stored,))
        row = found.fetchone()
        return None if row is None else float(row[0])

    def rows(self) -> Iterator[Row]:
        """All rows, ended or not."""
        for table in ("open", "tasks"):
            yield from self.connection.execute(f"SELECT {COLUMNS} FROM {table}")

    def again(self) -> set[int] | None:
        """The keys of tasks of which older segments may have a record, None where they are many."""
        run = self.connection.execute
        (count,) = run("SELECT count(*) FROM again").fetchone()
        if count > MOST_AGAIN:
            return None
        return {key for (key,) in run("SELECT key FROM again")}

    def newest(self, stored: str | bytes) -> Row | None:
        """The newest row of a task that has ended."""
        row: Row | None = self.connection.execute(
            f"SELECT {COLUMNS} FROM tasks INDEXED BY tasks_key WHERE key = ? AND task = ?"
            " ORDER BY id DESC LIMIT 1",
            (key_of(stored), stored),
        ).fetchone()
        return row

    def all_tracebacks(self) -> Mapping[int, str] | None:
        """All of its tracebacks by number, None where there are too many to look through."""
        run = self.connection.execute
        (count,) = run("SELECT count(*) FROM tracebacks").fetchone()
        if count > MOST_TRACEBACKS:
            return None
        return {one: unpack(text) for one, text in run("SELECT id, text FROM tracebacks")}

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _traceback(self, number: int) -> str | None:
        if number not in self._tracebacks:
            if len(self._tracebacks) >= REMEMBERED:
                self._tracebacks.clear()
            found = self.connection.execute("SELECT text FROM tracebacks WHERE id = ?", (number,))
            row = found.fetchone()
            self._tracebacks[number] = None if row is None else unpack(row[0])
        return self._tracebacks[number]
