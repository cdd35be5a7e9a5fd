"""The cluster that stands still is the one in the pictures, and the same every time."""

from __future__ import annotations

import itertools
from collections import Counter

import msgspec
import pytest

from celerytui.demo.sample import FEATURED, NOW, sample_events, sample_queues, sample_store
from celerytui.demo.traffic import GPU, LOST_AT, NODES, SPAN, Traffic
from celerytui.model import Task, TaskState
from celerytui.store import Store


@pytest.fixture(scope="module")
def store() -> Store:
    return sample_store()


def featured(store: Store) -> Task:
    task = store.task(FEATURED)
    assert task is not None
    return task


class TestEvents:
    def test_two_generators_agree_in_every_field(self) -> None:
        one, other = Traffic(NOW), Traffic(NOW)
        for traffic in (one, other):
            traffic.background()
            traffic.heartbeats()
        assert one.finish() == other.finish()
        assert len(one.events) > 20_000

    def test_another_now_only_moves_them(self) -> None:
        here, there = sample_events(NOW), sample_events(NOW + 3600.0)
        assert [(e.type, e.uuid, e.args) for e in here] == [(e.type, e.uuid, e.args) for e in there]
        moved = {round(b.timestamp - a.timestamp, 3) for a, b in zip(here, there, strict=True)}
        assert moved == {3600.0}

    def test_they_are_in_order_and_none_is_still_to_come(self) -> None:
        times = [event.timestamp for event in sample_events()]
        assert times == sorted(times)
        assert times[0] > NOW - 2 * SPAN
        assert times[-1] <= NOW

    def test_nothing_is_heard_of_the_lost_worker(self) -> None:
        heard = [event.timestamp for event in sample_events() if event.hostname == GPU]
        assert NOW - LOST_AT - 3.0 < max(heard) <= NOW - LOST_AT

    def test_the_caller_may_change_the_list(self) -> None:
        sample_events().clear()
        assert len(sample_events()) > 30_000


class TestStore:
    def test_the_numbers_in_the_header(self, store: Store) -> None:
        summary = store.summary(NOW)
        assert (summary.workers_online, summary.workers_lost, summary.workers_total) == (4, 1, 5)
        assert store.glance(None).running == 29
        assert summary.failed_5m == 12
        assert summary.held > 8_000
        assert summary.evicted == 0
        assert summary.events_invalid == 0

    def test_each_worker_is_as_busy_as_it_says(self, store: Store) -> None:
        running = Counter(
            task.worker for task in store.all_tasks() if task.state is TaskState.STARTED
        )
        told = {worker.hostname: worker.active for worker in store.workers()}
        for node in NODES:
            assert told[node.hostname] == node.busy
            assert running[node.hostname] == (0 if node.hostname == GPU else node.busy)

    def test_the_tasks_of_the_lost_worker_are_lost(self, store: Store) -> None:
        lost = [task for task in store.all_tasks() if task.state is TaskState.LOST]
        assert {(task.name, task.worker) for task in lost} == {("media.transcode", GPU)}
        assert len(lost) == 2

    def test_every_state_that_a_cluster_shows_is_there(self, store: Store) -> None:
        states = {task.state for task in store.all_tasks()}
        assert states >= {
            TaskState.SENT,
            TaskState.RECEIVED,
            TaskState.STARTED,
            TaskState.RETRY,
            TaskState.SUCCESS,
            TaskState.FAILURE,
            TaskState.REVOKED,
            TaskState.LOST,
        }

    def test_the_featured_failure(self, store: Store) -> None:
        task = featured(store)
        assert task.state is TaskState.FAILURE
        assert task.name == "billing.charge"
        assert task.args == "(42, 'tok_visa_4242')"
        assert task.received is not None
        assert task.sent is not None
        assert task.received - task.sent == pytest.approx(8.71, abs=0.001)
        assert task.running(NOW) == pytest.approx(1.2, abs=0.001)
        assert task.more.exception == "CardDeclined('insufficient_funds')"
        assert "shop/billing/gateway.py" in (task.more.traceback or "")

    def test_its_family(self, store: Store) -> None:
        names = {task.name: task.state.label for task in store.relatives(FEATURED)}
        names.pop("billing.charge", None)
        assert names == {
            "orders.checkout": "success",
            "fraud.score": "success",
            "audit.record": "success",
            "mail.send_failed": "sent",
        }

    def test_failures_by_exception(self, store: Store) -> None:
        failures = [t for t in store.all_tasks() if t.state is TaskState.FAILURE]
        kinds = Counter((task.more.exception or "").partition("(")[0] for task in failures)
        assert kinds == {"CardDeclined": 9, "ReadTimeout": 2, "WorkerLostError": 1}

    def test_the_queues(self, store: Store) -> None:
        queues = {queue.name: queue for queue in store.queues()}
        ready = {name: queue.ready for name, queue in queues.items()}
        assert ready == {
            "high": 1204,
            "default": 12,
            "media": 37,
            "mail": 6,
            "reports": 0,
            "dead": 88,
        }
        assert queues["dead"].consumed is False
        assert queues["high"].consumed is True
        assert (queues["high"].growth or 0.0) > 2.0
        assert queues["media"].empty_in is not None
        assert len(queues["high"].history) == 120

    def test_the_throughput_has_a_dip_and_no_gap(self, store: Store) -> None:
        done = store.series("done", 290, NOW)
        assert None not in done
        values = [value or 0.0 for value in done]
        usual = sum(values[-60:-1]) / 59
        dip = sum(values[-124:-112]) / 12
        assert usual > 25
        assert dip < usual / 3

    def test_it_does_not_move(self, store: Store) -> None:
        other = sample_store()
        assert msgspec.json.encode(other.task(FEATURED)) == msgspec.json.encode(featured(store))
        assert other.summary(NOW) == store.summary(NOW)
        assert other.workers() == store.workers()


def test_queue_readings_end_now_and_are_five_seconds_apart() -> None:
    times = [at for at, _ in sample_queues()]
    assert times[-1] == NOW
    steps = {round(later - earlier, 3) for earlier, later in itertools.pairwise(times)}
    assert steps == {5.0}
    assert len(times) == 120
