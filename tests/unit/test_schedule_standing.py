"""How entries stand, which tasks are their runs, and whether beat is alive."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.health import Known
from celerytui.health.schedule import MISSED, SILENT, TWO
from celerytui.model import (
    BeatState,
    Clocked,
    Crontab,
    Interval,
    Link,
    LinkState,
    OtherTiming,
    ScheduleReading,
    TaskState,
)
from celerytui.schedule.beat import Evidence, Pinged, judge_beat, shortest_gap
from celerytui.schedule.next_run import QUARTERS
from celerytui.schedule.runs import EntryRuns
from celerytui.schedule.senders import Sender
from celerytui.schedule.source import Sign
from celerytui.schedule.standing import LATE_SECONDS, Watch, stand
from celerytui.store import Store
from tests.unit.schedule_plans import plan, run

NOW = 1_795_750_000.0
SEEING = Watch(NOW, NOW - 10_000, sees=True, loop=5.0)
BLIND = Watch(NOW)


def seen(*runs: Any) -> EntryRuns:
    found = EntryRuns()
    for one in runs:
        found.take(one)
    return found


# -- Standing ----------------------------------------------------------------------------------


def test_an_entry_that_runs_as_it_should() -> None:
    entry = stand(plan(), SEEING, seen(run(NOW - 50), run(NOW - 19.5)))
    assert (entry.standing, entry.missed, entry.due_at) == ("ok", False, NOW + 10.5)
    assert entry.late_by == 0.5
    assert entry.last_run_at == NOW - 19.5
    assert (entry.runs, entry.failures) == (2, 0)


@pytest.mark.parametrize(
    ("ago", "standing", "missed"),
    [
        (35, "ok", False),
        (30 + LATE_SECONDS + 1, "late", False),
        (30 + 59, "late", False),
        (30 + 61, "missed", True),
    ],
)
def test_a_run_is_late_then_missed(ago: float, standing: str, missed: bool) -> None:
    entry = stand(plan(), SEEING, seen(run(NOW - ago)))
    assert (entry.standing, entry.missed) == (standing, missed)
    if standing != "ok":
        assert entry.late_by == ago - 30


def test_nothing_is_missed_that_could_not_be_seen() -> None:
    entry = stand(plan(last_run_at=NOW - 5000), BLIND)
    assert (entry.missed, entry.standing, entry.about) == (None, "ok", True)
    stale = plan(last_run_at=NOW - 100, lag=200.0)
    entry = stand(stale, BLIND)
    assert (entry.standing, entry.about, entry.missed) == ("ok", True, False)
    assert NOW < (entry.due_at or 0) <= NOW + 30


def test_a_source_that_has_each_run_proves_a_missed_one() -> None:
    assert stand(plan(last_run_at=NOW - 700, lag=0.0), BLIND).standing == "missed"
    watch = Watch(NOW, loop=300.0)
    assert stand(plan(last_run_at=NOW - 500, lag=0.0), watch).standing == "late"


def test_a_source_that_is_not_read_proves_nothing_of_what_came_later() -> None:
    kept = plan(last_run_at=NOW - 700, lag=0.0)
    own = plan(timing=OtherTiming("rrule"), next_by_source=NOW - 650, lag=0.0)
    for one in (kept, own):
        read, gone = stand(one, BLIND, read_at=NOW - 5), stand(one, BLIND, read_at=NOW - 690)
        assert (read.standing, read.missed) == ("missed", True)
        assert not gone.overdue
        assert gone.missed is None
    assert "was not read since" in stand(own, BLIND, read_at=NOW - 690).why_unknown


def test_a_run_due_before_the_monitor_was_there_is_not_missed() -> None:
    watch = Watch(NOW, NOW - 5, sees=True, loop=1.0)
    entry = stand(plan(last_run_at=NOW - 100, lag=200.0), watch)
    assert (entry.standing, entry.about) == ("ok", True)


def test_entries_that_do_not_run_say_why() -> None:
    cases = {
        "disabled": plan(enabled=False, last_run_at=NOW - 9999),
        "expired": plan(expires_at=NOW - 1),
        "ran once": plan(one_off=True, total_runs=1),
    }
    for why, one in cases.items():
        entry = stand(one, SEEING)
        assert (entry.why_unknown, entry.due_at, entry.missed) == (why, None, False)
    done = stand(plan(timing=Clocked(NOW - 60), last_run_at=NOW - 60), SEEING)
    assert (done.standing, done.why_unknown) == ("over", "ran once")
    ends = stand(plan(expires_at=NOW + 1, last_run_at=NOW), SEEING)
    assert (ends.due_at, ends.why_unknown) == (None, "it expires before its next run")


def test_what_is_not_known_is_not_claimed() -> None:
    for one, why in (
        (plan(), "it was not seen to run yet"),
        (plan(timing=OtherTiming("own")), "its schedule is not one of Celery's own"),
        (plan(trouble="no JSON"), "no JSON"),
        (plan(timing=Crontab("61")), "minute '61' cannot be read: Invalid end range: 61 > 59."),
        (plan(timing=Crontab(), timezone="Mars/Base"), "'Mars/Base' is not a time zone"),
    ):
        entry = stand(one, BLIND)
        assert (entry.due_at, entry.why_unknown) == (None, why)
        assert entry.missed is None
        assert entry.runs is None


def test_a_start_time_and_a_clocked_one() -> None:
    assert stand(plan(starts_at=NOW + 500, last_run_at=NOW - 5), SEEING).due_at == NOW + 500
    entry = stand(plan(timing=Clocked(NOW + 60), one_off=True), SEEING)
    assert entry.due_at == NOW + 60
    assert sum(entry.upcoming) == 1
    assert entry.notes == ("runs once, then is disabled",)


def test_runs_that_overlap_are_said() -> None:
    both = seen(run(NOW - 40, TaskState.STARTED), run(NOW - 10, TaskState.STARTED))
    entry = stand(plan(), SEEING, both, shared=2)
    assert (entry.standing, entry.running) == ("running", 2)
    assert entry.notes == (
        "2 of its runs overlap",
        "2 entries have this task and arguments: runs may be of any",
    )


plans = st.builds(
    plan,
    timing=st.one_of(
        st.builds(Interval, st.floats(0.01, 1e6)),
        st.builds(Crontab, st.sampled_from(["*", "*/7", "5"]), st.sampled_from(["*", "3"])),
        st.builds(Clocked, st.floats(NOW - 1e5, NOW + 1e5)),
    ),
    enabled=st.booleans(),
    last_run_at=st.none() | st.floats(NOW - 1e6, NOW),
    lag=st.sampled_from([None, 0.0, 200.0]),
    expires_at=st.none() | st.floats(NOW - 100, NOW + 100),
)
watches = st.builds(
    Watch,
    now=st.just(NOW),
    since=st.none() | st.floats(NOW - 1e4, NOW),
    sees=st.booleans(),
    loop=st.floats(1, 300),
)


@given(plans, watches, st.lists(st.floats(NOW - 1e4, NOW), max_size=5))
def test_an_entry_never_contradicts_itself(one: Any, watch: Watch, at: list[float]) -> None:
    entry = stand(one, watch, seen(*map(run, at)))
    if entry.overdue:
        assert entry.due_at is not None
        assert entry.late_by == pytest.approx(NOW - entry.due_at)
        assert one.enabled
    if entry.missed:
        assert entry.standing == "missed"
    if entry.due_at is not None and entry.due_at < NOW - LATE_SECONDS:
        assert entry.overdue
    if entry.standing in ("disabled", "over"):
        assert entry.due_at is None
    assert len(entry.upcoming) == (0 if entry.due_at is None else QUARTERS)
    if entry.overdue:
        # It is counted where it should have been by now.
        assert entry.upcoming[0] >= 1


# -- Beat --------------------------------------------------------------------------------------


def state(watch: Watch = SEEING, **more: Any) -> BeatState:
    values: dict[str, Any] = {"plans": [plan()]}
    return judge_beat(Evidence(**(values | more)), watch)


def sender(name: str, first: float, last: float, sent: int = 3) -> Sender:
    return Sender(name, first, last, sent)


def test_beat_is_alive_by_what_it_sends() -> None:
    beat = [sender("gen7@host", NOW - 90, NOW - 25)]
    found = state(senders=beat, newest=run(NOW - 25), newest_name="sync")
    assert (found.state, found.since, found.why) == ("alive", NOW - 25, "it sent sync")
    gone = state(senders=beat, newest=run(NOW - 45), newest_name="sync")
    assert (gone.state, gone.since) == ("silent", NOW - 45)


def test_a_lock_says_whether_beat_is_alive() -> None:
    held = Sign(True, NOW - 3, "it renewed its lock")
    assert state(signs=[held]) == BeatState("alive", NOW - 3, "it renewed its lock")
    assert state(signs=[Sign(False, None, "nobody holds its lock")]).state == "silent"


def test_a_file_says_little() -> None:
    wrote = Sign(True, NOW - 100, "it wrote celerybeat-schedule", weak=True)
    assert state(signs=[wrote]).state == "alive"
    beat = [sender("gen7@host", NOW - 900, NOW - 100)]
    assert state(signs=[wrote], senders=beat, newest=run(NOW - 100)).state == "silent"


def test_a_ping_and_the_setting_that_would_tell() -> None:
    assert state(pinged=Pinged(("celerybeat@a",))).why == "celerybeat@a answers a ping"
    assert state(pinged=Pinged((), ("celerybeat@a",))).state == "silent"
    assert state(sent_events=True).state == "silent"
    unknown = state()
    assert unknown.state == "unknown"
    assert "task_send_sent_event" in unknown.why
    assert state(plans=[plan(enabled=False)]).why.startswith("no entry is enabled")
    assert state(BLIND).why == "no events are received"


def test_a_run_that_anyone_may_have_sent_says_neither_that_it_is_alive_nor_that_it_is_silent() -> (
    None
):
    hourly = [plan(timing=Interval(3600.0))]
    watch = Watch(NOW, NOW - 4_300, sees=True)
    assert state(watch, plans=hourly, sent_events=True).state == "silent"
    one = {"plans": hourly, "sent_events": True, "doubtful_name": "sync"}
    found = state(watch, doubtful=run(NOW - 1_200), **one)
    assert (found.state, found.why) == (
        "unknown",
        "can't tell: anyone may have sent the one run of sync that was seen",
    )
    assert state(watch, doubtful=run(NOW - 4_250), **one).state == "silent"


def test_two_beats_send_in_turn_and_a_restart_is_one() -> None:
    both = [sender("gen8@b", NOW - 80, NOW - 5), sender("gen7@a", NOW - 95, NOW - 20)]
    found = state(senders=both, newest=run(NOW - 5))
    assert (found.state, found.why) == ("two", "gen7@a and gen8@b both send entries")
    after = [sender("gen8@b", NOW - 60, NOW - 5), sender("gen7@a", NOW - 180, NOW - 70)]
    assert state(senders=after, newest=run(NOW - 5)).state == "alive"


def test_the_shortest_gap_is_that_of_what_runs_most_often() -> None:
    assert shortest_gap([plan(), plan(timing=Crontab())], NOW) == 30.0
    assert shortest_gap([plan(enabled=False), plan(timing=Crontab("0"))], NOW) == 3600.0
    assert shortest_gap([plan(timing=OtherTiming("x"))], NOW) is None


# -- Alerts ------------------------------------------------------------------------------------


def known(reading: ScheduleReading) -> Known:
    store = Store(clock=lambda: NOW)
    return Known(NOW, Link(LinkState.CONNECTED), store.summary(NOW), schedule=reading)


def test_the_detectors_of_the_schedule() -> None:
    missed = stand(plan(), SEEING, seen(run(NOW - 200)))
    fine = stand(plan(name="fine"), SEEING, seen(run(NOW - 5)))
    silent = ScheduleReading(NOW, NOW, (), (missed, fine), BeatState("silent", NOW - 170, "gone"))
    (alert,) = SILENT.judge(known(silent))
    assert (alert.subject, alert.severity, alert.since) == ("beat", "critical", NOW - 170)
    (alert,) = MISSED.judge(known(silent))
    assert (alert.subject, alert.severity) == ("sync", "warning")
    assert alert.text.endswith("; beat is silent")
    assert not list(TWO.judge(known(silent)))
    two = ScheduleReading(NOW, NOW, (), (fine,), BeatState("two", NOW - 9, "a and b send"))
    (alert,) = TWO.judge(known(two))
    assert "is sent twice" in alert.text
    assert not list(SILENT.judge(known(two)))
    assert not list(MISSED.judge(known(ScheduleReading())))
