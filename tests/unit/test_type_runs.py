"""Types from a history: as if somebody had watched, also once successes were removed."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from celerytui.engine.past_course import restore_window
from celerytui.history import type_runs
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.history import History
from celerytui.history.keeping import prune
from celerytui.history.reading import SegmentHistory
from celerytui.history.type_runs import bucket_of, have_logarithms, usable
from celerytui.model import Quantiles, TaskState, TypeDetail
from celerytui.settings import Keeping
from celerytui.store import Store
from celerytui.store.statistics import WINDOWS
from celerytui.store.statistics.histogram import buckets_of
from tests.unit.history_tasks import DAY, T0, ended, writer
from tests.unit.store_stream import feed, task_event

NOW = T0 + 10 * DAY
FAILURE, SUCCESS = TaskState.FAILURE, TaskState.SUCCESS


def some_days(count: int = 10) -> list[tuple[float, str, TaskState, float]]:
    """Runs: when they ended, of which name, how, and how long they took."""
    return [
        (
            T0 + day * DAY + 600.0 * number,
            "shop.pay" if number % 3 else "shop.mail",
            FAILURE if number % 7 == 0 else SUCCESS,
            0.01 * (number + 1) * (day + 1),
        )
        for day in range(count)
        for number in range(40)
    ]


def recorded(folder: Path, runs: Sequence[tuple[float, str, TaskState, float]]) -> SegmentHistory:
    """The history of these runs, a segment a day."""
    made = writer(folder)
    for number, (at, name, state, runtime) in enumerate(runs):
        task = ended(number + 1, at, state, name=name, runtime=runtime)
        task.finished, task.started, task.received = at, at - runtime, at - runtime - 0.5
        made.write(Flush(tasks=[task]), at)
    made.close(NOW)
    return SegmentHistory(Folder(folder))


def restored(history: History, window: str, until: float = NOW) -> Store:
    """A store that has a window of it."""
    store = Store()
    for _ in restore_window(history, store, window, 0.0, until):
        pass
    return store


def watched(runs: Sequence[tuple[float, str, TaskState, float]]) -> Store:
    """A store that saw the same runs itself."""
    store = Store()
    for number, (at, name, state, runtime) in enumerate(sorted(runs)):
        since, last = at - T0, "failed" if state is FAILURE else "succeeded"
        more: dict[str, Any] = {"runtime": runtime} if state is SUCCESS else {}
        feed(
            store,
            task_event("received", since - runtime - 0.5, f"{number}", name=name, pid=1),
            task_event("started", since - runtime, f"{number}", pid=1),
            task_event(last, since, f"{number}", pid=1, **more),
        )
    return store


def rounded(times: Quantiles | None) -> tuple[float | None, ...]:
    """Quantiles to the microsecond, as a history has durations."""
    if times is None:
        return ()
    return tuple(None if one is None else round(one, 6) for one in structs.astuple(times))


def details(store: Store, window: str, now: float = NOW) -> dict[str, TypeDetail]:
    found = {name: store.types.one(name, window, now) for name in ("shop.pay", "shop.mail")}
    return {name: one for name, one in found.items() if one is not None}


@pytest.mark.parametrize("window", ["24h", "7d", "30d"])
def test_they_are_what_somebody_would_have_seen(tmp_path: Path, window: str) -> None:
    runs = some_days()
    now = T0 + 9 * DAY + 30_000
    mine = details(restored(recorded(tmp_path / "h", runs), window, now), window, now)
    own = details(watched(runs), window, now)
    assert mine.keys() == own.keys() == {"shop.pay", "shop.mail"}
    for name, one in mine.items():
        other = own[name].figures
        figures = one.figures
        # The window of who watched began within a slice.
        assert figures.failed_runtime.count == figures.states[FAILURE]
        assert figures.runtime.count == figures.states[SUCCESS]
        if window == "30d":
            assert figures.states == other.states
            assert one.runtime_buckets == own[name].runtime_buckets
            assert one.wait_buckets == own[name].wait_buckets
            assert list(map(rounded, one.runtimes)) == [
                rounded(slot) for slot in own[name].runtimes
            ]
            assert rounded(figures.runtime) == rounded(other.runtime)
            assert rounded(figures.wait) == rounded(other.wait)
            assert figures.share == pytest.approx(other.share)
        assert figures.failure_rate == pytest.approx(other.failure_rate, abs=0.05)
        assert figures.last_seen == other.last_seen


def test_what_was_not_recorded_is_not_known(tmp_path: Path) -> None:
    made = writer(tmp_path / "h")
    made.write(Flush(tasks=[ended(1, T0 + 5)]), T0 + 10)
    made.close(T0 + 2 * DAY)
    later = writer(tmp_path / "h", started=T0 + 6 * DAY)
    later.write(Flush(tasks=[ended(2, T0 + 6 * DAY + 5)]), T0 + 6 * DAY + 10)
    later.close(T0 + 8 * DAY)
    store = restored(SegmentHistory(Folder(tmp_path / "h")), "30d")
    (figures,) = store.types.all("30d", NOW)
    assert store.types.since("30d") == T0
    trend = figures.trend
    assert [count for count in trend if count] == [1, 1]
    assert trend.count(None) == len(trend) - 6
    assert figures.per_second == pytest.approx(2 / (4 * DAY))


@pytest.mark.parametrize("window", ["7d", "30d"])
def test_removed_successes_stay_counted(tmp_path: Path, window: str) -> None:
    history = recorded(tmp_path / "h", some_days())
    before = details(restored(history, window), window)
    counts = restored(history, window).course.throughput(window, NOW)
    done = prune(Folder(tmp_path / "h"), Keeping(), NOW + 60)
    assert len(done.thinned) > 3
    history = SegmentHistory(Folder(tmp_path / "h"))
    store = restored(history, window)
    after = details(store, window)
    assert {name: structs.replace(one, places=()) for name, one in after.items()} == {
        name: structs.replace(one, places=()) for name, one in before.items()
    }
    # Where they ran goes with them, which is said.
    assert T0 + 6 * DAY < (store.types.places.removed or 0.0) < NOW - 3 * DAY
    for name, one in after.items():
        (here,), (there,) = one.places, before[name].places
        assert (here.failed, here.last_seen) == (there.failed, there.last_seen)
        assert 0 < here.succeeded < there.succeeded
    assert store.course.throughput(window, NOW) == counts
    assert history.notes == []


def test_a_segment_of_successes_alone_stays_for_what_they_took(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "h")
    recorded(folder.path, [(T0 + day * DAY, "shop.pay", SUCCESS, 1.0) for day in range(10)])
    prune(folder, Keeping(), NOW)
    found = restored(SegmentHistory(folder), "30d").types.all("30d", NOW)
    assert [one.states[SUCCESS] for one in found] == [10]
    prune(folder, Keeping(), NOW + 28 * DAY)
    found = restored(SegmentHistory(folder), "30d").types.all("30d", NOW)
    assert [one.states[SUCCESS] for one in found] == [2]


def test_a_task_that_was_written_twice_counts_once(tmp_path: Path) -> None:
    made = writer(tmp_path / "h")
    for runtime in (1.0, 3.0):
        at = T0 + 9 * DAY + runtime
        made.write(Flush(tasks=[ended(1, at, runtime=runtime)]), at)
    made.close(T0 + 9 * DAY + 60)
    history = SegmentHistory(Folder(tmp_path / "h"))
    (figures,) = restored(history, "7d").types.all("7d", NOW)
    assert figures.runtime is not None
    assert (figures.states[SUCCESS], figures.runtime.max) == (1, 3.0)


def test_what_comes_live_is_added_to_it(tmp_path: Path) -> None:
    runs = [(T0 + 10 * number, "shop.pay", SUCCESS, 1.0) for number in range(200)]
    history = recorded(tmp_path / "h", runs)
    store = watched([(T0 + 2_500 + number, "shop.pay", SUCCESS, 2.0) for number in range(30)])
    for window in WINDOWS:
        for _ in restore_window(history, store, window, 0.0, T0 + 2_000):
            pass
    now = T0 + 2_600
    counts = {window: store.types.one("shop.pay", window, now) for window in WINDOWS}
    seen = {window: one.figures.states[SUCCESS] for window, one in counts.items() if one}
    assert seen["24h"] == seen["7d"] == seen["30d"] == 230
    assert seen["5m"] == 30
    for window in ("24h", "7d", "30d"):
        one = counts[window]
        assert one is not None
        assert sum(count or 0 for count in one.figures.trend) == 230
        assert one.figures.runtime.count == 230
    # Days later both are forgotten as one.
    for window, left in (("24h", 0), ("7d", 230), ("30d", 230)):
        found = store.types.one("shop.pay", window, now + 3 * DAY)
        assert found is not None
        assert found.figures.states[SUCCESS] == left
        assert sum(number for _, number in found.runtime_buckets) == left


def test_sqlite_may_have_no_logarithms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = recorded(tmp_path / "h", some_days(2))
    expected = history.types(T0, NOW, 3_600)

    class Without(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            if sql == type_runs.LOGARITHM:
                raise sqlite3.OperationalError("no such function: ln")
            return super().execute(sql, *values)  # type: ignore[arg-type]  # what it is called with

    connect = sqlite3.connect
    monkeypatch.setattr(
        "celerytui.history.schema.sqlite3.connect",
        lambda *args, **more: connect(*args, **more, factory=Without),
    )
    assert history.types(T0, NOW, 3_600) == expected


@settings(max_examples=200)
@given(st.floats(0, 1e10, allow_nan=False) | st.integers(0, 10**9).map(lambda one: one / 1e6))
def test_the_bucket_of_a_duration_is_the_same_in_sql(seconds: float) -> None:
    micros = round(seconds * 1e6)
    with closing(sqlite3.connect(":memory:")) as connection:
        have_logarithms(connection)
        query = f"SELECT {bucket_of(usable('took'))} FROM (SELECT ? AS took)"
        (bucket,) = connection.execute(query, (micros,)).fetchone()
    if micros >= 1e15:
        assert bucket is None
    else:
        (expected,) = buckets_of([micros / 1e6])
        # At a border the last digit decides.
        assert math.isclose(bucket, expected, abs_tol=1)
