"""Retries, and where tasks ran, from a history: as if somebody had watched."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from celerytui.engine.past_course import restore_window
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.keeping import prune
from celerytui.history.reading import SegmentHistory
from celerytui.history.retries import RetryCounts
from celerytui.model import Attempt, Task, TaskExtra, TaskState
from celerytui.settings import Keeping
from celerytui.store import Store
from tests.unit.history_tasks import DAY, T0, ended, writer

RETRY = TaskState.RETRY
NOW = T0 + 10 * DAY


def retried(number: int, at: float, *attempts: float, **more: object) -> Task:
    """A task that ended at `at`, and was retried before at these times."""
    task = ended(number, at, **more)  # type: ignore[arg-type]  # fields of it
    task.retries = len(attempts)
    found = (Attempt(one, "KeyError('x')", None, worker="w@h", runtime=0.5) for one in attempts)
    task.extra = TaskExtra(attempts=tuple(found))
    return task


def restored(
    folder: Path, since: float = 0.0, until: float = NOW, store: Store | None = None
) -> Store:
    """A store that has the week of it."""
    store = store or Store()
    history = SegmentHistory(Folder(folder))
    for _ in restore_window(history, store, "7d", since, until):
        pass
    history.close()
    assert history.notes == []
    return store


def retries(store: Store) -> int:
    return sum(one.retries for one in store.types.all("7d", NOW))


def drawn(store: Store) -> tuple[float | None, ...]:
    """The retries of the chart, in a second."""
    return store.course.read("7d", NOW).retried.values


def test_they_count_when_they_were_and_not_when_their_task_ended(tmp_path: Path) -> None:
    made = writer(tmp_path / "h", started=NOW - 8 * DAY)
    for day in range(7, 0, -1):
        at = NOW - day * DAY
        made.write(Flush([retried(day, at, at - 3_600, at - 7_200)]), at)
    made.close(NOW - 600)
    store = restored(tmp_path / "h")
    assert retries(store) == 12
    (figures,) = store.types.all("7d", NOW)
    assert figures.states[RETRY] == 12
    assert len([one for one in drawn(store) if one]) == 12


def test_those_of_tasks_that_have_not_ended_count_once(tmp_path: Path) -> None:
    """Also where what is recorded later has their end."""
    first = retried(1, NOW - 900, NOW - 1_000, NOW - 2_000, state=TaskState.STARTED)
    first.finished = None
    waits = ended(2, NOW - 800, RETRY)
    waits.extra = TaskExtra("KeyError('x')")
    made = writer(tmp_path / "h", started=NOW - DAY)
    made.write(Flush([first, waits]), NOW - 700)
    store = restored(tmp_path / "h", until=NOW - 600)
    assert retries(store) == 3
    over = retried(1, NOW - 400, NOW - 500, NOW - 1_000, NOW - 2_000)
    then = retried(2, NOW - 300, NOW - 800)
    made.write(Flush([over, then]), NOW - 200)
    made.close(NOW - 100)
    restored(tmp_path / "h", NOW - 600, NOW, store)
    assert retries(store) == 4


def test_removed_successes_are_still_retried(tmp_path: Path) -> None:
    made = writer(tmp_path / "h", started=T0)
    for day in range(10):
        at = T0 + day * DAY + 7_000
        other = ended(100 + day, at, TaskState.FAILURE)
        made.write(Flush([retried(day, at, at - 10, at - 4_000), other]), at)
    made.close(NOW)
    before = restored(tmp_path / "h")
    assert len(prune(Folder(tmp_path / "h"), Keeping(), NOW).thinned) > 3
    after = restored(tmp_path / "h")
    assert retries(after) == retries(before) == 14
    assert drawn(after) == drawn(before)
    assert any(drawn(after))
    (one,), (other_one,) = after.types.all("7d", NOW), before.types.all("7d", NOW)
    assert one.share == other_one.share


@given(st.text() | st.lists(st.none() | st.integers() | st.dictionaries(st.text(), st.none())))
def test_attempts_that_cannot_be_read_cost_themselves_alone(found: object) -> None:
    text = found if isinstance(found, str) else json.dumps(found)
    counts = RetryCounts(0.0, 100.0, 10)
    good = json.dumps([{"at": 7.0, "state": int(RETRY)}, {"at": float("inf"), "state": 3}][:1])
    counts.take([(1, 8.0, 4, text), (1, 8.0, 4, good)], {1: "shop.pay"})
    assert [(one.slot, one.count) for one in counts.all()] == [(0, 1)]


def test_where_tasks_ran_is_known_from_then_on_and_counted_once(tmp_path: Path) -> None:
    made = writer(tmp_path / "h", started=NOW - 2 * DAY)
    tasks = [
        ended(number, NOW - DAY - 60.0 * number, worker=f"w{number % 2}@h", queue="high")
        for number in range(10)
    ]
    tasks += [ended(50, NOW - 3_000, TaskState.FAILURE, worker="w0@h", queue="high")]
    made.write(Flush(tasks), NOW - 2_000)
    made.close(NOW - 1_000)
    store = Store()
    history = SegmentHistory(Folder(tmp_path / "h"))
    for window in ("24h", "7d", "30d"):
        for _ in restore_window(history, store, window, 0.0, NOW):
            pass
    history.close()
    found = store.types.one("shop.pay", "5m", NOW)
    assert found is not None
    assert {(one.worker, one.queue, one.succeeded, one.failed) for one in found.places} == {
        ("w0@h", "high", 5, 1),
        ("w1@h", "high", 5, 0),
    }
    assert store.types.places.since == NOW - 2 * DAY
    assert store.types.places.removed is None
