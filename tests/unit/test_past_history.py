"""Past tasks from a history: searched on request, brought back at the start, followed offline."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from celery import Celery
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.control import Silences
from celerytui.engine import Engine, PastReading, Recorded
from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.past_failures import PastFailures
from celerytui.engine.past_tasks import PastTasks
from celerytui.engine.request_pool import RequestPool
from celerytui.engine.restoring import Restorer
from celerytui.history.flush import Flush
from celerytui.lazy_app import LazyApp
from celerytui.model import (
    Link,
    LinkState,
    Outcome,
    ResultMeta,
    Section,
    Task,
    TaskExtra,
    TaskState,
)
from celerytui.query import parse_filter
from celerytui.settings import Settings
from celerytui.store import FROM_HISTORY, Store, TaskOutcome
from tests.unit.history_tasks import T0, ended, record, writer
from tests.unit.history_tasks import found as recorded_in
from tests.unit.store_stream import ALPHA, beat, feed, held, survey, task_event
from tests.waiting import GENEROUS, wait_until

SECONDS = 20.0
OPEN = (TaskState.SENT, TaskState.RECEIVED, TaskState.STARTED, TaskState.RETRY)


def unfinished(number: int, at: float, state: TaskState, worker: str = ALPHA) -> Task:
    task = ended(number, at, state, worker=worker, finished=None, runtime=None)
    task.sent = at - 3
    return task


# -- the store -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", OPEN)
def test_nobody_knows_what_became_of_a_task_that_had_not_ended(state: TaskState) -> None:
    store = Store()
    task = unfinished(1, T0 - 60, state)
    assert store.past.take_in_doubt([task]).added == 1
    assert held(store, task.id).state is (state if state is TaskState.SENT else TaskState.MISSED)
    assert store.settling.missed(10) == [task.id]
    store.settling.resolve([TaskOutcome(task.id, "SUCCESS", "3", None, T0 - 50)])
    known = held(store, task.id)
    assert (known.state, known.more.source) == (TaskState.SUCCESS, "result backend")


def test_a_worker_that_has_it_says_so() -> None:
    store = Store()
    feed(store, beat(0))
    running, waiting = (unfinished(n, T0 - 60, TaskState.STARTED) for n in (1, 2))
    store.past.take_in_doubt([running, waiting])
    store.seed(survey(1, active={ALPHA: [{"id": running.id, "name": "shop.pay"}]}))
    known = held(store, running.id)
    assert (known.state, known.worker, known.more.source) == (TaskState.STARTED, ALPHA, None)
    assert held(store, waiting.id).state is TaskState.MISSED
    feed(store, task_event("succeeded", 5, waiting.id, runtime=1.0, result="7"))
    known = held(store, waiting.id)
    assert (known.state, known.result, known.more.source) == (TaskState.SUCCESS, "7", None)


def test_what_is_recorded_later_replaces_what_was_recorded_before() -> None:
    store = Store(max_tasks=2)
    store.past.take_recorded([unfinished(1, T0, TaskState.STARTED), ended(2, T0 - 5)])
    assert held(store, ended(1, 0).id).state is TaskState.STARTED
    failed = ended(1, T0 + 1, TaskState.FAILURE, result=None)
    taken = store.past.follow([failed, ended(1, T0 - 9), ended(3, T0 + 2)])
    assert (taken.added, taken.known) == (1, 2)
    assert {task.id for task in store.all_tasks()} == {failed.id, ended(3, 0).id}
    known = held(store, failed.id)
    assert (known.state, known.seen) == (TaskState.FAILURE, T0 + 1)
    assert known.more.source == FROM_HISTORY
    assert store.summary(T0 + 2).by_state["failure"] == 1


# -- on request ------------------------------------------------------------------------------------


class Reader:
    """Past tasks of an app with a history, and results in a folder, read by a pool that runs."""

    def __init__(
        self, folder: Path, *, room: int = 100_000, backend: str = "", offline: bool = False
    ) -> None:
        self.folder = folder / "h"
        self.store = Store(max_tasks=room)
        app = Celery("t", broker="memory://", backend=backend or None, set_as_current=False)
        settings = Settings(history=f"sqlite:///{self.folder}", offline=offline)
        self.pool = RequestPool(app, settings, self.store, lambda: None, lambda: T0, Silences())
        self.access = HistoryAccess(settings, "t", "memory://")
        self.past = PastTasks(app, self.store, self.pool, self.access, lambda: T0)

    def record(self, *flushes: Sequence[Task], most_rows: int = 2_000_000) -> None:
        record(self.folder, flushes, most_rows=most_rows)

    def turn(self, query: str = "") -> PastReading:
        came: list[PastReading] = []
        assert self.past.more(parse_filter(query) if query else None, came.append)
        wait_until(lambda: bool(came), SECONDS, "the request")
        return came[0]

    @property
    def ids(self) -> set[str]:
        return {task.id for task in self.store.all_tasks()}


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
    assert 1_000 <= first.added < 1_300
    assert first.back_to is not None
    assert reader.ids == {task.id for task in many[: first.added]}
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


# -- at the start, and offline ---------------------------------------------------------------------


class Restored:
    """What a thread brings back of a history."""

    def __init__(self, folder: Path, *, room: int = 100, offline: bool = False) -> None:
        self.reader = Reader(folder, room=room, offline=offline)
        self.store = self.reader.store
        self.links: list[Link] = []
        self.restorer = Restorer(
            self.reader.access,
            Settings(max_tasks=room),
            self.store,
            self.reader.past,
            self.links.append,
            lambda: T0,
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.restorer.run, args=(self._stopping,))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(SECONDS * GENEROUS)
        assert not self._thread.is_alive()


def test_a_start_brings_the_newest_and_leaves_room_for_what_comes(tmp_path: Path) -> None:
    restored = Restored(tmp_path)
    tasks = [ended(number, T0 - number) for number in range(200, 0, -1)]
    running = [unfinished(300 + n, T0 - n, TaskState.STARTED) for n in range(1, 31)]
    restored.reader.record([*tasks, *running, ended(500, T0 + 60)])
    restored.start()
    wait_until(lambda: len(restored.store.all_tasks()) == 60, SECONDS, "half and a tenth")
    restored.stop()
    by_id = {task.id: task for task in restored.store.all_tasks()}
    assert {one.id for one in tasks[-50:]} <= by_id.keys()
    states = [task.state for task in by_id.values()]
    assert states.count(TaskState.MISSED) == 10
    assert ended(500, 0).id not in by_id
    assert restored.reader.past.brought == {FROM_HISTORY: 60}
    feed(restored.store, *(task_event("received", n, f"live-{n}") for n in range(45)))
    live = {task.id for task in restored.store.all_tasks() if task.id.startswith("live")}
    assert len(live) == 45
    assert len(restored.store.all_tasks()) == 100


def test_nothing_recorded_yet_is_no_trouble(tmp_path: Path) -> None:
    restored = Restored(tmp_path)
    restored.start()
    restored.stop()
    assert restored.store.all_tasks() == []


def test_offline_what_somebody_records_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celerytui.engine.restoring.POLL_SECONDS", 0.05)
    restored = Restored(tmp_path, offline=True)
    restored.start()
    wait_until(lambda: bool(restored.links), SECONDS, "a word on it")
    assert "nothing was recorded there" in (restored.links[0].error or "")
    live = writer(tmp_path / "h")
    running = unfinished(1, T0, TaskState.STARTED)
    live.write(Flush(tasks=[running, ended(2, T0 - 1)]), T0 + 1)
    wait_until(lambda: len(restored.reader.ids) == 2, SECONDS, "what is there")
    assert held(restored.store, running.id).state is TaskState.STARTED
    live.write(Flush(tasks=[ended(1, T0 + 3), ended(3, T0 + 4)]), T0 + 5)
    wait_until(lambda: len(restored.reader.ids) == 3, SECONDS, "what is new")
    restored.stop()
    live.close(T0 + 6)
    assert held(restored.store, running.id).state is TaskState.SUCCESS
    assert restored.reader.past.brought == {FROM_HISTORY: 3}
    last = restored.links[-1]
    assert (last.state, last.lost_at, last.error) == (LinkState.OFFLINE, T0 + 5, None)


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Engine]:
    """An engine on a history alone, with an app that cannot be loaded."""
    record(tmp_path / "h", [[ended(1, T0)]])

    def load() -> object:
        raise AssertionError("nothing may need the app")

    app = LazyApp("redis://h", load, "shop")
    engine = Engine(app, Settings(history=f"sqlite:///{tmp_path}/h", offline=True))
    engine.start()
    yield engine
    assert engine.stop(SECONDS)


def test_offline_nothing_of_the_cluster_is_asked_or_changed(offline: Engine) -> None:
    assert (offline.app_name, offline.link.state) == ("shop", LinkState.OFFLINE)
    wait_until(lambda: bool(offline.store.all_tasks()), SECONDS, "the history")
    outcomes: list[Outcome] = []
    sections: list[Section] = []
    results: list[ResultMeta] = []
    offline.submit("task.revoke", ["x"], done=outcomes.append)
    offline.submit("worker.ping", ["w"], done=outcomes.append)
    for _ in range(2):
        offline.inspect("w", "stats", sections.append)
    offline.read_result("x", results.append)
    wait_until(
        lambda: (len(outcomes), len(sections), len(results)) == (2, 2, 1), SECONDS, "all answers"
    )
    errors = [one.error or "" for one in outcomes]
    errors += [one.error or "" for one in sections] + [one.error or "" for one in results]
    assert all("only what was recorded is read" in error for error in errors), errors
    assert offline.steps.trouble is None


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
