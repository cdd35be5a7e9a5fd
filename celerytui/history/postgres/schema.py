"""A history's schema on PostgreSQL: its version, its days, and the lock of who writes.

The tables are in `tables`, and made by `migrations`, which Alembic orders.
"""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

from celerytui.errors import HistoryError
from celerytui.history.postgres.link import Link
from celerytui.history.schema import TASK_COLUMNS

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
DAY = 86_400.0
_NAME = re.compile(r"(.+)_(\d{8})")
VERSION = 1
"""The newest migration; its revision is this number in four digits."""
MIGRATIONS = Path(__file__).with_name("migrations")
_TAKE_OVER = """
ALTER TABLE version RENAME TO alembic_version;
DELETE FROM alembic_version WHERE number < (SELECT max(number) FROM alembic_version);
ALTER TABLE alembic_version DROP COLUMN at, DROP COLUMN program;
ALTER TABLE alembic_version RENAME COLUMN number TO version_num;
ALTER TABLE alembic_version ALTER COLUMN version_num TYPE varchar(32)
    USING to_char(version_num, 'FM0000');
ALTER TABLE alembic_version ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
"""
"""Makes Alembic's table of the one that was there before; who may read it may do so further on."""


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
    if _is_there(link, "alembic_version"):
        found = link.execute("SELECT max(version_num) FROM alembic_version").fetchone()
    elif _is_there(link, "version"):
        found = link.execute("SELECT max(number) FROM version").fetchone()
    else:
        return 0
    said = str(found[0] or 0) if found is not None else "0"
    number = int(said) if said.isdecimal() else VERSION + 1
    if number > VERSION:
        raise HistoryError(
            f"history in {where} was written by a newer celerytui (schema {said.lstrip('0')}, this"
            f" one reads {VERSION}); upgrade, or name another schema with ?schema=NAME"
        )
    return number


def migrate(link: Link, schema: str, where: str) -> None:
    """Bring the schema to this version, made if needed; for who has its lock."""
    before = version_of(link, where)
    old = before > 0 and not _is_there(link, "alembic_version")
    if before == VERSION and not old:
        return
    with link.transaction():
        there = link.execute("SELECT to_regnamespace(%s) IS NOT NULL", (f'"{schema}"',)).fetchone()
        if there is None or not there[0]:
            link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        if old:
            link.execute(_TAKE_OVER.encode())
        link.execute(migrations_from(before, where).encode())


def migrations_from(before: int, where: str) -> str:
    """The SQL of the migrations that come after a version, for it to be run by the driver alone.

    So what goes wrong is said by the driver, and within its time limits, as everywhere. Raises
    HistoryError where Alembic is not installed.
    """
    # Alembic imports parts of SQLAlchemy: where another thread is importing it, only to ask for the
    # whole waits for that.
    import sqlalchemy  # noqa: F401  for Alembic

    try:
        from alembic.config import Config
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory
    except ImportError as error:
        raise HistoryError(
            f"a history in {where} needs Alembic: pip install 'celerytui[postgres]' ({error})"
        ) from None
    scripts, written = ScriptDirectory(str(MIGRATIONS)), io.StringIO()
    start = f"{before:04}" if before else None
    with EnvironmentContext(
        Config(),
        scripts,
        fn=lambda revision, _: scripts._upgrade_revs("head", revision),
        as_sql=True,
        starting_rev=start,
    ) as context:
        context.configure(
            dialect_name="postgresql",
            dialect_opts={"paramstyle": "named"},
            output_buffer=written,
        )
        context.run_migrations()
    return written.getvalue()


def _is_there(link: Link, table: str) -> bool:
    found = link.execute("SELECT to_regclass(%s) IS NOT NULL", (table,)).fetchone()
    return found is not None and bool(found[0])


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
