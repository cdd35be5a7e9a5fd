"""The tables of a history on PostgreSQL, in a schema of their own, and their versions.

`tasks` is partitioned by outcome and then by day (in UTC), so that each goes by its own age, with
all its space, by dropping a table. A name is the hash of its text: several recorders, one after the
other, give the same number without asking. Source of the choices: docs/history.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import psycopg
from psycopg import sql

from celerytui import __version__
from celerytui.errors import HistoryError
from celerytui.history.postgres.link import Link
from celerytui.history.schema import SLOW_MICROSECONDS, SUCCESS, TASK_COLUMNS

TYPES = {
    **dict.fromkeys(("seen", "sent", "received", "started", "finished"), "float8"),
    **dict.fromkeys(("runtime", "waited", "name", "worker", "queue", "origin"), "int8"),
    "traceback": "int8",
    "retries": "int8",
    "state": "int2",
    "own_root": "int2",
    **dict.fromkeys(("task", "root", "parent"), "bytea"),
    **dict.fromkeys(("args", "kwargs", "result", "exception", "extra", "attempts"), "text"),
}
"""The columns of a task in the order in which they take the least space."""
COLUMNS = tuple(name for name in TASK_COLUMNS if name != "key")
"""The columns of a row that is written or read: those of a segment, for an id needs no key here."""
DAILY = ("tasks_success", "tasks_other", "workers", "queues")
"""The tables with a partition a day."""
_REQUIRED = ("seen", "state", "own_root", "task")
DAY = 86_400.0
_NAME = re.compile(r"(.+)_(\d{8})")
_TASK = ", ".join(
    f"{name} {type}{' NOT NULL' if name in _REQUIRED else ''}" for name, type in TYPES.items()
)

_FIRST = f"""
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE words (id int8 PRIMARY KEY, kind int2 NOT NULL, text text NOT NULL,
    used float8 NOT NULL);
CREATE TABLE tracebacks (id int8 PRIMARY KEY, text bytea NOT NULL, used float8 NOT NULL);
CREATE TABLE sessions (started float8, host text, pid int4, last float8 NOT NULL,
    version text NOT NULL, ended bool NOT NULL, dropped int8 NOT NULL,
    PRIMARY KEY (started, host, pid));
CREATE TABLE gaps (since float8 NOT NULL, until float8, reason text);
CREATE TABLE marks (at float8 NOT NULL, text text NOT NULL, by text NOT NULL);
CREATE TABLE actions (at float8 NOT NULL, entry text NOT NULL);
CREATE TABLE alerts (at float8 NOT NULL, raised bool NOT NULL, detector text NOT NULL,
    subject text NOT NULL, severity text NOT NULL, since float8 NOT NULL, text text NOT NULL);
CREATE TABLE workers (at float8 NOT NULL, worker int8 NOT NULL, status text NOT NULL, running int8,
    processed int8, succeeded int8, failed int8, retried int8, load float8)
    PARTITION BY RANGE (at);
CREATE TABLE queues (at float8 NOT NULL, queue int8 NOT NULL, ready int8, unacked int8,
    consumers int8) PARTITION BY RANGE (at);
CREATE TABLE totals (kind int2 NOT NULL, last float8 NOT NULL, name int8, bucket int4,
    number int8 NOT NULL, busy int8, longest int8);
CREATE INDEX ON totals (last);
CREATE TABLE open ({_TASK}, PRIMARY KEY (task));
CREATE TABLE tasks ({_TASK}) PARTITION BY LIST (state);
CREATE TABLE tasks_success PARTITION OF tasks FOR VALUES IN ({SUCCESS}) PARTITION BY RANGE (seen);
CREATE TABLE tasks_other PARTITION OF tasks DEFAULT PARTITION BY RANGE (seen);
CREATE INDEX ON tasks (task);
CREATE INDEX ON tasks (seen);
CREATE INDEX ON tasks (name, seen);
CREATE INDEX ON tasks (runtime, name) WHERE runtime > {SLOW_MICROSECONDS};
CREATE INDEX ON tasks (seen) WHERE length(task) <> 16;
CREATE INDEX ON tasks_other (state, seen);
"""


def _first(link: Link) -> None:
    link.execute(_FIRST.encode())


VERSIONS: tuple[Callable[[Link], None], ...] = (_first,)
"""What makes each version of the schema out of the one before it."""
VERSION = len(VERSIONS)


class Partition(NamedTuple):
    """The partition of a table for the day that begins at `start`, in Unix seconds."""

    table: str
    root: str
    start: float


def day_of(moment: float) -> datetime:
    """The beginning of a time's day in UTC."""
    found = datetime.fromtimestamp(moment, timezone.utc)
    return found.replace(hour=0, minute=0, second=0, microsecond=0)


