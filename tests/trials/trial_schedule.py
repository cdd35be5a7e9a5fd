"""django-celery-beat on PostgreSQL, with a real beat: what its log says is what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.beats import BeatProject, entry, near
from tests.integration.conftest import serve
from tests.integration.databases import PostgresServer, postgres_folder
from tests.integration.servers import Server, missing


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
