"""Where the schedule is kept, and how it is read without running or writing anything."""

from __future__ import annotations

import dbm.dumb
import os
import pickle
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.beat import ScheduleEntry as CeleryEntry
from celery.schedules import crontab, schedule

from celerytui.errors import UsageError
from celerytui.model import Clocked, Crontab, Interval, OtherTiming, Solar
from celerytui.schedule import config, reading, tables
from celerytui.schedule import shelf as shelf_file
from celerytui.schedule.beat import Pinged
from celerytui.schedule.config import ConfigReader
from celerytui.schedule.pickled import LARGEST, Placeholder, StoredEntry, read_pickle
from celerytui.schedule.reading import Schedules, open_sources, open_url
from celerytui.schedule.redbeat import client_options
from celerytui.schedule.shelf import ShelfReader
from celerytui.schedule.sql import SqlDatabase, UrlReader
from celerytui.schedule.table_packages import SQLALCHEMY
from celerytui.schedule.tables import TableReader
from celerytui.store import Store

RAN = datetime(2026, 11, 27, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))


class Nightly(schedule):  # type: ignore[misc]  # Celery has no types
    """A schedule of a project's own, which says itself when it is due."""

    def is_due(self, last_run_at: Any) -> Any:
        raise AssertionError("it must not be asked")


class Bomb:
    """What a pickle may have in it: loading it runs a command."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self._mark}",)


def celery_app(**conf: Any) -> Any:
    app = Celery("shop", broker="memory://", set_as_current=False)
    app.conf.update(timezone="Europe/Berlin", **conf)
    return app


def entry_of(name: str, of: Any, **more: Any) -> Any:
    make: Any = CeleryEntry
    return make(name=name, task="shop.sync", schedule=of, last_run_at=RAN, app=celery_app(), **more)


def shelf(folder: Path, entries: Any) -> ShelfReader:
    """The file as beat writes it, in the format that every Python can read."""
    path = folder / "celerybeat-schedule"
    data = entries if isinstance(entries, bytes) else pickle.dumps(entries)
    with dbm.dumb.open(str(path), "n") as file:
        file[b"entries"] = data
    return ShelfReader(path, "Europe/Berlin")


def test_the_configuration_is_read_with_each_kind_of_schedule() -> None:
    app = celery_app(
        beat_schedule={
            "seconds": {"task": "shop.sync", "schedule": 30, "args": (1,)},
            "span": {"task": "shop.sync", "schedule": timedelta(minutes=5), "kwargs": {"a": 1}},
            "night": {"task": "shop.report", "schedule": crontab(minute=30, hour={3, 5})},
            "own": {"task": "shop.report", "schedule": Nightly(run_every=5)},
            "broken": 5,
        }
    )
    found = {one.name: one for one in ConfigReader(app).read(0.0)}
    assert found["seconds"].timing == Interval(30.0)
    assert found["seconds"].args == (1,)
    assert found["span"].timing == Interval(300.0)
    assert found["span"].kwargs == {"a": 1}
    assert found["night"].timing == Crontab("30", "3,5")
    assert found["night"].timezone == "Europe/Berlin"
    assert isinstance(found["own"].timing, OtherTiming)
    assert found["broken"].trouble or found["broken"].task == ""


def test_the_file_of_the_default_scheduler(tmp_path: Path) -> None:
    entries = {
        "often": entry_of("often", schedule(run_every=30), total_run_count=7, args=(1, 2)),
        "night": entry_of("night", crontab(minute=30, hour=3), kwargs={"full": True}),
    }
    reader = shelf(tmp_path, entries)
    often, night = sorted(reader.read(0.0), key=lambda one: one.name, reverse=True)
    assert (often.timing, often.last_run_at, often.total_runs) == (
        Interval(30.0),
        RAN.timestamp(),
        7,
    )
    assert (often.args, often.timezone) == ((1, 2), "Europe/Berlin")
    assert (night.timing, night.kwargs) == (Crontab("30", "3"), {"full": True})
    # It never ran: what is there is when beat first saw it.
    assert (night.last_run_at, night.changed_at) == (None, RAN.timestamp())
    assert sorted(os.listdir(tmp_path)) == [
        f"celerybeat-schedule.{ending}" for ending in ("bak", "dat", "dir")
    ]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_file_runs_nothing_whatever_is_in_it(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "ran"
    entries = {
        "bomb": entry_of("bomb", Bomb(mark)),
        "own": entry_of("own", Nightly(run_every=5)),
        "args": entry_of("args", schedule(run_every=5), args=(Bomb(mark),)),
    }
    # What a scheduler would keep is what it was given, whatever that is.
    for name, of in (("bomb", Bomb(mark)), ("own", Nightly(run_every=5))):
        entries[name].schedule = of
    found = {one.name: one for one in shelf(tmp_path, pickle.dumps(entries, protocol)).read(0.0)}
    assert not mark.exists()
    assert found["args"].timing == Interval(5.0)
    assert found["args"].args == ()
    assert found["args"].unread.endswith("an object of posix.system")
    for name in ("bomb", "own"):
        timing = found[name].timing
        assert isinstance(timing, OtherTiming)
        assert timing.text.endswith("a class of the project: not read")


def test_a_pickle_cannot_change_what_it_calls(tmp_path: Path) -> None:
    # A name, and a state that would be put into what stands for it.
    build = b"cdatetime\ndatetime\n(dS'x'\nI1\nsb."
    with pytest.raises(ValueError, match="must not change"):
        read_pickle(build)
    assert isinstance(read_pickle(b"cceleryx\nAny\n)R."), Placeholder)
    assert isinstance(read_pickle(b"ccelery.beat\nScheduleEntry\n)R."), StoredEntry)
    with pytest.raises(ValueError, match="at most"):
        read_pickle(b"x" * (LARGEST + 1))


def test_a_file_that_is_none_is_an_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "celerybeat-schedule"
    path.write_text("no database")
    app = celery_app(beat_schedule_filename=str(path))
    schedules = Schedules(app, None, Store(), lambda: 0.0)
    schedules.read_sources()
    reading = schedules.judge()
    assert reading.source == "app.conf"
    (error,) = reading.errors
    assert error.startswith("celerybeat-schedule: ")


def test_without_an_app_no_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf(tmp_path, {})
    monkeypatch.chdir(tmp_path)
    default = Celery("default", broker="memory://", set_as_current=False)
    assert [reader.name for reader in open_sources(default, None)] == ["app.conf"]
    assert [reader.name for reader in open_sources(celery_app(), None)] == [
        "app.conf",
        "celerybeat-schedule",
    ]


# -- Tables ------------------------------------------------------------------------------------

DJANGO_TABLES = """
CREATE TABLE django_celery_beat_intervalschedule (id INTEGER PRIMARY KEY, every INT, period TEXT);
CREATE TABLE django_celery_beat_crontabschedule (id INTEGER PRIMARY KEY, minute TEXT, hour TEXT,
    day_of_week TEXT, day_of_month TEXT, month_of_year TEXT, timezone TEXT);
