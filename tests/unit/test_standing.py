"""What is known of workers and queues goes on after a key frame as if there had been none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pytest

from celerytui.demo.sample import NOW, sample_store
from celerytui.model import Entry, Queue, Worker
from celerytui.store import Store, standing
from celerytui.store.statistics import WATCHED
from tests.unit.event_log import read, tell, write
from tests.unit.store_stream import T0, feed, task_event

CUTS = (NOW - 200, NOW - 100, NOW - 30.6)


@pytest.fixture(scope="module")
def told() -> list[Entry]:
    """All that the sample's store was told."""
    found: list[Entry] = []
    sample_store(record=found.append)
    return found


@pytest.fixture(scope="module")
def whole(told: list[Entry]) -> Store:
    """A store that was told all of it."""
    return tell(told)


def resumed(told: Iterable[Entry], cut: float) -> Store:
    """A store that was told how things stood at a time, and what came after."""
    before = tell(one for one in told if one.at <= cut)
    return tell([*standing(before, cut), *(one for one in told if one.at > cut)])


def facts(worker: Worker) -> tuple[object, ...]:
    return (
        *(worker.hostname, worker.status, worker.pid, worker.pids, worker.uptime, worker.inspected),
        *(worker.last_heartbeat, worker.processed, worker.prefetch, worker.queues, worker.alive),
        *(worker.succeeded, worker.failed, worker.running, worker.stopping),
    )


def depths(queue: Queue) -> tuple[object, ...]:
    return queue.name, queue.ready, queue.unacked, queue.read_at, queue.history, queue.consumers


@pytest.mark.parametrize("cut", CUTS)
def test_each_worker_is_the_same_process_and_keeps_its_figures(
    told: list[Entry], whole: Store, cut: float
) -> None:
    assert list(map(facts, resumed(told, cut).workers())) == list(map(facts, whole.workers()))


@pytest.mark.parametrize("cut", CUTS)
def test_queues_have_the_same_history(told: list[Entry], whole: Store, cut: float) -> None:
    assert len(whole.queues()[0].history) > 50
    assert list(map(depths, resumed(told, cut).queues())) == list(map(depths, whole.queues()))


@pytest.mark.parametrize("cut", CUTS)
def test_charts_and_the_course_of_each_worker_are_the_same(
    told: list[Entry], whole: Store, cut: float
) -> None:
    again = resumed(told, cut)
    kinds: tuple[Literal["events", "done", "failed"], ...] = ("events", "done", "failed")
    for kind in kinds:
        assert again.series(kind, 300, NOW) == whole.series(kind, 300, NOW)
    for worker in whole.workers():
        mine = again.series("done", 300, NOW, worker.hostname)
        assert mine == whole.series("done", 300, NOW, worker.hostname)
    for window in WATCHED:
        ours, theirs = again.course.read(window, NOW), whole.course.read(window, NOW)
        assert (ours.done, ours.failed, ours.retried) == (
            theirs.done,
            theirs.failed,
            theirs.retried,
        )


@pytest.mark.parametrize("cut", CUTS)
def test_types_have_the_same_figures_and_places(
    told: list[Entry], whole: Store, cut: float, tmp_path: Path
) -> None:
    before = tell(one for one in told if one.at <= cut)
    write(tmp_path / "key.jsonl.zst", list(standing(before, cut)))
    again = tell([*read(tmp_path / "key.jsonl.zst"), *(one for one in told if one.at > cut)])
    assert types_of(again) == types_of(whole)


def test_what_left_memory_is_counted_all_the_same() -> None:
    few = Store(max_tasks=10, clock=lambda: T0)
    for number in range(50):
        id = f"t{number}"
        feed(
            few,
            task_event("received", number, id, name="shop.pay"),
            task_event("started", number, id),
            task_event("succeeded", number + 0.5, id, runtime=0.5),
        )
    few.sweep(T0 + 50)
    assert len(few.all_tasks()) == 10
    again = tell(standing(few, T0 + 50))
    assert types_of(again, T0 + 50) == types_of(few, T0 + 50)
    assert again.workers()[0].succeeded == few.workers()[0].succeeded == 50


def test_types_beyond_the_bound_are_in_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celerytui.store.statistics.kept.MOST_TYPES", 1)
    store = Store(clock=lambda: T0)
    for number, name in enumerate(("short", "long", "short")):
        runtime = 9.0 if name == "long" else 1.0
        feed(
            store,
            task_event("received", number, str(number), name=name),
            task_event("started", number, str(number)),
            task_event("succeeded", number + 0.5, str(number), runtime=runtime),
        )
    store.sweep(T0 + 60)
    (entry,) = (one for one in standing(store, T0 + 60) if one.what == "counted")
    kept = entry.args[0].types
    assert [one.name for one in kept.types] == ["long", ""]
    assert sum(part.busy for part in kept.whole.levels[0]) == 11_000_000


def types_of(store: Store, now: float = NOW) -> list[object]:
    statistics = store._statistics
    statistics.settle(now)
    figures = [
        statistics.figures(name, window, [(now - 300, now)], 1)
        for name in sorted(statistics.names())
        for window in range(len(WATCHED))
    ]
    return [figures, sorted(map(str, statistics.kept_places()))]
