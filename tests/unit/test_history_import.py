"""What django-celery-monitor and django-celery kept comes into a history, once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.errors import HistoryError
from celerytui.headless.history_import import import_lines
from celerytui.history import django_monitor
from celerytui.history.django_monitor import CameraTables, task_of, worker_of
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.folder_place import FolderPlace
from celerytui.history.known import known_tasks
from celerytui.history.report import report
from celerytui.model import Task, TaskState
from celerytui.settings import Keeping, Settings
from tests.unit.history_tasks import DAY, T0, ended, found, writer

STATES = ("PENDING", "RECEIVED", "STARTED", "RETRY", "SUCCESS", "FAILURE", "REVOKED", "REJECTED")


def at(seconds: float) -> str:
    """A time as Django writes it into SQLite."""
    return datetime.fromtimestamp(T0 + seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


def row(number: int, state: str = "SUCCESS", seconds: float = 0.0, **more: Any) -> dict[str, Any]:
    found = {
        "state": state,
        "task_id": ended(number, T0).id,
        "name": "shop.pay",
        "tstamp": at(seconds),
        "args": "(1,)",
        "kwargs": "{}",
        "eta": None,
        "result": "'paid'" if state == "SUCCESS" else "ValueError('no')",
        "traceback": None,
        "runtime": 1.5,
        "retries": 2,
        "worker_id": 1,
        "hidden": 0,
    }
    return found | more


def database(path: Path, rows: Sequence[dict[str, Any]], prefix: str = "celery_monitor") -> str:
    """The URL of a database with the tables of a camera; more rows where it is there."""
    with closing(sqlite3.connect(path)) as connection, connection:
        run = connection.execute
        run(
            f"CREATE TABLE IF NOT EXISTS {prefix}_workerstate (id INTEGER PRIMARY KEY,"
            " hostname varchar(255) UNIQUE, last_heartbeat datetime NULL)"
        )
        run(
            f"CREATE TABLE IF NOT EXISTS {prefix}_taskstate (id INTEGER PRIMARY KEY, state varchar"
            "(64), task_id varchar(36), name varchar(200), tstamp datetime, args text, kwargs text,"
            " eta datetime, result text, traceback text, runtime real, retries integer,"
            " worker_id integer, hidden bool)"
        )
        for id, name, seen in ((1, "web@h", at(0)), (2, "new@h", None)):
            run(f"INSERT OR IGNORE INTO {prefix}_workerstate VALUES (?, ?, ?)", (id, name, seen))
        for one in rows:
            names, places = ", ".join(one), ", ".join("?" * len(one))
            run(f"INSERT INTO {prefix}_taskstate ({names}) VALUES ({places})", tuple(one.values()))
    return f"sqlite:///{path}"


def imported(url: str, folder: Path, now: float = T0 + 60, **keeping: float) -> list[str]:
    kept = Keeping(**keeping)  # type: ignore[arg-type]  # only times are given
    return list(import_lines(url, FolderPlace(folder), Settings(keeping=kept), now))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "h"


def test_each_state_comes_with_what_its_row_says(tmp_path: Path, place: Path) -> None:
    url = database(
        tmp_path / "db", [row(number, state, number) for number, state in enumerate(STATES)]
    )
    assert imported(url, place) == [
        "8 tasks imported  0 already there  0 flawed",
        "1 worker imported  0 already there  1 flawed",
    ]
    by_state = {task.state.constant: task for task in found(place)}
    assert set(by_state) == set(STATES)
    done, failed = by_state["SUCCESS"], by_state["FAILURE"]
    assert (done.name, done.worker, done.args, done.retries) == ("shop.pay", "web@h", "(1,)", 2)
    assert (done.result, done.more.exception, done.runtime) == ("'paid'", None, 1.5)
    assert (done.seen, done.finished, done.started) == (T0 + 4, T0 + 4, None)
    assert (failed.result, failed.more.exception) == (None, "ValueError('no')")
    assert by_state["RETRY"].more.exception == "ValueError('no')"
    assert by_state["PENDING"].sent == T0
    assert by_state["RECEIVED"].received == T0 + 1
    assert by_state["STARTED"].started == T0 + 2
    assert {task.id for task in found(place, "source:django")} == {
        task.id for task in by_state.values() if task.state.finished
    }
    (file,) = Folder(place).segments()
    with closing(sqlite3.connect(file.path)) as connection:
        samples = connection.execute("SELECT at, status FROM workers").fetchall()
    assert samples == [(T0, "online")]


PROJECT = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(USE_TZ=False, TIME_ZONE="Asia/Kolkata")
from celerytui.headless.history_import import import_lines
from celerytui.history.folder_place import FolderPlace
from celerytui.settings import Settings
place = FolderPlace(Path(sys.argv[2]))
for line in import_lines(sys.argv[1], place, Settings(), float(sys.argv[3])):
    print(line)
"""


