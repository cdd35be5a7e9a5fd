"""What is known of workers and queues goes on after a key frame as if there had been none."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from celerytui.demo.sample import NOW, sample_store
from celerytui.model import Entry, Queue, Worker
from celerytui.store import Store, standing
from tests.unit.event_log import tell

CUTS = (NOW - 200, NOW - 100, NOW - 30.6)


@pytest.fixture(scope="module")
def told() -> list[Entry]:
    """All that the sample's store was told."""
    found: list[Entry] = []
    sample_store(record=found.append)
    return found


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
    told: list[Entry], cut: float
) -> None:
    whole = tell(told).workers()
    assert list(map(facts, resumed(told, cut).workers())) == list(map(facts, whole))


@pytest.mark.parametrize("cut", CUTS)
def test_queues_have_the_same_history(told: list[Entry], cut: float) -> None:
    whole = tell(told).queues()
    assert len(whole[0].history) > 50
    assert list(map(depths, resumed(told, cut).queues())) == list(map(depths, whole))
