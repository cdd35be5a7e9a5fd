"""How long what is kept on PostgreSQL: whole days are dropped, so that their space comes back."""

from __future__ import annotations

import psycopg

from celerytui.history.history import Pruned
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.schema import DAY, Partition, day_of, partitions
from celerytui.settings import Keeping

_SIZE = (
    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::int8 FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = to_regnamespace(current_schema())"
)
_OLD = (("open", "seen"), ("gaps", "since"), ("marks", "at"), ("actions", "at"), ("alerts", "at"),
        ("sessions", "last"))  # fmt: skip
_USED = ("words", "tracebacks")


def size_of(link: Link) -> int:
    """The bytes of all tables, indexes included."""
    found = link.execute(_SIZE.encode()).fetchone()
    return 0 if found is None else int(found[0])


def prune(link: Link, keeping: Keeping, now: float) -> Pruned:
    """Drop what is older than it is to be kept, then the oldest days until the rest has room.

    Successes go first; today stays. A partition that somebody reads for long stays until the next
    time. Raises psycopg.Error; what was done until then stays done.
    """
    done, size = Pruned(), size_of(link)
    left = [one for one in partitions(link) if not _is_old(one, keeping, now)
            or not _drop(link, one, done)]  # fmt: skip
    today = day_of(now).timestamp()
    whole = [one for one in left if one.start < today]
    whole.sort(key=lambda one: (one.root != "tasks_success", one.start))
    for one in whole:
        if size_of(link) <= keeping.size:
            break
        _drop(link, one, done)
    _delete_old(link, keeping, now)
    done.freed = max(0, size - size_of(link))
    return done


def _is_old(one: Partition, keeping: Keeping, now: float) -> bool:
    kept = keeping.successes if one.root == "tasks_success" else keeping.others
    return one.start + DAY <= now - kept


def _drop(link: Link, one: Partition, done: Pruned) -> bool:
    try:
        link.execute(f"DROP TABLE {one.table}".encode())
    except psycopg.errors.LockNotAvailable:
        done.failed.append(f"{one.table} is being read, and stays until the next time")
        return False
    done.removed.append(one.table)
    return True


def _delete_old(link: Link, keeping: Keeping, now: float) -> None:
    others = now - keeping.others
    for table, column in _OLD:
        link.execute(f"DELETE FROM {table} WHERE {column} < {others}".encode())
    for table in _USED:
        # A row of the last day that is kept may be of the day after its use.
        link.execute(f"DELETE FROM {table} WHERE used < {others - 2 * DAY}".encode())
