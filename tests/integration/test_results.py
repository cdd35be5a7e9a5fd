"""Results that Celery's own backends stored, read back: Redis, SQL and files."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from benchmarks.results import fill_redis, fill_sql
from celerytui import results
from celerytui.errors import BackendUnavailable
from celerytui.model import StoredResult
from celerytui.query import parse_filter
from celerytui.results import NotListed, Source, as_task, wanted
from celerytui.wire import pickles
from tests.integration.conftest import serve
from tests.integration.databases import (
    MariaServer,
    PostgresServer,
    mariadb_binary,
)
from tests.integration.servers import RedisServer, Server, missing
from tests.waiting import within

pytestmark = pytest.mark.filterwarnings(
    # Celery's own client code.
    "ignore:Call to deprecated setex:DeprecationWarning"
)

KINDS = ("redis", "sqlite", "postgresql", "mariadb", "files")


@pytest.fixture(scope="module")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if mariadb_binary() is None:
        missing("MariaDB")
    yield from serve(lambda: MariaServer(tmp_path_factory.mktemp("mariadb")))


def backend_url(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of an empty backend of that kind, as Celery takes it."""
    if kind == "redis":
        return str(request.getfixturevalue("redis_url"))
    if kind == "sqlite":
        return f"db+sqlite:///{folder}/results.sqlite3"
    if kind == "files":
        (folder / "kept").mkdir()
        return f"file://{folder}/kept"
    server: Server = request.getfixturevalue(
        {"postgresql": "postgres_server", "mariadb": "mariadb_server"}[kind]
    )
    return f"db+{server.fresh_url()}"


OPENED: list[Callable[[], None]] = []
"""What closes the sources and clients of one test."""


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop()()


def open_source(app: Any) -> Source:
    source = results.open_source(app)
    OPENED.append(source.close)
    return source


def open_url(url: str) -> Source:
    source = results.open_url(url)
    OPENED.append(source.close)
    return source


def eager_app(url: str, **conf: Any) -> Celery:
    """An app that runs its tasks where they are sent, and stores what comes of them."""
    app = Celery("kept", backend=url, set_as_current=False)
    app.conf.update(
        task_always_eager=True, task_store_eager_result=True, result_extended=True, **conf
    )

    if url.startswith("redis"):
        OPENED.append(app.backend.client.connection_pool.disconnect)
    app.task(add, name="shop.add", shared=False)
    app.task(fail, name="shop.fail", shared=False)
    return app


def add(x: Any, y: Any = 0) -> Any:
    return x + y


def fail(text: str) -> None:
    raise ValueError(text)


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Source]:
    """An app on each kind of backend, and the source that reads it."""
    app = eager_app(backend_url(request, request.param, tmp_path))
    return app, open_source(app)


def everything(source: Source, query: str = "", *, size: int = 3, **more: Any) -> list[Any]:
    asked = wanted(parse_filter(query), time.time(), **more)
    pages = source.pages(asked, size)
    return [one for page in pages for one in page.results if asked.admits(one)]


def run(app: Any, count: int) -> list[str]:
    """Ids of tasks that ran one after the other, the last of which failed."""
    ids = [app.tasks["shop.add"].apply_async((number,), {"y": 2}).id for number in range(count)]
    return [*ids, app.tasks["shop.fail"].apply_async(("señor",)).id]


def test_each_result_is_read_once_and_whole(kept: tuple[Any, Source]) -> None:
    app, source = kept
    began = time.time()
    ids = run(app, 10)
    found = everything(source)
    assert sorted(one.id for one in found) == sorted(ids)
    if source.ordered:
        # Files of the same moment have no order.
        assert isinstance(found[0].finished, float)
        finished = [one.finished or 0.0 for one in found]
        assert all(one >= other - 0.05 for one, other in pairwise(finished))
    by_id = {one.id: one for one in found}
    added = by_id[ids[3]]
    assert (added.name, added.state, added.args, added.kwargs) == (
        "shop.add",
        "SUCCESS",
        [3],
        {"y": 2},
    )
    assert (added.result, added.exception, added.retries) == (5, None, 0)
    assert not added.children
    assert added.worker
    failed = by_id[ids[-1]]
    assert (failed.state, failed.result) == ("FAILURE", None)
    assert failed.exception == "ValueError('señor')"
    assert "ValueError: señor" in (failed.traceback or "")
    for one in found:
        assert began - 1 <= (one.finished or 0.0) <= time.time() + 1
        assert one.flaw is None


