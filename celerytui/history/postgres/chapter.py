"""A day of a history on PostgreSQL as a chapter that is told again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from celerytui.history.chapter import Long, Position
from celerytui.history.postgres.reading import COLUMNS, PostgresHistory
from celerytui.history.postgres.schema import COLUMNS as NAMES
from celerytui.model import Task, TaskState

PAGE = 1_000
"""Rows that are read at once."""
SAMPLED_SECONDS = 3600.0
"""Samples of so long are read at once."""
_TASK, _SEEN = NAMES.index("task"), NAMES.index("seen")
_BEGIN = "least(sent, received, started, seen)"
_FAILED = int(TaskState.FAILURE)


class DayChapter:
    """See `Chapter`. It has what is from `low` to before `high`, and is the `last` one or not.

    A row is told by its id. No transaction stays open while it is told.
    """

    def __init__(self, history: PostgresHistory, low: float, high: float, *, last: bool) -> None:
        self.key = low
        self._ask = history.ask
        self._history = history
        self._low, self._high = low, high
        self._is_last = last
        self._newest: dict[str, Sequence[tuple[Any, ...]]] = {}

    def sessions(self) -> Sequence[tuple[float, float]]:
        """See `Chapter.sessions`."""
        return self._here("SELECT started, last FROM sessions", "last")

    def gaps(self) -> Sequence[tuple[float, float | None, str | None]]:
        """See `Chapter.gaps`."""
        return self._here("SELECT since, until, reason FROM gaps", "since")

    def marks(self) -> Sequence[tuple[float, str, str]]:
        """See `Chapter.marks`."""
        return self._here("SELECT at, text, by FROM marks", "at")

    def actions(self) -> Sequence[tuple[float, str]]:
        """See `Chapter.actions`."""
        return self._here("SELECT at, entry FROM actions", "at")

    def count(self, since: float, until: float) -> tuple[int, int]:
        """See `Chapter.count`."""
        low, high = max(since, self._low), min(until, self._high)
        if low >= high:
            return 0, 0
        ((successes, others, failed),) = self._ask(
            "SELECT (SELECT count(*) FROM tasks_success WHERE seen >= %s AND seen < %s), count(*),"
            f" count(*) FILTER (WHERE state = {_FAILED})"
            " FROM tasks_other WHERE seen >= %s AND seen < %s",
            (low, high, low, high),
        )
        return successes + others, failed

    def nth_before(self, moment: float, count: int) -> float:
        """See `Chapter.nth_before`."""
        if moment <= self._low:
            return -math.inf
        rows = self._ask(
            "SELECT seen FROM tasks WHERE seen >= %s AND seen < %s"
            " ORDER BY seen DESC LIMIT 1 OFFSET %s",
            (self._low, min(moment, self._high), count),
        )
        return float(rows[0][0]) if rows else -math.inf

    def page(
        self, since: float, after: Position | None, size: int
    ) -> Sequence[tuple[Position, Task | None]]:
        """See `Chapter.page`."""
        if since >= self._high:
            return []
        seen, last = (max(since, self._low), b"") if after is None else after
        rows = self._ask(
            f"SELECT {COLUMNS} FROM tasks WHERE seen >= %s AND seen < %s"
            " AND (seen, task) > (%s, %s) ORDER BY seen, task LIMIT %s",
            (seen, self._high, seen, last, size),
        )
        tasks = self._history.tasks_of(rows)
        return [(_position(row), task) for row, task in zip(rows, tasks, strict=True)]

    def long_rows(self, lead: float, most: int) -> Iterator[tuple[Position, float, Task | None]]:
        """See `Chapter.long_rows`."""
        rows = self._ask(
            f"SELECT seen, task, {_BEGIN}, attempts IS NOT NULL FROM tasks"
            f" WHERE seen >= %s AND seen < %s AND (attempts IS NOT NULL OR seen - {_BEGIN} > %s)"
            " ORDER BY seen, task LIMIT %s",
            (self._low, self._high, lead, most),
        )
        for start in range(0, len(rows), PAGE):
            some = rows[start : start + PAGE]
            tried = self._tasks([task for _, task, _, tried in some if tried])
            for seen, task, begin, _ in some:
                yield (seen, task), begin, tried.get(task)

    def unfinished(self) -> Iterator[tuple[bytes, Task | None]]:
        """See `Chapter.unfinished`: as of the last day."""
        last = b""
        while self._is_last:
            rows = self._ask(
                f"SELECT {COLUMNS} FROM open WHERE task > %s ORDER BY task LIMIT {PAGE}", (last,)
            )
            tasks = self._history.tasks_of(rows)
            yield from ((row[_TASK], task) for row, task in zip(rows, tasks, strict=True))
            if len(rows) < PAGE:
                break
            last = rows[-1][_TASK]

    def task_of(self, one: Long) -> Task | None:
        """See `Chapter.task_of`."""
        if one.table != "open":
            return self._tasks([one.row]).get(one.row)
        rows = self._ask(f"SELECT {COLUMNS} FROM open WHERE task = %s", (one.row,))
        return self._history.tasks_of(rows)[0] if rows else None

    def failures(self, moment: float, *, back: bool) -> Iterator[Position]:
        """See `Chapter.failures`."""
        than, order = ("<", "DESC") if back else (">", "ASC")
        low, high = self._low, self._high
        while not (moment <= low if back else moment >= high):
            rows = self._ask(
                "SELECT seen, task FROM tasks_other WHERE seen >= %s AND seen < %s"
                f" AND state = {_FAILED} AND seen {than} %s ORDER BY seen {order}, task LIMIT"
                f" {PAGE}",
                (low, high, moment),
            )
            yield from rows
            if len(rows) < PAGE:
                return
            moment = rows[-1][0]

    def alert(self, moment: float, *, back: bool) -> float | None:
        """See `Chapter.alert`."""
        best, than = ("max", "<") if back else ("min", ">")
        ((at,),) = self._ask(
            f"SELECT {best}(at) FROM alerts WHERE raised AND at {than} %s AND at >= %s AND at < %s",
            (moment, self._low, self._high),
        )
        return None if at is None else float(at)

    def samples_at(
        self, table: str, subject: str, figures: Sequence[str], moment: float
    ) -> Sequence[tuple[Any, ...]]:
        """See `Chapter.samples_at`."""
        if moment <= self._low:
            return []
        if moment >= self._high and not self._is_last:
            # What is over stays as it is.
            if table not in self._newest:
                self._newest[table] = self._newest_of(table, subject, figures, self._high)
            return self._newest[table]
        return self._newest_of(table, subject, figures, min(moment, self._high))

    def samples(
        self, table: str, subject: str, figures: Sequence[str], since: float
    ) -> Iterator[tuple[Any, ...]]:
        """See `Chapter.samples`."""
        ((first, last),) = self._ask(
            f"SELECT min(at), max(at) FROM {table} WHERE at >= %s AND at < %s",
            (max(since, self._low), self._high),
        )
        while first is not None and first <= last:
            yield from self._ask(
                f"SELECT at, coalesce(text, ''), {', '.join(figures)} FROM {table}"
                f" LEFT JOIN words ON words.id = {subject}"
                " WHERE at >= %s AND at < %s AND at <= %s ORDER BY at",
                (first, first + SAMPLED_SECONDS, last),
            )
            first += SAMPLED_SECONDS

    def close(self) -> None:
        """See `Chapter.close`."""
        self._history.close()

    def _here(self, query: str, column: str) -> list[Any]:
        bounds = self._low, self._high
        return self._ask(f"{query} WHERE {column} >= %s AND {column} < %s", bounds)

    def _newest_of(
        self, table: str, subject: str, figures: Sequence[str], until: float
    ) -> list[tuple[Any, ...]]:
        return self._ask(
            f"SELECT DISTINCT ON ({subject}) at, coalesce(text, ''), {', '.join(figures)}"
            f" FROM {table} LEFT JOIN words ON words.id = {subject}"
            f" WHERE at >= %s AND at < %s ORDER BY {subject}, at DESC",
            (self._low, until),
        )

    def _tasks(self, ids: list[bytes]) -> dict[bytes, Task]:
        """The ended tasks of this day by their ids."""
        if not ids:
            return {}
        rows = self._ask(
            f"SELECT {COLUMNS} FROM tasks WHERE task = ANY(%s) AND seen >= %s AND seen < %s",
            (ids, self._low, self._high),
        )
        tasks = self._history.tasks_of(rows)
        return {row[_TASK]: task for row, task in zip(rows, tasks, strict=True) if task is not None}


def _position(row: Sequence[Any]) -> Position:
    return row[_SEEN], row[_TASK]
