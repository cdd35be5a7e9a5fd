"""The recorder: what it writes of a store, how it waits for a history, and what it then drops."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.control import ActionLog
from celerytui.engine import recording
from celerytui.engine.recording import Recorder
from celerytui.health import Health
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.folder_place import FolderPlace
from celerytui.history.history import Place
from celerytui.history.pending import Pending
from celerytui.history.segment import Segment
from celerytui.model import MARK_EVENT, Batch, Event, Link, Outcome, QueueDepth, Task, TaskState
from celerytui.settings import Settings
from celerytui.store import Store
from tests.unit.history_tasks import DAY, ended, found, writer
from tests.unit.store_stream import T0, beat, task_event
from tests.waiting import wait_until

SECONDS = 10.0


class Session:
    """A store that is recorded into a history."""

    def __init__(self, place: Place, **more: int) -> None:
        self.now = T0
        self.store = Store(clock=self.clock, **more)
        self.passed = 0.0
        self.health = Health(self.store, monotonic=lambda: self.passed)
        self.log = ActionLog(None, user="me", app="shop", broker="redis://h")
        self.recorder = Recorder(
            self.store,
            self.health,
            self.log,
            Settings(),
            self.clock,
            "shop",
            "redis://h",
            place,
        )
        self.thread = threading.Thread(target=self.recorder.run)

    def clock(self) -> float:
        return self.now

    def apply(self, *events: Event) -> None:
        self.store.apply(Batch(list(events), self.now))

    def run(self, id: str, end: str = "succeeded") -> None:
        self.apply(*(task_event(kind, 0, id, pid=1) for kind in ("received", "started", end)))

    def end(self) -> None:
        self.recorder.finish()
        self.thread.join(SECONDS)


@contextmanager
def recorded(folder: Path, **more: int) -> Iterator[Session]:
    with recorded_at(FolderPlace(folder), **more) as session:
        yield session


@contextmanager
def recorded_at(place: Place, **more: int) -> Iterator[Session]:
    session = Session(place, **more)
    session.thread.start()
    try:
        yield session
    finally:
        session.end()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "FLUSH_SECONDS", 0.01)
    monkeypatch.setattr(recording, "RETRY_SECONDS", 0.02)


def until(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, SECONDS, what)


def test_what_happens_is_written_and_the_end_writes_the_rest(tmp_path: Path) -> None:
    with recorded(tmp_path) as session:
        session.run("a")
        until(lambda: session.recorder.state.recorded == 1, "the task is recorded")
        session.run("b", "failed")
        session.apply(task_event("received", 0, "c", pid=1))
    assert {(one.id, one.state) for one in found(tmp_path)} == {
        ("a", TaskState.SUCCESS),
        ("b", TaskState.FAILURE),
        ("c", TaskState.RECEIVED),
    }
    assert session.recorder.state.dropped == session.recorder.state.waiting == 0


def test_figures_gaps_marks_and_actions_are_written_once(tmp_path: Path) -> None:
    with recorded(tmp_path) as session:
        session.apply(beat(0))
        session.store.sweep(T0)
        session.store.record_queues([QueueDepth("high", 3)], T0)
        session.store.mark_gap(T0 - 9, T0 - 5)
        session.apply(Event(type=MARK_EVENT, extra={"text": "deploy", "user": "me"}))
        session.log.record(Outcome("task.revoke", ("a",), (), T0, T0))
        session.run("a")
        until(lambda: session.recorder.state.recorded == 1, "the first flush")
        session.run("b")
        until(lambda: session.recorder.state.recorded == 2, "the second flush")
    (file,) = Folder(tmp_path).segments()
    with closing(sqlite3.connect(file.path)) as connection:
        rows = connection.execute
        assert rows("SELECT since, until FROM gaps").fetchall() == [(T0 - 9, T0 - 5)]
        assert rows("SELECT text, by FROM marks").fetchall() == [("deploy", "me")]
        (entry,) = rows("SELECT entry FROM actions").fetchall()
        assert '"action": "task.revoke"' in entry[0]


def test_what_cannot_be_written_waits_and_is_written_once_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "h"
    folder.write_text("in the way")
    with recorded(folder) as session:
        session.run("a")
        until(lambda: session.recorder.trouble is not None, "the trouble is said")
        assert "a file, not a folder" in str(session.recorder.trouble)
        trouble = session.recorder.trouble
        for _ in range(2):
            alerts = session.health.evaluate(Link(), T0, unrecorded=trouble)
            session.passed += 5.0
        assert [one.evidence for one in alerts] == [{"error": trouble}]
        folder.unlink()
        until(lambda: session.recorder.state.recorded == 1, "the task is recorded")
        until(lambda: session.recorder.trouble is None, "there is no trouble any more")
    assert [one.id for one in found(folder)] == ["a"]


def test_figures_of_a_flush_that_failed_are_written_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked_once(self: Segment, flush: Flush, now: float) -> int:
        if flush.workers and not failed:
            failed.append(flush)
            raise sqlite3.OperationalError("database is locked")
        return write(self, flush, now)

    failed: list[Flush] = []
    write = Segment.write
    monkeypatch.setattr(Segment, "write", locked_once)
    session = Session(FolderPlace(tmp_path))
    session.apply(beat(0))
    session.store.sweep(T0)
    session.store.record_queues([QueueDepth("high", 3)], T0)
    session.thread.start()
    until(lambda: bool(failed) and session.recorder.trouble is None, "it is over")
    session.end()
    (file,) = Folder(tmp_path).segments()
    with closing(sqlite3.connect(file.path)) as connection:
        assert connection.execute("SELECT count(*) FROM workers").fetchone() == (1,)
        assert connection.execute("SELECT ready FROM queues").fetchall() == [(3,)]


def test_figures_that_were_not_written_are_news_again() -> None:
    samples = recording._Samples()
    assert samples.news({"a": 1, "b": 2}, int) == [1, 2]
    assert samples.news({"a": 1, "b": 2}, int) == [1, 2]
    samples.written()
    assert samples.news({"a": 1, "b": 3}, int) == [3]
    samples.written()
    # Who is gone is forgotten.
    assert samples.news({"b": 3}, int) == []
    samples.written()
    assert samples.news({"a": 1, "b": 3}, int) == [1]


def test_a_recorder_that_never_catches_up_shows_that_it_is_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "FLUSH_TASKS", 1)
    monkeypatch.setattr(recording, "WRITE_SECONDS", 0.0)
    session = Session(FolderPlace(tmp_path))
    for number in range(5):
        session.run(f"t{number}")
    begun = [session.recorder.turned_at]
    write = Segment.write

    def noted(self: Segment, flush: Flush, now: float) -> int:
        begun.append(session.recorder.turned_at)
        return write(self, flush, now)

    monkeypatch.setattr(Segment, "write", noted)
    session.thread.start()
    until(lambda: session.recorder.state.recorded == 5, "all are recorded")
    session.end()
    # Each is written in a turn of its own, though there is always more.
    assert len(set(begun)) >= 5
    assert len(found(tmp_path)) == 5


def test_a_full_disk_is_pruned_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = T0 - 40 * DAY
    made = writer(tmp_path, started=before)
    made.write(Flush(tasks=[ended(1, before)]), before)
    made.close(before)
    (old,) = Folder(tmp_path).segments()

    def full(self: Segment, flush: Flush, now: float) -> int:
        if old.path.exists():
            raise sqlite3.OperationalError("database or disk is full")
        return write(self, flush, now)

    write = Segment.write
    monkeypatch.setattr(Segment, "write", full)
    monkeypatch.setattr(Segment, "hand_over", lambda self, *_: self.abandon())
    with recorded(tmp_path) as session:
        session.run("a")
        until(lambda: session.recorder.state.recorded == 1, "there is room again")
    assert not old.path.exists()


def test_the_oldest_successes_are_dropped_first_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "h"
    folder.write_text("in the way")
    session = Session(FolderPlace(folder))
    session.recorder._pending = Pending(limit=3)
    session.thread.start()
    session.run("f", "failed")
    for number in range(5):
        session.run(f"s{number}")
    until(lambda: session.recorder.dropped == 3, "three are dropped")
    folder.unlink()
    until(lambda: session.recorder.state.recorded == 3, "the others are recorded")
    said = f"3 tasks dropped: more end than can be written to {folder}"
    until(lambda: session.recorder.trouble == said, "it is said")
    session.now += recording.DROPPED_SECONDS
    until(lambda: session.recorder.trouble is None, "it is no longer said")
    session.end()
    assert {one.id for one in found(folder)} == {"f", "s3", "s4"}


def test_a_second_recorder_stands_by_and_takes_over(tmp_path: Path) -> None:
    with recorded(tmp_path) as one:
        one.run("a")
        until(lambda: one.recorder.state.recorded == 1, "the first records")
        with recorded(tmp_path) as other:
            until(lambda: other.recorder.state.standing_by, "the second stands by")
            assert other.recorder.trouble is None
            one.end()
            other.now = T0 + 1
            other.run("b")
            until(lambda: other.recorder.state.recorded == 1, "the second records")
    assert {one.id for one in found(tmp_path)} == {"a", "b"}


def test_evicted_tasks_are_recorded_too(tmp_path: Path) -> None:
    with recorded(tmp_path, max_tasks=2) as session:
        for number in range(50):
            session.run(f"t{number}")
    assert len(found(tmp_path)) == 50


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(TaskState)), max_size=30),
    st.integers(1, 6),
)
def test_as_many_wait_as_may_and_others_outlive_successes(
    changes: list[tuple[str, TaskState]], limit: int
) -> None:
    pending, tasks = Pending(limit), {id: Task(id, 0) for id in "abcdefgh"}
    for id, state in changes:
        tasks[id].state = state
        pending.add([tasks[id]])
    changed = {id for id, _ in changes}
    assert len(pending) == min(limit, len(pending) + pending.dropped, len(changed))
    pending.turn()
    kept = pending.next(100)
    assert len(kept) == len({task.id for task in kept}) == len(pending)
    pending.written(kept, kept)
    assert len(pending) == 0


def test_a_task_that_ends_while_it_waits_is_written_once() -> None:
    pending, task = Pending(), Task("a", 0)
    pending.add([task])
    pending.turn()
    (live,) = pending.next(9)
    task.state, task.seen = TaskState.SUCCESS, T0
    pending.written([live], [task])
    pending.add([task])  # which is when the change is told of
    assert len(pending) == 0
    task.seen = T0 + 1
    pending.add([task])
    assert pending.next(9) == [task]