def test_one_is_read_by_its_id(kept: tuple[Any, Source]) -> None:
    app, source = kept
    ids = run(app, 2)
    found = source.one(ids[1])
    assert found is not None
    assert (found.id, found.result) == (ids[1], 3)
    assert source.one("not-there") is None
    assert source.one("../../../etc/passwd") is None
    assert [one.id for one in everything(source, f"id:{ids[0]}")] == [ids[0]]


QUERIES = (
    *("state:failure", "-state:success", "state:succ*", "name:add", "name:shop.*"),
    *("name:=shop.fail", "name:ADD args:3", "worker:nobody", "result:5 OR state:failure"),
    *("finished:>-1h", "finished:<-1h", "exception:señor", "kwargs.y:2 -args:1", "id:0,1,2,3"),
)


def test_a_filter_gives_what_it_gives_of_all(kept: tuple[Any, Source]) -> None:
    app, source = kept
    run(app, 5)
    found, now = everything(source), time.time()
    for query in QUERIES:
        filter = parse_filter(query)
        expected = [one.id for one in found if filter.matches(as_task(one), now)]
        given = everything(source, query, size=100)
        assert sorted(one.id for one in given) == sorted(expected), query


def test_since_leaves_out_what_is_older(kept: tuple[Any, Source]) -> None:
    app, source = kept
    ids = run(app, 3)
    assert len(everything(source, since=time.time() - 60)) == len(ids)
    assert everything(source, since=time.time() + 60) == []


def test_rows_are_counted(kept: tuple[Any, Source]) -> None:
    app, source = kept
    ids = run(app, 4)
    counted = source.count()
    assert counted == (None if source.name.startswith("redis") else len(ids))


class Members(list[str]):
    """A GroupResult's tuple, without the objects that subscribe to each result."""

    def as_tuple(self) -> Any:
        return (("group-1", None), [((one, None), None) for one in self])


def test_a_saved_group_has_its_members(kept: tuple[Any, Source]) -> None:
    app, source = kept
    ids = run(app, 2)
    app.backend.save_group("group-1", Members(ids))
    found = source.group("group-1")
    assert found is not None
    assert (found.id, list(found.members), found.missing) == ("group-1", ids, None)
    assert source.group("group-2") is None


def test_redis_counts_the_missing_parts_of_a_chord(redis_url: str) -> None:
    app = eager_app(redis_url)
    app.backend.set_chord_size("chord-1", 5)
    key = app.backend.get_key_for_group("chord-1", ".j")
    app.backend.client.zadd(key, {"one": 1, "two": 2})
    found = open_source(app).group("chord-1")
    assert found is not None
    assert found.missing == 3


