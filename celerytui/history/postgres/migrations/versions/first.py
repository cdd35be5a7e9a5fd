"""The tables that a history began with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INT8, INT2, BOOL = sa.BigInteger(), sa.SmallInteger(), sa.Boolean()
TEXT, BYTES = sa.Text(), sa.LargeBinary()
FLOAT8: sa.Double[float] = sa.Double()


def upgrade() -> None:
    """Make them."""
    _add_texts()
    _add_happenings()
    _add_figures()
    op.create_table("open", *_task(), sa.PrimaryKeyConstraint("task"))
    op.create_table("tasks", *_task(), postgresql_partition_by="LIST (state)")
    for partition in (
        "tasks_success PARTITION OF tasks FOR VALUES IN (4)",
        "tasks_other PARTITION OF tasks DEFAULT",
    ):
        op.execute(f"CREATE TABLE {partition} PARTITION BY RANGE (seen)")
    op.create_index("tasks_task_idx", "tasks", ["task"])
    op.create_index("tasks_seen_idx", "tasks", ["seen"])
    op.create_index("tasks_name_seen_idx", "tasks", ["name", "seen"])
    op.create_index(
        "tasks_runtime_name_idx",
        "tasks",
        ["runtime", "name"],
        postgresql_where=sa.text("runtime > 1000000"),
    )
    op.create_index(
        "tasks_seen_idx1", "tasks", ["seen"], postgresql_where=sa.text("length(task) <> 16")
    )
    op.create_index("tasks_other_state_seen_idx", "tasks_other", ["state", "seen"])


def _add_texts() -> None:
    op.create_table("meta", _key("key", TEXT), _needed("value", TEXT))
    op.create_table(
        "words",
        _key("id", INT8),
        _needed("kind", INT2),
        _needed("text", TEXT),
        _needed("used", FLOAT8),
    )
    op.create_table("tracebacks", _key("id", INT8), _needed("text", BYTES), _needed("used", FLOAT8))


def _add_happenings() -> None:
    op.create_table(
        "sessions",
        _key("started", FLOAT8),
        _key("host", TEXT),
        _key("pid", sa.Integer()),
        _needed("last", FLOAT8),
        _needed("version", TEXT),
        _needed("ended", BOOL),
        _needed("dropped", INT8),
    )
    op.create_table(
        "gaps", _needed("since", FLOAT8), sa.Column("until", FLOAT8), sa.Column("reason", TEXT)
    )
    op.create_table("marks", _needed("at", FLOAT8), _needed("text", TEXT), _needed("by", TEXT))
    op.create_table("actions", _needed("at", FLOAT8), _needed("entry", TEXT))
    op.create_table(
        "alerts",
        _needed("at", FLOAT8),
        _needed("raised", BOOL),
        *(_needed(name, TEXT) for name in ("detector", "subject", "severity")),
        _needed("since", FLOAT8),
        _needed("text", TEXT),
    )


def _add_figures() -> None:
    op.create_table(
        "workers",
        _needed("at", FLOAT8),
        _needed("worker", INT8),
        _needed("status", TEXT),
        *_columns(INT8, "running", "processed", "succeeded", "failed", "retried"),
        sa.Column("load", FLOAT8),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "queues",
        _needed("at", FLOAT8),
        _needed("queue", INT8),
        *_columns(INT8, "ready", "unacked", "consumers"),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "totals",
        _needed("kind", INT2),
        _needed("last", FLOAT8),
        sa.Column("name", INT8),
        sa.Column("bucket", sa.Integer()),
        _needed("number", INT8),
        *_columns(INT8, "busy", "longest"),
    )
    op.create_index("totals_last_idx", "totals", ["last"])


def _task() -> list[sa.Column[Any]]:
    return [
        _needed("seen", FLOAT8),
        *_columns(FLOAT8, "sent", "received", "started", "finished"),
        *_columns(INT8, "runtime", "waited", "name", "worker", "queue", "origin", "traceback"),
        *_columns(INT8, "retries"),
        *(_needed(name, INT2) for name in ("state", "own_root")),
        _needed("task", BYTES),
        *_columns(BYTES, "root", "parent"),
        *_columns(TEXT, "args", "kwargs", "result", "exception", "extra", "attempts"),
    ]


def _columns(type: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, type) for name in names]


def _needed(name: str, type: Any) -> sa.Column[Any]:
    return sa.Column(name, type, nullable=False)


def _key(name: str, type: Any) -> sa.Column[Any]:
    return sa.Column(name, type, primary_key=True, autoincrement=False)
