"""Long windows that a thread fills from a history: once, in any order, and again after trouble."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from celerytui.engine.past_windows import PastWindows, Reach
from celerytui.errors import HistoryError
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.model import Attempt, Mark, Task, TaskExtra, TaskState
from celerytui.query import parse_filter
from celerytui.store import FROM_HISTORY, WINDOWS, Store
from tests.unit.history_tasks import DAY, T0, ended, writer
from tests.unit.past_tasks_reader import SECONDS
from tests.unit.store_stream import T0 as LIVE
from tests.unit.store_stream import feed, task_event
from tests.unit.test_restoring import Restored
from tests.waiting import wait_until

NOW = T0 + 10 * DAY
WEEK, MONTH = WINDOWS[3:]
TRACEBACK = "Traceback:\nKeyError: 'x'"


def failed(number: int, at: float) -> Task:
    task = ended(number, at, TaskState.FAILURE)
    task.extra = TaskExtra("KeyError('x')", TRACEBACK)
    return task


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten days of a success, a failure and a success at the second attempt."""
    made = writer(tmp_path / "h")
    for day in range(10):
        at = T0 + day * DAY + 60
        again = ended(300 + day, at + 2)
        attempt = Attempt(at, "KeyError('x')", TRACEBACK, state=TaskState.RETRY)
        again.retries, again.extra = 1, TaskExtra(attempts=(attempt,))
        tasks = [ended(100 + day, at), failed(200 + day, at + 1), again]
        made.write(Flush(tasks=tasks, marks=[Mark(at, f"v{day}", "ana")]), at + 60)
    made.close(T0 + 9 * DAY + 200)
    return tmp_path / "h"


@pytest.fixture
def history(folder: Path) -> Iterator[SegmentHistory]:
    one = SegmentHistory(Folder(folder))
    yield one
    one.close()


def filled(store: Store, history: SegmentHistory, *windows: str) -> PastWindows:
    made = PastWindows(store, lambda: NOW, kept=True)
    for window in windows:
        made.want(window)
        made.fill(history, NOW, lambda: False)
    return made


def runs(store: Store, window: str) -> int:
    """How many runs of all types are known now."""
    store.types.refresh(NOW)
    return sum(one.runs for one in store.types.all(window, NOW))


def figures(store: Store) -> tuple[int, int, int]:
    """Runs, failures and retries that the views of thirty days show."""
    store.failures.update(NOW)
    (row,) = store.failures.rows(NOW, MONTH)
    (types,) = store.types.all("30d", NOW)
    return types.runs, row.failed, row.retried


def test_only_with_a_history_and_only_what_is_long(history: SegmentHistory) -> None:
    store = Store()
    none = PastWindows(store, lambda: NOW, kept=False)
    assert list(none.offered) == ["5m", "1h", "24h"]
    none.want("30d")
    assert (none.waiting, none.reach("30d")) == (False, None)
    none.begin()
    none.want("24h")
    assert not none.waiting
    windows = PastWindows(store, lambda: NOW, kept=True)
    windows.want("7d")
    assert (windows.waiting, windows.reach("7d")) == (True, Reach())
    windows.fill(history, NOW, lambda: False)
    assert windows.reach("7d") == Reach(NOW - 7 * DAY, done=True)
    windows.want("7d")
    assert not windows.waiting


@pytest.mark.parametrize("windows", [("30d",), ("7d", "30d"), ("30d", "7d"), ("30d", "30d")])
def test_whatever_is_asked_for_first_all_is_counted_once(
    history: SegmentHistory, windows: tuple[str, ...]
) -> None:
    store = Store()
    filled(store, history, *windows)
    assert figures(store) == (20 + 10 + 10, 10, 10)
    week = store.failures.rows(NOW, WEEK)
    assert sum(row.failed for row in week) == 6


@pytest.mark.parametrize("first", ["memory", "window"])
def test_tasks_that_are_in_memory_too_are_counted_once(history: SegmentHistory, first: str) -> None:
    store = Store()
    some = [task for step in history.search(parse_filter(""), NOW, since=T0 + 5 * DAY)
            for task in step.tasks]  # fmt: skip

    def remember() -> None:
        store.past.take(some, FROM_HISTORY)
        store.failures.update(NOW)

    if first == "memory":
        remember()
    filled(store, history, "30d")
    if first == "window":
        remember()
    assert figures(store)[1:] == (10, 10)
    # One that is brought back once more after it made room as well.
    remember()
    assert figures(store)[1:] == (10, 10)