CREATE TABLE django_celery_beat_solarschedule (id INTEGER PRIMARY KEY, event TEXT,
    latitude NUMERIC, longitude NUMERIC);
CREATE TABLE django_celery_beat_clockedschedule (id INTEGER PRIMARY KEY, clocked_time TEXT);
CREATE TABLE django_celery_beat_periodictasks (ident INTEGER PRIMARY KEY, last_update TEXT);
CREATE TABLE django_celery_beat_periodictask (id INTEGER PRIMARY KEY, name TEXT, task TEXT,
    interval_id INT, crontab_id INT, solar_id INT, clocked_id INT, args TEXT, kwargs TEXT,
    headers TEXT, queue TEXT, exchange TEXT, routing_key TEXT, priority INT, expires TEXT,
    expire_seconds INT, one_off BOOL, start_time TEXT, enabled BOOL, last_run_at TEXT,
    total_run_count INT, date_changed TEXT, description TEXT);
INSERT INTO django_celery_beat_intervalschedule VALUES (1, 5, 'minutes');
INSERT INTO django_celery_beat_crontabschedule VALUES (1, '30', '3', '*', '*', '*', 'Asia/Tokyo');
INSERT INTO django_celery_beat_solarschedule VALUES (1, 'sunset', 52.5, 13.4);
INSERT INTO django_celery_beat_clockedschedule VALUES (1, '2026-12-01 08:00:00');
"""
COLUMNS = "name, task, interval_id, crontab_id, solar_id, clocked_id, args, kwargs, enabled"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "beat.sqlite3"
    with sqlite3.connect(path) as made:
        made.executescript(DJANGO_TABLES)
        for row in (
            ("every", "shop.sync", 1, None, None, None, "[1]", '{"a": 2}', 1),
            ("night", "shop.report", None, 1, None, None, "[]", "{}", 0),
            ("dusk", "shop.lamp", None, None, 1, None, "[]", "{}", 1),
            ("once", "shop.mail", None, None, None, 1, "[]", "{}", 1),
            ("none", "shop.mail", None, None, None, None, "[]", "{}", 1),
            ("broken", "shop.mail", 7, None, None, None, "{", "{}", 1),
        ):
            marks = ", ".join("?" * len(row))
            made.execute(
                f"INSERT INTO django_celery_beat_periodictask ({COLUMNS}) VALUES ({marks})", row
            )
        made.execute(
            "UPDATE django_celery_beat_periodictask SET last_run_at = '2026-11-27 03:00:00.5',"
            " total_run_count = 9, expire_seconds = 60, queue = 'high' WHERE name = 'every'"
        )
    made.close()
    return path


def rows_of(path: Path, statement: str) -> list[Any]:
    made = sqlite3.connect(path)
    try:
        return made.execute(statement).fetchall()
    finally:
        made.close()


def test_the_tables_of_django_celery_beat(database: Path) -> None:
    reader = open_url(f"sqlite:///{database}")
    found = {one.name: one for one in reader.read(0.0)}
    every, night = found["every"], found["night"]
    assert reader.name == "django-celery-beat"
    assert (every.timing, every.args, every.kwargs) == (Interval(300.0), (1,), {"a": 2})
    ran = datetime(2026, 11, 27, 3, 0, 0, 500_000, tzinfo=timezone.utc)
    assert (every.last_run_at, every.total_runs) == (ran.timestamp(), 9)
    assert every.options["queue"] == "high"
    assert every.options["expires"] == 60
    assert every.options["headers"] == {"periodic_task_name": "every"}
    assert (night.timing, night.timezone, night.enabled) == (
        Crontab("30", "3"),
        "Asia/Tokyo",
        False,
    )
    assert found["dusk"].timing == Solar("sunset", 52.5, 13.4)
    once = datetime(2026, 12, 1, 8, tzinfo=timezone.utc).timestamp()
    assert (found["once"].timing, found["once"].one_off) == (Clocked(once), True)
    assert found["none"].timing == OtherTiming("no schedule")
    assert found["broken"].timing == OtherTiming("its interval was deleted")
    assert found["broken"].unread.startswith("Expecting property name")


def test_disabling_is_written_so_that_beat_notices(database: Path) -> None:
    reader = open_url(f"sqlite:///{database}")
    reader.read(0.0)
    now = datetime(2026, 11, 27, 4, tzinfo=timezone.utc).timestamp()
    reader.set_enabled("every", False, now)
    task = "SELECT enabled, last_run_at, date_changed FROM django_celery_beat_periodictask"
    stamp = "2026-11-27 04:00:00.000000"
    assert rows_of(database, f"{task} WHERE name = 'every'") == [(0, None, stamp)]
    changes = "SELECT ident, last_update FROM django_celery_beat_periodictasks"
    assert rows_of(database, changes) == [(1, stamp)]
    reader.set_enabled("every", True, now + 1)
    assert rows_of(database, changes) == [(1, "2026-11-27 04:00:01.000000")]
    with pytest.raises(UsageError, match="there is no entry 'nobody'"):
        reader.set_enabled("nobody", True, now)


def test_the_tables_of_celery_sqlalchemy_scheduler(tmp_path: Path) -> None:
    path = tmp_path / "schedule.db"
    with sqlite3.connect(path) as made:
        made.executescript(
            """
            CREATE TABLE celery_interval_schedule (id INTEGER PRIMARY KEY, every INT, period TEXT);
            CREATE TABLE celery_periodic_task_changed (id INTEGER PRIMARY KEY, last_update TEXT);
            CREATE TABLE celery_periodic_task (id INTEGER PRIMARY KEY, name TEXT, task TEXT,
                interval_id INT, crontab_id INT, solar_id INT, args TEXT, kwargs TEXT,
                enabled BOOL, last_run_at TEXT, total_run_count INT, date_changed TEXT);
            INSERT INTO celery_interval_schedule VALUES (1, 10, 'SECONDS');
            INSERT INTO celery_periodic_task VALUES
                (1, 'sync', 'shop.sync', 1, NULL, NULL, '[]', '{}', 1, '2026-11-27 04:00:00', 3,
                 NULL);
            """
        )
    made.close()
    reader = TableReader(SqlDatabase(f"sqlite:///{path}", "Europe/Berlin"), SQLALCHEMY, "UTC")
    (found,) = reader.read(0.0)
    local = datetime(2026, 11, 27, 4, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert (found.timing, found.last_run_at, found.total_runs) == (Interval(10.0), local, 3)
    (same,) = open_url(f"sqlite:///{path}", celery_app()).read(0.0)
    assert same.last_run_at == local
    reader.set_enabled("sync", False, local)
    # That package keeps the last run of what is disabled.
    assert rows_of(path, "SELECT enabled, last_run_at FROM celery_periodic_task") == [
        (0, "2026-11-27 04:00:00")
    ]


@pytest.mark.parametrize("kind", ["app.conf", "shelve", "tables"])
@pytest.mark.parametrize("most", [5, 6])
def test_what_is_left_out_of_a_source_is_said(
    kind: str, most: int, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each source one entry more is asked for than is shown; here it has six."""
    for module in (config, shelf_file, tables):
        monkeypatch.setattr(module, "ASKED", most + 1)
    monkeypatch.setattr(reading, "MOST_ENTRIES", most)
    entries = {f"e{number}": {"task": "shop.sync", "schedule": 30} for number in range(6)}
    app = celery_app(beat_schedule=entries if kind == "app.conf" else {})
    if kind == "shelve":
        shelf(tmp_path, {name: entry_of(name, schedule(30)) for name in entries})
        app.conf.beat_schedule_filename = str(tmp_path / "celerybeat-schedule")
    url = f"sqlite:///{database}" if kind == "tables" else None
    made = Schedules(app, url, Store(clock=lambda: 1000.0), lambda: 1000.0)
    made.read_sources()
    found = made.judge()
    made.close()
    assert found.errors == ()
    assert len(found.entries) == most
    if most == 6:
        assert found.cuts == ()
    else:
        (said,) = found.cuts
        assert said.endswith(": only 5 entries are read, there are more")
        # Whether one that it has not is among the others, nobody knows.
        assert not any(one.differs for one in found.entries)


