"""A history that is replayed: what a store is told is what was recorded."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.control import ActionLog
from celerytui.errors import HistoryError
from celerytui.history import retold
from celerytui.history.flush import AlertChange, Flush, Gap
from celerytui.history.folder_place import FolderPlace
from celerytui.history.history import Writer
from celerytui.model import (
    Alert,
    Entry,
    LinkState,
    Mark,
    Moments,
    Queue,
    Recording,
    Task,
    TaskState,
    Worker,
)
from celerytui.store import Store, tellers
from tests.unit.history_tasks import T0, ended, record, writer
from tests.unit.store_stream import held
from tests.unit.test_store_against_state import essence, lives, run_store

pytestmark = pytest.mark.slow

TROUBLE, MARK = Moments.TROUBLE, Moments.MARK
HOUR = 3600.0


def told(entries: Iterable[Entry], until: float = float("inf")) -> Store:
    """A store that was told all entries up to a time."""
    store = Store()
    known = tellers(store)
    for entry in entries:
        if entry.at > until:
            break
        if entry.what in known:
            known[entry.what](*entry.args)
    return store


OPEN: list[Recording] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """What a test opened is closed after it."""
    yield
    while OPEN:
        OPEN.pop().close()


def recording(folder: Path) -> Recording:
    OPEN.append(FolderPlace(folder).recording())
    return OPEN[-1]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 3).flatmap(lambda n: lives(n, 3)), min_size=1, max_size=4),
    st.integers(1, 3),
    st.sampled_from([0.5, 60.0]),
)
def test_a_store_that_is_told_all_knows_what_was_recorded(
    streams: list[list[dict[str, Any]]], most_rows: int, lead: float
) -> None:
    by_id = {stream[0]["uuid"]: stream for stream in streams}
    tasks = run_store([event for stream in by_id.values() for event in stream]).all_tasks()
    with tempfile.TemporaryDirectory() as path, pytest.MonkeyPatch.context() as patch:
        patch.setattr(retold, "LEAD", lead)
        made = writer(Path(path), most_rows=most_rows)
        for task in tasks:
            made.write(Flush([task]), T0)
        made.close(T0 + 100)
        found = recording(Path(path))
        entries = [*found.entries(found.begins)]
        found.close()
    times = [entry.at for entry in entries]
    assert times == sorted(times)
    assert entries[0].what == "link"
    assert entries[0].args[0].state is LinkState.CONNECTED
    twins = told(entries)
    for task in tasks:
        assert _known(held(twins, task.id)) == _known(task)


def _known(task: Task) -> dict[str, Any]:
    """What a row has of a task: how long it ran as well, in microseconds."""
    runtime = task.running(0.0) if task.state.finished else task.runtime
    return essence(task) | {"runtime": None if runtime is None else round(runtime, 5)}


def long_and_short() -> list[Task]:
    """One task a second for two hours, and some that run or wait for long."""
    tasks = [ended(n, T0 + n) for n in range(0, int(2 * HOUR), 10)]
    tasks.append(ended(90_001, T0 + HOUR, received=T0 + 60, started=T0 + 61))
    tasks.append(ended(90_002, T0 + HOUR, sent=T0 + 30, received=T0 + 3000, started=T0 + 3001))
    running = Task("running", 0, TaskState.STARTED, "shop.pay", "w@h", seen=T0 + 101)
    running.received, running.started = T0 + 100, T0 + 101
    return [*tasks, running]


def test_what_took_long_is_there_from_its_beginning_on(tmp_path: Path) -> None:
    tasks = long_and_short()
    record(tmp_path, [tasks[at : at + 100] for at in range(0, len(tasks), 100)], most_rows=100)
    found = recording(tmp_path)
    store = told(found.entries(T0 + 1800), T0 + 1800)
    states = {task.id: task.state for task in store.all_tasks()}
    assert states["running"] is TaskState.STARTED
    assert store.summary(T0 + 1800).by_state["started"] >= 1
    newest = max(task.seen for task in store.all_tasks() if task.state.finished)
    assert T0 + 1790 <= newest <= T0 + 1800
    whole = told(found.entries(T0))
    assert {one.id for one in whole.all_tasks()} == {one.id for one in long_and_short()}


def test_what_runs_now_and_ends_hours_later_in_the_same_segment_runs(tmp_path: Path) -> None:
    record(tmp_path, [long_and_short()])
    store = told(recording(tmp_path).entries(T0 + 1800), T0 + 1800)
    started = [one.id for one in store.all_tasks() if one.state is TaskState.STARTED]
    sent = [one.id for one in store.all_tasks() if one.state is TaskState.SENT]
    assert sorted(started) == sorted([ended(90_001, 0).id, "running"])
    assert sent == [ended(90_002, 0).id]


def test_only_the_hour_before_is_told(tmp_path: Path) -> None:
    record(tmp_path, [long_and_short()])
    found = recording(tmp_path)
    assert found.begin_of(T0 + 1.9 * HOUR) == T0 + 0.9 * HOUR
    store = told(found.entries(T0 + 1.9 * HOUR))
    assert min(task.seen for task in store.all_tasks()) >= T0 + 101
    assert len(store.all_tasks()) == pytest.approx(0.9 * 360, abs=250)


def happened(folder: Path) -> None:
    """What `happens`, in a folder."""
    happens(lambda started: writer(folder, started=started))


REVOKED = {
    "time": T0 + 70, "user": "ana", "app": "shop", "broker": "redis://h", "count": 1,
    "action": "task.revoke", "targets": ["1"], "params": {}, "items": {},
    "replies": [{"worker": "w@h", "ok": True, "text": "revoked"}],
    "finding": {"action": "task.revoke", "started_at": T0 + 70, "at": T0 + 75, "ok": True,
                "text": "gone"},
}  # fmt: skip
"""An action in the log, of which the effect is known."""


def happens(make: Callable[[float], Writer]) -> None:
    """Ten minutes with a worker, a queue, marks, an alert, a gap, and a break of an hour."""
    made = make(T0)
    worker = Worker("w@h", T0, T0, status="online", running=2, processed=7, loadavg=(0.5,))
    queue = Queue("high", ready=12, unacked=1, consumers=2, read_at=T0)
    made.write(Flush([ended(1, T0 + 5)], [worker], [queue]), T0)
    alert = Alert("queue.growing", "high", "warning", T0 + 100, "It grows")
    made.write(
        Flush(
            [ended(2, T0 + 50, TaskState.FAILURE), ended(3, T0 + 220)],
            gaps=[Gap(T0 + 300, None, "no connection")],
            marks=[Mark(T0 + 60, "v1.2", "ana"), Mark(T0 + 90, "v1.3")],
            alerts=[AlertChange(True, alert)],
            actions=[(T0 + 70, json.dumps(REVOKED)), (T0 + 80, json.dumps({"action": "x.y"}))],
        ),
        T0 + 120,
    )
    made.write(Flush(gaps=[Gap(T0 + 300, T0 + 340, "no connection")]), T0 + 340)
    gone = Worker("w@h", T0, T0, status="offline")
    made.write(Flush([], [gone], [Queue("high", ready=3, read_at=T0)]), T0 + 400)
    made.close(T0 + 600)
    later = make(T0 + 4200)
    later.write(Flush([ended(4, T0 + 4230)]), T0 + 4260)
    later.close(T0 + 4260)


def test_workers_queues_gaps_and_marks_are_told_at_their_times(tmp_path: Path) -> None:
    happened(tmp_path)
    found = recording(tmp_path)
    assert (found.begins, found.ends, found.events) == (T0, T0 + 4260, 4)
    assert (found.app, found.broker, found.kind) == ("shop", "redis://h", "sqlite")
    assert [(one.at - T0, one.text, (one.until or 0) - T0) for one in found.gaps] == [
        (300, "no connection", 340),
        (600, "nothing recorded", 4200),
    ]
    assert [one.text for one in found.marks] == ["v1.2", "v1.3"]
    entries = [*found.entries(T0)]
    times = [entry.at for entry in entries]
    assert times == sorted(times)
    assert all(not T0 + 610 < at < T0 + 4190 for at in times)

    log = ActionLog(None, user="bob", app="other", broker="")
    for entry in entries:
        if entry.what == "action" and entry.at <= T0 + 100:
            log.take_told(*entry.args)
    assert [(one.time, one.user, one.summary) for one in log.entries()] == [
        (T0 + 70, "ana", "gone")
    ]
    later = [one.at - T0 for one in found.entries(T0 + 4200) if one.what == "action"]
    assert later == [600.0] * 3, "those from before its beginning are told there"

    at_100 = told(entries, T0 + 100)
    (worker,), (queue,) = at_100.workers(), at_100.queues()
    assert (worker.status, worker.active, worker.processed) == ("online", 2, 7)
    assert worker.last_heartbeat == pytest.approx(T0 + 100)
    assert (queue.ready, queue.unacked, queue.consumers) == (12, 1, 2)
    assert [(one.at, one.text, one.by) for one in at_100.marks.all()] == [
        (T0 + 60, "v1.2", "ana"),
        (T0 + 90, "v1.3", ""),
    ]
    assert at_100.gaps() == []
    assert told(entries, T0 + 320).gaps() == [(T0 + 300, None)]
    at_590 = told(entries, T0 + 590)
    assert at_590.gaps() == [(T0 + 300, T0 + 340)]
    assert at_590.workers()[0].status in ("offline", "stopping")
    assert at_590.queues()[0].ready == 3


def test_the_states_before_the_time_that_is_asked_for_are_known(tmp_path: Path) -> None:
    happened(tmp_path)
    store = told(recording(tmp_path).entries(T0 + 4259))
    assert store.queues()[0].ready == 3
    assert [task.id for task in store.all_tasks()] == [ended(4, 0).id]


def test_what_one_looks_for_is_found(tmp_path: Path) -> None:
    happened(tmp_path)
    found = recording(tmp_path)
    failed = T0 + 50
    assert found.find(TROUBLE, T0) == failed
    assert found.find(TROUBLE, failed) == T0 + 120
    assert found.find(TROUBLE, T0 + 120) is None
    assert found.find(TROUBLE, T0 + 4000, back=True) == T0 + 120
    assert found.find(TROUBLE, T0 + 120, back=True) == failed
    assert found.find(TROUBLE, failed, back=True) is None
    assert found.find(MARK, T0) == T0 + 60
    assert found.find(MARK, T0 + 60) == T0 + 90
    assert found.find(MARK, T0 + 90) is None
    assert found.find(MARK, T0 + 90, back=True) == T0 + 60
    # Where it leads to, the failure is seen.
    assert held(told(found.entries(failed), failed), ended(2, 0).id).state is TaskState.FAILURE


@pytest.mark.parametrize("count", [1, 7, 200])
def test_the_buckets_have_every_task_once(tmp_path: Path, count: int) -> None:
    happened(tmp_path)
    buckets = recording(tmp_path).buckets(count)
    assert len(buckets) == count
    assert sum(one.events or 0 for one in buckets) == 4
    assert sum(one.failures for one in buckets) == 1
    silent = [place for place, one in enumerate(buckets) if one.events is None]
    assert len(silent) == {1: 0, 7: 5, 200: 171}[count]


def test_a_clock_that_is_off_changes_the_order_only(tmp_path: Path) -> None:
    from celerytui.model import TaskExtra

    ahead = ended(1, T0 + 100, TaskState.FAILURE, extra=TaskExtra(worker_shift=30.0))
    record(tmp_path, [[ahead, ended(2, T0 + 80)]])
    found = recording(tmp_path)
    assert found.find(TROUBLE, T0) == T0 + 70
    store = told(found.entries(T0), T0 + 75)
    assert [task.id for task in store.all_tasks() if task.state.finished] == [ahead.id]
    assert held(store, ahead.id).finished == T0 + 100


def test_a_damaged_segment_costs_itself(tmp_path: Path) -> None:
    record(tmp_path, [[ended(n, T0 + n)] for n in range(4)], most_rows=1)
    files = sorted(tmp_path.glob("2023*.db"))
    assert len(files) == 4
    files[1].write_bytes(b"no database at all" * 100)
    found = recording(tmp_path)
    assert len(told(found.entries(T0)).all_tasks()) == 3
    assert files[1].name in found.notes[0]


def test_what_somebody_wrote_into_a_segment_does_not_hold_it_up(tmp_path: Path) -> None:
    happened(tmp_path)
    (file,) = tmp_path.glob("2023*.db")
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("UPDATE tasks SET attempts = '{' WHERE id = 1")
        other.execute("UPDATE tasks SET seen = 9e999 WHERE id = 2")
        other.execute("UPDATE sessions SET last = 9e999 WHERE id = 2")
        other.execute("INSERT INTO gaps VALUES (9e999, NULL, ''), (-5, 3, NULL)")
        other.execute("INSERT INTO marks VALUES (9e999, 'x', 'y')")
    found = recording(tmp_path)
    assert (found.begins, found.ends) == (T0, T0 + 600)
    assert len(found.gaps) == 2
    assert len(found.marks) == 2
    entries = [*found.entries(T0)]
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert found.find(TROUBLE, T0) == T0 + 50
    assert len(found.buckets(10)) == 10


def test_what_cannot_be_read_while_it_is_replayed_is_said(tmp_path: Path) -> None:
    record(tmp_path, [[ended(n, T0 + n) for n in range(5)]])
    found = recording(tmp_path)
    (file,) = tmp_path.glob("2023*.db")
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("DROP TABLE workers")
    with pytest.raises(HistoryError, match="cannot be read: no such table: workers"):
        list(found.entries(T0))


def test_a_folder_without_a_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="nothing was recorded"):
        recording(tmp_path / "nowhere")
    with pytest.raises(HistoryError, match="nothing was recorded"):
        recording(tmp_path)
