"""One entry, file or source that is odd or broken costs none of the others."""

from __future__ import annotations

import math
import pickle
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from celery.beat import ScheduleEntry as CeleryEntry
from celery.schedules import crontab, schedule
from hypothesis import given
from hypothesis import strategies as st

from celerytui.document import schedule_document
from celerytui.model import Clocked, Crontab, Interval, PlannedEntry, ScheduleReading, Solar
from celerytui.schedule import reading as reading_module
from celerytui.schedule.config import ConfigReader
from celerytui.schedule.reading import Schedules, names_of, open_url
from celerytui.schedule.shelf import ShelfReader
from celerytui.schedule.soundness import checked, flawed
from celerytui.schedule.source import Sign, SourceReader
from celerytui.schedule.standing import Watch, stand
from celerytui.schedule.timings import LATEST, stamp
from celerytui.store import Store
from tests.unit.schedule_plans import plan
from tests.unit.test_schedule_sources import DJANGO_TABLES, celery_app

NOW = 1_795_750_000.0
RAN = datetime(2026, 11, 27, 3, 30, tzinfo=timezone.utc)


def read_once(app: Any, url: str | None = None) -> ScheduleReading:
    schedules = Schedules(app, url, Store(clock=lambda: NOW), lambda: NOW, lambda: NOW - 100)
    schedules.read_sources()
    return schedules.judge()


