"""Results of real Django projects: databases, roles that only read, servers that are down."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.integration.databases import MariaServer, PostgresServer
from tests.integration.servers import REPO, Process

PROJECT = "tests.integration.django_project"


class Project:
    """The sample project on some databases; each run is a process of its own."""

    def __init__(self, databases: dict[str, Any], **env: str) -> None:
        self.env = os.environ | {
            "PROJECT_DATABASES": json.dumps(databases),
            "PYTHONWARNINGS": "ignore",
            **env,
        }

    def python(self, module: str, *args: str) -> str:
        """What a module of the project prints."""
        done = self._run(sys.executable, "-m", f"{PROJECT}.{module}", *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def plugin(self, *args: str) -> str:
        """What `celery tui` prints."""
        done = self._run(sys.executable, "-m", "celery", "-A", PROJECT, "tui", *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fill(self, count: int) -> list[str]:
        """Ids of the results that were made, in tables that were made before."""
        ids: list[str] = json.loads(self.python("fill", str(count)))
        return ids

    def results(self, *args: str, status: int = 0) -> Any:
        """The lines of `celerytui results --jsonl`, or what it complains of."""
        program = Path(sys.executable).with_name("celerytui")
        done = self._run(str(program), "-q", "-A", PROJECT, "results", "--jsonl", *args)
        assert done.returncode == status, done.stderr
        if status:
            return done.stderr
        assert done.stderr == ""
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            args, env=self.env, cwd=REPO, capture_output=True, text=True, timeout=300
        )


def sqlite(path: Path) -> dict[str, Any]:
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}


def postgres(server: PostgresServer, name: str, user: str = "owner") -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": user,
        "HOST": "127.0.0.1",
        "PORT": server.port,
        "CONN_MAX_AGE": None,
    }


def ids(lines: list[dict[str, Any]]) -> list[str]:
    return [line["id"] for line in lines]


def test_sqlite_with_a_database_for_the_results_alone(tmp_path: Path) -> None:
    other, path = tmp_path / "default.sqlite3", tmp_path / "results.sqlite3"
    project = Project({"default": sqlite(other), "results": sqlite(path)})
    made = project.fill(4)
    with sqlite3.connect(path) as connection:
        counted = connection.execute("SELECT count(*) FROM django_celery_results_taskresult")
        (count,) = counted.fetchone()
        # A text that is not UTF-8 would end a query of Django's own.
        connection.execute(
            "UPDATE django_celery_results_taskresult SET traceback = CAST(X'FF41' AS TEXT)"
            " WHERE task_id = ?",
            (made[0],),
        )
        # Nor is each text a date.
        connection.execute(
            "UPDATE django_celery_results_taskresult SET date_created = '2026-02-31 25:00:00'"
            " WHERE task_id = ?",
            (made[1],),
        )
    connection.close()
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = project.results()
    assert [line["id"] for line in lines if line["created"] is None] == [made[1]]
    assert count == len(lines) == 5
    assert ids(lines) == made[::-1]
    failed, added = lines[0], lines[1]
    assert (failed["name"], failed["state"]) == (f"{PROJECT}.tasks.fail", "FAILURE")
    assert failed["exception"] == "ValueError('it broke: señor')"
    assert "it broke" in failed["traceback"]
    assert (added["args"], added["kwargs"], added["result"]) == ([3], {"y": 2}, 5)
    assert lines[-1]["traceback"] == "\ufffdA"
    assert 0 <= added["finished"] - added["created"] < 60
    query = "name:add worker:* args:3 finished:>-1h state:success"
    assert ids(project.results("--filter", query, "--since", "1h")) == [made[3]]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert not other.exists() or other.stat().st_size == 0
    with sqlite3.connect(path) as connection:
        # As migrations before the last ones left it.
        connection.execute("DROP INDEX django_cele_periodi_1993cf_idx")
        for column in ("periodic_task_name", "date_started"):
            connection.execute(f"ALTER TABLE django_celery_results_taskresult DROP COLUMN {column}")
    connection.close()
    assert ids(project.results()) == made[::-1]
    path.unlink()
    assert f"there is no file {path}" in project.results(status=69)
    assert not path.exists()
    path.mkdir()
    said = project.results(status=69)
    assert "result backend django-db (results): unable to open database file" in said


def test_postgresql_with_a_role_that_only_reads(postgres_server: PostgresServer) -> None:
    name = postgres_server.fresh_url().rpartition("/")[2]
    made = Project({"default": postgres(postgres_server, name)}).fill(4)
    postgres_server.execute("CREATE ROLE django_reader LOGIN", name)
    postgres_server.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO django_reader", name)
    project = Project({"default": postgres(postgres_server, name, "django_reader")})
    counted = postgres_server.execute("SELECT count(*) FROM django_celery_results_taskresult", name)
    lines = project.results()
    assert counted == [(len(lines),)]
    assert ids(lines) == made[::-1]
    query = "name:ADD state:success finished:>-1h -args:1"
    assert ids(project.results("--filter", query, "--since", "1h")) == [made[3], made[2], made[0]]
    update = (
        "UPDATE django_celery_results_taskresult SET date_done = 'infinity' WHERE task_id = '{}'"
    )
    postgres_server.execute(update.format(made[2]), name)
    finished = {line["id"]: line["finished"] for line in project.results()}
    assert list(finished) == made[::-1]
    assert [one for one in finished if finished[one] is None] == [made[2]]
    left = json.loads(project.python("threads"))
    assert left == {"found": [5, 5, 5], "read": ["5", "5", "5"], "others": 0}
    down = postgres(postgres_server, name) | {"PORT": 1, "PASSWORD": "s3cret-word"}
    said = Project({"default": down}).results(status=69)
    assert "result backend django-db (default): connection" in said
    assert "s3cret-word" not in said


PREPARE = """
from celerytui.connect import import_task_modules
from celerytui.results import prepare
from tests.integration.django_project import app

