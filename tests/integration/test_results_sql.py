"""Results in databases: what is done to them, and what may be in them."""

from __future__ import annotations

import hashlib
import pickle
import sqlite3
import time
from pathlib import Path

import pytest
from celery import Celery

from celerytui import results
from celerytui.errors import BackendUnavailable
from celerytui.headless.results import Listing
from celerytui.model import StoredResult
from celerytui.results import group_by_member, wanted
from tests.integration.databases import PostgresServer
from tests.integration.kept_results import (
    BROKEN,
    Members,
    Opened,
    everything,
    run,
)


def test_a_sqlite_file_is_not_touched(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite3"
    app = opened.app(f"db+sqlite:///{path}")
    run(app, 3)
    with sqlite3.connect(path) as connection:
        # As Celery 5.3 made it: its own backend would add what is missing.
        connection.execute("DROP INDEX IF EXISTS ix_celery_taskmeta_date_done")
        connection.execute("ALTER TABLE celery_taskmeta DROP COLUMN children")
        connection.execute("ALTER TABLE celery_taskmeta DROP COLUMN stamps")
    connection.close()
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    found = everything(opened.source(app))
    assert [one.children for one in found] == [None] * 4
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [one.name for one in tmp_path.iterdir()] == ["results.sqlite3"]


def test_no_file_or_table_is_made(opened: Opened, tmp_path: Path) -> None:
    app = opened.app(f"db+sqlite:///{tmp_path}/none.sqlite3")
    with pytest.raises(BackendUnavailable, match="there is no file"):
        everything(opened.source(app))
    (tmp_path / "empty.sqlite3").touch()
    with pytest.raises(BackendUnavailable, match="no table celery_taskmeta and no django_celery"):
        everything(opened.url(f"sqlite:///{tmp_path}/empty.sqlite3"))
    assert [one.name for one in tmp_path.iterdir()] == ["empty.sqlite3"]
    assert (tmp_path / "empty.sqlite3").stat().st_size == 0


def test_a_role_that_may_only_read_is_enough(
    opened: Opened, postgres_server: PostgresServer
) -> None:
    url = postgres_server.fresh_url()
    app = opened.app(f"db+{url}")
    run(app, 3)
    database = url.rpartition("/")[2]
    postgres_server.execute("CREATE ROLE reader LOGIN", database)
    postgres_server.execute("GRANT SELECT ON celery_taskmeta TO reader", database)
    reading = postgres_server.url(database, user="reader")
    assert len(everything(opened.url(reading))) == 4
    assert (
        len(
            everything(opened.source(Celery("kept", backend=f"db+{reading}", set_as_current=False)))
        )
        == 4
    )


def test_postgresql_leaves_no_connection(opened: Opened, postgres_server: PostgresServer) -> None:
    url = postgres_server.fresh_url()
    app = opened.app(f"db+{url}")
    run(app, 3)
    app.backend.session_manager.invalidate(app.backend.url)
    source = opened.url(url)
    assert len(everything(source, size=1)) == 4
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'"
    assert postgres_server.execute(query.format(url.rpartition("/")[2])) == [(0,)]


def test_results_of_megabytes_come_few_at_a_time(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite3"
    run(opened.app(f"db+sqlite:///{path}"), 3)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM celery_taskmeta")
        connection.executemany(
            "INSERT INTO celery_taskmeta (task_id, status, result) VALUES (?, 'SUCCESS', ?)",
            ((f"t{number}", b'"' + b"x" * 1_000_000 + b'"') for number in range(100)),
        )
    connection.close()
    pages = list(opened.url(f"sqlite:///{path}").pages(wanted(), 2_000))
    assert [len(page.results) for page in pages] == [50, 16, 16, 16, 2]
    assert len({one.id for page in pages for one in page.results}) == 100


def test_a_table_without_keys_is_not_read_for_ever(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE celery_taskmeta (id, task_id, status, result, date_done)")
        connection.executemany(
            "INSERT INTO celery_taskmeta (task_id, status) VALUES (?, 'SUCCESS')", [("a",), ("b",)]
        )
    connection.close()
    pages = opened.url(f"sqlite:///{path}").pages(wanted(), 1)
    assert [len(page.results) for page in pages] == [1]


def test_a_table_that_only_has_the_name_is_none(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE celery_taskmeta (id, task_id, result)")
    connection.close()
    with pytest.raises(BackendUnavailable, match="no table celery_taskmeta"):
        everything(opened.url(f"sqlite:///{path}"))


def test_a_server_that_ends_between_two_pages_is_an_error_in_words(
    opened: Opened, tmp_path: Path
) -> None:
    server = PostgresServer(tmp_path)
    server.start()
    try:
        url = server.fresh_url()
        run(opened.app(f"db+{url}"), 3)
        pages = opened.url(url).pages(wanted(), 2)
        assert len(next(pages).results) == 2
    finally:
        server.stop()
    with pytest.raises(BackendUnavailable, match="result backend postgresql"):
        next(pages)


def test_a_time_that_has_no_date_costs_no_row(
    opened: Opened, postgres_server: PostgresServer
) -> None:
    url = postgres_server.fresh_url()
    ids = run(opened.app(f"db+{url}"), 3)
    for one, time_of in zip(ids, ("infinity", "0044-03-15 BC", "12026-01-01"), strict=False):
        postgres_server.execute(
            f"UPDATE celery_taskmeta SET date_done = '{time_of}' WHERE task_id = '{one}'",
            url.rpartition("/")[2],
        )
    source = opened.url(url)
    found = {one.id: one for one in everything(source)}
    assert set(found) == set(ids)
    assert [found[one].finished is None for one in ids] == [True, True, True, False]
    assert source.one(ids[0]) == found[ids[0]]


def test_broken_rows_break_nothing_else(opened: Opened, tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite3"
    app = opened.app(f"db+sqlite:///{path}")
    ids = run(app, 1)
    with sqlite3.connect(path) as connection:
        for number, value in enumerate(BROKEN):
            connection.execute(
                "INSERT INTO celery_taskmeta (task_id, status, result, traceback, date_done)"
                " VALUES (?, CAST(X'FF46' AS TEXT), ?, CAST(X'FFFE41' AS TEXT), 'no time')",
                (f"broken-{number}", value),
            )
    connection.close()
    found: list[StoredResult] = everything(opened.source(app))
    assert len(found) == len(ids) + len(BROKEN)
    assert {one.state for one in found} == {"SUCCESS", "FAILURE", "\ufffdF"}
    assert sum(one.flaw is not None for one in found) >= 5
    assert found[0].traceback == "\ufffd\ufffdA"


def test_a_sqlalchemy_pickle_of_older_celery_is_read(opened: Opened, tmp_path: Path) -> None:

    path = tmp_path / "results.sqlite3"
    app = opened.app(f"db+sqlite:///{path}")
    (task_id, _) = run(app, 1)
    with sqlite3.connect(path) as connection:
        value = pickle.dumps({"exc_type": "KeyError", "exc_message": ["k"], "exc_module": "x"})
        connection.execute(
            "UPDATE celery_taskmeta SET status='FAILURE', result=? WHERE task_id=?",
            (value, task_id),
        )
    connection.close()
    found = opened.source(app).one(task_id)
    assert found is not None
    assert (found.exception, found.flaw) == ("KeyError('k')", None)


def test_a_table_of_groups_that_must_not_be_read_hides_no_result(
    opened: Opened, postgres_server: PostgresServer
) -> None:
    url = postgres_server.fresh_url()
    (task_id, _) = run(opened.app(f"db+{url}"), 1)
    database = url.rpartition("/")[2]
    postgres_server.execute("CREATE ROLE half LOGIN", database)
    postgres_server.execute("GRANT SELECT ON celery_taskmeta TO half", database)
    reading = postgres_server.url(database, user="half")
    listing = Listing(opened.url(reading), wanted(), None)
    assert len(list(listing.results())) == 2
    (remark,) = listing.remarks()
    assert "groups are not shown" in remark
    assert "permission denied" in remark
    app = Celery("kept", backend=f"db+{reading}", set_as_current=False)
    found = results.ResultLookup(app, time.time).read_result(task_id)
    assert (found.status, found.result, found.error) == ("SUCCESS", "2", None)
    assert found.group is not None
    assert "permission denied" in (found.group.flaw or "")


def test_a_second_table_that_must_not_be_read_hides_none(
    opened: Opened, postgres_server: PostgresServer
) -> None:
    url = postgres_server.fresh_url()
    ids = run(opened.app(f"db+{url}"), 1)
    database = url.rpartition("/")[2]
    for statement in (
        "CREATE TABLE django_celery_results_taskresult (id int, date_done timestamptz)",
        "CREATE ROLE one LOGIN",
    ):
        postgres_server.execute(statement, database)
    reading = postgres_server.url(database, user="one")
    with pytest.raises(BackendUnavailable, match="permission denied for table celery_taskmeta"):
        everything(opened.url(reading))
    postgres_server.execute("GRANT SELECT ON celery_taskmeta TO one", database)
    assert {one.id for one in everything(opened.url(reading))} == set(ids)


def test_odd_settings_and_ids_are_errors_in_words(opened: Opened, tmp_path: Path) -> None:
    app = opened.app(f"db+sqlite:///{tmp_path}/results.sqlite3")
    run(app, 1)
    with pytest.raises(BackendUnavailable, match="surrogates"):
        opened.source(app).one("\udcff")
    app = Celery("kept", backend="db+postgresql+psycopg://127.0.0.1:1/x", set_as_current=False)
    app.conf.database_engine_options = {"no_such_option": 1}
    with pytest.raises(BackendUnavailable, match=r"database_engine_options: .*no_such_option"):
        opened.source(app).one("id")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("result", 5),
        ("result", 2.5),
        ("children", 7),
        ("args", "[[[["),
        ("retries", 10**12),
        ("date_done", 1e300),
        ("date_done", b"\xff"),
    ],
)
def test_a_flaw_in_one_column_leaves_the_rest(
    opened: Opened, tmp_path: Path, column: str, value: object
) -> None:
    path = tmp_path / "results.sqlite3"
    app = opened.app(f"db+sqlite:///{path}")
    (task_id, _) = run(app, 1)
    with sqlite3.connect(path) as connection:
        query = f"UPDATE celery_taskmeta SET {column} = ? WHERE task_id = ?"
        connection.execute(query, (value, task_id))
    connection.close()
    found = results.ResultLookup(app, time.time).read_result(task_id)
    assert (found.status, found.name, found.error) == ("SUCCESS", "shop.add", None)
    assert found.kwargs == "{'y': 2}"
    flawed = column in ("result", "children", "args")
    assert (found.flaw or "").startswith(f"{column}: ") is flawed
    assert found.result == (None if column == "result" else "2")


def test_the_newest_groups_are_read_some_at_a_time(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened.app(f"db+sqlite:///{tmp_path}/results.sqlite3")
    run(app, 1)
    for number in range(120):
        app.backend.save_group(f"g{number}", Members([f"t{number}", "both"]))
    source = opened.source(app)
    found = group_by_member(source.groups())
    assert len(found) == 121
    assert (found["t0"], found["both"]) == ("g0", "g119")
    monkeypatch.setattr("celerytui.results.source.MEMBERS", 3)
    assert list(group_by_member(source.groups())) == ["t119", "both", "t118"]


@pytest.mark.parametrize(("done", "found"), [("2020-01-01", "celery"), ("2099-01-01", "django")])
def test_of_both_tables_the_one_with_the_newer_result_is_read(
    opened: Opened, tmp_path: Path, done: str, found: str
) -> None:
    path = tmp_path / "results.sqlite3"
    run(opened.app(f"db+sqlite:///{path}"), 1)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE django_celery_results_taskresult (id INTEGER PRIMARY KEY, task_id TEXT,"
            " status TEXT, result TEXT, date_done TEXT)"
        )
        connection.execute(
            "INSERT INTO django_celery_results_taskresult VALUES (1, 'django', 'SUCCESS', '1', ?)",
            (f"{done} 00:00:00",),
        )
    connection.close()
    ids = [one.id for one in everything(opened.url(f"sqlite:///{path}"))]
    assert ids == ["django"] if found == "django" else "django" not in ids
