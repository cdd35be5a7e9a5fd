"""Questions to databases end in time and write nothing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from celerytui.sql_limits import driver_limits, limits, open_sqlite

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.mark.parametrize(
    "name", ["a.db", "a?mode=rwc.db", "a%20#b.db", "file:a.db?mode=rwc&cache=x"]
)
def test_a_sqlite_file_is_only_read_and_is_never_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no file a"):
        open_sqlite(name, 1.0)
    assert os.listdir(tmp_path) == []
    sqlite3.connect(name.removeprefix("file:").removesuffix("?mode=rwc&cache=x")).close()
    with (
        closing(open_sqlite(name, 1.0)) as reading,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reading.execute("CREATE TABLE t (a)")
    with closing(open_sqlite(name, 1.0, writes=True)) as writing:
        writing.execute("CREATE TABLE t (a)")
        writing.execute("INSERT INTO t VALUES (CAST(x'ff41' AS TEXT))")
        assert writing.execute("SELECT a FROM t").fetchone() == ("\ufffdA",)


def test_an_endless_question_to_sqlite_ends(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").close()
    with (
        closing(open_sqlite(str(tmp_path / "a.db"), 0.05)) as reading,
        pytest.raises(sqlite3.OperationalError, match="interrupted"),
    ):
        reading.execute(ENDLESS).fetchone()


def test_each_server_has_its_own_statements() -> None:
    assert limits("postgresql", 1.5) == (
        "SET TRANSACTION READ ONLY",
        "SET LOCAL statement_timeout = 1500",
    )
    assert limits("postgresql", 1.5, writes=True) == ("SET LOCAL statement_timeout = 1500",)
    mysql = ("SET SESSION MAX_EXECUTION_TIME = 1500", "SET SESSION TRANSACTION READ ONLY")
    assert limits("mysql", 1.5) == mysql
    maria = ("SET SESSION max_statement_time = 1.5", "SET SESSION TRANSACTION READ ONLY")
    assert limits("mysql", 1.5, is_mariadb=True) == limits("mariadb", 1.5) == maria
    for vendor in ("mysql", "mariadb", "oracle", "mssql"):
        assert not any("READ ONLY" in one for one in limits(vendor, 1.5, writes=True))
    assert driver_limits("pymysql", 4.0, 10.0)["read_timeout"] == 10
    assert "read_timeout" not in driver_limits("mysqlconnector", 4.0, 10.0)
    assert driver_limits("a driver of one's own", 4.0, 10.0) == {}
