"""`celerytui history --import` from a real PostgreSQL, with a role that may only read."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from celerytui.errors import HistoryError
from celerytui.headless.history_import import import_lines
from celerytui.history.flush import Flush
from celerytui.history.folder_place import FolderPlace
from celerytui.model import TaskState
from celerytui.settings import Keeping, Settings
from tests.integration.databases import PostgresServer
from tests.integration.postgres_history import place_at
from tests.integration.servers import REPO
from tests.unit.history_tasks import ended

SECONDS = 120
TABLES = """
CREATE TABLE celery_monitor_workerstate (
    id serial PRIMARY KEY, hostname varchar(255) UNIQUE, last_heartbeat timestamptz
);
CREATE TABLE celery_monitor_taskstate (
    id serial PRIMARY KEY, state varchar(64), task_id varchar(36) UNIQUE, name varchar(200),
    tstamp timestamptz NOT NULL, args text, kwargs text, eta timestamptz, expires timestamptz,
    result text, traceback text, runtime double precision, retries integer, hidden boolean,
    worker_id integer REFERENCES celery_monitor_workerstate
);
INSERT INTO celery_monitor_workerstate (hostname, last_heartbeat) VALUES ('web@h', now());
INSERT INTO celery_monitor_taskstate (state, task_id, name, tstamp, result, retries, worker_id)
    SELECT 'SUCCESS', gen_random_uuid(), 'shop.pay', '{at}', '7', 0, 1
    FROM generate_series(1, 4999);
INSERT INTO celery_monitor_taskstate (state, task_id, name, tstamp, traceback, retries)
    VALUES ('FAILURE', 'order-1', 'shop.pay', '{at}', 'Traceback', 3);
CREATE ROLE {role} LOGIN;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
"""


def run(*args: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "celerytui", *args],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def camera(server: PostgresServer, at: float) -> str:
    """The URL of a database with the tables of a camera, for who may only read it."""
    database = server.fresh_url().rpartition("/")[2]
    server.execute(f"ALTER DATABASE {database} SET timezone TO 'Asia/Kolkata'")
    moment = datetime.fromtimestamp(at, timezone.utc).isoformat()
    role = f"camera_{database}"
    for statement in TABLES.format(at=moment, role=role).split(";\n"):
        if statement.strip():
            server.execute(statement, database)
    return server.url(database, user=role)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_from_postgresql_twice(postgres_server: PostgresServer, tmp_path: Path, kind: str) -> None:
    now = round(time.time()) - 60
    url = camera(postgres_server, now)
    history = f"sqlite:///{tmp_path / 'h'}"
    if kind == "postgresql":
        history = f"{postgres_server.fresh_url()}?schema=shop"
    where = ("--history", history)
    assert run("history", "--import", url, *where).splitlines() == [
        "5,000 tasks imported  0 already there  0 flawed",
        "1 worker imported  0 already there  0 flawed",
    ]
    assert run("history", "--import", url, *where).splitlines() == [
        "0 tasks imported  5,000 already there  0 flawed",
        "0 workers imported  1 already there  0 flawed",
    ]
    (line,) = run("tasks", *where, "--filter", "state:failure", "--jsonl").splitlines()
    task = json.loads(line)
    assert (task["id"], task["finished"], task["traceback"]) == ("order-1", now, "Traceback")
    assert len(run("tasks", *where, "--filter", "state:success", "--jsonl").splitlines()) == 4999


def test_into_postgresql_beside_what_was_recorded(postgres_server: PostgresServer) -> None:
    now = time.time()
    url = camera(postgres_server, now - 60)
    place = place_at(postgres_server.fresh_url())
    recorder = place.writer("shop", "redis://h", Keeping(), now - 3_600)
    mine = ended(1, now - 600, id="order-1", name="mine")
    going_on = ended(2, now - 600, TaskState.STARTED, finished=None)
    recorder.write(Flush([mine, going_on]), now - 500)
    with pytest.raises(HistoryError, match=r"; stop it to import, then start it again"):
        list(import_lines(url, place, Settings(), now))
    recorder.close(now - 400)
    said: list[str] = []
    lines = list(import_lines(url, place, Settings(), now, said.append))
    assert lines[0] == "4,999 tasks imported  1 already there  0 flawed"
    history = place.reader()
    found = history.task("order-1")
    assert found is not None
    assert found.name == "mine"
    assert history.origin().app == "shop"
    # An import records nothing that happens: that time stays unrecorded.
    spans = history.recorded(0.0)
    history.close()
    assert spans == [(now - 3_600, now - 400)]
    after = place.writer("shop", "redis://h", Keeping(), now + 60)
    after.open(now + 60)
    after.close(now + 60)
    assert [gap[:2] for gap in place.report().gaps] == [(now - 400, now + 60)]
    lines = list(import_lines(url, place, Settings(), now + 90))
    assert lines[0] == "0 tasks imported  5,000 already there  0 flawed"


def test_how_far_it_is_is_shown(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celerytui.headless.progress.SHOWN_AFTER_SECONDS", 0.0)
    monkeypatch.setattr("celerytui.headless.progress.SHOWN_EVERY_SECONDS", 0.0)
    now, said = time.time(), list[str]()
    place = FolderPlace(tmp_path / "h")
    url = camera(postgres_server, now - 60)
    list(import_lines(url, place, Settings(), now, said.append))
    assert ["2.0k of 5.0k rows" in one or "2,000 of 5,000 rows" in one for one in said[:1]] == [
        True
    ]
    assert "2,000 imported" in said[0]
    assert "100%" in said[-2]
    assert said[-1] == ""
