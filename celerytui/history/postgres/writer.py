"""Writes a history into PostgreSQL: one session at a time, the others stand by."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import psycopg

from celerytui import __version__
from celerytui.errors import HistoryError
from celerytui.history.flush import Flush, Gap
from celerytui.history.history import Pruned, StandsBy
from celerytui.history.postgres import keeping as rules
from celerytui.history.postgres import saving, schema
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.place import PostgresPlace
from celerytui.history.postgres.rows import Rows, Words
from celerytui.history.postgres.schema import DAY
from celerytui.history.postgres.trouble import explain
from celerytui.history.redaction import Redaction, safe
from celerytui.history.rows import Row
from celerytui.history.segment import IMPORT
from celerytui.settings import Keeping

logger = logging.getLogger(__name__)

SECONDS = 10.0
"""The longest that a statement may take."""
FIRST_NEWS = 10_000
"""After so many rows of a day, and again each time they are twice as many, the planner of those who
read is told of them; the server itself does it for all tables, a minute or more later."""
_PLANS = {
    # A stage has no statistics, and a day may have none yet: by index is always right here.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
}
_SESSION = (
    "INSERT INTO sessions VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (started, host, pid)"
    " DO UPDATE SET last = EXCLUDED.last, ended = EXCLUDED.ended, dropped = EXCLUDED.dropped"
)

_LAST = (
    "SELECT started, host, pid, last, ended FROM sessions WHERE version NOT LIKE %s"
    " ORDER BY last DESC LIMIT 1"
)
_ORIGIN = "INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value"

_END = object()


class PostgresWriter:
    """See `Writer`. `started` is from when on this session knows what happened.

    One that is `importing` records nothing that happens meanwhile.
    """

    def __init__(
        self,
        place: PostgresPlace,
        app: str,
        broker: str,
        keeping: Keeping,
        started: float,
        *,
        importing: bool = False,
    ) -> None:
        self._place = place
        self._origin = {} if importing else {"app": app, "broker": safe(broker)}
        self._program = f"{IMPORT if importing else ''}{__version__}"
        self._keeping = keeping
        self._started = started
        self._who = started, socket.gethostname(), os.getpid()
        self._words = Words()
        self._redaction = Redaction(keeping.redact)
        self._rows = Rows(self._words, self._redaction, keeping.others)
        self._link: Link | None = None
        self._writes = False
        self._days: set[tuple[str, float]] = set()
        self._today = 0.0
        self._news, self._enough = 0, FIRST_NEWS
        self._resumed: float | None = None
        self._dropped = self._size = 0

    @property
    def is_open(self) -> bool:
        """Whether it can be written to, as far as is known."""
        return self._writes

    @property
    def resumed(self) -> float | None:
        """Until when another session had written when this one took over; None if there is none."""
        return self._resumed

    @property
    def size(self) -> int:
        """The bytes of all tables, as far as is known."""
        if self._writes:
            with contextlib.suppress(HistoryError), self._working() as link:
                self._size = rules.size_of(link)
        return self._size

    @property
    def flawed(self) -> int:
        """How many tasks no row could be made of."""
        return self._rows.flawed

    def open(self, now: float) -> None:
        """Connect, become the one that writes, and bring the schema to this version."""
        if self._writes:
            return
        with self._working() as link:
            self._take_lock(link)
            schema.migrate(link, self._schema, self._place.name)
            saving.make_stage(link)
            self._days = {(one.root, one.start) for one in schema.partitions(link)}
            self._words.forget()
            self._add_days(link, saving.days_of((), now))
            for one in self._origin.items():
                link.execute(_ORIGIN, one)
            self._take_over(link, now)
            self._writes = True

    def write(self, flush: Flush, now: float) -> int:
        """Write it in one transaction; gives how many tasks were written as ended."""
        self.open(now)
        if now // DAY != self._today:
            # What is used on another day is written again, so that it is known to be used.
            self._today = now // DAY
            self._words.forget()
            self._news, self._enough = 0, FIRST_NEWS
        flawed = self._rows.flawed
        rows = list(self._rows.of(flush.tasks, now).values())
        try:
            with self._working() as link:
                written = self._write(link, rows, flush, now)
        except HistoryError:
            # They come again with the others.
            self._rows.flawed = flawed
            raise
        self._dropped = flush.dropped
        with self._working() as link:
            self._news += written
            if self._news >= self._enough:
                self._news, self._enough = 0, 2 * self._enough
                saving.analyze(link, now)
        return written

    def ask(self, query: str, values: Sequence[Any]) -> list[Any]:
        """The rows of a question about what is there already."""
        with self._working() as link:
            return link.execute(query.encode(), values).fetchall()

    def pruning(self, now: float) -> Generator[None]:
        """Drop the partitions of days that are not to be kept any longer, make tomorrow's."""
        yield
        if not self._writes:
            return
        done = Pruned()
        try:
            with self._working() as link:
                steps = rules.pruning(link, self._keeping, now, done)
            more = True
            while more:
                with self._working():
                    more = next(steps, _END) is not _END
                yield
            self._look_at_days(now)
        except HistoryError as error:
            done.failed.append(str(error))
        for said in done.failed:
            logger.warning("not pruned: %s", said)

    def _look_at_days(self, now: float) -> None:
        with self._working() as link:
            self._days = {(one.root, one.start) for one in schema.partitions(link)}
            # A day before it is needed, where nothing waits for it.
            self._add_days(link, saving.days_of((), now + DAY))

    def prune_alone(self, now: float) -> Pruned:
        """Prune without writing anything, where nobody else writes."""
        try:
            with self._working() as link:
                self._take_lock(link)
                return rules.prune(link, self._keeping, now)
        finally:
            self._give_up()

    def close(self, now: float) -> None:
        """End in order, and let others write."""
        try:
            if self._writes:
                with self._working() as link:
                    self._note_session(link, now, ended=True)
                    schema.unlock(link)
        finally:
            self._give_up()

    @property
    def _schema(self) -> str:
        assert self._place.schema is not None
        return self._place.schema

    # Writing

    def _write(self, link: Link, rows: list[Row], flush: Flush, now: float) -> int:
        self._add_days(link, saving.days_of(rows, now, flush.at))
        try:
            with link.transaction():
                written = saving.save_tasks(link, rows, now)
                saving.save_rest(link, flush, self._words, self._redaction, now)
                saving.save_texts(link, self._words, self._rows.tracebacks, now)
                self._note_session(link, now, dropped=flush.dropped)
        except psycopg.DataError:
            parts = _parts(rows, flush)
            if not parts:
                # It costs itself alone, and not all that is written with it.
                self._rows.leave_out()
            return sum(self._write(link, some, rest, now) for some, rest in parts)
        self._words.fresh.clear()
        self._rows.tracebacks.clear()
        return written

    def _add_days(self, link: Link, needed: set[tuple[str, float]]) -> None:
        for root, start in sorted(needed - self._days):
            schema.add_day(link, root, datetime.fromtimestamp(start, timezone.utc))
            self._days.add((root, start))

    def _note_session(
        self, link: Link, now: float, *, ended: bool = False, dropped: int | None = None
    ) -> None:
        count = self._dropped if dropped is None else dropped
        link.execute(_SESSION, (*self._who, now, self._program, ended, count + self._rows.flawed))

    # One of several

    def _take_lock(self, link: Link) -> None:
        if not schema.try_lock(link, self._schema):
            raise StandsBy(
                f"another celerytui records into {self._place.name}; this one takes over when it"
                " ends"
            )

    def _take_over(self, link: Link, now: float) -> None:
        """Note the time of which nothing may have been recorded before this session writes."""
        row = link.execute(_LAST, (f"{IMPORT}%",)).fetchone()
        importing = self._program.startswith(IMPORT)
        if not importing and row is not None and tuple(row[:3]) != self._who:
            last, ended = float(row[3]), bool(row[4])
            self._resumed = last
            # One that stood by knows what happened since the other wrote last, but for its samples.
            until = self._started if last < self._started else now
            reason = "nothing recorded" if ended else f"the recorder on {row[1]} was lost"
            if last < self._started or not ended:
                flush = Flush(gaps=(Gap(last, max(last, until), reason),))
                saving.save_rest(link, flush, self._words, self._redaction, now)
        self._note_session(link, now)

    @contextlib.contextmanager
    def _working(self) -> Iterator[Link]:
        """The connection, made if needed; after an error all is begun anew the next time."""
        try:
            if self._link is None:
                self._link = self._place.connect(_PLANS, SECONDS)
            yield self._link
        except StandsBy:
            raise
        except HistoryError:
            self._give_up()
            raise
        except psycopg.Error as error:
            self._give_up()
            raise HistoryError(explain(error, self._place.name)) from error

    def _give_up(self) -> None:
        link, self._link, self._writes = self._link, None, False
        if link is not None:
            with contextlib.suppress(psycopg.Error):
                link.close()


def _parts(rows: list[Row], flush: Flush) -> list[tuple[list[Row], Flush]]:
    """What is refused together, in two parts; none where it is one row, or none."""
    tasks_alone = Flush(dropped=flush.dropped)
    if rows and any(flush._replace(tasks=(), dropped=0, at=None)):
        return [(rows, tasks_alone), ([], flush)]
    if len(rows) < 2:
        return []
    middle = len(rows) // 2
    return [(rows[:middle], tasks_alone), (rows[middle:], tasks_alone)]
