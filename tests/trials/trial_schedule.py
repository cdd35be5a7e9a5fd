"""Beats that run twice, are killed, or keep their schedule in PostgreSQL."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from celerytui.engine import Engine
from celerytui.settings import Settings
from tests.integration.beats import BeatProject, entry, near
from tests.integration.conftest import serve
from tests.integration.databases import PostgresServer, postgres_folder
from tests.integration.servers import Process, Server, missing, wait_until


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if postgres_folder() is None:
        missing("postgres")
    yield from serve(lambda: PostgresServer(tmp_path_factory.mktemp("postgres")))


def test_django_celery_beat_on_postgresql(
    postgres: PostgresServer, redis_server: Server, tmp_path: Path
) -> None:
    url = postgres.fresh_url()
    settings = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": str(postgres.port),
        "USER": "owner",
        "NAME": url.rpartition("/")[2],
    }
    project = BeatProject(tmp_path / "shop", redis_server.fresh_url(), django=settings)
    project.start()
    try:
        project.wait_for("often", 2)
        document = project.schedule("--for", "3s")
        assert document["beat"]["state"] == "alive"
        often = entry(document, "often")
        assert near(often["last_run_at"], project.sent("often"))
        assert often["next_run_at"] == pytest.approx(often["last_run_at"] + 1)

        assert project.act(("entry.disable", "often", {}))[0][0] is True
        silent = len(project.sent("often")) + 2
        project.wait_for("besides", len(project.sent("besides")) + 4)
        assert len(project.sent("often")) <= silent
        text = project.python("-m", "celerytui", "schedule", "--schedule", url, "--json")
        assert entry(json.loads(text), "often")["enabled"] is False
        assert project.act(("entry.enable", "often", {}))[0][0] is True
        project.wait_for("often", silent + 1)

        # A role that may only read sees the schedule, and is told why it cannot change it.
        name = settings["NAME"]
        postgres.execute("CREATE ROLE reader LOGIN", name)
        postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", name)
        read_only = postgres.url(name, "reader")
        text = project.python("-m", "celerytui", "schedule", "--schedule", read_only, "--json")
        assert entry(json.loads(text), "often")["enabled"] is True

        # One that is down is an error of the source, and what the app says is still there.
        postgres.stop()
        document = project.schedule("--for", "1s")
        assert document["source"] == "app.conf"
    finally:
        project.close()


def test_two_beats_are_noticed_and_one_that_follows_is_none(
    redis_server: Server, tmp_path: Path
) -> None:
    project = BeatProject(tmp_path / "shop", redis_server.fresh_url())
    app = Celery("shop", broker=project.url, set_as_current=False)
    app.conf.beat_schedule = {"often": {"task": "shop.add", "schedule": 1.0, "args": (1, 2)}}
    engine = Engine(app, Settings(), headless=True)
    engine.start()
    beats: list[Process] = []

    def state() -> str:
        return engine.schedule.reading.beat.state

    def alerts() -> list[str]:
        return [alert.id for alert in engine.health.alerts]

    try:
        for number in range(2):
            beats.append(project.start("-s", f"beat{number}"))
        wait_until(lambda: state() == "two", 30, "two beats to be seen")
        wait_until(lambda: "beat.two" in alerts(), 10, "an alert")
        beats[0].stop()
        wait_until(lambda: state() == "alive", 60, "one beat to be left")
        # A new one in the place of the other is a restart.
        beats[1].stop()
        beats.append(project.start("-s", "beat2"))
        wait_until(lambda: len(engine.schedule.reading.entries[0].recent) > 3, 30, "its runs")
        end = engine.clock() + 15
        wait_until(lambda: state() == "two" or engine.clock() > end, 20, "some seconds to pass")
        assert state() == "alive"
    finally:
        engine.stop()
        app.close()
        for beat in beats:
            beat.stop(grace=2.0)


def test_a_redbeat_that_is_killed_is_noticed_by_its_lock(
    redis_server: Server, tmp_path: Path
) -> None:
    url = redis_server.fresh_url()
    project = BeatProject(
        tmp_path / "shop",
        url,
        beat_scheduler="redbeat.RedBeatScheduler",
        redbeat_redis_url=url,
        redbeat_lock_timeout=20,
    )
    beat = project.start()
    try:
        project.wait_for("often", 2)
        assert project.schedule("--for", "0s")["beat"]["state"] == "alive"
        beat.send(signal.SIGKILL)
        # The lock lasts for 20 s; it should have been renewed each second, and 10 s are allowed.
        wait_until(
            lambda: project.schedule("--for", "0s")["beat"]["state"] == "silent", 30, "silence"
        )
    finally:
        project.close()