@pytest.mark.parametrize("kind", ["redis", "sqlite", "postgresql"])
def test_the_first_screen_of_many_comes_soon_and_none_is_missing(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = backend_url(request, kind, tmp_path).removeprefix("db+")
    counted = (fill_redis if kind == "redis" else fill_sql)(url, 4_000)
    source = open_url(url)
    # A second one has the libraries imported, as the monitor has from the first look on.
    assert source.one("none") is None
    with within(0.5):
        first = next(iter(source.pages(wanted(), 250)))
    assert len(first.results) == 250
    ids = [one.id for page in source.pages(wanted(), 2_000) for one in page.results]
    assert len(ids) == len(set(ids)) == counted == 4_000


# -- what is done to the backend -------------------------------------------------------------------


def test_redis_is_only_scanned_and_read(redis_url: str) -> None:
    app = eager_app(redis_url)
    run(app, 30)
    app.backend.client.set("celery", "not a result")
    app.backend.client.config_resetstat()
    source = open_source(app)
    assert len(everything(source)) == 31
    done = {name.removeprefix("cmdstat_") for name in app.backend.client.info("commandstats")}
    assert {"scan", "mget"} <= done
    connecting = {"hello", "client|setinfo", "client|setname", "select", "config|resetstat", "info"}
    assert done <= {"scan", "mget"} | connecting | {"client", "config"}


def test_a_sqlite_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite3"
    app = eager_app(f"db+sqlite:///{path}")
    run(app, 3)
    with sqlite3.connect(path) as connection:
        # As Celery 5.3 made it: its own backend would add what is missing.
        connection.execute("DROP INDEX IF EXISTS ix_celery_taskmeta_date_done")
        connection.execute("ALTER TABLE celery_taskmeta DROP COLUMN children")
        connection.execute("ALTER TABLE celery_taskmeta DROP COLUMN stamps")
    connection.close()
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    found = everything(open_source(app))
    assert [one.children for one in found] == [None] * 4
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [one.name for one in tmp_path.iterdir()] == ["results.sqlite3"]


def test_no_file_or_table_is_made(tmp_path: Path) -> None:
    app = eager_app(f"db+sqlite:///{tmp_path}/none.sqlite3")
    with pytest.raises(BackendUnavailable, match="no such file"):
        everything(open_source(app))
    (tmp_path / "empty.sqlite3").touch()
    with pytest.raises(BackendUnavailable, match="no table celery_taskmeta and no django_celery"):
        everything(open_url(f"sqlite:///{tmp_path}/empty.sqlite3"))
    assert [one.name for one in tmp_path.iterdir()] == ["empty.sqlite3"]
    assert (tmp_path / "empty.sqlite3").stat().st_size == 0


def test_a_role_that_may_only_read_is_enough(postgres_server: PostgresServer) -> None:
    url = postgres_server.fresh_url()
    app = eager_app(f"db+{url}")
    run(app, 3)
    database = url.rpartition("/")[2]
    postgres_server.execute("CREATE ROLE reader LOGIN", database)
    postgres_server.execute("GRANT SELECT ON celery_taskmeta TO reader", database)
    reading = postgres_server.url(database, user="reader")
    assert len(everything(open_url(reading))) == 4
    assert len(everything(open_source(Celery("kept", backend=f"db+{reading}")))) == 4


def test_postgresql_leaves_no_connection(postgres_server: PostgresServer) -> None:
    url = postgres_server.fresh_url()
    app = eager_app(f"db+{url}")
    run(app, 3)
    app.backend.session_manager.invalidate(app.backend.url)
    source = open_url(url)
    assert len(everything(source, size=1)) == 4
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'"
    assert postgres_server.execute(query.format(url.rpartition("/")[2])) == [(0,)]


def test_a_frozen_server_is_an_error_in_time(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        app = eager_app(server.fresh_url())
        run(app, 1)
        source = open_source(app)
        assert len(everything(source)) == 2
        server.freeze()
        with within(30.0), pytest.raises(BackendUnavailable, match=r"redis://127\.0\.0\.1"):
            everything(source)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/0"),
        ("db+postgresql+psycopg://who:s3cret-word@127.0.0.1:1/x", r"who:\*\*@127"),
        ("db+mysql+nodriver://127.0.0.1/x", "mysql"),
        ("file:///not/there", "No such file or directory"),
        ("nonsense://x", "nonsense"),
    ],
)
def test_what_cannot_be_reached_is_named(url: str, said: str) -> None:
    with pytest.raises(BackendUnavailable, match=said) as caught:
        everything(open_url(url))
    assert "s3cret-word" not in str(caught.value)


def test_an_app_without_a_backend_says_so() -> None:
    with pytest.raises(BackendUnavailable, match="no result backend"):
        open_source(Celery("none", set_as_current=False))