import_task_modules(app)
prepare(app)
print("prepared")
"""


def test_a_query_is_prepared_without_a_connection() -> None:
    address = {"HOST": "127.0.0.1", "PORT": 1, "USER": "nobody", "NAME": "none"}
    database = {"ENGINE": "django.db.backends.postgresql", **address}
    done = Project({"default": database})._run(sys.executable, "-c", PREPARE)
    assert done.stdout == "prepared\n", done.stderr


def test_mariadb_without_time_zones(mariadb_server: MariaServer) -> None:
    name = mariadb_server.fresh_url().rpartition("/")[2].partition("?")[0]
    database = {
        "ENGINE": "django.db.backends.mysql",
        "NAME": name,
        "USER": "root",
        "HOST": "127.0.0.1",
        "PORT": mariadb_server.port,
    }
    project = Project({"default": database}, PROJECT_USE_TZ="no", PROJECT_SERIALIZER="yaml")
    made = project.fill(3)
    lines = project.results("--since", "1h")
    assert ids(lines) == made[::-1]
    assert [line["result"] for line in lines] == [None, 4, 3, 2]


def test_manage_py_runs_the_program_on_the_app_of_the_project(tmp_path: Path) -> None:
    project = Project({"default": sqlite(tmp_path / "results.sqlite3")}, TZ="UTC")
    made = project.fill(1)
    settings = f"--settings={PROJECT}.settings"
    printed = project.python("manage", "celerytui", settings, "-q", "results", "--jsonl")
    assert ids([json.loads(line) for line in printed.splitlines()]) == made[::-1]
    clock = datetime.now(timezone.utc)
    hours = {f"{(clock - timedelta(hours=ago)).hour:02}:" for ago in (0, 1)}
    for table in (project.python("manage", "celerytui", "results"), project.plugin("results")):
        # Not by the TIME_ZONE of the project.
        assert any(line.split()[-1][:3] in hours for line in table.splitlines()[2:]), table
    called = project.python("call", "-q", "results", "--limit", "1", "--jsonl")
    assert ids([json.loads(called)]) == made[:-2:-1]
    named = f"--backend=sqlite:///{tmp_path}/results.sqlite3"
    assert made[0] in project.python("manage", "celerytui", "results", named, "--jsonl")
    told = project.python("manage", "help", "celerytui")
    assert told.startswith("Usage: manage.py celerytui [OPTIONS]")
    assert "--read-only" in told
    assert "No changes detected" in project.python("manage", "makemigrations", "--check")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("import no_such_package", "No module named 'no_such_package'"),
        ("raise AttributeError('its own')", "Its own"),
        ("", "no Celery app found in proj; name it: manage.py celerytui -A MODULE"),
    ],
)
def test_an_app_that_cannot_be_imported_says_why(tmp_path: Path, written: str, said: str) -> None:
    package = tmp_path / "proj"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "settings.py").write_text("INSTALLED_APPS = ['celerytui']\nSECRET_KEY = 'x'\n")
    if written:
        (package / "celery.py").write_text(f"{written}\n")
    args = (sys.executable, "-m", "django", "celerytui", "results")
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "proj.settings", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(args, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode
    assert said in done.stderr


def test_chords_and_groups_of_a_real_worker(tmp_path: Path, redis_url: str) -> None:
    project = Project(
        {"default": sqlite(tmp_path / "results.sqlite3")},
        PROJECT_BROKER=redis_url,
    )
    project.python("manage", "migrate", "-v", "0")
    args = [sys.executable, "-m", "celery", "-A", PROJECT, "worker", "-P", "solo", "-l", "INFO"]
    worker = Process(args, tmp_path / "worker.log", project.env)
    try:
        sent = json.loads(project.python("chord"))
    finally:
        worker.stop(grace=1.0)
    lines = {line["id"]: line for line in project.results()}
    assert sent["progress"] == {"members": sent["waiting"], "missing": 3}
    assert sent["saved"] == sent["members"]
    whole = [[sent["group"], sent["members"], 3, None]]
    assert sent["member"] == sent["body"] == whole
    others = {one: "success" for one in sent["members"] if one != sent["members"][1]}
    assert sent["member_results"] == others
    assert sent["held_back"] == [[sent["waiting_group"], sent["waiting"], 3, 3]]
    assert {lines[one]["group_id"] for one in sent["members"]} == {sent["group"]}
    assert lines[sent["total"]]["result"] == 6
    assert lines[sent["total"]]["group_id"] is None