def test_a_database_without_the_tables_says_which(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    sqlite3.connect(path).close()
    with pytest.raises(UsageError, match="neither the table django_celery_beat_periodictask"):
        UrlReader(SqlDatabase(f"sqlite:///{path}"), None).read(0.0)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.db"
    schedules = Schedules(None, f"sqlite:///{path}", Store(), lambda: 0.0)
    schedules.read_sources()
    (error,) = schedules.judge().errors
    assert error.endswith(f"there is no file {path}")
    assert not path.exists()


@pytest.mark.parametrize("url", ["http://x", "amqp://guest:secret@host//", "ftp://a:secret@b"])
def test_a_url_of_another_kind_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UsageError, match="not the URL of a database or of Redis") as error:
        open_url(url)
    assert "secret" not in str(error.value)


def test_a_mailbox_that_is_left_over_says_nothing_of_beat() -> None:
    gone = Pinged((), ("celerybeat@old",))
    conf = {"a": {"task": "shop.a", "schedule": 300}}

    def state(*pings: Pinged, **more: Any) -> str:
        app = celery_app(beat_schedule=conf, **more)
        answers = list(pings)
        schedules = Schedules(app, None, Store(), lambda: 0.0, lambda: 0.0, lambda: answers.pop(0))
        schedules.read_sources()
        return [schedules.judge().beat.state for _ in pings][-1]

    assert state(gone) == "unknown"
    assert state(gone, beat_enable_remote_control=True) == "silent"
    assert state(Pinged(("celerybeat@old",)), gone) == "silent"
    assert state(Pinged(("celerybeat@new",), gone.silent)) == "alive"


