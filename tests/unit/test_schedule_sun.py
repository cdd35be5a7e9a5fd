"""Entries that go by the sun: when they are due, whether they are late, and what tells."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from celery.schedules import solar
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.document import schedule_document
from celerytui.model import ScheduleEntry, ScheduleReading, Solar
from celerytui.schedule import sun
from celerytui.schedule.next_run import QUARTER, last_before, next_after, quarter_of
from celerytui.schedule.reading import Schedules
from celerytui.schedule.runs import EntryRuns
from celerytui.schedule.standing import Watch, stand
from celerytui.store import Store
from tests.unit.schedule_plans import plan, run
from tests.unit.test_schedule_sources import DJANGO_TABLES, celery_app

BERLIN = Solar("sunset", 52.5, 13.4)
TROMSO = Solar("sunrise", 69.6, 18.9)
NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc).timestamp()
SUNSET = datetime(2026, 11, 28, 14, 58, 30, tzinfo=timezone.utc).timestamp()
DAY = 86_400.0
ROW = """
INSERT INTO django_celery_beat_solarschedule VALUES (7, 'sunset', 52.5, 13.4);
INSERT INTO django_celery_beat_periodictask (name, task, solar_id, enabled, args, kwargs,
    last_run_at) VALUES ('table', 'shop.lamps', 7, 1, '[]', '{}', '2026-11-27 15:01:00');
"""


def by_celery(of: Solar, after: float) -> float:
    """When beat would run it next, after a run at that time."""
    last = datetime.fromtimestamp(after, timezone.utc)
    made: Any = solar(of.event, of.latitude, of.longitude, nowfun=lambda: last)
    return after + float(made.remaining_estimate(last).total_seconds())


def by_celery_if_it_can(of: Solar, after: float) -> float | None:
    """The same, None where the sun does not rise for Celery before 5.7: it fails there."""
    with contextlib.suppress(TypeError):
        return by_celery(of, after)
    return None


events = st.builds(
    Solar,
    st.sampled_from(["dawn_civil", "sunrise", "solar_noon", "sunset", "dusk_astronomical"]),
    st.floats(-48, 48),
    st.floats(-180, 180),
)


@given(events, st.floats(NOW - 300 * DAY, NOW + 300 * DAY), st.floats(0, 2 * DAY))
@settings(deadline=None, max_examples=60)
def test_the_sun_rises_when_celery_says_so(of: Solar, after: float, later: float) -> None:
    assert next_after(of, "UTC", after) == pytest.approx(by_celery(of, after), abs=1)
    # Also where it was asked for another time before.
    assert next_after(of, "UTC", after + later) == pytest.approx(
        by_celery(of, after + later), abs=1
    )
    before = last_before(of, "UTC", after)
    assert before is not None
    assert before <= after
    assert next_after(of, "UTC", before) == pytest.approx(by_celery(of, after), abs=1)


@pytest.mark.parametrize(
    ("ago", "standing", "missed"),
    [(-5.0, "ok", False), (20.0, "late", False), (90, "missed", True)],
)
def test_it_is_late_or_missed_by_the_sun(ago: float, standing: str, missed: bool) -> None:
    now = SUNSET + ago
    watch = Watch(now, now - 2 * DAY, sees=True, loop=5.0)
    entry = stand(plan(timing=BERLIN, last_run_at=SUNSET - DAY + 90), watch)
    assert entry.due_at == pytest.approx(SUNSET, abs=2)
    assert (entry.standing, entry.missed) == (standing, missed)
    # The quarter of an hour that is due, and tomorrow's where that is not later than a day.
    places = [place for place, count in enumerate(entry.upcoming) if count]
    assert places[0] == max(SUNSET, now) // QUARTER - quarter_of(now) // QUARTER
    assert max(entry.upcoming) == 1


def test_by_how_much_a_run_was_late_is_known() -> None:
    seen = EntryRuns()
    seen.take(run(SUNSET - DAY + 10))
    seen.take(run(SUNSET + 25))
    watch = Watch(SUNSET + 60, SUNSET - 2 * DAY, sees=True)
    entry = stand(plan(timing=BERLIN), watch, seen)
    assert entry.late_by == pytest.approx(25, abs=2)
    assert entry.due_at == pytest.approx(by_celery(BERLIN, SUNSET + 60), abs=1)


def entries(tmp_path: Path) -> dict[str, ScheduleEntry]:
    """The entries of an app and of a table of django-celery-beat."""
    path = tmp_path / "beat.db"
    if not path.exists():
        with contextlib.closing(sqlite3.connect(path)) as made:
            made.executescript(DJANGO_TABLES + ROW)
    # What an app that was loaded has: without the package none can be made.
    own = {"task": "shop.lamps", "schedule": LAMPS}
    app = celery_app(beat_schedule={"conf": own})
    schedules = Schedules(app, f"sqlite:///{path}", Store(clock=lambda: NOW), lambda: NOW)
    try:
        schedules.read_sources()
        return {one.name: one for one in schedules.judge().entries}
    finally:
        schedules.close()


LAMPS = solar("sunset", 52.5, 13.4)


def test_sources_have_entries_by_the_sun(tmp_path: Path) -> None:
    found = entries(tmp_path)
    assert {name: one.words for name, one in found.items()} == {
        "conf": "sunset at 52.5N 13.4E",
        "table": "sunset at 52.5N 13.4E",
    }
    for one in found.values():
        assert one.due_at == pytest.approx(SUNSET, abs=2)
        assert sum(one.upcoming) == 1


def test_without_the_package_its_name_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sun._spans.cache_clear()
    monkeypatch.setitem(sys.modules, "ephem", None)
    for one in entries(tmp_path).values():
        assert (one.due_at, one.missed) == (None, False if one.name == "table" else None)
        assert one.why_unknown == "the time of the sun needs the package ephem"
        document = schedule_document(ScheduleReading(NOW, NOW, (), (one,)))
        assert document["entries"][0]["next_run_at"] is None


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (Solar("moonrise", 52.5, 13.4), "moonrise"),
        (Solar("sunset", 520.0, 13.4), "520"),
        (Solar("sunset", float("nan"), 13.4), ""),
    ],
)
def test_what_is_no_event_of_the_sun_is_a_row_that_says_so(of: Solar, words: str) -> None:
    entry = stand(plan(timing=of, last_run_at=NOW - DAY), Watch(NOW, NOW - DAY, sees=True))
    assert entry.due_at is None
    assert entry.why_unknown
    assert words in entry.why_unknown


@pytest.mark.parametrize("of", [TROMSO, Solar("sunset", 69.6, 18.9), Solar("sunrise", -90, 0)])
def test_where_the_sun_does_not_rise_it_is_as_celery_says(
    of: Solar, monkeypatch: pytest.MonkeyPatch
) -> None:
    sun._spans.cache_clear()
    asked: list[float] = []
    ask = sun._remaining

    def counted(timing: Solar, after: float) -> float:
        asked.append(after)
        return ask(timing, after)

    monkeypatch.setattr(sun, "_remaining", counted)
    watch = Watch(NOW, NOW - DAY, sees=True)
    found = [stand(plan(timing=of, last_run_at=NOW - DAY), watch) for _ in range(3)]
    if (due := by_celery_if_it_can(of, NOW - DAY)) is None:
        assert all(one.due_at is None and one.why_unknown for one in found)
        return
    assert [one.due_at for one in found] == [pytest.approx(due, abs=1)] * 3
    assert [one.standing for one in found] == ["ok"] * 3
    # A search over a year of days is not repeated every second.
    assert len(asked) == 1
