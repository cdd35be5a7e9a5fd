"""The tables of django-celery-beat in real databases: questions end in time and only read."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from celerytui.model import Interval
from celerytui.schedule import sql
from celerytui.schedule.sql import SqlDatabase, UrlReader
from tests.integration.databases import PostgresServer
from tests.unit.test_schedule_sources import DJANGO_TABLES

TASK = "django_celery_beat_periodictask"
SLEEP = {"postgres_server": "SELECT pg_sleep(60)", "mariadb_server": "SELECT SLEEP(60)"}
DJANGO = """
import json, sys
import django
from django.conf import settings
settings.configure(
    DATABASES={"default": json.loads(sys.argv[1])}, USE_TZ=True,
    INSTALLED_APPS=["django_celery_beat"],
)
django.setup()
from celerytui.schedule import django_project
django_project.READ_SECONDS = 0.3
database = django_project.DjangoDatabase()
said = []
for writes, statement in json.loads(sys.argv[2]):
    try:
        with database.open(writes=writes) as connection:
            said.append(connection.change(statement, {}))
    except django.db.Error as error:
        said.append(str(error).strip())
print(json.dumps(said))
"""

WITHOUT_ZONES = """
import datetime, json, sys, time
import django
from celery import Celery
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    INSTALLED_APPS=["django_celery_beat"],
    USE_TZ=False, TIME_ZONE="Asia/Kolkata", DJANGO_CELERY_BEAT_TZ_AWARE=False,
)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, PeriodicTask
from django_celery_beat.schedulers import ModelEntry
app = Celery("project", broker="memory://")
app.conf.timezone = "Asia/Kolkata"
once = ClockedSchedule.objects.create(clocked_time=datetime.datetime(2026, 12, 1, 13, 30))
task = PeriodicTask.objects.create(name="once", task="once", clocked=once, one_off=True)
next(ModelEntry(task, app=app)).save()
night = CrontabSchedule.objects.create(minute="30", hour="3", timezone="UTC")
nightly = PeriodicTask.objects.create(name="nightly", task="nightly", crontab=night)
ran = time.time()
remaining = ModelEntry(nightly, app=app).schedule.remaining_estimate(app.now())
from celerytui.schedule.next_run import next_after
from celerytui.schedule.reading import open_sources
for reader in open_sources(app, f"sqlite:///{sys.argv[1]}")[-2:]:
    nightly, entry = reader.read(ran)
    due = next_after(nightly.timing, nightly.timezone, ran)
    off = due - ran - remaining.total_seconds()
    print(json.dumps([reader.name, entry.timing.at, ran - entry.last_run_at, off]))
"""


def test_a_project_without_zones_is_read_as_its_beat_writes_it(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_ZONES, str(tmp_path / "db.sqlite3")],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    at = datetime(2026, 12, 1, 8, tzinfo=timezone.utc).timestamp()
    assert [(name, due) for name, due, *_ in found] == [("django-celery-beat", at)] * 2
    assert all(abs(late) < 100 for _, _, late, _ in found)
    # Its beat runs crontabs in the app's zone, whatever theirs is.
    assert all(abs(off) < 100 for *_, off in found)


@pytest.mark.parametrize("server", SLEEP)
def test_a_database_is_read_within_limits(
    request: pytest.FixtureRequest, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(request.getfixturevalue(server).fresh_url())
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in DJANGO_TABLES.split(";")[:-1]:
            connection.execute(sa.text(statement))
        connection.execute(
            sa.text(
                f"INSERT INTO {TASK} (id, name, task, interval_id, enabled, args, kwargs)"
                " VALUES (1, 'sync', 'shop.sync', 1, true, '[1]', '{}')"
            )
        )
    engine.dispose()
    database = SqlDatabase(url)
    reader = UrlReader(database, None)
    (found,) = reader.read(0.0)
    assert (found.timing, found.args, found.enabled) == (Interval(300.0), (1,), True)
    assert reader.set_enabled("sync", False, 1_795_750_000.0).startswith(TASK)
    assert not reader.read(0.0)[0].enabled

    with (
        pytest.raises(RuntimeError, match=r"(?i)read.only") as error,
        database.open(writes=False) as connection,
    ):
        connection.change(f"UPDATE {TASK} SET enabled = true", {})
    assert "SQL:" not in str(error.value)
    monkeypatch.setattr(sql, "READ_SECONDS", 0.3)
    for writes in (False, True):
        with (
            pytest.raises(RuntimeError, match=r"(?i)timeout|max_statement_time"),
            database.open(writes=writes) as connection,
        ):
            connection.rows(SLEEP[server], {})
    assert not reader.read(0.0)[0].enabled
    database.close()


def django_says(settings: dict[str, Any], *asked: tuple[bool, str]) -> Any:
    """What comes of statements in a Django project, each with whether it may write."""
    done = subprocess.run(
        [sys.executable, "-c", DJANGO, json.dumps(settings), json.dumps(asked)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_django_project_is_read_within_limits(
    postgres_server: PostgresServer,
    tmp_path: Any,
) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    asked = [
        (False, "CREATE TABLE a (b INT)"),
        (True, "CREATE TABLE a (b INT)"),
        (True, "INSERT INTO a VALUES (1)"),
        (False, endless),
    ]
    for settings, refused, ended in (
        (
            {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "a.db")},
            "attempt to write a readonly database",
            "interrupted",
        ),
        (
            {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": postgres_server.fresh_url().rpartition("/")[2],
                "USER": "owner",
                "HOST": "127.0.0.1",
                "PORT": postgres_server.port,
            },
            "read-only transaction",
            "statement timeout",
        ),
    ):
        said = django_says(settings, *asked)
        assert refused in said[0]
        assert said[2] == 1
        assert ended in said[3]