def version_of(link: Link, where: str) -> int:
    """The version of what is there, 0 for nothing; raises HistoryError where it is too new."""
    found = link.execute(
        "SELECT nspname, has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname ="
        " trim('\"' FROM current_setting('search_path'))"
    ).fetchone()
    if found is not None and not found[1]:
        raise HistoryError(
            f"history in {where}: the role lacks a permission (USAGE on the schema {found[0]})"
        )
    there = link.execute("SELECT to_regclass('version') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        return 0
    found = link.execute("SELECT max(number) FROM version").fetchone()
    number = int(found[0] or 0) if found is not None else 0
    if number > VERSION:
        raise HistoryError(
            f"history in {where} was written by a newer celerytui (schema {number}, this one reads"
            f" {VERSION}); upgrade, or name another schema with ?schema=NAME"
        )
    return number


def migrate(link: Link, schema: str, where: str, now: float) -> None:
    """Bring the schema to this version, made if needed; for who has its lock."""
    before = version_of(link, where)
    if before == VERSION:
        return
    with link.transaction():
        there = link.execute("SELECT to_regnamespace(%s) IS NOT NULL", (f'"{schema}"',)).fetchone()
        if there is None or not there[0]:
            link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        if not before:
            link.execute(
                "CREATE TABLE version (number int4 NOT NULL, at float8 NOT NULL,"
                " program text NOT NULL)"
            )
        for number, make in enumerate(VERSIONS[before:], before + 1):
            make(link)
            link.execute("INSERT INTO version VALUES (%s, %s, %s)", (number, now, __version__))


def partitions(link: Link) -> list[Partition]:
    """The partitions that hold rows, by table and day."""
    found = link.execute(
        "SELECT c.relname, p.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " JOIN pg_class p ON p.oid = i.inhparent"
        " WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace(current_schema())"
    ).fetchall()
    return sorted(
        (
            Partition(table, root, _start(match[2]))
            for table, root in found
            if (match := _NAME.fullmatch(table)) is not None
        ),
        key=lambda one: (one.root, one.start),
    )


def _start(day: str) -> float:
    return datetime.strptime(day, "%Y%m%d").replace(tzinfo=timezone.utc).timestamp()


def add_day(link: Link, root: str, day: datetime) -> None:
    """Give a table a partition for a day; raises psycopg.Error.

    It is attached when it is whole: CREATE .. PARTITION OF would wait for everybody who reads.
    """
    table = f"{root}_{day:%Y%m%d}"
    begin, end = day.timestamp(), (day + timedelta(days=1)).timestamp()
    with link.transaction():
        link.execute(f"CREATE TABLE {table} (LIKE {root} INCLUDING ALL)".encode())
        link.execute(
            f"ALTER TABLE {root} ATTACH PARTITION {table} FOR VALUES FROM ({begin}) TO ({end})"
            .encode()
        )  # fmt: skip


def try_lock(link: Link, schema: str) -> bool:
    """Whether this session is the one that writes from now on, until it ends."""
    found = link.execute(
        "SELECT pg_try_advisory_lock(hashtextextended('celerytui ' || %s, 0))", (schema,)
    ).fetchone()
    return found is not None and bool(found[0])


def unlock(link: Link) -> None:
    """Let others write at once, and not only when the server sees that this session has ended."""
    link.execute("SELECT pg_advisory_unlock_all()")


MISSING = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)
"""What says that nothing was recorded yet."""
