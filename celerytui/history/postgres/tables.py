"""The tables of a history on PostgreSQL, as its newest migration leaves them.

`tasks` is partitioned by outcome and then by day (in UTC), so that each goes by its own age, with
all its space, by dropping a table. A name is the hash of its text: several recorders, one after the
other, give the same number without asking. Source of the choices: docs/history.md.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Index, MetaData, PrimaryKeyConstraint, Table, event, func

from celerytui.history.postgres.schema import TYPES
from celerytui.history.schema import SLOW_MICROSECONDS, SUCCESS
from celerytui.history.tables import (
    BOOL,
    BYTES,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    TEXT,
    add_figures,
    add_happenings,
    key,
    needed,
    task_columns,
)

PARTITIONS = (
    f"CREATE TABLE tasks_success PARTITION OF tasks FOR VALUES IN ({SUCCESS})"
    " PARTITION BY RANGE (seen)",
    "CREATE TABLE tasks_other PARTITION OF tasks DEFAULT PARTITION BY RANGE (seen)",
    "CREATE INDEX tasks_other_state_seen_idx ON tasks_other (state, seen)",
)
"""What SQLAlchemy has no words for."""


TABLES = MetaData()
Table("meta", TABLES, key("key", TEXT), needed("value", TEXT))
Table(
    "words",
    TABLES,
    key("id", INT8),
    needed("kind", INT2),
    needed("text", TEXT),
    needed("used", FLOAT8),
)
Table("tracebacks", TABLES, key("id", INT8), needed("text", BYTES), needed("used", FLOAT8))
Table(
    "sessions",
    TABLES,
    key("started", FLOAT8),
    key("host", TEXT),
    key("pid", INT4),
    needed("last", FLOAT8),
    needed("version", TEXT),
    needed("ended", BOOL),
    needed("dropped", INT8),
)
add_happenings(TABLES)
add_figures(TABLES, postgresql_partition_by="RANGE (at)")
Index("totals_last_idx", TABLES.tables["totals"].c.last)
Table("open", TABLES, *task_columns(TYPES), PrimaryKeyConstraint("task"))
_tasks = Table("tasks", TABLES, *task_columns(TYPES), postgresql_partition_by="LIST (state)")
Index("tasks_task_idx", _tasks.c.task)
Index("tasks_seen_idx", _tasks.c.seen)
Index("tasks_name_seen_idx", _tasks.c.name, _tasks.c.seen)
Index(
    "tasks_runtime_name_idx",
    _tasks.c.runtime,
    _tasks.c.name,
    postgresql_where=_tasks.c.runtime > SLOW_MICROSECONDS,
)
Index("tasks_seen_idx1", _tasks.c.seen, postgresql_where=func.length(_tasks.c.task) != 16)


def _add_partitions(_: Table, connection: Connection, **__: Any) -> None:
    for statement in PARTITIONS:
        connection.exec_driver_sql(statement)


event.listen(_tasks, "after_create", _add_partitions)
