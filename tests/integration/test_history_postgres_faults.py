"""A history on PostgreSQL that cannot be written for a while: it is said, and goes on by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from celery import Celery

from celerytui.engine import recording
from celerytui.errors import HistoryError
from celerytui.history.flush import Flush
from celerytui.history.history import History, StandsBy
from celerytui.history.place import only_place
from celerytui.history.postgres import link as links
from celerytui.history.postgres import writer
from celerytui.history.postgres.place import PostgresPlace
from celerytui.model import TaskState
from celerytui.query import parse_filter
from tests.integration.conftest import serve
from tests.integration.databases import PostgresServer
from tests.integration.postgres_history import found, ids, place_at, record, run, writer_at
from tests.integration.servers import REPO, Server, wait_until
from tests.unit.history_tasks import T0, ended
from tests.unit.test_recording import recorded_at
from tests.waiting import GENEROUS, patience

SECONDS = 15.0
HIDDEN = "s3cret-word"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "FLUSH_SECONDS", 0.01)
    monkeypatch.setattr(recording, "RETRY_SECONDS", 0.05)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may be stopped."""
    yield from serve(lambda: PostgresServer(tmp_path_factory.mktemp("stopped")))


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """An empty database."""
    return postgres_server.fresh_url()


FAULTS = {
    "full": (
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$;"
        " CREATE TRIGGER full_disk BEFORE INSERT ON tasks FOR EACH ROW"
        " EXECUTE FUNCTION full_disk()",
        "DROP TRIGGER full_disk ON tasks",
        "cannot grow: the server's disk is full",
    ),
    "newer": (
        "INSERT INTO alembic_version VALUES ('0099'); SELECT pg_terminate_backend(pid) FROM"
        " pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "DELETE FROM alembic_version WHERE version_num = '0099'",
        "was written by a newer celerytui (schema 99, this one reads 1)",
    ),
    "role": (
        "ALTER ROLE {role} NOSUPERUSER",
        "ALTER ROLE {role} SUPERUSER",
        "the role lacks a permission (USAGE on the schema celerytui_shop_",
    ),
    "read-only": (
        "ALTER ROLE {role} SET default_transaction_read_only = on; SELECT pg_terminate_backend(pid)"
        " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "ALTER ROLE {role} RESET default_transaction_read_only; SELECT pg_terminate_backend(pid)"
        " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "is read-only",
    ),
    "slow": (
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$;"
        " CREATE TRIGGER slow BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION slow()",
        "DROP TRIGGER slow ON tasks",
        "is too slow: a statement took longer than it may",
    ),
    "dropped": ("ALTER SCHEMA {schema} RENAME TO aside", "DROP SCHEMA IF EXISTS aside CASCADE", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_said_and_what_waited_is_written(
    fault: str, postgres_server: PostgresServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, end, said = FAULTS[fault]
    if fault == "slow":
        monkeypatch.setattr(writer, "SECONDS", 1.0)
    record(url, [])
    role = f"writer_{fault.replace('-', '_')}"
    names = {"role": role, "schema": place_at(url).schema}
    postgres_server.execute(f"CREATE ROLE {role} LOGIN SUPERUSER")
    as_role = postgres_server.url(url.rpartition("/")[2], role)
    with recorded_at(place_at(as_role)) as session:
        session.run("a")
        wait_until(lambda: session.recorder.state.recorded == 1, SECONDS, "a task is recorded")
        run(url, begin.format(**names))
        session.run("b", "failed")
        if said:
            wait_until(lambda: said in str(session.recorder.trouble), SECONDS, said)
            session.run("c")
        run(url, end.format(**names))
        wait_until(lambda: "b" in ids(url), SECONDS, "what waited is written")
        wait_until(lambda: session.recorder.trouble is None, SECONDS, "it goes well again")
        assert session.recorder.dropped == 0
    assert sorted(ids(url)) == (["a", "b", "c"] if said else ["b"])


def test_a_role_that_only_reads_reads_all(postgres_server: PostgresServer, url: str) -> None:
    record(url, [[ended(1, T0), ended(2, T0, state=TaskState.FAILURE)]])
    postgres_server.execute("CREATE ROLE history_reader LOGIN")
    reader = postgres_server.url(url.rpartition("/")[2], "history_reader")
    with pytest.raises(HistoryError, match=r"lacks a permission .USAGE on the schema"):
        found(reader)
    schema = place_at(url).schema
    run(url, f"GRANT USAGE ON SCHEMA {schema} TO history_reader")
    run(url, f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO history_reader")
    later = writer_at(url, started=T0 + 86_400)
    later.write(Flush(tasks=[ended(3, T0 + 86_400)]), T0 + 86_400)
    later.close(T0 + 86_400)
    assert len(found(reader)) == place_at(reader).report().rows == 3
    assert all(faults == [] for _, faults in place_at(reader).verify())
    history = place_at(reader).reader()
    assert sum(one.count for one in history.ended(T0, T0 + 90_000, 60)) == 3
    assert history.origin().until == T0 + 86_400
    assert history.samples(T0).queued == []
    history.close()
    replayed = place_at(reader).recording()
    assert sum(one.events or 0 for one in replayed.buckets(9)) == 3
    assert len(list(replayed.entries(T0))) > 3
    replayed.close()
    with pytest.raises(HistoryError, match=r"lacks a permission \(permission denied for"):
        writer_at(reader).open(T0)


def test_a_locked_table_and_a_reader_that_stays(url: str) -> None:
    record(url, [])
    with recorded_at(place_at(url)) as session:
        with place_at(url).connect({}, 60.0) as link, link.transaction():
            link.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
            session.run("a")
            wait_until(lambda: session.recorder.trouble is not None, SECONDS, "trouble")
            assert "is locked by another program" in str(session.recorder.trouble)
        wait_until(lambda: session.recorder.state.recorded == 1, SECONDS, "the task")
        with place_at(url).connect({}, 60.0) as link, link.transaction():
            # As a backup has it for hours: a new day begins all the same.
            link.execute("LOCK TABLE tasks_success, tasks_other IN ACCESS SHARE MODE")
            session.now += 86_400.0
            session.run("b")
            wait_until(lambda: session.recorder.state.recorded == 2, SECONDS, "the next day's")


def test_a_server_that_is_stopped_and_started_again(server: PostgresServer) -> None:
    url = server.fresh_url()
    with recorded_at(place_at(url)) as session:
        session.run("a")
        wait_until(lambda: session.recorder.state.recorded == 1, SECONDS, "the first task")
        server.stop()
        session.run("b")
        wait_until(lambda: session.recorder.trouble is not None, SECONDS, "trouble")
        wait_until(lambda: "no connection" in str(session.recorder.trouble), SECONDS, "no server")
        server.start()
        wait_until(lambda: session.recorder.state.recorded == 2, SECONDS, "the second task")
    assert sorted(ids(url)) == ["a", "b"]
    assert place_at(url).report().gaps == []


def test_a_server_that_stands_still_is_left(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MARGIN_SECONDS", 0.0)
    link = place_at(url).connect({}, 1.0 * patience())
    os.kill(link.info.backend_pid, signal.SIGSTOP)
    try:
        with pytest.raises(psycopg.errors.ConnectionTimeout, match="does not reply"):
            link.execute("SELECT 1")
        assert link.closed
    finally:
        os.kill(link.info.backend_pid if not link.closed else _stopped(url), signal.SIGCONT)


def _stopped(url: str) -> int:
    with place_at(url).connect({}, 5.0) as link:
        ((pid,),) = link.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'celerytui' AND pid <> pg_backend_pid()"
        ).fetchall()
    return int(pid)


def _interrupt_what_waits(url: str, history: History) -> None:
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    here = f"{waits} AND datname = current_database()"
    wait_until(lambda: run(url, here) == [(1,)], SECONDS, "the search to wait for the lock")
    history.interrupt()


def test_a_search_ends_when_it_is_interrupted_and_the_next_one_goes(url: str) -> None:
    record(url, [[ended(1, T0)]])
    history = place_at(url).reader()
    with place_at(url).connect({}, 60.0) as link, link.transaction():
        link.execute("LOCK TABLE open IN ACCESS EXCLUSIVE MODE")
        interrupter = threading.Thread(target=_interrupt_what_waits, args=(url, history))
        interrupter.start()
        with pytest.raises(HistoryError, match="interrupted"):
            list(history.search(parse_filter(""), T0))
        interrupter.join()
    for _ in range(2):
        assert [len(step.tasks) for step in history.search(parse_filter(""), T0)] == [1]
        # One that comes too late does nothing.
        history.interrupt()
    history.close()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"postgresql://who:{HIDDEN}@127.0.0.1:1/x", r"who:\*\*@127.0.0.1:1/x: no connection"),
        (f"postgresql://who:{HIDDEN}@h/x?sslmode=odd", r"\*\*@h/x"),
        (f"postgresql://who:{HIDDEN}@h/x?schema=A;b", "'A;b' is not the name of a schema"),
        (f"postgresql://who:{HIDDEN}@h/x?password=%", r"\*\*@h/x"),
    ],
)
def test_a_place_that_is_no_good_is_said_without_its_password(address: str, said: str) -> None:
    with pytest.raises(HistoryError, match=said) as raised:
        place_at(address).reader()
    assert HIDDEN not in str(raised.value)


def test_a_database_with_another_encoding_is_refused(postgres_server: PostgresServer) -> None:
    postgres_server.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(HistoryError, match="encoding is LATIN1; create one with UTF8"):
        writer_at(postgres_server.url("latin")).open(T0)


def test_without_an_app_it_is_the_only_history_there_is(url: str) -> None:
    with pytest.raises(HistoryError, match="nothing was recorded there"):
        only_place(url, os.environ).reader()
    record(url, [[ended(1, T0)]])
    history = only_place(url, os.environ).reader()
    assert history.task(ended(1, T0).id) is not None
    assert history.task("nothing") is None
    history.close()
    record(f"{url}?schema=other", [])
    with pytest.raises(HistoryError, match=r"there are 2 histories .*: celerytui_shop_\w+ other"):
        only_place(url, os.environ).reader()


# Several recorders


def test_one_writes_and_the_others_take_over(url: str) -> None:
    one, other = writer_at(url), writer_at(url, started=T0 + 1)
    one.write(Flush(tasks=[ended(1, T0)]), T0)
    for _ in range(2):
        with pytest.raises(StandsBy, match="another celerytui records into"):
            other.open(T0 + 2)
    assert not other.is_open
    one.write(Flush(tasks=[ended(2, T0 + 3)]), T0 + 3)
    one.close(T0 + 4)
    other.write(Flush(tasks=[ended(2, T0 + 3), ended(3, T0 + 5)]), T0 + 6)
    assert other.resumed == T0 + 4
    other.close(T0 + 7)
    assert len(found(url)) == 3
    # It knew what happened from before the other one ended: nothing is missing.
    assert place_at(url).report().gaps == []
    later = writer_at(url, started=T0 + 60)
    later.open(T0 + 61)
    later.close(T0 + 61)
    assert place_at(url).report().gaps == [(T0 + 7, T0 + 60, "nothing recorded")]


class Recorders:
    """Recorders of one cluster into one database, each a process."""

    def __init__(self, broker: str, url: str) -> None:
        self.broker, self.url = broker, url
        self.running: list[subprocess.Popen[str]] = []

    def start(self, log: Path) -> subprocess.Popen[str]:
        """One more, with its messages in a file."""
        args = [sys.executable, "-m", "celerytui", "-b", self.broker, "record", "--history"]
        with log.open("w") as stream:
            process = subprocess.Popen([*args, self.url], cwd=REPO, stderr=stream, text=True)
        self.running.append(process)
        return process

    def printed(self, command: str, *args: str) -> str:
        """What a command about the history prints."""
        command_line = [sys.executable, "-m", "celerytui", command, "--history", self.url, *args]
        ran = subprocess.run(command_line, cwd=REPO, capture_output=True, text=True, check=True)
        return ran.stdout

    @property
    def place(self) -> PostgresPlace:
        """The only history of the database."""
        place = only_place(self.url, os.environ)
        assert isinstance(place, PostgresPlace)
        return place

    def written(self, query: str) -> Any:
        """The only value of a query, None before there is a history."""
        try:
            with self.place.connect({}, 5.0) as link:
                row = link.execute(query.encode()).fetchone()
        except HistoryError:
            return None
        return None if row is None else row[0]


@pytest.fixture
def recorders(redis_url: str, url: str) -> Iterator[Recorders]:
    made = Recorders(redis_url, url)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


def test_of_two_recorders_one_is_killed_and_the_other_goes_on(
    recorders: Recorders, tmp_path: Path
) -> None:
    first = recorders.start(tmp_path / "first")
    sessions = "SELECT count(*) FROM sessions"
    wait_until(lambda: recorders.written(sessions) == 1, SECONDS, "the first to write")
    second = recorders.start(tmp_path / "second")
    log = tmp_path / "second"
    wait_until(lambda: "this one takes over" in log.read_text(), SECONDS, "the second to wait")
    wait_until(lambda: "connected to" in log.read_text(), SECONDS, "its connection")
    app = Celery(broker=recorders.broker, set_as_current=False)
    sent, killed = 0, 0.0
    with app.connection() as connection:
        send = app.events.Dispatcher(connection, hostname="w@h").send
        began = time.monotonic()
        while not killed or not recorders.written(f"{sessions} HAVING count(*) = 2"):
            for kind in ("received", "started", "succeeded"):
                send(f"task-{kind}", uuid=f"task-{sent}", name="x", runtime=0.1)
            sent += 1
            if not killed and time.monotonic() - began > 1.5:
                first.kill()
                killed = time.monotonic()
            assert not killed or time.monotonic() - killed < 60 * GENEROUS
        took = time.monotonic() - killed
        send("task-received", uuid="last", name="x")
    wait_until(
        lambda: recorders.written("SELECT count(*) FROM open WHERE length(task) = 5") == 1,
        SECONDS,
        "the last task",
    )
    second.send_signal(signal.SIGTERM)
    assert second.wait(SECONDS * GENEROUS) == 0
    there = [json.loads(line)["id"] for line in recorders.printed("tasks", "--jsonl").splitlines()]
    assert sorted(there) == sorted([*(f"task-{number}" for number in range(sent)), "last"])
    (gap,) = recorders.place.report().gaps
    assert "was lost" in gap[2]
    assert gap[1] is not None
    assert gap[1] - gap[0] < 10 + took
    told = recorders.printed("history")
    assert f"{sent:,} tasks ended" in told
    assert "tasks_success_" in told
    assert "NOT RECORDED" in told
    assert "damaged" not in recorders.printed("history", "--verify")
