"""Past tasks from a history: searched on request, and asked about failures."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.engine import PastReading, Recorded
from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.past_failures import PastFailures
from celerytui.model import (
    Task,
    TaskExtra,
    TaskState,
)
from celerytui.query import parse_filter
from celerytui.settings import Settings
from celerytui.store import FROM_HISTORY, Store
from tests.unit.history_tasks import T0, ended, record
from tests.unit.history_tasks import found as recorded_in
from tests.unit.past_tasks_reader import SECONDS, Reader, unfinished
from tests.unit.store_stream import feed, held, task_event
from tests.waiting import GENEROUS, wait_until

# -- on request ------------------------------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    one = Reader(tmp_path, backend=f"file://{tmp_path}/results")
    (tmp_path / "results").mkdir()
    yield one
    one.pool.stop()


def keep_result(folder: Path, id: str) -> None:
    text = f'{{"task_id": "{id}", "status": "SUCCESS", "result": 1, "name": "shop.old",'
    text += ' "date_done": "2020-01-01T10:00:00"}'
    (folder / "results" / f"celery-task-meta-{id}").write_text(text)


def test_the_history_comes_first_and_the_results_after_it(reader: Reader, tmp_path: Path) -> None:
    many = [ended(number, T0 - number) for number in range(1, 1_301)]
    failed = ended(2_000, T0 - 2_000, TaskState.FAILURE)
    reader.record([*many, unfinished(9_999, T0 - 1, TaskState.STARTED)], [failed])
    keep_result(tmp_path, "old-1")
    first = reader.turn()
    assert (first.source, first.ended) == ("the history", False)
    # The steps are as large as the time that the one before took allows.
    assert first.added >= 1_000
    assert first.back_to is not None
    assert reader.ids == {task.id for task in [*many, failed][: first.added]}
    second = reader.turn()
    assert (second.added, second.unfinished, second.further) == (1_301, 1, "the result backend")
    assert second.looked_at == 1_301
    assert {task.more.source for task in reader.store.all_tasks()} == {FROM_HISTORY}
    third = reader.turn()
    assert (third.added, third.ended, third.searched) == (1, True, ("the history",))
    assert held(reader.store, "old-1").more.source == "result backend"
    assert reader.past.brought == {FROM_HISTORY: 1_301, "result backend": 1}


def test_where_the_history_has_no_match_the_results_are_looked_at_at_once(
    reader: Reader, tmp_path: Path
) -> None:
    reader.record([ended(number, T0 - number) for number in range(1, 9)])
    keep_result(tmp_path, "old-1")
    reading = reader.turn("name:shop.old")
    assert (reading.added, reading.ended, reading.searched) == (1, True, ("the history",))
    failed = reader.turn("state:failure")
    assert (failed.added, failed.ended, failed.error) == (0, True, None)


def test_a_history_that_is_not_there_is_said_and_the_results_are_read(
    reader: Reader, tmp_path: Path
) -> None:
    keep_result(tmp_path, "old-1")
    reading = reader.turn()
    assert reading.skipped is not None
    assert "nothing was recorded there" in reading.skipped
    assert (reading.added, reading.ended, reading.error) == (1, True, None)


def test_what_cannot_be_read_of_a_history_is_said(tmp_path: Path) -> None:
    reader = Reader(tmp_path, offline=True)
    reader.record([ended(1, T0)])
    (reader.folder / "2001-01-01.1.db").write_bytes(b"no database" * 1_000)
    reading = reader.turn()
    assert (reading.added, reading.ended, reading.error) == (1, True, None)
    assert "2001-01-01.1.db" in (reading.skipped or "")
    reader.pool.stop()


def test_without_a_result_backend_the_history_is_all_there_is(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.record([ended(1, T0)])
    assert reader.turn().further
    last = reader.turn()
    assert (last.ended, last.error) == (True, None)
    offline = Reader(tmp_path, offline=True)
    only = offline.turn()
    assert (only.added, only.ended) == (1, True)


def test_a_search_is_stopped_and_goes_on_from_there(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celerytui.history.walk.MOST", 500)
    reader.record([ended(number, T0 - number) for number in range(5_000, 0, -1)])
    begun, go_on = threading.Event(), threading.Event()
    take = reader.store.past.take

    def slow(past: Sequence[Task], source: str) -> object:
        begun.set()
        assert go_on.wait(SECONDS * GENEROUS)
        return take(past, source)

    monkeypatch.setattr(reader.store.past, "take", slow)
    came: list[PastReading] = []
    assert reader.past.more(parse_filter("args:absent"), came.append)
    wait_until(begun.is_set, SECONDS, "the first step")
    assert not reader.past.more(None, came.append)
    assert reader.past.stop()
    go_on.set()
    wait_until(lambda: bool(came), SECONDS, "the end")
    (stopped,) = came
    assert (stopped.stopped, stopped.ended, stopped.error) == (True, False, None)
    assert stopped.looked_at < 5_000
    assert not reader.past.stop()
    rest = reader.turn("args:absent")
    assert rest.ended
    assert rest.searched == ("the history",)


def test_a_long_search_goes_on_by_itself(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celerytui.engine.past_reader.SECONDS", 0.0)
    reader.record([ended(number, T0 - number, args="(7,)") for number in range(3_000, 0, -1)])
    reading = reader.turn("args:7 id:" + ended(2_999, 0).id)
    assert (reading.added, reading.searching) == (1, False)
    assert reading.turns >= 1
    all_of_it = reader.turn("args:7")
    assert all_of_it.turns > 1
    assert all_of_it.added + all_of_it.known >= 1_000


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 400), st.sampled_from([*TaskState])),
        max_size=60,
    ),
    st.sampled_from(["", "state:failure", "name:pay", "-state:success", "runtime:>=1"]),
)
def test_all_turns_together_bring_what_the_filter_selects(
    tmp_path_factory: pytest.TempPathFactory, tasks: list[tuple[int, int, TaskState]], query: str
) -> None:
    reader = Reader(tmp_path_factory.mktemp("past"), offline=True)
    written = [ended(number, T0 - at, state) for number, at, state in tasks]
    reader.record(*(written[start : start + 7] for start in range(0, len(written), 7)))
    if not written:
        return
    while not (reading := reader.turn(query)).ended:
        assert reading.error is None
    wanted = recorded_in(reader.folder, query)
    assert reader.ids == {task.id for task in wanted if task.state.finished}
    reader.pool.stop()


def test_one_task_is_found_whole(reader: Reader) -> None:
    failed = ended(1, T0, TaskState.FAILURE, args="('x' * 5000)" + "x" * 5_000)
    reader.record([failed])
    came: list[Recorded] = []
    for task_id in (failed.id, "absent"):
        reader.past.find(task_id, came.append)
    wait_until(lambda: len(came) == 2, SECONDS, "both")
    found = [one.task for one in came if one.task is not None]
    assert [one.args for one in found] == [failed.args]
    assert found[0].more.source == FROM_HISTORY
    assert reader.ids == set()


# -- failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("recorded", "new"), [(True, False), (False, True)])
def test_a_failure_is_new_only_if_the_history_does_not_know_it(
    tmp_path: Path, recorded: bool, new: bool
) -> None:
    exception, traceback = "KeyError('x')", "Traceback:\nKeyError: 'x'"
    old = ended(1, T0 - 9_000, TaskState.FAILURE, name="shop.pay" if recorded else "shop.mail")
    old.extra = TaskExtra(exception, traceback)
    record(tmp_path / "h", [[old]])
    store = Store()
    store.failures.update(T0)
    now = T0 + 1_000
    events = (
        task_event("received", 1_000, name="shop.pay", pid=1),
        task_event("failed", 1_000, pid=1, exception=exception, traceback=traceback),
    )
    feed(store, *events)
    store.failures.update(now)
    past = PastFailures(store)
    (group,) = past.waiting(now)
    history = HistoryAccess(Settings(history=f"sqlite:///{tmp_path}/h"), "", "").open()
    past.look(history, group, now)
    history.close()
    (row,) = store.failures.rows(now, every=True)
    assert (row.standing == "new") is new
    assert row.first_seen == (T0 + 1_000 if new else T0 - 9_000)
    assert row.count == 1
    assert past.waiting(now) == []