def test_times_of_a_project_without_zones_are_in_its_own(tmp_path: Path, place: Path) -> None:
    url = database(tmp_path / "db", [row(0)])
    ran = subprocess.run(
        [sys.executable, "-c", PROJECT, url, str(place), str(T0 + 60)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.stdout.startswith("1 task imported"), ran.stderr
    (task,) = found(place)
    assert task.seen == T0 - 5.5 * 3600


def test_twice_imports_nothing_twice_and_goes_on_where_it_ended(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(django_monitor, "PAGE", 3)
    rows = [row(number, STATES[number % 8], number / 10) for number in range(10)]
    url = database(tmp_path / "db", rows)
    assert imported(url, place)[0] == "10 tasks imported  0 already there  0 flawed"
    before = found(place)
    assert imported(url, place) == [
        "0 tasks imported  10 already there  0 flawed",
        "0 workers imported  1 already there  1 flawed",
    ]
    assert found(place) == before
    database(tmp_path / "db", [row(10)])
    database(tmp_path / "db", [row(11), row(10)], "djcelery")  # the older tables beside them
    assert imported(url, place)[0] == "2 tasks imported  11 already there  0 flawed"
    # One that had not ended has now.
    database(tmp_path / "db2", [row(0, "FAILURE", 9.0)])
    later = imported(f"sqlite:///{tmp_path / 'db2'}", place, T0 + 2 * DAY)
    assert later[0] == "1 task imported  0 already there  0 flawed"
    assert [task.state for task in found(place) if task.id == ended(0, T0).id] == [
        TaskState.FAILURE
    ]
    assert len(found(place)) == 12


def test_what_was_recorded_is_left_as_it_is(tmp_path: Path, place: Path) -> None:
    made = writer(place)
    going_on = Task(ended(2, T0).id, 1, TaskState.STARTED, "mine", seen=T0)
    made.write(Flush(tasks=[ended(1, T0, name="mine"), going_on]), T0)
    made.close(T0)
    url = database(tmp_path / "db", [row(1, "FAILURE"), row(2, "RECEIVED"), row(3)])
    assert imported(url, place)[0] == "1 task imported  2 already there  0 flawed"
    assert {task.name for task in found(place)} == {"mine", "shop.pay"}


def test_what_would_be_removed_soon_is_left_out(tmp_path: Path, place: Path) -> None:
    rows = [
        row(1, seconds=-4 * DAY),
        row(2, "FAILURE", -4 * DAY),
        row(3, "FAILURE", -31 * DAY),
        row(4, "STARTED", -31 * DAY),
        row(5),
    ]
    said = imported(database(tmp_path / "db", rows), place)
    assert said[0] == (
        "2 tasks imported  0 already there  3 older than [history] keeps them  0 flawed"
    )
    again = imported(f"sqlite:///{tmp_path / 'db'}", place, successes=9 * DAY, others=99 * DAY)
    assert again[0] == "3 tasks imported  2 already there  0 flawed"


@pytest.mark.parametrize(
    "odd",
    [
        {"state": "GONE"},
        {"state": "LOST"},
        {"state": None},
        {"task_id": None},
        {"task_id": ""},
        {"tstamp": None},
        {"tstamp": "soon"},
        {"retries": 2**62, "runtime": 1e300},
    ],
)
def test_a_row_that_makes_no_sense_costs_itself_alone(
    tmp_path: Path, place: Path, odd: dict[str, Any]
) -> None:
    url = database(tmp_path / "db", [row(1, **odd), row(2, args=b"\xff\xfe", worker_id=77)])
    assert imported(url, place)[0] == "1 task imported  0 already there  1 flawed"
    (task,) = found(place)
    assert (task.args, task.worker) == ("\ufffd\ufffd", None)


values = st.none() | st.text() | st.binary() | st.integers() | st.floats() | st.datetimes()
names = st.sampled_from([*row(1), "expires"])
rows = st.dictionaries(names, values | st.sampled_from(STATES))


@given(rows, values)
def test_any_row_is_a_task_or_none(some: dict[str, Any], hostname: Any) -> None:
    task = task_of(some | {"hostname": hostname}, "w", timezone.utc)
    assert task is None or (task.id and task.seen == task.seen)
    worker = worker_of({"hostname": hostname, "last_heartbeat": some.get("tstamp")}, timezone.utc)
    assert worker is None or worker.hostname


def test_an_import_is_no_recording(tmp_path: Path, place: Path) -> None:
    made = writer(place)
    made.write(Flush(tasks=[ended(50, T0)]), T0)
    made.close(T0)
    imported(database(tmp_path / "db", [row(1)]), place, T0 + 2 * DAY)
    after = writer(place, started=T0 + 3 * DAY)
    after.open(T0 + 3 * DAY)
    after.close(T0 + 3 * DAY)
    assert after.resumed == T0
    assert report(Folder(place)).gaps == [(T0, T0 + 3 * DAY, "nothing recorded")]


def test_what_is_in_the_way_is_said(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HistoryError, match="there is no file"):
        imported(f"sqlite:///{tmp_path / 'nothing'}", place)
    (tmp_path / "empty").touch()
    with pytest.raises(HistoryError, match="no table celery_monitor_taskstate and no djc"):
        imported(f"sqlite:///{tmp_path / 'empty'}", place)
    with pytest.raises(HistoryError, match=r"psycopg://u:\*\*@127.0.0.1:1/x") as refused:
        imported("postgresql+psycopg://u:pw9x@127.0.0.1:1/x", place)
    assert "pw9x" not in str(refused.value)
    with pytest.raises(HistoryError, match="nonsense: Could not parse"):
        imported("nonsense", place)
    url = database(tmp_path / "db", [row(1)])
    recorder = writer(place)
    recorder.open(T0)
    with pytest.raises(HistoryError, match="; stop it to import, then start it again"):
        imported(url, place)
    recorder.close(T0)
    (file,) = Folder(place).segments()
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(HistoryError, match=r"1\.db is damaged"):
        known_tasks(Folder(place), ["a"])
    file.path.write_bytes(whole)
    before = (tmp_path / "db").read_bytes()
    imported(url, place)
    assert (tmp_path / "db").read_bytes() == before
    tables = CameraTables(url)
    tables.open()
    tables.close()