def test_others_are_read_by_id_alone() -> None:
    app = eager_app("cache+memory://")
    ids = run(app, 1)
    source = open_source(app)
    with pytest.raises(NotListed, match="can only be read by id"):
        everything(source)
    assert [one.result for one in everything(source, f"id:{ids[0]}")] == [2]
    assert everything(source, "id:unknown") == []


# -- what is kept may be anything ------------------------------------------------------------------


@pytest.mark.parametrize("serializer", ["json", "yaml", "msgpack", "pickle"])
def test_serializers(serializer: str, redis_url: str, tmp_path: Path) -> None:
    accepted = ["json", serializer]
    for url in (redis_url, f"db+sqlite:///{tmp_path}/results.sqlite3"):
        app = eager_app(url, result_serializer=serializer, result_accept_content=accepted)
        task = app.tasks["shop.add"].apply_async(([1, {"a": "ü"}],), {"y": [2.5, None]})
        for source in (open_source(app), open_url(url)):
            found = source.one(task.id)
            assert found is not None
            assert found.flaw is None
            assert found.result == [1, {"a": "ü"}, 2.5, None]


def test_a_pickle_of_an_object_is_refused_and_said(redis_url: str) -> None:
    app = eager_app(redis_url, result_serializer="pickle", result_accept_content=["pickle"])
    failed = app.tasks["shop.fail"].apply_async(("x",)).id
    added = app.tasks["shop.add"].apply_async((1,)).id
    source = open_source(app)
    found = {one.id: one for one in everything(source)}
    assert found[added].result == 1
    assert "--allow-pickle" in (found[failed].flaw or "")
    pickles.allow(True)
    try:
        allowed = source.one(failed)
    finally:
        pickles.allow(False)
    assert allowed is not None
    assert allowed.exception == "ValueError('x')"


def test_compressed_results_are_expanded(redis_url: str) -> None:
    app = eager_app(redis_url, result_compression="gzip")
    task = app.tasks["shop.add"].apply_async(("x" * 5000,), {"y": "z"})
    stored = app.backend.get(app.backend.get_key_for_task(task.id))
    if not stored.startswith(b"\x00"):
        pytest.skip("this Celery does not compress results")
    found = open_source(app).one(task.id)
    assert found is not None
    assert found.result == "x" * 5000 + "z"


BROKEN = (
    b"\xff\xfe\x00broken",
    b"{",
    b"[1, 2]",
    b"null",
    b'{"status": 7, "result": {"a": NaN}, "children": [[["c1", null], null], 5, {}], "name": [1]}',
    b'{"status": "SUCCESS", "result": "caf\xe9"}',
    b'{"status": "FAILURE", "result": "not a dict", "traceback": 5, "date_done": "soon"}',
    b'{"status": "SUCCESS", "retries": "many", "date_done": 1e400, "worker": {}}',
    b"\x80\x04cos\nsystem\n(S'touch /tmp/never'\ntR.",
    b"\x00celery-compressed\x00application/x-gzip\x00not gzip",
    b"[" * 100_000,
)


def test_broken_values_break_nothing_else(redis_url: str, tmp_path: Path) -> None:
    app = eager_app(redis_url)
    ids = run(app, 2)
    folder = tmp_path / "files"
    folder.mkdir()
    for number, value in enumerate(BROKEN):
        app.backend.client.set(f"celery-task-meta-broken-{number}", value)
        (folder / f"celery-task-meta-broken-{number}").write_bytes(value)
    app.backend.client.lpush("celery-task-meta-a-list", "x")
    (folder / "celery-task-meta-a-folder").mkdir()
    found = {one.id: one for one in everything(open_source(app))}
    assert len(found) == len(ids) + len(BROKEN)
    assert found["broken-5"].result == "caf\ufffd"
    assert found["broken-4"].children == ("c1",)
    flawed = {name for name, one in found.items() if one.flaw is not None}
    assert {"broken-0", "broken-1", "broken-8", "broken-9", "broken-10"} <= flawed
    assert not flawed & set(ids)
    (folder / "celery-task-meta-a-folder").rmdir()
    assert len(everything(open_url(f"file://{folder}"))) == len(BROKEN)


