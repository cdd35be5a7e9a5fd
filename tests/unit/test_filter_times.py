"""Times of day in a filter are those of the day on which it is asked, in any zone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Batch, Event, Task
from celerytui.query import Filter, TaskView, parse_filter
from celerytui.store import Store
from tests.unit.view_stream import Clock

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
HOUR = 3600.0

Zone = Callable[[str], None]


@pytest.fixture
def zone() -> Iterator[Zone]:
    before = os.environ.get("TZ")
    yield _enter
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    time.tzset()


def _enter(name: str) -> None:
    os.environ["TZ"] = name
    time.tzset()


def local(*parts: int) -> float:
    """Unix seconds of year, month, day, hour, minute by the local clock."""
    return time.mktime((*parts, 0, 0, 0, -1))  # type: ignore[arg-type]  # nine numbers


def found(text: str, at: float, now: float) -> bool:
    task = Task(id="a", seq=1, started=at, seen=at)
    return parse_filter(text).matches(task, now)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["UTC", "XXX-14", "XXX+11:30", BERLIN]),
    st.integers(1_700_000_000, 1_800_000_000),
    st.integers(0, 23),
    st.integers(0, 59),
)
def test_a_time_of_day_is_on_the_day_of_asking(name: str, now: int, hour: int, minute: int) -> None:
    before = os.environ.get("TZ")
    try:
        _enter(name)
        today = time.localtime(now)
        limit = local(*today[:3], hour, minute)
        text = f"started:>={hour}:{minute:02}"
        assert found(text, limit, now)
        assert not found(text, limit - 1, now)
        # All that passes lies behind that time: of today, or of a day to come.
        assert time.localtime(limit)[:3] == today[:3]
    finally:
        os.environ.pop("TZ", None)
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def test_one_filter_goes_with_the_days(zone: Zone) -> None:
    zone(BERLIN)
    made = parse_filter("started:>10:00")
    for day in (24, 25, 26):  # summer time ends on the 25th, which has 25 hours
        ten = local(2026, 10, day, 10, 0)
        task = Task(id="a", seq=1, started=ten + 60, seen=ten)
        assert made.matches(task, local(2026, 10, day, 0, 1))
        assert made.matches(task, local(2026, 10, day, 23, 59))
        assert not made.matches(task, local(2026, 10, day + 1, 0, 1))
        assert not made.matches(Task(id="b", seq=2, started=ten - 60), ten)


@pytest.mark.parametrize(
    ("name", "evening"),
    [
        ("UTC", (2026, 11, 23)),
        (BERLIN, (2026, 11, 23)),
        (BERLIN, (2026, 10, 24)),  # before the day of 25 hours
        (BERLIN, (2026, 10, 25)),
        (BERLIN, (2026, 3, 28)),  # before the day of 23 hours
        (BERLIN, (2026, 3, 29)),
    ],
)
@pytest.mark.parametrize("also", ["", " runtime:>0"])
def test_the_rows_change_at_midnight(
    zone: Zone, name: str, evening: tuple[int, int, int], also: str
) -> None:
    zone(name)
    clock = Clock()
    year, month, day = evening
    midnight = local(year, month, day + 1, 0, 0)
    clock.now = midnight - 20
    store = Store(clock=clock)
    ten = local(*evening, 10, 0)
    for number, at in enumerate((ten - 1, ten + 1, midnight - 60)):
        events = [Event("task-started", "w@h", at, uuid=f"id{number}")]
        store.apply(Batch(events, clock.now))
    view = TaskView(store, clock)
    view.configure(filter=parse_filter("started:>10:00" + also))
    view.refresh()
    assert view.matching_ids() == ["id2", "id1"]
    clock.now = midnight - 1
    view.refresh()
    assert view.matched == 2
    clock.now = midnight + 1
    assert view.refresh()
    assert view.matching_ids() == []
    done = local(year, month, day + 1, 10, 0) + 1
    clock.now = done
    store.apply(Batch([Event("task-started", "w@h", done, uuid="new")], done))
    view.refresh()
    assert view.matching_ids() == (["new"] if not also else [])
    clock.now += 1
    view.refresh()
    assert view.matching_ids() == ["new"]


def test_a_clock_set_back_over_midnight_brings_them_back(zone: Zone) -> None:
    zone("UTC")
    clock = Clock()
    midnight = local(2026, 11, 24, 0, 0)
    clock.now = midnight + 5
    store = Store(clock=clock)
    store.apply(Batch([Event("task-started", "w@h", midnight - HOUR, uuid="a")], clock.now))
    view = TaskView(store, clock)
    view.configure(filter=parse_filter("started:>10:00"))
    view.refresh()
    assert view.matched == 0
    clock.now = midnight - 5
    view.refresh()
    assert view.matched == 1


def test_all_are_asked_again_on_another_day_and_not_before(zone: Zone) -> None:
    zone("UTC")
    clock = Clock()
    midnight = local(2026, 11, 24, 0, 0)
    clock.now = midnight - 10 * HOUR
    store = Store(clock=clock)
    store.apply(Batch([Event("task-started", "w@h", clock.now, uuid="a")], clock.now))
    asked: list[float] = []

    def spy(task: Task, now: float) -> bool:
        asked.append(now)
        return True

    view = TaskView(store, clock)
    view.configure(filter=Filter("spy", spy, frozenset({"daily"})))
    view.refresh()
    asked.clear()
    for hours in (1, 5, 9.9):
        clock.now = midnight + (hours - 10) * HOUR
        view.refresh()
    assert asked == []
    clock.now = midnight
    view.refresh()
    view.refresh()
    assert asked == [midnight]
