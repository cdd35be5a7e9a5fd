"""Reads a history on PostgreSQL, beside whoever writes it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg

from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.history.condition import MOST_TRACEBACKS, condition_of
from celerytui.history.course import MARKS, Ended, Sample, Samples, watched
from celerytui.history.history import Found, NothingRecorded, Origin
from celerytui.history.open_segment import REMEMBERED
from celerytui.history.postgres import schema
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.place import PostgresPlace
from celerytui.history.postgres.retries import pages_of_retries
from celerytui.history.postgres.rows import as_bytes, decoded
from celerytui.history.postgres.trouble import explain
from celerytui.history.postgres.walk import walk
from celerytui.history.retries import COLUMNS as RETRY_COLUMNS
from celerytui.history.retries import TOTALLED, UNFINISHED, Retried, RetryCounts
from celerytui.history.rows import NAME, QUEUE, WORKER, DamagedRow, Decoder, Row, stored_id, unpack
from celerytui.history.schema import SUCCESS
from celerytui.history.type_places import TypePlaces, places_query, removed_query, runs_of
from celerytui.history.type_runs import RETRIED, RUN, TypeRuns, runs_by_slot
from celerytui.model import Mark, Task, TaskState
from celerytui.query import Filter
from celerytui.store.spans import Span

SECONDS = 10.0
"""The longest that a statement may take; a step of a search is made to take less."""
_SETTINGS = {"default_transaction_read_only": "on", "enable_seqscan": "off"}
COLUMNS = ", ".join(schema.COLUMNS)
"""What a row of a task is read as, for `tasks_of`."""
_ROWS = (
    "SELECT coalesce(sum(CASE WHEN c.reltuples > 0 AND c.relpages > 0"
    " THEN c.reltuples / c.relpages ELSE 25 END * (pg_relation_size(c.oid) / 8192.0)), 0)::int8"
    " FROM pg_partition_tree('tasks') t JOIN pg_class c ON c.oid = t.relid WHERE t.isleaf"
)
"""How many rows there are, by what was counted last and the size since: to count takes long."""

_ENDED = (
    f"SELECT floor(seen / %(width)s)::int8, {SUCCESS}, count(*) FROM tasks_success"
    " WHERE seen >= %(since)s AND seen < %(until)s GROUP BY 1"
    " UNION ALL"
    " SELECT floor(seen / %(width)s)::int8, state, count(*) FROM tasks_other"
    " WHERE seen >= %(since)s AND seen < %(until)s GROUP BY 1, 2"
)
"""Of successes the state is not looked at, so that their index is enough."""
_RUNNING = (
    "SELECT at, text, running FROM workers JOIN words ON words.id = worker"
    " WHERE at >= %s AND at < %s ORDER BY at, text"
)
_QUEUED = (
    "SELECT at, text, ready FROM queues JOIN words ON words.id = queue"
    " WHERE at >= %s AND at < %s ORDER BY at, text"
)
_TOTALS = (
    "totals WHERE last >= %(since)s AND last < %(until)s"
    " AND NOT floor(last / 86400)::int8 = ANY(%(days)s)"
)
"""What is left of days whose successes are no longer there."""
_TOTALLED = (
    f" UNION ALL SELECT floor(last / %(width)s)::int8, {SUCCESS}, sum(number)::int8 FROM {_TOTALS}"
    f" AND kind = {RUN} GROUP BY 1"
)
_ROWS_OF = "tasks WHERE seen >= %(since)s AND seen < %(until)s"
_RUNS, _WAITS = runs_by_slot("floor({at} / %(width)s)::int8", _ROWS_OF, _TOTALS)
_PLACES, _REMOVED = places_query(_ROWS_OF), removed_query(_TOTALS)
_TOTAL_RETRIES = f"SELECT {TOTALLED} FROM {_TOTALS} AND kind = {RETRIED}"
_OPEN_RETRIES = f"SELECT {RETRY_COLUMNS} FROM open WHERE {UNFINISHED}"


class PostgresHistory:
    """A `History` on PostgreSQL; raises HistoryError where there is none.

    No statement may take longer than `seconds`.
    """

    def __init__(self, place: PostgresPlace, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self.notes: list[str] = []
        self._damaged = 0
        self._place = place
        self._link: Link | None = None
        self._words: dict[int, tuple[int, str]] = {}
        self._texts: dict[int | None, str] = {}
        self._tracebacks: dict[int, str] = {}
        self._decoder = Decoder(self._texts, self._traceback)
        with self._connected() as link:
            if not schema.version_of(link, place.name):
                raise NothingRecorded(f"no history in {place.name}: nothing was recorded there")

    def search(
        self,
        wanted: Filter,
        now: float,
        *,
        since: float | None = None,
        until: float | None = None,
    ) -> Iterator[Found]:
        """See `History.search`."""
        low = -math.inf if since is None else since
        high = math.inf if until is None else until
        with self._asking() as link:
            self._take_words(link)
            condition = condition_of(wanted, self._words, self._all_tracebacks, now)
            unfinished = wanted.select(self._unfinished(link, high), now)
            ((total,),) = link.execute(_ROWS.encode()).fetchall()
        if unfinished:
            yield Found(unfinished, None, 0, total)
        matches = None if condition.exact else wanted.matches
        looked_at, back_to = 0, math.inf
        with self._connected() as link:
            windows = walk(link, condition, low, high)
        while True:
            with self._connected():
                window = next(windows, None)
                if window is None:
                    return
                tasks = self._tasks(link, window.rows)
            looked_at = total if window.low <= low else looked_at + window.looked_at
            back_to = min(back_to, window.low)
            yield Found(
                tasks if matches is None else [one for one in tasks if matches(one, now)],
                back_to if math.isfinite(back_to) else None,
                min(looked_at, total),
                total,
            )

    def task(self, task_id: str) -> Task | None:
        """See `History.task`."""
        wanted = as_bytes(stored_id(task_id))
        with self._asking() as link:
            for table in ("open", "tasks"):
                rows = link.execute(
                    f"SELECT {COLUMNS} FROM {table} WHERE task = %s"
                    " ORDER BY seen DESC LIMIT 1".encode(),
                    (wanted,),
                ).fetchall()
                if tasks := self._tasks(link, rows):
                    return tasks[0]
        return None

    def origin(self) -> Origin:
        """See `History.origin`."""
        with self._asking() as link:
            said = dict(link.execute("SELECT key, value FROM meta").fetchall())
            ((until,),) = link.execute("SELECT max(last) FROM sessions").fetchall()
        return Origin(said.get("app", ""), said.get("broker", ""), until)

    def recorded(self, since: float) -> list[Span]:
        """See `History.recorded`."""
        with self._asking() as link:
            sessions = link.execute(
                "SELECT started, last FROM sessions WHERE last >= %s", (since,)
            ).fetchall()
            gaps = link.execute("SELECT since, until FROM gaps").fetchall()
        return watched(sessions, gaps, since)

    def ended(self, since: float, until: float, width: int) -> list[Ended]:
        """See `History.ended`."""
        with self._asking() as link:
            bounds = _bounds(link, since, until, width)
            found = link.execute((_ENDED + _TOTALLED).encode(), bounds).fetchall()
        return [Ended(slot, TaskState(state), count) for slot, state, count in found]

    def types(self, since: float, until: float, width: int) -> Sequence[TypeRuns]:
        """See `History.types`."""
        with self._asking() as link:
            bounds = _bounds(link, since, until, width)
            runs, waits = (
                link.execute(query.encode(), bounds).fetchall() for query in (_RUNS, _WAITS)
            )
            names = _names(link)
        return [TypeRuns(runs, waits, names)]

    def retries(
        self, since: float, until: float, width: int, begin: float, *, unfinished: bool
    ) -> list[Retried]:
        """See `History.retries`."""
        counts = RetryCounts(begin, until, width)
        with self._asking() as link:
            bounds, names = _bounds(link, since, until, width), _names(link)
            for rows in pages_of_retries(link, "tasks", since, until):
                counts.take(rows, names)
            counts.take_totals(link.execute(_TOTAL_RETRIES.encode(), bounds), names)
            if unfinished:
                counts.take(link.execute(_OPEN_RETRIES.encode()), names)
        return counts.all()

    def places(self, since: float, until: float) -> TypePlaces:
        """See `History.places`."""
        with self._asking() as link:
            bounds = _bounds(link, since, until, 1)
            rows = link.execute(_PLACES.encode(), bounds).fetchall()
            ((removed,),) = link.execute(_REMOVED.encode(), bounds).fetchall()
            texts = dict(
                link.execute(
                    "SELECT id, text FROM words WHERE kind IN (%s, %s, %s)", (NAME, WORKER, QUEUE)
                ).fetchall()
            )
        return TypePlaces(runs_of(rows, texts), removed)

    def samples(self, since: float, until: float | None = None) -> Samples:
        """See `History.samples`."""
        bounds = since, math.inf if until is None else until
        with self._asking() as link:
            running, queued = (
                [Sample(*row) for row in link.execute(query.encode(), bounds)]
                for query in (_RUNNING, _QUEUED)
            )
        return Samples(running, queued)

    def marks(self, since: float) -> list[Mark]:
        """See `History.marks`."""
        return [Mark(*row) for row in self.ask(MARKS.format("%s"), (since,))]

    def interrupt(self) -> None:
        """See `History.interrupt`."""
        link = self._link
        if link is not None:
            link.interrupt()

    def close(self) -> None:
        """See `History.close`."""
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(psycopg.Error):
                link.close()

    def ask(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a question; raises HistoryError."""
        with self._asking() as link:
            return link.execute(query.encode(), values).fetchall()

    def tasks_of(self, rows: Sequence[Row]) -> list[Task | None]:
        """The tasks of rows of `COLUMNS`, None for a damaged one; raises HistoryError."""
        with self._connected() as link:
            self._take_texts(link, rows)
            return [self._task(row) for row in map(decoded, rows)]

    def days(self) -> list[float]:
        """The days of which there may be something, by their beginning, oldest first."""
        with self._asking() as link:
            return sorted({one.start for one in schema.partitions(link)})

    def _unfinished(self, link: Link, until: float) -> list[Task]:
        """Those that have not ended, whenever they were seen last: nobody saw them end."""
        query = f"SELECT {COLUMNS} FROM open WHERE seen < %s ORDER BY seen DESC, task"
        return self._tasks(link, link.execute(query.encode(), (until,)).fetchall())

    # Texts

    def _tasks(self, link: Link, rows: Sequence[Row]) -> list[Task]:
        """The tasks of rows, but for the damaged ones."""
        self._take_texts(link, rows)
        return [task for row in map(decoded, rows) if (task := self._task(row)) is not None]

    def _task(self, row: Row) -> Task | None:
        try:
            return self._decoder.task(row)
        except DamagedRow:
            self._damaged += 1
            rows = counted(self._damaged, "row is", "rows are")
            self.notes[:] = [f"history in {self._place.name}: {rows} damaged, left out"]
            return None

    def _take_texts(self, link: Link, rows: Sequence[Row]) -> None:
        """Read the texts that rows refer to."""
        numbers = {row[column] for row in rows for column in _NAMES} - {None}
        missing = list(numbers - self._texts.keys())
        if missing:
            self._texts.update(
                link.execute("SELECT id, text FROM words WHERE id = ANY(%s)", (missing,)).fetchall()
            )
        keys = {row[_TRACEBACK] for row in rows if row[_TRACEBACK] is not None}
        self._take_tracebacks(link, keys - self._tracebacks.keys())

    def _take_words(self, link: Link) -> None:
        """All names, which a filter is tested on; what else is needed is read with its rows."""
        self._texts.clear()
        self._words = {
            number: (kind, text)
            for number, kind, text in link.execute(
                "SELECT id, kind, text FROM words WHERE kind IN (%s, %s, %s)", (NAME, WORKER, QUEUE)
            )
        }
        self._texts.update((number, text) for number, (_, text) in self._words.items())

    def _take_tracebacks(self, link: Link, keys: set[int]) -> None:
        if not keys:
            return
        if len(self._tracebacks) >= REMEMBERED:
            self._tracebacks.clear()
        self._tracebacks.update(
            (number, unpack(bytes(text)))
            for number, text in link.execute(
                "SELECT id, text FROM tracebacks WHERE id = ANY(%s)", (list(keys),)
            )
        )

    def _traceback(self, number: int) -> str | None:
        """One that was not read with its rows, as those of attempts."""
        if number not in self._tracebacks:
            with self._connected() as link:
                self._take_tracebacks(link, {number})
        return self._tracebacks.get(number)

    def _all_tracebacks(self) -> Mapping[int, str] | None:
        with self._connected() as link:
            found = link.execute(
                f"SELECT id, text FROM tracebacks LIMIT {MOST_TRACEBACKS + 1}".encode()
            ).fetchall()
        if len(found) > MOST_TRACEBACKS:
            return None
        return {number: unpack(bytes(text)) for number, text in found}

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Link]:
        """The connection for a new question, which an earlier interrupt is not about."""
        with self._connected() as link:
            link.begin()
            yield link

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Link]:
        """The connection, made if needed; after an error it is made anew the next time."""
        try:
            if self._link is None or self._link.closed:
                self._link = self._place.connect(_SETTINGS, self._seconds)
            yield self._link
        except HistoryError:
            self.close()
            raise
        except psycopg.Error as error:
            self.close()
            if isinstance(error, schema.MISSING):
                raise NothingRecorded(
                    f"no history in {self._place.name}: nothing was recorded there"
                ) from error
            raise HistoryError(explain(error, self._place.name)) from error


def _names(link: Link) -> dict[int, str]:
    return dict(link.execute("SELECT id, text FROM words WHERE kind = %s", (NAME,)).fetchall())


def _bounds(link: Link, since: float, until: float, width: int) -> dict[str, Any]:
    """The values of the questions about a time: `days` are those whose successes are there."""
    found = schema.partitions(link)
    days = [int(one.start // schema.DAY) for one in found if one.root == "tasks_success"]
    return {"width": width, "since": since, "until": until, "days": days}


_NAMES = tuple(schema.COLUMNS.index(name) for name in ("name", "worker", "queue", "origin"))
_TRACEBACK = schema.COLUMNS.index("traceback")
