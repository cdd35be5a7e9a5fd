"""The tables of a segment, and what those of a history on PostgreSQL have in common with them.

Each type is that of both databases. A segment is made by them; on PostgreSQL migrations make the
tables (`postgres/tables.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import (
    INTEGER,
    REAL,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, SchemaItem
from sqlalchemy.types import TypeEngine, UserDefinedType

from celerytui.history.schema import SLOW_MICROSECONDS, SUCCESS, TASK_COLUMNS


class AnyType(UserDefinedType[Any]):
    """What takes values of each type, in a STRICT table of SQLite."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        """Its name."""
        return "ANY"


INT8, INT4, INT2, BOOL = (
    type.with_variant(INTEGER(), "sqlite")
    for type in (BigInteger(), Integer(), SmallInteger(), Boolean())
)
FLOAT8: TypeEngine[Any] = Double().with_variant(REAL(), "sqlite")
TEXT, BYTES = Text(), LargeBinary()
ID = LargeBinary().with_variant(AnyType(), "sqlite")
"""A UUID's 16 bytes; the text of another id, as bytes on PostgreSQL."""

TASK_TYPES: dict[str, TypeEngine[Any]] = {
    **dict.fromkeys(("seen", "sent", "received", "started", "finished"), FLOAT8),
    **dict.fromkeys(("runtime", "waited", "name", "worker", "queue", "origin"), INT8),
    **dict.fromkeys(("key", "traceback", "retries"), INT8),
    **dict.fromkeys(("state", "own_root"), INT2),
    **dict.fromkeys(("task", "root", "parent"), ID),
    **dict.fromkeys(("args", "kwargs", "result", "exception", "extra", "attempts"), TEXT),
}
_REQUIRED = ("key", "task", "state", "seen", "own_root")


def needed(name: str, type: TypeEngine[Any]) -> Column[Any]:
    """A column that has a value in each row."""
    return Column(name, type, nullable=False)


def key(name: str, type: TypeEngine[Any]) -> Column[Any]:
    """A column of the primary key; that it has a value is said by that."""
    return Column(name, type, primary_key=True, autoincrement=False, nullable=True)


def task_columns(names: Iterable[str]) -> list[Column[Any]]:
    """The columns of a task, in this order."""
    return [Column(name, TASK_TYPES[name], nullable=name not in _REQUIRED) for name in names]


def add_happenings(metadata: MetaData) -> None:
    """Gaps, marks, actions and alerts, the same for both databases."""
    what: dict[str, list[Column[Any]]] = {
        "gaps": [needed("since", FLOAT8), Column("until", FLOAT8), Column("reason", TEXT)],
        "marks": [needed("at", FLOAT8), needed("text", TEXT), needed("by", TEXT)],
        "actions": [needed("at", FLOAT8), needed("entry", TEXT)],
        "alerts": [
            needed("at", FLOAT8),
            needed("raised", BOOL),
            *(needed(name, TEXT) for name in ("detector", "subject", "severity")),
            needed("since", FLOAT8),
            needed("text", TEXT),
        ],
    }
    for name, columns in what.items():
        Table(name, metadata, *columns, sqlite_strict=True)


def add_figures(metadata: MetaData, **partitioned: Any) -> None:
    """Samples, and totals; `partitioned` says how the samples are on PostgreSQL."""
    counts = ("running", "processed", "succeeded", "failed", "retried")
    Table(
        "workers",
        metadata,
        needed("at", FLOAT8),
        needed("worker", INT8),
        needed("status", TEXT),
        *(Column(name, INT8) for name in counts),
        Column("load", FLOAT8),
        sqlite_strict=True,
        **partitioned,
    )
    Table(
        "queues",
        metadata,
        needed("at", FLOAT8),
        needed("queue", INT8),
        *(Column(name, INT8) for name in ("ready", "unacked", "consumers")),
        sqlite_strict=True,
        **partitioned,
    )
    # Of the successes that are no longer; see `type_runs.TOTALS`.
    Table(
        "totals",
        metadata,
        needed("kind", INT2),
        needed("last", FLOAT8),
        Column("name", INT8),
        Column("bucket", INT4),
        needed("number", INT8),
        *(Column(name, INT8) for name in ("busy", "longest")),
        sqlite_strict=True,
    )


SEGMENT = MetaData()


def _table(name: str, *items: SchemaItem, **options: Any) -> Table:
    return Table(name, SEGMENT, *items, sqlite_strict=True, **options)


_table("meta", key("key", TEXT), Column("value", AnyType()), sqlite_with_rowid=False)
_table("words", key("id", INT8), needed("kind", INT2), needed("text", TEXT))
_table("tracebacks", key("id", INT8), needed("text", BYTES))
_tasks, _open = (
    _table(name, key("id", INT8), *task_columns(TASK_COLUMNS)).c for name in ("tasks", "open")
)
_table("again", key("key", INT8))
_table(
    "sessions",
    key("id", INT8),
    needed("started", FLOAT8),
    needed("last", FLOAT8),
    Column("pid", INT4),
    Column("host", TEXT),
    Column("version", TEXT),
    needed("ended", BOOL),
    needed("dropped", INT8),
)
add_figures(SEGMENT)
add_happenings(SEGMENT)
Index("tasks_key", _tasks.key)
Index("tasks_text", _tasks.task, sqlite_where=func.typeof(_tasks.task) == "text")
Index("tasks_seen", _tasks.seen)
Index("tasks_other", _tasks.seen, _tasks.state, sqlite_where=_tasks.state != SUCCESS)
Index("tasks_name", _tasks.name, _tasks.seen, _tasks.runtime)
Index("tasks_slow", _tasks.runtime, _tasks.seen, sqlite_where=_tasks.runtime > SLOW_MICROSECONDS)
Index("tasks_root", _tasks.root, sqlite_where=_tasks.root.is_not(None))
Index("open_task", _open.task, unique=True)


def segment_statements() -> Iterator[str]:
    """What makes the tables and the indexes of a segment, in SQL."""
    dialect = sqlite.dialect()
    for table in SEGMENT.tables.values():
        yield str(CreateTable(table).compile(dialect=dialect))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            yield str(CreateIndex(index).compile(dialect=dialect))