@pytest.mark.parametrize(
    ("conf", "url", "options"),
    [
        ({"redbeat_redis_options": {"db": 3}}, "redis://h", {"db": 3}),
        ({}, "redis://h", {}),
        # The broker is behind sentinels, and RedBeat's own Redis is not.
        ({"redbeat_redis_options": {"sentinels": [("s", 1)], "db": 3}}, "redis://h", {"db": 3}),
        (
            {"broker_transport_options": {"sentinels": [("s", 1)], "password": "p", "x": 1}},
            "redis-sentinel://s",
            {"sentinels": [("s", 1)], "password": "p"},
        ),
        (
            {"broker_transport_options": {"sentinels": [("s", 1)], "visibility_timeout": 9}},
            "redis://h",
            {},
        ),
        ({"broker_use_ssl": {"ssl_cert_reqs": "none"}}, "rediss://h", {"ssl_cert_reqs": "none"}),
        ({"redbeat_redis_use_ssl": {"a": 1}, "broker_use_ssl": {"b": 2}}, "rediss://h", {"a": 1}),
        ({"broker_use_ssl": {"ssl_cert_reqs": "none"}}, "redis://h", {}),
    ],
)
def test_redbeats_redis_is_reached_as_redbeat_does(
    conf: dict[str, Any], url: str, options: dict[str, Any]
) -> None:
    assert client_options(celery_app(**conf).conf, url) == options