@pytest.mark.parametrize("name", ["ended", "types", "retries", "places"])
def test_it_goes_on_where_an_error_stopped_it(
    history: SegmentHistory, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    untroubled = Store()
    filled(untroubled, history, "30d")
    store = Store()
    windows = PastWindows(store, lambda: NOW, kept=True)
    windows.want("30d")
    read, calls = getattr(SegmentHistory, name), 0

    def fail_at_last(one: SegmentHistory, *asked: float, **how: bool) -> object:
        nonlocal calls
        calls += 1
        if calls == 13:  # one of a piece in which something ended
            raise HistoryError("history on postgresql://me:PASSWORD@h is gone")
        return read(one, *asked, **how)

    monkeypatch.setattr(SegmentHistory, name, fail_at_last)
    with pytest.raises(HistoryError):
        windows.fill(history, NOW, lambda: False)
    reach = windows.reach("30d")
    assert reach is not None
    assert reach.trouble is not None
    assert "PASSWORD" not in reach.trouble
    assert reach.back_to is not None
    assert T0 < reach.back_to < NOW
    assert not windows.waiting
    windows.want("30d")
    assert windows.reach("30d") == Reach(reach.back_to)
    windows.fill(history, NOW, lambda: False)
    assert windows.reach("30d") == Reach(T0, done=True)
    assert figures(store) == (40, 10, 10)
    course = store.course.read("30d", NOW)
    assert course == untroubled.course.read("30d", NOW)
    one, other = (at.types.one("shop.pay", "30d", NOW) for at in (store, untroubled))
    assert one is not None
    assert other is not None
    assert one.places == other.places
    assert one.figures.states == other.figures.states
    assert one.figures.retries == 10


def test_what_cannot_be_read_is_said(folder: Path) -> None:
    with closing(sqlite3.connect(Folder(folder).segments()[3].path)) as connection:
        connection.execute("DROP TABLE totals")
    store = Store()
    windows = filled(store, SegmentHistory(Folder(folder)), "30d")
    reach = windows.reach("30d")
    assert reach is not None
    assert reach.done
    assert "no such table: totals" in (reach.trouble or "")
    assert runs(store, "30d") == 36


def test_a_history_that_is_not_there_is_said(tmp_path: Path) -> None:
    restored = Restored(tmp_path, now=NOW)
    restored.windows.want("30d")
    restored.start()

    def said() -> bool:
        reach = restored.windows.reach("30d")
        return reach is not None and "nothing was recorded there" in (reach.trouble or "")

    wait_until(said, SECONDS, "why there is nothing")
    restored.stop()
    assert not restored.windows.waiting


def test_it_stops_when_the_program_does(history: SegmentHistory) -> None:
    store = Store()
    windows = PastWindows(store, lambda: NOW, kept=True)
    windows.want("30d")
    asked = iter(range(100))
    windows.fill(history, NOW, lambda: next(asked) > 8)
    reach = windows.reach("30d")
    assert reach is not None
    assert not reach.done


def test_more_failures_than_are_told_apart_are_left_out(
    history: SegmentHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celerytui.store.failures.recorded.MOST", 4)
    store = Store()
    filled(store, history, "30d")
    assert figures(store) == (40, 4, 0)
    assert store.failures.counted_back_to == T0 + 6 * DAY + 61


def test_old_groups_do_not_push_out_newer_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celerytui.store.failures.groups.MOST_GROUPS", 3)
    made = writer(tmp_path / "h")
    for number in range(5):
        task = ended(number + 1, T0 + number * DAY, TaskState.FAILURE, name=f"shop.t{number}")
        task.extra = TaskExtra("KeyError('x')", TRACEBACK)
        made.write(Flush(tasks=[task]), T0 + number * DAY + 1)
    made.close(NOW)
    store = Store()
    filled(store, SegmentHistory(Folder(tmp_path / "h")), "30d")
    assert [row.task for row in store.failures.rows(NOW, MONTH)] == [
        "shop.t4",
        "shop.t3",
        "shop.t2",
    ]
    assert store.failures.others == 2


def test_the_thread_fills_them_and_the_day_at_the_start(folder: Path) -> None:
    restored = Restored(folder.parent, now=NOW)
    restored.start()
    store, windows = restored.store, restored.windows
    wait_until(lambda: runs(store, "24h") == 4, SECONDS, "the day before the start")
    assert [one.text for one in store.marks.all()] == [f"v{day}" for day in range(10)]
    assert store.marks.received() == []
    windows.want("30d")

    def done() -> bool:
        reach = windows.reach("30d")
        return reach is not None and reach.done

    wait_until(done, SECONDS, "all of it")
    restored.stop()
    assert figures(store) == (40, 10, 10)


def test_a_day_that_takes_long_is_said_to_be_unfinished_until_all_is_read(
    history: SegmentHistory,
) -> None:
    store = Store()
    windows = PastWindows(store, lambda: NOW, kept=True)
    windows.begin()

    def begun() -> bool:
        reach = windows.reach("24h")
        return reach is not None and reach.back_to is not None

    windows.fill(history, NOW - 10 * 3_600, begun)
    assert windows.reach("24h") == Reach(T0 + 9 * DAY + 200 - 2 * 3_600)
    windows.begin()
    windows.fill(history, NOW - 10 * 3_600, lambda: False)
    assert windows.reach("24h") == Reach(NOW - 34 * 3_600, done=True)
    windows.begin()
    assert not windows.waiting
    store.failures.update(NOW)
    assert sum(row.failed for row in store.failures.rows(NOW, WEEK)) == 1


def test_offline_they_go_on_with_what_is_recorded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celerytui.engine.restoring.POLL_SECONDS", 0.05)
    restored = Restored(folder.parent, offline=True, now=NOW)
    restored.windows.want("30d")
    restored.start()
    store = restored.store
    wait_until(lambda: runs(store, "30d") == 40, SECONDS, "what is there")
    live = writer(folder, started=NOW - 600)
    live.write(Flush(tasks=[ended(900, NOW - 30), failed(901, NOW - 20)]), NOW - 10)
    live.close(NOW)
    wait_until(lambda: runs(store, "30d") == 42, SECONDS, "what is new")
    wait_until(lambda: runs(store, "24h") == 6, SECONDS, "what is new of the day")
    wait_until(lambda: figures(store)[1] == 11, SECONDS, "the failure")
    restored.stop()


def test_a_mark_is_kept_once_and_recorded_once() -> None:
    store = Store()
    feed(store, task_event("received", 0, pid=1))
    old = [Mark(LIVE - 50, "v1", "ana"), Mark(LIVE - 100, "v0", "ana")]
    store.marks.restore(old)
    store.marks.restore([*old, Mark(LIVE - 150, "v-1", "ana")])
    assert [one.text for one in store.marks.all()] == ["v-1", "v0", "v1"]
    assert store.marks.received() == []
