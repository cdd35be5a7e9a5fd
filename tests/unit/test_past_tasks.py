"""Past tasks from a result backend: held while there is room, and never in place of live ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from hypothesis import example, given
from hypothesis import strategies as st

from celerytui.control import Silences
from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.past_results import ResultsSource
from celerytui.engine.past_search import PastReading
from celerytui.engine.past_source import PastQuestion
from celerytui.engine.past_tasks import PastTasks
from celerytui.engine.request_pool import RequestPool
from celerytui.model import StoredResult, Task, TaskExtra, TaskState
from celerytui.query import EMPTY, parse_filter
from celerytui.results import Page
from celerytui.results.filesystem import FilesystemSource
from celerytui.settings import Settings
from celerytui.store import Store
from tests.unit.store_stream import T0, feed, task_event
from tests.waiting import wait_until

STATES = (TaskState.SUCCESS, TaskState.FAILURE, TaskState.REVOKED)


def past(id: str, at: float = -100, state: TaskState = TaskState.SUCCESS, **more: Any) -> Task:
    task = Task(id, 0, state, finished=T0 + at, seen=T0 + at, **more)
    if state is TaskState.FAILURE:
        task.extra = TaskExtra(exception="E('x')", traceback="Traceback\nE: x")
    return task


def test_a_past_task_is_held_with_its_source() -> None:
    store = Store()
    before = store.revision
    taken = store.past.take([past("a", name="shop.add", args="(1,)", result="2")])
    assert (taken.added, taken.known, taken.no_room) == (1, 0, 0)
    task = store.task("a")
    assert task is not None
    assert (task.state, task.name, task.result) == (TaskState.SUCCESS, "shop.add", "2")
    assert task.more.source == "result backend"
    assert store.live.changed_since(before, 10) == ["a"]
    assert store.summary(T0).by_state["success"] == 1


def test_events_win_and_what_they_left_out_is_filled_in() -> None:
    store = Store()
    feed(store, task_event("received", 1, "a", name="mine"), task_event("failed", 2, "a"))
    taken = store.past.take([past("a", name="other", args="(1,)", kwargs="{}", result="2")])
    assert (taken.added, taken.known) == (0, 1)
    task = store.task("a")
    assert task is not None
    assert (task.state, task.name, task.args, task.result) == (
        TaskState.FAILURE,
        "mine",
        "(1,)",
        None,
    )
    assert task.more.source is None


def test_an_event_takes_a_past_task_over() -> None:
    store = Store()
    store.past.take([past("a", at=-100)])
    feed(store, task_event("received", 5, "a"), task_event("started", 6, "a"))
    task = store.task("a")
    assert task is not None
    assert task.state is TaskState.STARTED


def test_past_failures_are_in_their_groups() -> None:
    store = Store()
    store.past.take([past("a", state=TaskState.FAILURE, name="shop.pay")])
    store.failures.update(T0)
    (row,) = store.failures.rows(T0, every=True)
    assert (row.count, row.task, row.last_seen) == (1, "shop.pay", T0 - 100)
    assert store.summary(T0).failed_5m == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["past", "received", "succeeded", "failed"]), st.integers(0, 14)),
        max_size=60,
    ),
    st.integers(1, 8),
)
@example([("past", 1), ("past", 13), ("failed", 13), ("received", 0)], 2)
def test_no_live_task_goes_while_a_past_one_is_held(
    steps: list[tuple[str, int]], room: int
) -> None:
    store = Store(max_tasks=room)
    for at, (step, number) in enumerate(steps):
        before = {task.id: task.state for task in store.all_tasks()}
        gone_from = {id for id in before if _source(store, id) is None}
        if step == "past":
            state = STATES[number % len(STATES)]
            store.past.take([past(f"t{number}", at=-at, state=state)])
            assert gone_from <= {task.id for task in store.all_tasks()}
            assert all(state is before.get(id, state) for id, state in _states(store).items())
        else:
            some_past = len(gone_from) < len(before)
            feed(store, task_event(step, at, f"t{number}"))
            if some_past:
                assert gone_from <= {task.id for task in store.all_tasks()}
        summary = store.summary(T0)
        assert summary.held == len(store.all_tasks()) <= room
        for label, count in summary.by_state.items():
            assert count == sum(state.label == label for state in _states(store).values())


def _states(store: Store) -> dict[str, TaskState]:
    return {task.id: task.state for task in store.all_tasks()}


def _source(store: Store, id: str) -> str | None:
    task = store.task(id)
    assert task is not None
    return task.more.source


# -- turns -----------------------------------------------------------------------------------------


class Reader:
    """Past tasks of an app whose results are files, read by a pool that runs."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        app = Celery("t", broker="memory://", backend=f"file://{folder}", set_as_current=False)
        settings = Settings()
        self.pool = RequestPool(app, settings, store, lambda: None, lambda: T0, Silences())
        history = HistoryAccess(settings, "t", "memory://")
        self.past = PastTasks(app, store, self.pool, history, lambda: T0)

    def keep(self, *ids: str, state: str = "SUCCESS") -> None:
        for id in ids:
            meta = {"task_id": id, "status": state, "result": 1, "name": f"shop.{id[0]}"}
            meta["date_done"] = "2026-01-01T10:00:00"
            (self.folder / f"celery-task-meta-{id}").write_text(json.dumps(meta))

    def turn(self, query: str = "") -> PastReading:
        answered = threading.Event()
        found: list[PastReading] = []

        def done(reading: PastReading) -> None:
            found.append(reading)
            answered.set()

        assert self.past.more(parse_filter(query) if query else None, done)
        wait_until(answered.is_set, 20, "the turn")
        return found[0]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    folder = tmp_path / "results"
    folder.mkdir()
    one = Reader(folder, Store(max_tasks=2_000))
    yield one
    one.pool.stop()