class Odd:
    """A schedule of which nothing can be asked."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"not {name}")


def odd_crontab() -> Any:
    made: Any = crontab()
    made._orig_minute = "*/0"
    return made


@pytest.mark.parametrize(
    ("every", "words"),
    [
        (-5, "its interval of -5 s is always over"),
        (0, "its interval of 0 s is always over"),
        (math.nan, "not a span of time"),
        (math.inf, "not a span of time"),
        (1e300, "not a span of time"),
        (odd_crontab(), "minute '*/0' cannot be read"),
    ],
)
def test_an_entry_with_an_odd_schedule_is_a_row_that_says_so(every: Any, words: str) -> None:
    conf = {
        "odd": {"task": "shop.odd", "schedule": every, "args": (1,)},
        "fine": {"task": "shop.fine", "schedule": crontab(hour=3)},
    }
    found = {one.name: one for one in read_once(celery_app(beat_schedule=conf)).entries}
    assert found["fine"].due_at is not None
    odd = found["odd"]
    assert (odd.due_at, odd.standing) == (None, "unknown")
    assert words in odd.why_unknown
    assert odd.plan.trouble in odd.notes


times = st.none() | st.floats(0, LATEST)
numbers = st.floats() | st.integers(-(10**20), 10**20).map(float)
plans = st.builds(
    plan,
    timing=st.one_of(
        st.builds(Interval, numbers),
        st.builds(Crontab, st.text(max_size=5), st.sampled_from(["*", "3", "*/0", "x"])),
        st.builds(Crontab, day_of_month=st.just("30"), month_of_year=st.just("2")),
        st.builds(Clocked, st.floats(0, LATEST)),
        st.builds(Solar, st.text(max_size=3), numbers, numbers),
    ),
    timezone=st.sampled_from(["UTC", "Pacific/Kiritimati", "../etc", "Mars", "local"]),
    options=st.fixed_dictionaries({"expires": numbers | st.text(max_size=2)}),
    last_run_at=times,
    next_by_source=times,
    starts_at=times,
    expires_at=times,
    changed_at=times,
)


@given(plans, st.sampled_from([None, NOW - 50]))
def test_whatever_a_source_says_an_entry_can_be_judged(one: PlannedEntry, since: Any) -> None:
    entry = stand(checked(one), Watch(NOW, since, sees=True))
    schedule_document(ScheduleReading(NOW, NOW, (), (entry,)))
    # Where all of that were not enough, what is left of it can be.
    left = stand(flawed(one, ValueError("odd")), Watch(NOW, since, sees=True))
    assert (left.why_unknown, left.notes, left.due_at) == ("odd", ("odd",), None)


def test_one_that_cannot_be_judged_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(one: PlannedEntry, *args: Any, **more: Any) -> Any:
        if one.name == "odd" and not one.trouble:
            raise OverflowError("date value out of range")
        return stand(one, *args, **more)

    monkeypatch.setattr(reading_module, "stand", fails)
    conf = {name: {"task": "shop.a", "schedule": crontab()} for name in ("fine", "odd")}
    found = {one.name: one for one in read_once(celery_app(beat_schedule=conf)).entries}
    assert found["fine"].due_at is not None
    assert found["odd"].why_unknown == "date value out of range"


@pytest.mark.parametrize("year", [1, 1969, 9999])
def test_a_time_that_is_meant_as_never_is_one(year: int) -> None:
    at = stamp(datetime(year, 12, 31, 23), timezone.utc)
    assert at == (LATEST if year == 9999 else 0.0)


def test_a_row_of_a_table_that_is_odd_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / "beat.db"
    table = "django_celery_beat_periodictask"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(DJANGO_TABLES)
        made.executescript(
            f"""
            INSERT INTO django_celery_beat_intervalschedule VALUES (2, 'x', 'minutes');
            INSERT INTO django_celery_beat_intervalschedule VALUES (3, 1, 'moons');
            INSERT INTO django_celery_beat_intervalschedule VALUES (4, 9e999, 'days');
            INSERT INTO {table} (name, task, interval_id) VALUES ('a', 'shop.a', 2),
                ('b', 'shop.a', 3), ('c', 'shop.a', 4), (x'ff', 'shop.a', 1), ('fine', 'shop.a', 1);
            UPDATE {table} SET enabled = 1;
            UPDATE {table} SET total_run_count = 'many', last_run_at = 'never' WHERE name = 'a';
            UPDATE {table} SET args = '[1', headers = '[]' WHERE name = 'fine';
            """
        )
        made.commit()
    found = {one.name: one for one in read_once(None, f"sqlite:///{path}").entries}
    assert [name for name, one in found.items() if one.plan.trouble] == ["a", "b", "c"]
    fine = found["fine"]
    assert fine.due_at is None
    # What cannot be read are its arguments alone.
    assert (fine.plan.trouble, fine.args, fine.why_unknown) == (
        "",
        None,
        "it was not seen to run yet",
    )
    assert fine.plan.unread in fine.notes


# -- Files -------------------------------------------------------------------------------------


def test_a_file_of_sqlite_is_read_with_what_is_beside_it(tmp_path: Path) -> None:
    """Python 3.13 makes one, and what is written last is in its log for hours."""
    path = tmp_path / "celerybeat-schedule"

    def stored(count: int) -> tuple[bytes, bytes]:
        make: Any = CeleryEntry
        one = make(
            name="sync",
            task="shop.sync",
            schedule=schedule(run_every=30),
            last_run_at=RAN,
            total_run_count=count,
            app=celery_app(),
        )
        return b"entries", pickle.dumps({"sync": one})

    reader = ShelfReader(path, "UTC")
    with closing(sqlite3.connect(path, isolation_level=None)) as beat:
        beat.execute("PRAGMA journal_mode = wal")
        beat.execute("CREATE TABLE Dict (key BLOB UNIQUE NOT NULL, value BLOB NOT NULL)")
        counts = []
        for count in (1, 2):
            beat.execute("REPLACE INTO Dict VALUES (?, ?)", stored(count))
            counts += [one.total_runs for one in reader.read(0.0)]
        assert counts == [1, 2]
        there = sorted(one.name for one in tmp_path.iterdir())
        assert there == [path.name, f"{path.name}-shm", f"{path.name}-wal"]
    beside = tmp_path / "other"
    beside.mkdir()
    shutil.copy(path, beside)
    assert reader.read(0.0)[0].total_runs == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xce\x9aW\x13" + bytes(60), "this Python cannot read it: db type is dbm.gnu"),
        (bytes(12) + b"\x61\x15\x06\x00" + bytes(60), "in no format that Python's dbm knows"),
        (b"SQLite format 3\0" + bytes(84), "in no format that Python's dbm knows"),
        (b"", "in no format that Python's dbm knows"),
    ],
)
def test_a_format_that_cannot_be_read_is_said(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "shelf").write_bytes(data)
    with pytest.raises(ValueError, match=words):
        ShelfReader(tmp_path / "shelf", "UTC").read(0.0)


# -- Sources -----------------------------------------------------------------------------------


class Scripted(SourceReader):
    """A source with a lock, whose answers are what it was given."""

    writable = True

    def __init__(self, where: str, *answers: Any, name: str = "RedBeat") -> None:
        self.name = name
        self.where = where
        self.answers = list(answers)
        self.written: list[str] = []

    def read(self, now: float) -> list[PlannedEntry]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, list)
        return answer

    def sign(self, now: float) -> Sign | None:
        return Sign(True, now, "it renewed its lock")

    def set_enabled(self, name: str, enabled: bool, now: float) -> str:
        self.written.append(name)
        return "written"


def schedules_of(*readers: SourceReader) -> Schedules:
    made = Schedules(None, None, Store(clock=lambda: NOW), lambda: NOW)
    made._readers = list(readers)
    return made


def test_an_entry_is_changed_where_it_is_kept_however_sources_are_called() -> None:
    one = Scripted("redis://a", [plan(source="RedBeat"), plan(name="a", source="RedBeat")])
    two = Scripted("redis://b", [plan(source="RedBeat")])
    made = schedules_of(one, two)
    made.read_sources()
    entries = {entry.name: entry for entry in made.judge().entries}
    for entry in entries.values():
        made.writer(entry).set_enabled(entry.name, False, NOW)
    assert (one.written, two.written) == (["a"], ["sync"])
    assert entries["a"].plan.source == "RedBeat at redis://a"
    assert entries["sync"].plan.source == "RedBeat at redis://b"


def test_sources_of_one_name_and_place_have_names_of_their_own() -> None:
    readers = [Scripted("x"), Scripted("x"), Scripted("", name="app.conf"), Scripted("y", name="")]
    assert list(names_of(readers)) == ["RedBeat at x", "RedBeat at x (2)", "app.conf", "y"]


def test_a_lock_that_cannot_be_read_proves_nothing() -> None:
    plans = [plan(source="RedBeat")]
    made = schedules_of(Scripted("redis://a", plans, OSError("gone"), plans))
    states = []
    for _ in range(3):
        made.read_sources()
        reading = made.judge()
        states.append((reading.beat.state, len(reading.entries), reading.errors))
    assert states == [
        ("alive", 1, ()),
        ("unknown", 1, ("RedBeat: gone",)),
        ("alive", 1, ()),
    ]


def test_the_configuration_may_be_anything() -> None:
    app = celery_app(beat_schedule={"a": Odd(), "b": {"task": "shop.b", "schedule": 5}})
    found = {one.name: one for one in ConfigReader(app).read(0.0)}
    assert found["a"].trouble
    assert found["b"].timing == Interval(5.0)


def test_a_url_of_no_kind_leaves_what_the_app_has() -> None:
    conf = {"a": {"task": "shop.a", "schedule": crontab()}}
    reading = read_once(celery_app(beat_schedule=conf), "http://a:secret@b")
    assert [one.name for one in reading.entries] == ["a"]
    (error,) = reading.errors
    assert "not the URL of a database or of Redis" in error
    assert "secret" not in error


def test_a_setting_of_beat_may_be_anything() -> None:
    conf = {"a": {"task": "shop.a", "schedule": crontab()}}
    reading = read_once(celery_app(beat_schedule=conf, beat_max_loop_interval="often"))
    assert reading.entries[0].due_at is not None


def test_a_url_with_options_makes_no_file(tmp_path: Path) -> None:
    for path in ("a.db?timeout=5", "file:b.db?mode=rwc&uri=true"):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            open_url(f"sqlite:///{tmp_path}/{path}").read(0.0)
    assert list(tmp_path.iterdir()) == []
