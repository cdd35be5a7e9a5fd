"""Whether beat can be had to send an entry now: as Celery and django-celery-beat decide it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timezone
from typing import Any

import pytest
from celery import schedules
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Clocked, Crontab, Interval, OtherTiming, Solar, Timing
from celerytui.schedule import sun
from celerytui.schedule.due_now import UNTIL_SENT, is_held, made_due, refusal
from celerytui.schedule.source import BeatRules
from tests.unit.schedule_plans import plan

NOW = datetime(2026, 11, 28, 12, 34, 56, tzinfo=timezone.utc).timestamp()
RULES = BeatRules(5.0)
HELD = """
import datetime, json, sys
import django
from django.conf import settings
asked = json.loads(sys.argv[1])
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django_celery_beat"], USE_TZ=asked["zone"] == "UTC", TIME_ZONE=asked["zone"],
)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django_celery_beat import schedulers
from django_celery_beat.models import CrontabSchedule
if not hasattr(schedulers.DatabaseScheduler, "_get_crontab_exclude_query"):
    sys.exit(print("null"))
# The class alone: nothing of it is set up, so that nothing is written.
scheduler = object.__new__(schedulers.DatabaseScheduler)
now = datetime.datetime.fromtimestamp(asked["now"], schedulers.ZoneInfo(asked["zone"]))
schedulers.aware_now = lambda: now
for hour, zone in asked["crontabs"]:
    CrontabSchedule.objects.create(minute="0", hour=hour, timezone=zone)
excluded = scheduler._get_crontab_exclude_query().children[1][1]
left = CrontabSchedule.objects.exclude(id__in=excluded).order_by("id")
print(json.dumps([[one.hour, str(one.timezone)] for one in left]))
"""


def made(timing: Timing, zone: str = "UTC") -> Any:
    """Celery's own schedule, for which it is `NOW`."""
    at = datetime.fromtimestamp(NOW, timezone.utc)
    if isinstance(timing, Interval):
        return schedules.schedule(timing.every, nowfun=lambda: at)
    if isinstance(timing, Solar):
        return schedules.solar(timing.event, timing.latitude, timing.longitude, nowfun=lambda: at)
    assert isinstance(timing, Crontab)
    return schedules.crontab(timing.minute, timing.hour, timing.day_of_week, nowfun=lambda: at)


timings = st.one_of(
    st.builds(Interval, st.floats(0.5, 1e8)),
    st.builds(
        Crontab,
        st.sampled_from(["*", "*/7", "34", "35", "0"]),
        st.sampled_from(["*", "12", "13", "0", "23", "*/5"]),
        st.sampled_from(["*", "sun", "mon-fri", "6"]),
    ),
    st.builds(Solar, st.sampled_from(["sunrise", "dusk_civil"]), st.floats(-48, 48), st.just(1.0)),
)


@given(timings)
@settings(deadline=None)
def test_what_is_made_due_is_due_for_celery(timing: Timing) -> None:
    last = made_due(plan(timing=timing), NOW)
    assert last is not None
    assert last == int(last)
    own = made(timing)
    own.app.conf.timezone = "UTC"
    assert own.is_due(datetime.fromtimestamp(last, timezone.utc)).is_due


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"enabled": False}, "it is disabled: enable it first"),
        ({"expires_at": NOW - 1}, "it is over: expired"),
        ({"one_off": True, "total_runs": 1}, "it is over: ran once"),
        ({"one_off": True}, "it runs once, and would not run at its time any more"),
        ({"timing": Clocked(NOW + 9)}, "it runs once"),
        ({"starts_at": NOW + 9}, "it starts Sat 28 Nov 12:35:05 UTC"),
        ({"timing": Crontab("0", "0", "*", "30", "2")}, "its crontab was never due"),
        ({"timing": Crontab("x")}, "minute 'x' cannot be read"),
        ({"timing": Crontab(), "timezone": "Mars"}, "'Mars' is not a time zone"),
        ({"trouble": "no JSON"}, "no JSON"),
        ({}, ""),
        ({"timing": Crontab("0", "0")}, ""),
        ({"starts_at": NOW - 9, "expires_at": NOW + 900}, ""),
    ],
)
def test_what_beat_would_not_send_says_why(more: Any, words: str) -> None:
    said = refusal(plan(**more), NOW, RULES)
    assert said.startswith(words) if words else not said


def test_a_crontab_that_is_too_old_for_the_deadline_is_refused() -> None:
    hourly = plan(timing=Crontab("30"))
    ago = 4 * 60 + 56  # since it was due
    assert refusal(hourly, NOW, BeatRules(5.0, ago + UNTIL_SENT + 1)) == ""
    said = refusal(hourly, NOW, BeatRules(5.0, ago + UNTIL_SENT - 1))
    assert said.startswith("it was due last Sat 28 Nov 12:30:00 UTC, which is too long ago")
    assert "beat_cron_starting_deadline" in said
    assert refusal(plan(), NOW, BeatRules(5.0, 1.0)) == ""


def test_nothing_makes_some_entries_due(monkeypatch: pytest.MonkeyPatch) -> None:
    assert made_due(plan(timing=OtherTiming("no schedule")), NOW) is None
    assert made_due(plan(timing=Interval(3e9)), NOW) is None
    monkeypatch.setattr(sun, "_remaining", lambda of, after: 80 * 86_400.0)
    assert made_due(plan(timing=Solar("sunrise", 78.0, 15.0)), NOW) is None


def test_without_the_times_of_the_sun_two_days_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ephem", None)
    assert made_due(plan(timing=Solar("sunrise", 33.0, 15.0)), NOW) == NOW - 2 * 86_400


@pytest.mark.parametrize("beats_zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("now", [NOW, NOW + 222 * 86_400 + 9 * 3_600])
def test_the_hours_that_beat_has_in_memory_are_those_of_django(beats_zone: str, now: float) -> None:
    zones = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland")
    hours = [*map(str, range(24)), "03", "*", "*/2", "3,5", "9-17"]
    crontabs = [(hour, zone) for zone in zones for hour in hours]
    asked = json.dumps({"zone": beats_zone, "now": now, "crontabs": crontabs})
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HELD, asked],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    if found is None:
        pytest.skip("django-celery-beat 2.8.0 goes by hours of its own")
    assert found == [
        [hour, zone]
        for hour, zone in crontabs
        if is_held(Crontab("0", hour), zone, beats_zone, now)
    ]
