"""One segment, open to write: a flush is one transaction, all of it or nothing."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from celerytui import __version__
from celerytui.history import schema
from celerytui.history.beside import rows_beside
from celerytui.history.flush import Flush
from celerytui.history.redaction import Redaction, safe
from celerytui.history.rows import (
    DamagedRow,
    Decoder,
    Encoder,
    Row,
    key_of,
    pack,
    stored_id,
    unpack,
)
from celerytui.interpreter import give_way
from celerytui.model import Task

_COLUMNS = ", ".join(schema.TASK_COLUMNS)
_MARKS = ", ".join("?" * len(schema.TASK_COLUMNS))
_INSERT = f"INSERT INTO tasks ({_COLUMNS}) VALUES ({_MARKS})"
_OPEN = f"INSERT OR REPLACE INTO open ({_COLUMNS}) VALUES ({_MARKS})"
_ONE_OPEN = f"SELECT {_COLUMNS} FROM open WHERE task = ?"
_ENDED = "SELECT 1 FROM tasks INDEXED BY tasks_key WHERE key = ? AND task = ? LIMIT 1"
logger = logging.getLogger(__name__)

FLAWED_LOGGED = 10
IMPORT = "import "
"""Before the version of the program of a session that imports."""
SLICE = 50
"""Tasks that are made rows of, and rows that are written, before a key press goes first."""
MOST_CARRIED = 100_000
"""Unfinished tasks that the next segment goes on with; the others stay in the one they are in."""
CARRIED_SECONDS = 7 * 86_400.0
"""The same for those without news for so long: most of them are never heard of again."""
_KEPT = ("name", "worker", "queue", "args", "kwargs", "retries", "sent", "received", "started")


class Segment:
    """Writes tasks, samples and what happened into one file; for one thread.

    `rows` counts the tasks that are in it, `words` the different texts, `flawed` the tasks of the
    session that no row could be made of. A task of which an earlier file may have a row is one that
    arrived before this file was begun (up to `newest_before`), or before this session.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        redaction: Redaction,
        started: float,
        *,
        newest_before: int = 0,
        flawed: int = 0,
    ) -> None:
        self.path = path
        self._connection = connection
        self._redaction = redaction
        self._started = started
        self._newest_before = newest_before
        self._words = {
            (kind, text): number
            for number, kind, text in connection.execute("SELECT id, kind, text FROM words")
        }
        self._fresh: list[tuple[int, int, str]] = []
        self._texts: dict[int | None, str] = {
            number: text for (_, text), number in self._words.items()
        }
        self._encoder = Encoder(self._word, redaction)
        self._decoder = Decoder(self._texts, self._traceback)
        self._open = {task for (task,) in connection.execute("SELECT task FROM open")}
        (newest,) = connection.execute("SELECT max(id) FROM tasks").fetchone()
        self.rows: int = newest or 0
        self.flawed = self._flawed = flawed
        self._session = 0
        self._importing = False

    @property
    def words(self) -> int:
        """How many different names and origins it has."""
        return len(self._words)

    @property
    def unfinished(self) -> int:
        """How many tasks of it have not ended."""
        return len(self._open)

    def begin(
        self, app: str, broker: str, created: float | None, *, importing: bool = False
    ) -> None:
        """Note a session that writes into it, and for a new file what it is of.

        One that imports records nothing that happens meanwhile.
        """
        self._importing = importing
        program = f"{IMPORT if importing else ''}{__version__}"
        with self._transaction():
            run = self._connection.execute
            if created is not None:
                meta = {"app": app, "broker": broker, "created": created, "program": __version__}
                self._many("INSERT INTO meta VALUES (?, ?)", meta.items())
            found = run(
                "INSERT INTO sessions (started, last, pid, host, version, ended, dropped)"
                " VALUES (?, ?, ?, ?, ?, 0, 0)",
                (self._started, self._started, os.getpid(), socket.gethostname(), program),
            )
            self._session = found.lastrowid or 0

    def write(self, flush: Flush, now: float) -> int:
        """Write all of it; gives how many tasks were written as ended. Raises sqlite3.Error."""
        final: list[Row] = []
        opened: list[Row] = []
        again: list[tuple[int]] = []
        self._flawed = self.flawed
        try:
            with self._transaction():
                for start in range(0, len(flush.tasks), SLICE):
                    give_way()
                    self._encode(flush.tasks[start : start + SLICE], final, opened, again)
                closed = [(row[1],) for row in final if row[1] in self._open]
                self._save(final, opened, again, closed)
                self._save_rest(flush, now)
                self._many("INSERT INTO words VALUES (?, ?, ?)", self._fresh)
                self._connection.execute(
                    "UPDATE sessions SET last = ?, dropped = ? WHERE id = ?",
                    (now, flush.dropped + self._flawed, self._session),
                )
        except BaseException:
            self._forget_fresh()
            raise
        self._fresh.clear()
        self.flawed = self._flawed
        self.rows += len(final)
        self._open.update(row[1] for row in opened)
        self._open.difference_update(task for (task,) in closed)
        return len(final)

    def hand_over(self, following: Segment, now: float) -> None:
        """End here, and have the segment after this one go on with what has not ended.

        What is old or too much stays, and is removed with this segment.
        """
        run = self._connection.execute
        (limit,) = run(
            "SELECT min(seen) FROM (SELECT seen FROM open ORDER BY seen DESC LIMIT ?)",
            (MOST_CARRIED,),
        ).fetchone()
        since = max(limit or 0.0, now - CARRIED_SECONDS)
        rows = run(f"SELECT {_COLUMNS} FROM open WHERE seen >= ?", (since,))
        while found := rows.fetchmany(1_000):
            give_way()
            # What that one has already is newer.
            fresh = [task for task in map(self._task, found)
                     if task is not None and not following.has(task.id)]  # fmt: skip
            following.write(Flush(tasks=fresh), now)
        with self._transaction():
            run("DELETE FROM open WHERE seen >= ?", (since,))
            run("INSERT OR REPLACE INTO meta VALUES ('handed_over', ?)", (now,))
        self.close(now, ended=False)

    @property
    def handed_over(self) -> bool:
        """Whether another segment goes on with what had not ended."""
        found = self._connection.execute("SELECT 1 FROM meta WHERE key = 'handed_over'")
        return found.fetchone() is not None

    def has(self, task_id: str) -> bool:
        """Whether it has a task, ended or not."""
        stored = stored_id(task_id)
        if stored in self._open:
            return True
        return self._connection.execute(_ENDED, (key_of(stored), stored)).fetchone() is not None

    def close(self, now: float, *, ended: bool) -> None:
        """Bring it into its one file; `ended` if the session is over and not another one next."""
        try:
            self._connection.execute(
                "UPDATE sessions SET last = max(last, ?), ended = ? WHERE id = ?",
                (now, int(ended), self._session),
            )
            # It stays as it is while somebody reads it.
            with contextlib.suppress(sqlite3.OperationalError):
                schema.settle(self._connection)
        finally:
            self._connection.close()

    def abandon(self) -> None:
        """Close it whatever state it is in."""
        self._connection.close()

    # Writing

    def _encode(
        self,
        tasks: Sequence[Task],
        final: list[Row],
        opened: list[Row],
        again: list[tuple[int]],
    ) -> None:
        encode = self._encoder.row
        for task in tasks:
            try:
                if not task.state.finished:
                    opened.append(encode(task))
                    continue
                task = self._completed(task)
                row = encode(task)
            except (ValueError, TypeError, ArithmeticError, LookupError):
                # It costs itself alone, and not all that is written with it.
                self._flawed += 1
                if self._flawed <= FLAWED_LOGGED:
                    logger.exception("a task cannot be recorded")
                continue
            final.append(row)
            if self._may_have_been_here(task):
                again.append((row[0],))

    def _transaction(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def _many(self, statement: str, rows: Iterable[Any]) -> None:
        self._connection.executemany(statement, _politely(rows))

    def _save(
        self,
        final: list[Row],
        opened: list[Row],
        again: list[tuple[int]],
        closed: list[tuple[str | bytes]],
    ) -> None:
        found = self._encoder.tracebacks
        packed = ((key, pack(text)) for key, text in found.items())
        self._many("INSERT OR IGNORE INTO tracebacks VALUES (?, ?)", packed)
        found.clear()
        self._many("DELETE FROM open WHERE task = ?", closed)
        self._many(_INSERT, final)
        self._many("INSERT OR IGNORE INTO again VALUES (?)", again)
        self._many(_OPEN, opened)

    def _save_rest(self, flush: Flush, now: float) -> None:
        for table, rows in rows_beside(flush, self._word, self._redaction, now).items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self._many(f"INSERT INTO {table} VALUES ({marks})", rows)

    def _traceback(self, key: int) -> str | None:
        found = self._connection.execute("SELECT text FROM tracebacks WHERE id = ?", (key,))
        row = found.fetchone()
        return None if row is None else unpack(row[0])

    def _word(self, kind: int, text: str) -> int:
        number = self._words.get((kind, text))
        if number is None:
            number = len(self._words) + 1
            self._words[kind, text] = number
            stored = safe(text) or ""
            self._texts[number] = stored
            self._fresh.append((number, kind, stored))
        return number

    def _forget_fresh(self) -> None:
        fresh = {number for number, _, _ in self._fresh}
        if fresh:
            self._words = {key: one for key, one in self._words.items() if one not in fresh}
        self._fresh.clear()
        self._encoder.tracebacks.clear()

    def _task(self, row: Row) -> Task | None:
        """The task of a row, None where it is damaged."""
        try:
            return self._decoder.task(row)
        except DamagedRow:
            return None

    def _completed(self, task: Task) -> Task:
        """The task with what an earlier session knew of it."""
        if task.name is not None or (stored := stored_id(task.id)) not in self._open:
            return task
        row = self._connection.execute(_ONE_OPEN, (stored,)).fetchone()
        if row is None:
            return task
        before = self._task(row)
        if before is None:
            return task
        for field in _KEPT:
            if getattr(task, field) is None:
                setattr(task, field, getattr(before, field))
        if task.lineage is None:
            task.lineage = before.lineage
        return task

    def _may_have_been_here(self, task: Task) -> bool:
        if task.seq <= self._newest_before:
            return True
        # By our clock, which theirs may be far behind.
        begun = self._started + min(0.0, task.more.worker_ahead)
        sent = self._started + min(0.0, task.more.client_ahead)
        times = ((task.sent, sent), (task.received, begun), (task.started, begun))
        known = [(at, since) for at, since in times if at is not None]
        if not known:
            # Nobody knows when it began; who imports has looked for it.
            return not self._importing
        return any(at < since for at, since in known)


def _politely(rows: Iterable[Any]) -> Iterator[Any]:
    """The rows; a key press goes first between any of them."""
    for number, row in enumerate(rows):
        if number % SLICE == 0:
            give_way()
        yield row


def last_session(connection: sqlite3.Connection) -> tuple[float, bool] | None:
    """When the newest session of a segment recorded last, and whether it ended in order."""
    newest = (
        "SELECT last, ended FROM sessions WHERE ifnull(version, '') NOT LIKE ?"
        " ORDER BY last DESC LIMIT 1"
    )
    row = connection.execute(newest, (f"{IMPORT}%",)).fetchone()
    return None if row is None else (row[0], bool(row[1]))
