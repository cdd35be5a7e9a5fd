"""The schema of a history on PostgreSQL: however it came about, it is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from celerytui.errors import HistoryError
from celerytui.history.postgres.tables import TABLES
from celerytui.model import TaskState
from tests.integration.databases import PostgresServer
from tests.integration.postgres_history import found, place_at, record, run
from tests.unit.history_tasks import T0, ended

BEFORE = Path(__file__).with_name("history_before_alembic.sql").read_text()
COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind IN ('r', 'p')
    AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'
    ORDER BY c.relname, a.attnum
"""
PARTS = """
    SELECT c.relname, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid)
    FROM pg_class c WHERE c.relnamespace = to_regnamespace(current_schema())
    AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' ORDER BY 1
"""
INDEXES = """
    SELECT tablename, regexp_replace(indexdef, 'INDEX .* ON (ONLY )?[a-z0-9_]+\\.', 'INDEX ON ')
    FROM pg_indexes WHERE schemaname = current_schema() AND tablename <> 'alembic_version'
    ORDER BY 1, 2
"""
NAMES = """
    SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE i.relnamespace = to_regnamespace(current_schema()) AND NOT i.relispartition
    AND i.relname <> 'alembic_version_pkc' ORDER BY 1
"""


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """An empty database."""
    return postgres_server.fresh_url()


def described(url: str) -> list[list[Any]]:
    """The columns of each table, its partitions, and the indexes, before there is a day."""
    return [run(url, query) for query in (COLUMNS, PARTS, INDEXES, NAMES)]


def migrated(url: str) -> None:
    """Make the tables as a recorder does, without the days."""
    record(url, [])
    days = run(url, "SELECT relname FROM pg_class WHERE relname ~ '_[0-9]{8}$' AND relkind = 'r'")
    run(url, "; ".join(f"DROP TABLE {name}" for (name,) in days))


def made_before(url: str) -> None:
    """Make the tables as they were before Alembic."""
    run(url, f"CREATE SCHEMA {place_at(url).schema}; {BEFORE}")


def test_the_migrations_make_the_tables_that_are_written_down(
    url: str, postgres_server: PostgresServer
) -> None:
    migrated(url)
    other = postgres_server.fresh_url()
    schema = str(place_at(other).schema)
    engine = sa.create_engine(
        other.replace("postgresql://", "postgresql+psycopg://"),
        connect_args={"options": f"-c search_path={schema}"},
    )
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
        TABLES.create_all(connection)
    engine.dispose()
    assert described(other) == described(url)
    assert len(described(url)[0]) > 90
    assert run(url, "SELECT version_num FROM alembic_version") == [("0001",)]


def test_a_history_of_before_alembic_is_taken_over_with_all_that_is_in_it(
    url: str, postgres_server: PostgresServer
) -> None:
    made_before(url)
    before = described(url)
    other = postgres_server.fresh_url()
    migrated(other)
    assert [[row for row in part if row[0] != "version"] for part in before] == described(other)
    # What was recorded then, and who may read it.
    record(other, [[ended(1, T0), ended(2, T0, state=TaskState.FAILURE)]])
    schema = place_at(url).schema
    postgres_server.execute("CREATE ROLE reader_of_before LOGIN")
    run(url, f"GRANT USAGE ON SCHEMA {schema} TO reader_of_before")
    run(url, f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader_of_before")
    run(
        url,
        "INSERT INTO words VALUES (7, 0, 'shop.pay', 1700000000);"
        "CREATE TABLE tasks_success_20231114 PARTITION OF tasks_success"
        " FOR VALUES FROM (1699920000) TO (1700006400);"
        "INSERT INTO tasks (seen, name, state, own_root, task)"
        " VALUES (1700000000, 7, 4, 0, '\\x000102030405060708090a0b0c0d0e0f')",
    )
    reader = postgres_server.url(url.rpartition("/")[2], "reader_of_before")
    for address in (url, reader):
        assert [task.name for task in found(address, "name:shop.pay")] == ["shop.pay"]
    record(url, [[ended(2, T0)]])
    assert run(url, "SELECT version_num FROM alembic_version") == [("0001",)]
    assert run(url, "SELECT to_regclass('version')") == [(None,)]
    for address in (url, reader):
        assert len(found(address)) == 2
    record(url, [[ended(3, T0)]])
    assert len(found(reader)) == 3


def test_who_may_not_take_it_over_says_so_and_leaves_it(
    url: str, postgres_server: PostgresServer
) -> None:
    made_before(url)
    schema = place_at(url).schema
    postgres_server.execute("CREATE ROLE no_owner LOGIN")
    run(url, f"GRANT ALL ON SCHEMA {schema} TO no_owner")
    run(url, f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO no_owner")
    as_other = postgres_server.url(url.rpartition("/")[2], "no_owner")
    with pytest.raises(HistoryError, match=r"the role lacks a permission \(must be owner of table"):
        record(as_other, [])
    assert run(url, "SELECT number FROM version") == [(1,)]
    with place_at(url).connect({}, 60.0) as link, link.transaction():
        link.execute("LOCK TABLE version IN ACCESS SHARE MODE")
        with pytest.raises(HistoryError, match="is locked by another program"):
            record(url, [])
    record(url, [])


@pytest.mark.parametrize(("revision", "said"), [("0099", "99"), ("ae1027a6acf", "ae1027a6acf")])
def test_a_revision_that_is_not_known_is_refused(url: str, revision: str, said: str) -> None:
    record(url, [[ended(1, T0)]])
    run(url, f"UPDATE alembic_version SET version_num = '{revision}'")
    message = rf"was written by a newer celerytui \(schema {said}, this one reads 1\)"
    with pytest.raises(HistoryError, match=message):
        found(url)
    with pytest.raises(HistoryError, match=message):
        record(url, [])
    run(url, "UPDATE alembic_version SET version_num = '0001'")
    assert len(found(url)) == 1


def test_a_schema_that_cannot_be_made_is_none(url: str, postgres_server: PostgresServer) -> None:
    database = url.rpartition("/")[2]
    postgres_server.execute("CREATE ROLE makes_nothing LOGIN")
    poor = postgres_server.url(database, "makes_nothing")
    with pytest.raises(HistoryError, match="the role lacks a permission"):
        record(poor, [])
    # One table of another's is in the way: all or nothing.
    schema = place_at(url).schema
    run(url, f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.queues (x int)")
    with pytest.raises(HistoryError, match='relation "queues" already exists'):
        record(url, [])
    assert run(url, "SELECT to_regclass('alembic_version'), to_regclass('tasks')") == [(None, None)]
    run(url, "DROP TABLE queues")
    record(url, [])
