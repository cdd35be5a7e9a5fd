"""The schemas of histories: a new segment is as each before it, and migrations are in order."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.postgres.schema import MIGRATIONS, VERSION, migrations_from
from celerytui.history.tables import SEGMENT

RECORDED = Path(__file__).with_name("segment_1.sql")


def described(connection: sqlite3.Connection) -> dict[str, Any]:
    """The columns, the indexes and the kind of each table."""
    run = connection.execute
    found = {}
    for _, table, _, _, without_rowid, strict in run("PRAGMA main.table_list").fetchall():
        indexes = {
            name: (unique, partial, tuple(run(f"PRAGMA index_xinfo({name})")), where(run, name))
            for _, name, unique, _, partial in run(f"PRAGMA index_list({table})").fetchall()
        }
        columns = run(f"PRAGMA table_xinfo({table})").fetchall()
        found[table] = without_rowid, strict, columns, indexes
    return found


def where(run: Any, index: str) -> str:
    """The condition of an index, if it has one."""
    row = run("SELECT sql FROM sqlite_schema WHERE name = ?", (index,)).fetchone()
    text = row[0] or "" if row is not None else ""
    return str(text).partition(" WHERE ")[2].replace("!=", "<>")


def test_a_new_segment_is_as_those_that_were_recorded(tmp_path: Path) -> None:
    assert schema.VERSION == 1
    with (
        closing(sqlite3.connect(":memory:")) as recorded,
        closing(schema.create(tmp_path / "new.db")) as new,
    ):
        recorded.executescript(RECORDED.read_text())
        assert described(new) == described(recorded)
        assert len(described(new)["tasks"][3]) == 7
        assert new.execute("PRAGMA user_version").fetchone() == (1,)
        assert new.execute("PRAGMA page_size").fetchone() == (schema.PAGE_BYTES,)


def test_a_task_has_the_columns_that_are_written_and_read() -> None:
    for name in ("tasks", "open"):
        assert tuple(SEGMENT.tables[name].columns.keys()) == ("id", *schema.TASK_COLUMNS)
    assert set(schema.EVENTFUL) < set(SEGMENT.tables)


def test_migrations_come_one_after_the_other_up_to_this_version() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    revisions = [one.revision for one in scripts.walk_revisions()]
    assert revisions == [f"{number:04}" for number in range(VERSION, 0, -1)]


def test_a_migration_that_was_done_is_not_done_again() -> None:
    assert migrations_from(0, "here").count("CREATE TABLE tasks (") == 1
    assert migrations_from(VERSION, "here").strip() == ""


def test_without_alembic_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("alembic", "alembic.config"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(HistoryError, match=r"needs Alembic: pip install 'celerytui\[postgres\]'"):
        migrations_from(0, "here")
