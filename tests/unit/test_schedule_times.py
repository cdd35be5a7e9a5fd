"""When entries are due: as Celery's own schedules say, and by the clock of their zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import Celery, schedules
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Clocked, Crontab, Interval, Solar, Timing
from celerytui.schedule.next_run import QUARTERS, last_before, next_after, quarter_of, quarters
from celerytui.schedule.words import plan_words, schedule_words
from celerytui.schedule.zones import LOCAL, is_zone, zone, zone_name
from tests.unit.schedule_plans import plan

BERLIN = "Europe/Berlin"
APP = Celery("times", set_as_current=False)
APP.conf.timezone = "UTC"


def field(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    several = st.lists(number, min_size=1, max_size=4).map(lambda ns: ",".join(map(str, ns)))
    ranges = st.tuples(number, number).map(lambda ends: f"{ends[0]}-{ends[1]}")
    steps = st.integers(1, most).map(lambda step: f"*/{step}")
    return st.one_of(st.just("*"), number.map(str), several, ranges, steps)


crontabs = st.builds(
    Crontab,
    minute=field(0, 59),
    hour=field(0, 23),
    day_of_week=field(0, 6),
    day_of_month=st.one_of(st.just("*"), st.integers(1, 28).map(str)),
    month_of_year=st.one_of(st.just("*"), field(1, 12)),
)
times = st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1)).map(
    lambda at: at.replace(microsecond=0, tzinfo=timezone.utc)
)


def by_celery(timing: Crontab, last: datetime) -> float:
    make: Any = schedules.crontab
    one = make(
        minute=timing.minute,
        hour=timing.hour,
        day_of_week=timing.day_of_week,
        day_of_month=timing.day_of_month,
        month_of_year=timing.month_of_year,
        nowfun=lambda: last,
        app=APP,
    )
    return last.timestamp() + float(one.remaining_estimate(last).total_seconds())


@given(crontabs, times)
@settings(max_examples=150, deadline=None)
def test_a_crontab_is_due_when_celery_says(timing: Crontab, last: datetime) -> None:
    assert next_after(timing, "UTC", last.timestamp()) == by_celery(timing, last)


def test_what_is_rare_is_found_and_what_is_never_ends_the_search() -> None:
    after = datetime(2027, 2, 1, tzinfo=timezone.utc)
    rare = Crontab("0", "0", day_of_week="0", day_of_month="10", month_of_year="1")
    assert next_after(rare, "UTC", after.timestamp()) == by_celery(rare, after)
    sunday = Crontab("0", "0", day_of_week="0", day_of_month="29", month_of_year="2")
    across = datetime(2089, 1, 1, tzinfo=timezone.utc).timestamp()
    found = datetime(2128, 2, 29, tzinfo=timezone.utc).timestamp()
    assert next_after(sunday, "UTC", across) == found
    never = Crontab("0", "0", day_of_month="30", month_of_year="2")
    assert next_after(never, "UTC", across) is None
    assert last_before(never, "UTC", across) is None


@given(crontabs, times)
@settings(max_examples=60, deadline=None)
def test_the_last_time_and_the_next_are_neighbours(timing: Crontab, at: datetime) -> None:
    now = at.timestamp()
    before, after = last_before(timing, BERLIN, now), next_after(timing, BERLIN, now)
    assert before is not None
    assert after is not None
    assert before <= now < after
    assert last_before(timing, BERLIN, after) == after
    assert last_before(timing, BERLIN, after - 1) == before


def steps(timing: Timing, tz: str, start: datetime, count: int) -> list[str]:
    found, at = [], start.timestamp()
    for _ in range(count):
        after = next_after(timing, tz, at)
        assert after is not None
        found.append(f"{datetime.fromtimestamp(after, ZoneInfo(tz)):%H:%M %Z}")
        at = after
    return found


def test_the_hour_that_is_left_out_in_spring_runs_an_hour_later() -> None:
    start = datetime(2026, 3, 29, 1, 10, tzinfo=ZoneInfo(BERLIN))
    half_hours = steps(Crontab("*/30"), BERLIN, start, 4)
    assert half_hours == ["01:30 CET", "03:00 CEST", "03:30 CEST", "04:00 CEST"]
    assert steps(Crontab("30", "2"), BERLIN, start, 1) == ["03:30 CEST"]


def test_the_hour_that_comes_twice_in_autumn_runs_once() -> None:
    start = datetime(2026, 10, 25, 1, 50, tzinfo=ZoneInfo(BERLIN))
    half_hours = steps(Crontab("*/30"), BERLIN, start, 4)
    assert half_hours == ["02:00 CEST", "02:30 CEST", "03:00 CET", "03:30 CET"]


def test_a_leap_day_may_be_eight_years_away() -> None:
    at = datetime(2096, 3, 1, tzinfo=timezone.utc).timestamp()
    due = next_after(Crontab("0", "0", "*", "29", "2"), "UTC", at)
    assert due == datetime(2104, 2, 29, tzinfo=timezone.utc).timestamp()


def test_intervals_and_clocked_ones() -> None:
    assert next_after(Interval(30.0), "UTC", 1000.0) == 1030.0
    assert next_after(Clocked(2000.0), "UTC", 1000.0) == 2000.0
    assert next_after(Clocked(2000.0), "UTC", 2000.0) is None
    assert last_before(Clocked(2000.0), "UTC", 2001.0) == 2000.0


def test_a_field_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ValueError, match="day of week 'someday' cannot be read"):
        next_after(Crontab(day_of_week="someday"), "UTC", 0.0)


@given(st.floats(1.0, 90_000.0), st.floats(0.0, 2e9), st.floats(0.0, 80_000.0))
@settings(deadline=None)
def test_the_quarters_of_a_day_count_each_run_once(every: float, now: float, wait: float) -> None:
    begin = quarter_of(now)
    due = now + wait
    counts = quarters(Interval(every), "UTC", due, begin)
    assert len(counts) == QUARTERS
    left = begin + QUARTERS * 900 - due
    assert abs(sum(counts) - max(0, left / every)) <= 1 + 1e-6
    assert sum(counts[: int((due - begin) // 900)]) == 0


@given(crontabs, st.sampled_from(["UTC", BERLIN]), st.floats(1.7e9, 1.8e9), st.booleans())
@settings(deadline=None, max_examples=50)
def test_the_quarters_of_a_crontab_are_those_of_its_runs(
    timing: Crontab, timezone: str, now: float, overdue: bool
) -> None:
    begin = quarter_of(now)
    due = now if overdue else next_after(timing, timezone, now)
    assert due is not None
    counts = [0] * QUARTERS
    at: float | None = due
    while at is not None and at < begin + QUARTERS * 900:
        counts[int((at - begin) // 900)] += 1
        at = next_after(timing, timezone, at)
    assert list(quarters(timing, timezone, due, begin)) == counts


def test_the_quarters_of_a_crontab() -> None:
    begin = datetime(2026, 11, 27, 0, 0, tzinfo=timezone.utc).timestamp()
    counts = quarters(Crontab("5,10", "3"), "UTC", begin + 3 * 3600 + 300, begin)
    assert [at for at, count in enumerate(counts) if count] == [12]
    assert counts[12] == 2


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        (Interval(30), "every 30s"),
        (Interval(90), "every 1m30s"),
        (Interval(0.5), "every 0.5s"),
        (Interval(86_400), "every 1d"),
        (Crontab("5", "0"), "00:05"),
        (Crontab("0", "4", "sun"), "Sun 04:00"),
        (Crontab("0", "4", "0,6"), "Sun,Sat 04:00"),
        (Crontab("30", "9", "mon-fri"), "Mon-Fri 09:30"),
        (Crontab("*/10"), "every 10m"),
        (Crontab(), "every 1m"),
        (Crontab("0"), "every 1h at :00"),
        (Crontab("0", "*/3"), "every 3h at :00"),
        (Crontab("0", "8,20"), "08:00, 20:00"),
        (Crontab("15", "10", "*", "1"), "day 1 10:15"),
        (Crontab("0", "0", "*", "1", "1,7"), "day 1 in Jan,Jul 00:00"),
        (Crontab("*/5", "9-17"), "every 5m in hours 9-17"),
        (Crontab("1,2"), "at :1,2"),
        (Solar("sunset", 52.5, -13.4), "sunset at 52.5N 13.4W"),
        (Clocked(1795791600.0), "once 27 Nov 2026 15:00"),
    ],
)
def test_a_schedule_in_words(timing: Timing, words: str) -> None:
    assert schedule_words(timing, timezone.utc) == words


@given(st.builds(Crontab, *[st.text(max_size=12)] * 5))
def test_any_crontab_has_words(timing: Crontab) -> None:
    assert isinstance(schedule_words(timing, timezone.utc), str)


def test_the_zone_is_named_where_it_matters() -> None:
    assert plan_words(plan(timing=Crontab("30", "3"), timezone=BERLIN)) == f"03:30 {BERLIN}"
    assert plan_words(plan(timing=Crontab("*/5"), timezone=BERLIN)) == "every 5m"
    assert plan_words(plan(timing=Interval(5), timezone=BERLIN)) == "every 5s"


def test_zones_by_name() -> None:
    assert zone_name(ZoneInfo(BERLIN)) == BERLIN
    assert zone_name(timezone.utc) == "UTC"
    assert zone_name("Asia/Tokyo") == "Asia/Tokyo"
    assert zone("no/where") is timezone.utc
    assert not is_zone("no/where")
    assert not is_zone("../../etc/passwd")
    assert isinstance(datetime.now(zone(LOCAL)).utcoffset(), timedelta)
