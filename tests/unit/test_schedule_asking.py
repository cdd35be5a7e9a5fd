"""Entries in a table that beat is asked to send, and what is done as beat takes them or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from celerytui.errors import UsageError
from celerytui.model import PlannedEntry
from celerytui.schedule.asking import KEPT_SECONDS, MOST_LOOKS, SLACK, Answer
from celerytui.schedule.reading import open_url
from celerytui.schedule.source import BeatRules, SourceReader
from tests.unit.test_schedule_poller import ROW
from tests.unit.test_schedule_sources import DJANGO_TABLES

NOW = 1_795_750_000.0
RULES = BeatRules(5.0)
STEP = RULES.loop + SLACK
EARLIER = NOW - 100
BEFORE_TEXT = "its last run in django_celery_beat_periodictask set back, so that it is due now"


def text(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


class Tables:
    """The tables, and what beat does to them; `now` is the time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = NOW
        with closing(sqlite3.connect(path)) as made:
            made.executescript(DJANGO_TABLES + ROW)
        self.reader: SourceReader = open_url(f"sqlite:///{path}")

    def change(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.path)) as at, at:
            at.execute(statement, values)

    def beat_writes(self, last_run: float) -> None:
        """What beat does with what ran since it wrote last, before it reads the tables again."""
        self.change("UPDATE django_celery_beat_periodictask SET last_run_at = ?", text(last_run))

    def value(self, statement: str) -> Any:
        with closing(sqlite3.connect(self.path)) as at:
            found = at.execute(statement).fetchone()
        return found and found[0]

    @property
    def last_run(self) -> Any:
        return self.value("SELECT last_run_at FROM django_celery_beat_periodictask")

    @property
    def changed(self) -> Any:
        return self.value("SELECT last_update FROM django_celery_beat_periodictasks")

    def plan(self) -> PlannedEntry:
        (found,) = self.reader.read(self.now)
        return found

    def ask(self) -> str:
        plan = self.plan()
        assert self.reader.why_not_soon(plan, self.now, RULES) == ""
        return self.reader.run_soon(plan, self.now, RULES)

    def wait(self, seconds: float = STEP) -> Answer:
        self.now += seconds
        self.reader.follow_up(self.now)
        found = self.reader.came_of("sync")
        assert found is not None
        return found


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    made = Tables(tmp_path / "beat.db")
    made.beat_writes(EARLIER)
    yield made
    made.reader.close()


DUE = text(NOW - 300 - 10)


def test_what_beat_takes_is_known_once_it_writes_its_runs(tables: Tables) -> None:
    assert tables.ask() == BEFORE_TEXT
    assert tables.last_run == DUE
    first = tables.changed
    assert first == text(NOW)
    # What is shown is when it really ran.
    assert tables.plan().last_run_at == EARLIER
    assert tables.wait(STEP - 1) == (None, "not sent yet; beat looks every 5 s")
    assert tables.changed == first
    # Beat has sent it, or has not looked yet; it writes once it notices the next change.
    assert tables.wait(1)[0] is None
    assert (tables.last_run, tables.changed) == (DUE, text(tables.now))
    tables.beat_writes(NOW + 2)
    assert tables.wait() == (True, "beat sent it")
    assert tables.plan().last_run_at == NOW + 2
    assert tables.ask() == BEFORE_TEXT


def test_what_beat_overwrites_is_written_once_more(tables: Tables) -> None:
    tables.ask()
    tables.beat_writes(NOW - 60)
    assert tables.wait()[0] is None
    assert (tables.last_run, tables.changed) == (DUE, text(tables.now))
    assert tables.plan().last_run_at == NOW - 60
    tables.beat_writes(NOW - 60)
    assert tables.wait() == (False, "beat overwrote that it is due; send it from here instead")
    assert tables.last_run == text(NOW - 60)


def test_what_ran_just_before_is_not_sent_twice(tables: Tables) -> None:
    """By a clock that is behind it may be the run that was asked for."""
    tables.ask()
    tables.beat_writes(NOW - 3)
    assert tables.wait() == (False, "it ran 3 s before; beat did not send it again")
    assert tables.last_run == text(NOW - 3)


@pytest.mark.parametrize("ran", [EARLIER, None])
def test_what_beat_leaves_alone_gets_its_last_run_back(tables: Tables, ran: float | None) -> None:
    if ran is None:
        tables.change("UPDATE django_celery_beat_periodictask SET last_run_at = NULL")
    tables.ask()
    with pytest.raises(UsageError, match="beat was asked to send it already"):
        tables.ask()
    for _ in range(MOST_LOOKS - 1):
        assert tables.wait()[0] is None
        assert tables.last_run == DUE
    assert tables.wait() == (False, "beat did not send it within 28 s; its last run is back")
    assert tables.last_run == (None if ran is None else text(ran))
    assert tables.changed == text(tables.now)
    changed = tables.changed
    assert tables.wait()[0] is False
    assert tables.changed == changed


def test_a_database_that_goes_away_is_no_answer_until_it_is_gone_for_long(tables: Tables) -> None:
    tables.ask()
    away = tables.path.with_name("away.db")
    tables.path.rename(away)
    assert tables.wait()[0] is None
    away.rename(tables.path)
    tables.beat_writes(NOW + 1)
    assert tables.wait() == (True, "beat sent it")
    tables.ask()
    tables.path.rename(away)
    for _ in range(MOST_LOOKS):
        answer = tables.wait()
    assert answer[0] is False
    assert answer[1].startswith("could not be looked at: there is no file")


def test_what_was_asked_long_ago_is_forgotten(tables: Tables) -> None:
    tables.ask()
    tables.beat_writes(NOW + 1)
    tables.wait()
    tables.now += KEPT_SECONDS
    tables.reader.follow_up(tables.now)
    assert tables.reader.came_of("sync") is None


def test_one_that_is_gone_or_cannot_be_written_is_not_asked_for(tables: Tables) -> None:
    plan = tables.plan()
    tables.change("DELETE FROM django_celery_beat_periodictask")
    with pytest.raises(UsageError, match="there is no entry 'sync'"):
        tables.reader.run_soon(plan, NOW, RULES)
    assert tables.reader.came_of("sync") is None


def test_beat_notices_a_change_though_the_last_one_has_a_later_time(tables: Tables) -> None:
    """Whoever wrote it has a clock that is ahead, and beat looks whether the time has grown."""
    ahead = NOW + 90
    tables.change(
        "INSERT INTO django_celery_beat_periodictasks (ident, last_update) VALUES (1, ?)",
        text(ahead),
    )
    for do in (tables.ask, lambda: tables.reader.set_enabled("sync", False, NOW)):
        before = tables.changed
        do()
        assert before < tables.changed < text(ahead + 1)
