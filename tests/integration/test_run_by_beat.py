"""Entries in tables that beat itself is asked to send: beat's own log says that it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.beats import BeatProject
from tests.integration.databases import PostgresServer

ROWS = """
import django; django.setup()
from datetime import datetime, timedelta, timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
now = datetime.now(timezone.utc)
def add(name, **schedule):
    PeriodicTask.objects.create(name=name, task="shop.add", args=f'["{name}"]', **schedule)
hours, _ = IntervalSchedule.objects.get_or_create(every=1, period="hours")
add("rare", interval=hours)
add("overdue", interval=hours, last_run_at=now - timedelta(days=1))
crontabs = {
    "hourly": {"minute": str((now.minute + 30) % 60)},
    "far": {"minute": "0", "hour": str((now.hour + 9) % 24 if now.hour != 19 else 7)},
}
for name, when in crontabs.items():
    made, _ = CrontabSchedule.objects.get_or_create(**{"timezone": "UTC", **when})
    add(name, crontab=made)
"""
BY_BEAT = {"by": "beat"}


@pytest.fixture(params=["sqlite", "postgres"])
def project(
    request: pytest.FixtureRequest, redis_url: str, tmp_path: Path
) -> Iterator[tuple[BeatProject, str]]:
    """A Django project whose beat is at work, and the URL of its database."""
    if request.param == "sqlite":
        path = tmp_path / "shop.sqlite3"
        url = f"sqlite:///{path}"
        settings: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.fresh_url()
        settings = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.rpartition("/")[2],
            "USER": "owner",
            "HOST": "127.0.0.1",
            "PORT": server.port,
        }
    made = BeatProject(tmp_path / "shop", redis_url, django=settings)
    made.python("-c", ROWS)
    made.start()
    try:
        made.wait_for("overdue", 1)
        yield made, url
    finally:
        made.close()


def test_beat_sends_what_it_is_asked_for(project: tuple[BeatProject, str]) -> None:
    shop, url = project
    came = shop.act(
        ("entry.run_now", "rare", BY_BEAT),
        ("entry.run_now", "hourly", BY_BEAT),
        ("entry.run_now", "far", BY_BEAT),
        ("entry.run_now", "nightly", BY_BEAT),
        look=True,
    )
    due = "its last run in django_celery_beat_periodictask set back, so that it is due now"
    sent = [True, due, True, "beat sent it"]
    assert came[:2] == [sent, sent]
    assert [(ok, found) for ok, _, _, found in came[2:]] == [(False, None)] * 2
    assert came[2][1].endswith("django-celery-beat loads it only within 2 hours of its hour")
    assert came[3][1].endswith("it is disabled: enable it first")
    assert [len(shop.sent(name)) for name in ("rare", "hourly", "far", "nightly")] == [1, 1, 0, 0]
    assert shop.act(("entry.run_now", "rare", BY_BEAT), look=True, url=url) == [sent]
    assert len(shop.sent("rare")) == 2


def test_what_beat_writes_over_is_written_again(project: tuple[BeatProject, str]) -> None:
    """It ran since beat wrote last runs into the table: before beat reads it, it writes that."""
    shop, _ = project
    came = shop.act(("entry.run_now", "overdue", BY_BEAT), look=True, just_ran=0.0)
    assert came[0][2:] == [True, "beat sent it"]
    assert len(shop.sent("overdue")) == 2
