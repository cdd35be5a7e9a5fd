"""Which of the tasks that were seen are runs of which entry, and who sent them."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from celerytui.model import Batch, Crontab, Event, Interval, TaskState, Timing
from celerytui.schedule import runs as runs_module
from celerytui.schedule.runs import RECENT, EntryRuns, RunTracker, plain
from celerytui.schedule.standing import Watch, stand
from celerytui.store import Store
from tests.unit.schedule_plans import plan, run

NOW = 1_795_750_000.0


def test_runs_are_counted_once_and_few_are_kept() -> None:
    runs = EntryRuns()
    for number in range(RECENT * 2):
        runs.take(run(NOW + number, TaskState.STARTED))
        runs.take(run(NOW + number, TaskState.FAILURE if number % 2 else TaskState.SUCCESS))
    assert (runs.runs, runs.failures, len(runs.recent)) == (RECENT * 2, RECENT, RECENT)
    runs.take(run(NOW, TaskState.FAILURE))
    assert runs.runs == RECENT * 2


@pytest.mark.parametrize("again", [1, 3])
@pytest.mark.parametrize("live", [0, 5, RECENT, RECENT + 20])
def test_runs_that_a_history_has_too_are_counted_once(live: int, again: int) -> None:
    runs = EntryRuns()
    for number in range(100, 100 + live):
        runs.take(run(NOW + number))
    for _ in range(again):
        for number in reversed(range(100 + live)):
            runs.take_past(run(NOW + number, TaskState.FAILURE))
    assert (runs.runs, runs.failures) == (100 + live, 100)


def sent(task_id: str, at: float, client: str, args: str = "[1]", **more: Any) -> Event:
    values: dict[str, Any] = {
        "uuid": task_id,
        "name": "shop.sync",
        "args": args,
        "kwargs": "{}",
        "retries": 0,
    }
    return Event("task-sent", hostname=client, timestamp=at, **(values | more))


def tracker(*events: Event, plans: Any = None) -> RunTracker:
    store = Store(clock=lambda: NOW)
    for event in events:
        store.apply(Batch([event], event.timestamp))
    found = RunTracker(store)
    found.follow(plans or [plan(args=(1,))], NOW)
    found.update()
    return found


def test_runs_are_those_with_the_entrys_task_and_arguments() -> None:
    found = tracker(
        sent("a", NOW - 30, "gen7@host"),
        sent("b", NOW - 20, "gen7@host", args="(1,)"),
        sent("c", NOW - 10, "gen7@host", args="[2]"),
        sent("d", NOW - 5, "gen8@web", parent_id="a", root_id="a"),
    )
    assert list(found.of("sync").recent) == ["a", "b"]
    assert (found.of("sync").newest or run(0)).at == NOW - 20


def test_a_process_that_sends_other_tasks_too_is_not_beat() -> None:
    web = [sent("a", NOW - 30, "gen7@web"), sent("b", NOW - 20, "gen7@web", name="shop.buy")]
    beat = [sent("c", NOW - 39, "gen9@beat"), sent("d", NOW - 9, "gen9@beat")]
    found = tracker(*web, *beat)
    assert [one.name for one in found.beats()] == ["gen9@beat"]


def test_what_was_sent_from_here_is_not_beats() -> None:
    found = tracker(sent("a", NOW - 30, f"gen{os.getpid()}@{socket.gethostname()}"))
    assert found.beats() == []
    assert found.newest() is None
    assert list(found.of("sync").recent) == ["a"]


def test_what_was_sent_from_here_is_known_where_its_sender_is_not() -> None:
    store = Store(clock=lambda: NOW)
    found = RunTracker(store)
    found.follow([plan(args=(1,))], NOW)
    found.note_sent("ours")
    for task_id, at in (("theirs", NOW - 9), ("ours", NOW - 5)):
        event = Event("task-received", hostname="w@h", timestamp=at, uuid=task_id)
        store.apply(Batch([replace(event, name="shop.sync", args="(1,)", kwargs="{}")], at))
    found.update()
    runs = found.of("sync").recent
    assert [(one.own, one.by_beat) for one in runs.values()] == [(False, True), (True, False)]
    assert (found.of("sync").newest or run(0)).task_id == "theirs"


def test_of_what_was_sent_from_here_the_newest_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "MOST_SENT", 2)
    store = Store(clock=lambda: NOW)
    found = RunTracker(store)
    found.follow([plan()], NOW)
    for number in range(4):
        found.note_sent(f"t{number}")
        event = Event("task-received", hostname="w@h", timestamp=NOW - 9, uuid=f"t{number}")
        store.apply(Batch([replace(event, name="shop.sync", args="()", kwargs="{}")], NOW - 9))
    found.update()
    assert [one.task_id for one in found.of("sync").recent.values() if one.own] == ["t2", "t3"]


def test_beat_is_known_as_before_when_entries_change() -> None:
    store = Store(clock=lambda: NOW)
    found = RunTracker(store)
    for number, plans in enumerate(([plan(args=(1,))], [plan(args=(1,)), plan(name="new")])):
        found.follow(plans, NOW)
        for at in (-70, -40):
            name = f"t{number}{at}"
            store.apply(Batch([sent(name, NOW + at + number, "gen7@beat")], NOW + at + number))
        found.update()
        assert [one.sent for one in found.beats()] == [2 * number + 2]


def test_a_run_may_have_any_arguments_where_the_entrys_are_not_known() -> None:
    events = (
        sent("a", NOW - 30, "gen7@host"),
        sent("b", NOW - 20, "gen7@host", args="()"),
    )
    unread = plan(unread="an object of a class")
    assert list(tracker(*events, plans=[unread]).of("sync").recent) == ["a", "b"]
    both = tracker(*events, plans=[unread, plan(name="other")])
    assert not both.of("sync").recent
    assert list(both.of("other").recent) == ["b"]
    function = tracker(*events, plans=[plan(args=(print,))])
    assert not function.of("sync").recent


def test_entries_with_the_same_call_share_their_runs() -> None:
    plans = [plan(args=(1,)), plan(name="twin", args=(1,)), plan(name="other", args=(2,))]
    found = tracker(sent("a", NOW - 30, "gen7@host"), plans=plans)
    assert [found.shared(one.name) for one in plans] == [2, 2, 1]
    assert list(found.of("twin").recent) == ["a"]
    assert not found.of("other").recent


@given(st.lists(st.integers() | st.text(max_size=5), max_size=5))
def test_arguments_are_the_same_in_a_list_and_in_a_tuple(args: list[Any]) -> None:
    assert plain(repr(args)) == plain(repr(tuple(args)))


def test_how_late_runs_came_is_found_once_for_the_runs_there_are() -> None:
    runs, asked = EntryRuns(), []

    def due_of(one: Any, before: Any) -> float:
        asked.append((one.at, None if before is None else before.at))
        return float(one.at) - 2

    for at in (20.0, 10.0, 15.0):
        runs.take(run(at, by_beat=at != 15.0))
    for _ in range(3):
        found = runs.with_lateness("hourly", due_of)
    assert [(one.at, one.late_by) for one in found] == [(10.0, 2.0), (15.0, None), (20.0, 2.0)]
    assert asked == [(10.0, None), (20.0, 10.0)]
    runs.with_lateness("daily", due_of)
    runs.take_past(run(5.0))
    runs.with_lateness("daily", due_of)
    assert len(asked) == 2 + 2 + 3


@pytest.mark.parametrize(
    ("timing", "seconds", "others"),
    [
        (Interval(3600.0), [0, 3, 6], True),
        (Interval(10.0), [0, 10, 20.4, 29.9], False),
        (Interval(10.0), [0, 0.1, 0.2, 10, 20, 30, 40], False),  # three waited for a worker
        (Crontab(minute="0"), [0, 60], True),
        (Crontab(minute="0,1"), [0, 60, 3600, 3660], False),
    ],
)
def test_runs_that_come_too_often_are_no_sign_of_beat(
    timing: Timing, seconds: list[float], others: bool
) -> None:
    hour = NOW // 3600 * 3600

    def received(number: int, at: float) -> Event:
        fields: dict[str, Any] = {
            "uuid": f"id{number}",
            "name": "shop.sync",
            "args": "[1]",
            "kwargs": "{}",
        }
        return Event("task-received", "celery@w1", hour + at, **fields)

    entry = plan(args=(1,), timing=timing)
    found = tracker(*(received(*one) for one in enumerate(seconds)), plans=[entry])
    assert found.of("sync").runs == len(seconds)
    assert (found.newest() is None) is others
    notes = stand(entry, Watch(hour + seconds[-1], hour, True), found.of("sync")).notes
    assert ("runs come more often than it is due: others send its task too" in notes) is others


def test_runs_of_a_process_that_is_beat_are_a_sign_however_often_they_come() -> None:
    times = [NOW - 30, NOW - 29, NOW - 28, NOW]
    found = tracker(*(sent(f"id{at}", at, "gen9@beat") for at in times))
    assert found.newest() is not None


HOUR = NOW // 3600 * 3600
HOURLY = {"interval": Interval(3600.0), "crontab": Crontab(minute="0")}


@pytest.mark.parametrize(
    ("timing", "seconds", "proves"),
    [
        ("interval", [1200], False),
        ("interval", [1200, 1260], False),
        ("interval", [1200, 4801], True),
        ("crontab", [1200], False),
        ("crontab", [1200, 1260], False),
        ("crontab", [3602], True),
        ("crontab", [1200, 4801], True),
    ],
)
@pytest.mark.parametrize("client", ["gen7@shell", None])
def test_what_anyone_may_have_sent_is_no_sign_of_beat(
    timing: str, seconds: list[int], proves: bool, client: str | None
) -> None:
    def seen(at: float) -> Event:
        if client is not None:
            return sent(f"id{at}", at, client)
        return replace(sent(f"id{at}", at, "celery@w1"), type="task-received")

    hourly = plan(args=(1,), timing=HOURLY[timing])
    found = tracker(*(seen(HOUR + at) for at in seconds), plans=[hourly])
    assert found.of("sync").runs == len(seconds)
    assert (found.newest() is not None, bool(found.beats())) == (proves, proves and bool(client))


def test_two_entries_of_one_sender_are_a_sign_of_beat() -> None:
    plans = [plan(args=(1,)), plan(name="other", args=(2,))]
    found = tracker(
        sent("a", NOW - 2, "gen9@beat"), sent("b", NOW - 2, "gen9@beat", args="[2]"), plans=plans
    )
    assert [one.name for one in found.beats()] == ["gen9@beat"]
