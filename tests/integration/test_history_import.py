"""`celerytui history --import` from a real PostgreSQL, with a role that may only read."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from tests.integration.databases import PostgresServer
from tests.integration.servers import REPO

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
CREATE ROLE camera_reader LOGIN;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO camera_reader;
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


def test_from_postgresql_twice(postgres_server: PostgresServer, tmp_path: Path) -> None:
    database = postgres_server.fresh_url().rpartition("/")[2]
    now = round(time.time()) - 60
    postgres_server.execute(f"ALTER DATABASE {database} SET timezone TO 'Asia/Kolkata'")
    moment = datetime.fromtimestamp(now, timezone.utc).isoformat()
    for statement in TABLES.format(at=moment).split(";\n"):
        if statement.strip():
            postgres_server.execute(statement, database)
    url = postgres_server.url(database, user="camera_reader")
    where = ("--history", f"sqlite:///{tmp_path / 'h'}")
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
