"""Past tasks from a history that nobody asked for: brought back at the start, followed offline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from celerytui.engine import Engine
from celerytui.engine.past_windows import PastWindows
from celerytui.engine.restoring import Restorer
from celerytui.history.flush import Flush
from celerytui.lazy_app import LazyApp
from celerytui.model import Link, LinkState, Outcome, ResultMeta, Section, TaskState
from celerytui.settings import Settings
from celerytui.store import FROM_HISTORY, Store, TaskOutcome
from tests.unit.history_tasks import T0, ended, record, writer
from tests.unit.past_tasks_reader import SECONDS, Reader, unfinished
from tests.unit.store_stream import ALPHA, beat, feed, held, survey, task_event
from tests.waiting import GENEROUS, wait_until

OPEN = (TaskState.SENT, TaskState.RECEIVED, TaskState.STARTED, TaskState.RETRY)


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


# -- at the start, and offline ---------------------------------------------------------------------


class Restored:
    """What a thread brings back of a history."""

    def __init__(
        self, folder: Path, *, room: int = 100, offline: bool = False, now: float = T0
    ) -> None:
        self.reader = Reader(folder, room=room, offline=offline)
        self.store = self.reader.store
        self.links: list[Link] = []
        self.windows = PastWindows(self.store, lambda: now, kept=True)
        self.restorer = Restorer(
            self.reader.access,
            Settings(max_tasks=room),
            self.store,
            self.reader.past,
            self.windows,
            self.links.append,
            lambda: now,
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.restorer.run, args=(self._stopping,))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.restorer.stop()
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
    wait_until(lambda: restored.links[-1].lost_at == T0 + 5, SECONDS, "up to when it goes")
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