def test_turns_go_on_until_all_is_read(reader: Reader) -> None:
    reader.keep(*(f"a{number}" for number in range(1_300)))
    first = reader.turn()
    assert (first.added, first.ended, first.error) == (1_000, False, None)
    second = reader.turn()
    assert (second.added, second.ended) == (1_300, True)
    assert second.source == f"file://{reader.folder}"
    assert len(reader.store.all_tasks()) == reader.past.brought.total() == 1_300


def test_another_filter_begins_anew(reader: Reader) -> None:
    reader.keep("a1", "a2", "b1")
    assert reader.turn("name:shop.a").added == 2
    found = reader.turn("name:shop.b")
    assert (found.added, found.known, found.looked_at) == (1, 0, 3)
    found = reader.turn()
    assert (found.added, found.known, found.ended) == (0, 3, True)
    assert reader.past.brought.total() == 3


def test_what_has_not_ended_is_left_out(reader: Reader) -> None:
    reader.keep("a1", state="STARTED")
    reader.keep("a2", state="PROGRESS")
    found = reader.turn()
    assert (found.added, found.unfinished) == (0, 2)
    assert reader.store.all_tasks() == []


def test_it_ends_where_there_is_no_room(reader: Reader) -> None:
    reader.keep(*(f"a{number}" for number in range(2_100)))
    for _ in range(3):
        found = reader.turn()
    assert found.full
    assert len(reader.store.all_tasks()) == 2_000
    assert reader.store.evicted == 0


def test_an_error_is_said_and_the_next_turn_begins_anew(reader: Reader) -> None:
    reader.folder.rename(reader.folder.with_name("gone"))
    found = reader.turn()
    assert found.error is not None
    assert "No such file or directory" in found.error
    reader.folder.with_name("gone").rename(reader.folder)
    reader.keep("a1")
    again = reader.turn()
    assert (again.added, again.error) == (1, None)


def test_a_turn_that_was_given_up_adds_nothing_to_the_next_filter(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread hangs in the source, and goes on while another filter is read."""
    reader.keep("a1", "b1")
    held, free, begun = FilesystemSource._read, threading.Event(), threading.Event()

    def hang(source: FilesystemSource, prefix: str, task_id: str) -> StoredResult | None:
        if not hanging:
            hanging.append(threading.current_thread())
        if threading.current_thread() is hanging[0]:
            begun.set()
            free.wait(200)
        return held(source, prefix, task_id)

    hanging: list[threading.Thread] = []
    monkeypatch.setattr(FilesystemSource, "_read", hang)
    late: list[PastReading] = []
    assert reader.past.more(parse_filter("name:shop.a"), late.append)
    wait_until(begun.is_set, 20, "the first turn")
    (request,) = reader.pool._asked
    request.began = -1e9
    reader.pool.give_up_late()
    assert "no reply within" in (late[0].error or "")
    assert reader.turn("name:shop.b").added == 1
    free.set()
    hanging[0].join(200)
    assert [task.id for task in reader.store.all_tasks()] == ["b1"]
    assert reader.past.brought.total() == 1


def test_no_backend_is_said(tmp_path: Path) -> None:
    reader = Reader(tmp_path, Store())
    reader.past._app.conf.result_backend = None
    found = reader.turn()
    assert found.error == "no results to read: the app has no result backend"
    reader.pool.stop()


def test_long_texts_are_cut(reader: Reader) -> None:
    long = "x" * 100_000
    meta = {"status": "SUCCESS", "date_done": "2026-01-01T10:00:00", "result": long, "name": long}
    more = {"parent_id": long, "worker": long, "queue": long}
    (reader.folder / "celery-task-meta-a").write_text(json.dumps(meta | more))
    assert reader.turn().added == 1
    task = reader.store.task("a")
    assert task is not None
    assert task.parent_id is None
    texts = [task.name, task.worker, task.queue, task.result]
    assert all(text and len(text) <= 1_024 for text in texts)


def test_a_row_with_an_endless_id_is_left_out_and_counted() -> None:
    access: Any = None
    source = ResultsSource(PastQuestion(None, access, EMPTY, T0))
    rows = [StoredResult(one, "SUCCESS", finished=T0) for one in ("a", "x" * 1_000_000)]
    page = source._page(Page(tuple(rows), 2))
    assert [task.id for task in page.tasks] == ["a"]
    assert (page.flawed, page.unfinished) == (1, 0)
