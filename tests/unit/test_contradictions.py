"""What is in doubt, from the events of made-up workers: a sweep a second, a heartbeat every two."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

import pytest

from celerytui.model import Batch, Event
from celerytui.store import Store, contradictions
from celerytui.store.contradictions import COST_OF_SWEEP, IDS
from tests.unit.store_stream import ALPHA, T0, beat, feed, survey, task_event


class Worker:
    """A worker of two slots, heard since T0; `live` lets time pass."""

    def __init__(self, *, slots: int = 2, skew: float = 0.0) -> None:
        self.store = Store()
        self.now = 0.0
        self.skew = skew
        self.active = 0
        self.apply(beat(skew, active=0))
        stats = {ALPHA: {"pid": 1, "pool": {"max-concurrency": slots}}}
        self.store.seed(survey(0, stats=stats))

    def apply(self, *events: Event) -> None:
        for event in events:
            feed_at(self.store, event, self.now)

    def does(self, kind: str, id: str, name: str = "a", **fields: Any) -> None:
        if kind == "received":
            fields["name"] = name
        self.apply(task_event(kind, self.now + self.skew, id, **fields))

    def runs(self, id: str, seconds: float, name: str = "a") -> None:
        """A task from its begin to its end, all of it seen."""
        self.does("received", id, name)
        self.does("started", id)
        self.live(seconds)
        self.does("succeeded", id, runtime=seconds, result="1")

    def begins(self, *ids: str, name: str = "a") -> None:
        for id in ids:
            self.does("received", id, name)
            self.does("started", id)

    def live(self, seconds: float, *, active: int | None = None) -> None:
        self.active = self.active if active is None else active
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1.0)
            if int(self.now) % 2 == 0:
                self.apply(beat(self.now + self.skew, active=self.active))
            self.store.sweep(T0 + self.now)

    @property
    def agrees(self) -> bool:
        return ALPHA not in self.store.settling.doubts()

    @property
    def doubted(self) -> tuple[str, ...] | None:
        return self.store.settling.doubts().get(ALPHA)

    def confirms(self, *ids: str) -> None:
        found: dict[str, tuple[str, dict[str, Any]]] = {
            id: ("active", {"id": id, "time_start": T0}) for id in ids
        }
        assert self.store.settling.answered(ALPHA, ids, found, T0 + self.now) == []


def feed_at(store: Store, event: Event, now: float) -> None:
    store.apply(Batch([event], T0 + now))


def test_more_started_than_slots_is_in_doubt() -> None:
    worker = Worker()
    worker.begins("a", "b")
    worker.live(4, active=2)
    assert worker.doubted is None
    worker.begins("c")
    worker.live(2)
    assert worker.doubted is None
    worker.live(3)
    assert set(worker.doubted or ()) <= {"a", "b", "c"}
    assert worker.doubted


@pytest.mark.parametrize("skew", [0.0, 900.0, -900.0])
def test_a_worker_that_counts_fewer_than_started_is_in_doubt(skew: float) -> None:
    worker = Worker(slots=8, skew=skew)
    worker.begins("a", "b")
    worker.live(12, active=2)
    assert worker.doubted is None
    worker.live(4, active=1)  # its end may be on its way yet
    assert worker.doubted is None
    worker.live(4)
    assert set(worker.doubted or ()) == {"a", "b"}


def test_a_worker_that_runs_what_nobody_knows_is_asked_what() -> None:
    worker = Worker()
    worker.live(4, active=1)
    assert worker.doubted is None
    worker.live(8)
    assert worker.doubted == ()


def test_short_tasks_between_heartbeats_are_no_contradiction() -> None:
    worker = Worker()
    for number in range(30):
        worker.active = 1
        worker.runs(f"t{number}", 0.0)
        worker.live(1)
        assert worker.doubted is None


@pytest.mark.parametrize("skew", [0.0, 900.0, -900.0])
def test_far_longer_than_usual_while_later_ones_began(skew: float) -> None:
    worker = Worker(skew=skew)
    for number in range(4):
        worker.runs(f"t{number}", 2)
    worker.begins("stuck")
    worker.live(1, active=1)
    worker.begins("last")
    worker.does("succeeded", "last", runtime=0.0)
    worker.live(4)
    assert worker.doubted is None
    worker.live(2)
    assert worker.doubted == ("stuck",)


def test_far_longer_than_usual_alone_is_none_while_it_is_at_work() -> None:
    worker = Worker()
    worker.runs("t", 1)
    worker.begins("long")
    worker.live(60, active=1)
    assert worker.doubted is None


def test_a_waiting_task_that_later_ones_overtook() -> None:
    worker = Worker()
    worker.runs("t", 1)
    worker.does("received", "waits")
    worker.does("received", "eta", eta="2040-01-01T00:00:00+00:00")
    worker.live(4, active=0)
    assert worker.doubted is None
    worker.live(3)
    assert worker.doubted == ("waits",)


@pytest.mark.parametrize("skew", [0.0, 3600.0])
def test_a_task_whose_eta_came_long_ago_on_an_idle_worker(skew: float) -> None:
    worker = Worker(skew=skew)
    worker.runs("t", 1)
    at = datetime.fromtimestamp(T0 + worker.now + skew + 30, timezone.utc)
    worker.does("received", "eta", eta=at.isoformat())
    worker.live(34, active=0)
    assert worker.doubted is None
    worker.live(3)
    assert worker.doubted == ("eta",)


def test_the_time_until_an_eta_is_no_wait() -> None:
    worker = Worker()
    for number in range(3):
        at = datetime.fromtimestamp(T0 + worker.now + 100, timezone.utc)
        worker.does("received", f"t{number}", eta=at.isoformat())
        worker.live(100, active=0)
        worker.does("started", f"t{number}")
        worker.does("succeeded", f"t{number}", runtime=0.0)
        worker.live(1)
    worker.does("received", "waits")
    worker.live(7)
    assert worker.doubted == ("waits",)


def test_a_waiting_task_behind_others_is_not_in_doubt() -> None:
    worker = Worker(slots=1)
    worker.runs("t", 1)
    worker.begins("long")
    worker.does("received", "waits")
    worker.live(60, active=1)
    assert worker.doubted is None


@pytest.mark.parametrize(("seconds", "doubted"), [(19, None), (22, ("a",))])
def test_a_type_that_was_never_seen_to_end(seconds: float, doubted: Iterable[str] | None) -> None:
    worker = Worker()
    worker.does("received", "a")
    worker.live(seconds, active=0)
    assert worker.doubted == doubted


def test_a_retry_sends_again_too_and_is_not_in_doubt() -> None:
    worker = Worker()
    worker.begins("a")
    worker.live(1, active=1)
    worker.apply(task_event("sent", worker.now, "a", "gen1@host", name="a", retries=1))
    worker.does("retried", "a", exception="E()")
    worker.live(10, active=0)
    assert worker.doubted is None


def test_what_is_confirmed_is_left_alone_for_longer_each_time() -> None:
    worker = Worker()
    worker.runs("t", 1)
    worker.begins("long")
    worker.live(1, active=1)
    worker.runs("later", 1)
    pauses = []
    since = worker.now
    for _ in range(4):
        while worker.doubted is None:
            worker.live(1)
        pauses.append(worker.now - since)
        since = worker.now
        worker.confirms("long")
    assert pauses[1:] == [10, 20, 40]


def test_a_worker_that_is_gone_or_not_settled_is_in_no_doubt() -> None:
    worker = Worker()
    worker.begins("a", "b", "c")
    worker.live(6, active=2)
    assert worker.doubted
    worker.store.mark_gap(T0 + worker.now, T0 + worker.now)
    worker.store.sweep(T0 + worker.now)
    assert worker.agrees
    lost = Worker()
    lost.begins("a", "b", "c")
    lost.live(6, active=2)
    lost.store.sweep(T0 + 100)
    assert lost.agrees


def test_an_answer_takes_the_doubt_away() -> None:
    worker = Worker()
    worker.begins("a", "b", "c")
    worker.live(6, active=2)
    worker.confirms(*worker.doubted or ())
    assert worker.agrees
    worker.live(3)
    assert worker.agrees


def test_a_question_is_of_some_ids_and_a_sweep_of_some_tasks() -> None:
    worker = Worker()
    worker.begins(*(f"t{number}" for number in range(IDS + 10)))
    worker.live(6, active=2)
    assert len(worker.doubted or ()) == IDS
    found = worker.store.settling._contradictions
    hosts = [f"w{number}@host" for number in range(50)]
    feed(worker.store, *(beat(10, host) for host in hosts))
    for number in range(2 * COST_OF_SWEEP):
        worker.apply(task_event("received", 10, f"r{number}", hosts[number % 50]))
    rounds = 0
    found.begin(T0 + 10)
    while found.turn(T0 + 10):
        rounds += 1
    assert found._looked < COST_OF_SWEEP + contradictions.COST_OF_TURN
    assert rounds > 5


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celerytui.store.tasks.MAX_LOST", 4)
    worker = Worker()
    for number in range(6):
        worker.runs(f"t{number}", 1, name=f"type{number}")
        worker.begins(f"lost{number}")
    found = worker.store.settling._contradictions
    found.confirm([f"t{number}" for number in range(1000)], T0)
    worker.live(1)
    assert len(found._confirmed) <= 6
    worker.store.sweep(T0 + 300)
    assert len(worker.store._tasks.lost[ALPHA].ids) == 4