def test_broken_rows_break_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite3"
    app = eager_app(f"db+sqlite:///{path}")
    ids = run(app, 1)
    with sqlite3.connect(path) as connection:
        for number, value in enumerate(BROKEN):
            connection.execute(
                "INSERT INTO celery_taskmeta (task_id, status, result, traceback, date_done)"
                " VALUES (?, CAST(X'FF46' AS TEXT), ?, CAST(X'FFFE41' AS TEXT), 'no time')",
                (f"broken-{number}", value),
            )
    connection.close()
    found: list[StoredResult] = everything(open_source(app))
    assert len(found) == len(ids) + len(BROKEN)
    assert {one.state for one in found} == {"SUCCESS", "FAILURE", "\ufffdF"}
    assert sum(one.flaw is not None for one in found) >= 5
    assert found[0].traceback == "\ufffd\ufffdA"


def test_a_sqlalchemy_pickle_of_older_celery_is_read(tmp_path: Path) -> None:
    import pickle

    path = tmp_path / "results.sqlite3"
    app = eager_app(f"db+sqlite:///{path}")
    (task_id, _) = run(app, 1)
    with sqlite3.connect(path) as connection:
        value = pickle.dumps({"exc_type": "KeyError", "exc_message": ["k"], "exc_module": "x"})
        connection.execute(
            "UPDATE celery_taskmeta SET status='FAILURE', result=? WHERE task_id=?",
            (value, task_id),
        )
    connection.close()
    found = open_source(app).one(task_id)
    assert found is not None
    assert (found.exception, found.flaw) == ("KeyError('k')", None)


def test_times_are_those_of_the_app(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        zones = ("Asia/Kolkata", "America/New_York")
        for zone in zones if kind in ("sqlite", "postgresql") else zones[:1]:
            place = folder / zone.replace("/", "-")
            place.mkdir()
            app = eager_app(backend_url(request, kind, place), timezone=zone)
            ids = run(app, 1)
            found = open_source(app).one(ids[0])
            assert found is not None
            assert abs((found.finished or 0.0) - time.time()) < 30, (kind, zone)
            asked = everything(open_source(app), since=time.time() - 30)
            assert set(ids) <= {one.id for one in asked}, (kind, zone)


def test_custom_fields_and_stamps_are_meta(redis_url: str) -> None:
    app = eager_app(redis_url)
    meta = {"status": "PROGRESS", "result": {"done": 3}, "task_id": "t", "tenant": "a", "stamp": 1}
    app.backend.client.set("celery-task-meta-t", json.dumps(meta))
    found = open_source(app).one("t")
    assert found is not None
    assert (found.state, found.result, found.meta) == (
        "PROGRESS",
        {"done": 3},
        {"tenant": "a", "stamp": 1},
    )
    assert [one.id for one in everything(open_source(app), "state:started")] == ["t"]


def test_one_result_has_its_group_and_what_else_is_kept(redis_url: str) -> None:
    app = eager_app(redis_url)
    app.backend.save_group("group-1", Members(["t", "u", "v"]))
    meta = {"status": "SUCCESS", "result": 1, "task_id": "t", "group_id": "group-1"}
    meta |= {"parent_id": "p", "tenant": {"token": "abc"}}
    app.backend.client.set("celery-task-meta-t", json.dumps(meta))
    app.backend.set_chord_size("group-1", 3)
    app.backend.client.zadd(app.backend.get_key_for_group("group-1", ".j"), {"one": 1})
    found = results.ResultLookup(app, time.time).read_result("t")
    assert found.group is not None
    assert (found.group.members, found.group.missing) == (("t", "u", "v"), 2)
    assert (found.parent_id, found.meta) == ("p", "{'tenant': {'token': '**'}}")
