"""`celerytui schedule`: its document, its table, and where there is nothing to read."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from celerytui.cli.entry import program
from celerytui.document import schedule_document
from celerytui.errors import OutputError
from celerytui.headless.schedule import print_schedule
from celerytui.model import BeatState, ScheduleReading, SourceReading
from celerytui.schedule.standing import Watch, stand
from tests.unit.schedule_plans import plan, run
from tests.unit.test_schedule_sources import DJANGO_TABLES
from tests.unit.test_schedule_standing import seen

NOW = 1_795_750_000.0
ENTRY_FIELDS = [
    *("name", "task", "schedule", "timezone", "enabled", "last_run_at", "next_run_at", "late_by"),
    *("total_runs", "args", "kwargs", "queue", "expires", "missed"),
]


def reading() -> ScheduleReading:
    watch = Watch(NOW, NOW - 9000, sees=True, loop=5.0)
    entries = (
        stand(plan(kwargs={"password": "hunter2hunter2"}), watch, seen(run(NOW - 200))),
        stand(plan(name="fine", total_runs=3, options={"queue": "own", "expires": 9}), watch),
    )
    sources = (
        SourceReading("app.conf"),
        SourceReading("RedBeat", error="no answer", cut=10_000),
    )
    return ScheduleReading(NOW, NOW, sources, entries, BeatState("silent", NOW - 170, "gone"))


def test_the_document_has_exactly_its_fields() -> None:
    document = schedule_document(reading())
    assert list(document) == ["source", "beat", "entries"]
    assert document["source"] == "app.conf"
    assert document["beat"] == {"state": "silent", "since": NOW - 170, "why": "gone"}
    late, fine = document["entries"]
    assert list(late) == ENTRY_FIELDS
    assert (late["missed"], late["late_by"], late["last_run_at"]) == (True, 170.0, NOW - 200)
    assert late["next_run_at"] == NOW - 170
    assert (fine["queue"], fine["expires"], fine["total_runs"]) == ("own", 9.0, 3)


@pytest.mark.parametrize("as_json", [True, False])
def test_it_is_printed_as_json_and_as_a_table(as_json: bool) -> None:
    out = io.StringIO()
    print_schedule(reading(), True, out, as_json=as_json)
    text = out.getvalue()
    if as_json:
        assert [one["name"] for one in json.loads(text)["entries"]] == ["sync", "fine"]
    else:
        assert "beat silent: gone" in text
        assert "RedBeat: no answer" in text
        assert "RedBeat: only 10,000 entries are read, there are more" in text
        assert "missed" in text
        assert "every 30s" in text


def test_a_closed_output_is_an_error() -> None:
    with pytest.raises(OutputError):
        print_schedule(reading(), True, None, as_json=True)


def test_a_database_is_read_without_an_app(tmp_path: Path) -> None:
    path = tmp_path / "beat.sqlite3"
    made = sqlite3.connect(path)
    made.executescript(DJANGO_TABLES)
    made.close()
    args = ["schedule", "--schedule", f"sqlite:///{path}", "--json"]
    done = CliRunner().invoke(program(), args)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["source"] == "django-celery-beat"
    assert document["beat"]["state"] == "unknown"


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["schedule"], 2, "no schedule: name the app with -A, or a database with --schedule"),
        (["schedule", "--schedule", "nowhere"], 2, "is not a URL"),
        (
            ["schedule", "--schedule", "http://a:secret@b"],
            2,
            "not the URL of a database or of Redis",
        ),
        (["schedule", "--schedule", "sqlite:////nowhere/x.db"], 69, "the schedule cannot be read"),
    ],
)
def test_where_there_is_nothing_to_read(args: list[str], status: int, words: str) -> None:
    done = CliRunner().invoke(program(), args)
    assert done.exit_code == status, done.output
    assert words in done.output
    assert "secret" not in done.output
