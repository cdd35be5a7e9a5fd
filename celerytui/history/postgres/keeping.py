"""How long what is kept on PostgreSQL: whole days are dropped, so that their space comes back."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import psycopg

from celerytui.history.history import Pruned
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.retries import pages_of_retries
from celerytui.history.postgres.rows import word_number
from celerytui.history.postgres.schema import DAY, Partition, day_of, partitions
from celerytui.history.retries import INSERT, RetryCounts, as_total
from celerytui.history.rows import NAME
from celerytui.history.type_runs import TOTAL_SECONDS, TOTALS, totals_of
from celerytui.settings import Keeping

_SIZE = (
    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::int8 FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = to_regnamespace(current_schema())"
)
_OLD = (("open", "seen"), ("gaps", "since"), ("marks", "at"), ("actions", "at"), ("alerts", "at"),
        ("sessions", "last"), ("totals", "last"))  # fmt: skip
_USED = ("words", "tracebacks")
SUCCESSES = "tasks_success"


def size_of(link: Link) -> int:
    """The bytes of all tables, indexes included."""
    found = link.execute(_SIZE.encode()).fetchone()
    return 0 if found is None else int(found[0])


def prune(link: Link, keeping: Keeping, now: float) -> Pruned:
    """Drop what is older than it is to be kept, then the oldest days until the rest has room.

    Successes go first; today stays. A partition that somebody reads for long stays until the next
    time. Raises psycopg.Error; what was done until then stays done.
    """
    done = Pruned()
    for _ in pruning(link, keeping, now, done):
        pass
    return done


def pruning(link: Link, keeping: Keeping, now: float, done: Pruned) -> Iterator[None]:
    """Like `prune`, in steps; `done` says what was done so far."""
    size = size_of(link)
    today = day_of(now).timestamp()
    left = []
    for one in partitions(link):
        if not _is_old(one, keeping, now) or not (yield from _drop(link, one, done)):
            left.append(one)
    whole = [one for one in left if one.start < today]
    whole.sort(key=lambda one: (one.root != SUCCESSES, one.start))
    for one in whole:
        if size_of(link) <= keeping.size:
            break
        yield from _drop(link, one, done)
    _delete_old(link, keeping, now)
    done.freed = max(0, size - size_of(link))


def _is_old(one: Partition, keeping: Keeping, now: float) -> bool:
    kept = keeping.successes if one.root == SUCCESSES else keeping.others
    return one.start + DAY <= now - kept


def _drop(link: Link, one: Partition, done: Pruned) -> Generator[None, None, bool]:
    if one.root == SUCCESSES:
        yield from _total(link, one)
    try:
        link.execute(f"DROP TABLE {one.table}".encode())
    except psycopg.errors.LockNotAvailable:
        done.failed.append(f"{one.table} is being read, and stays until the next time")
        return False
    done.removed.append(one.table)
    return True


def _total(link: Link, one: Partition) -> Iterator[None]:
    """Keep what the successes of a day took together; nobody reads that before they are gone."""
    day = one.start, one.start + DAY
    link.execute("DELETE FROM totals WHERE last >= %s AND last < %s", day)
    for begin in range(int(one.start), int(one.start + DAY), TOTAL_SECONDS):
        for query in totals_of(f"{one.table} WHERE seen >= %s AND seen < %s"):
            yield
            link.execute(
                f"INSERT INTO totals ({TOTALS}) {query}".encode(), (begin, begin + TOTAL_SECONDS)
            )
        yield
        _total_retries(link, one, begin)


def _total_retries(link: Link, one: Partition, begin: float) -> None:
    """The same for how often those of an hour were retried; what was before that day is not kept,
    for it would stay when the day is totalled again."""
    names = dict(link.execute("SELECT id, text FROM words WHERE kind = %s", (NAME,)).fetchall())
    retries = RetryCounts(one.start, one.start + DAY, TOTAL_SECONDS)
    for rows in pages_of_retries(link, one.table, begin, begin + TOTAL_SECONDS):
        retries.take(rows, names)
    for found in retries.all():
        number = None if found.name is None else word_number(NAME, found.name)
        row = as_total(found, number)
        link.execute(INSERT(", ".join(["%s"] * len(row))).encode(), row)


def _delete_old(link: Link, keeping: Keeping, now: float) -> None:
    others = now - keeping.others
    for table, column in _OLD:
        link.execute(f"DELETE FROM {table} WHERE {column} < {others}".encode())
    for table in _USED:
        # A row of the last day that is kept may be of the day after its use.
        link.execute(f"DELETE FROM {table} WHERE used < {others - 2 * DAY}".encode())
