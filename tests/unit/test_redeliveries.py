"""Which lost tasks the broker delivers again: the rules, and the words."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from celerytui.columns import lost_counts, lost_text, redelivery_text
from celerytui.columns.redelivery import lost_shortly
from celerytui.engine.redeliveries import Redeliveries
from celerytui.model import LostTasks, Redelivery
from celerytui.store import Store
from celerytui.wire.amqp import AMQP
from celerytui.wire.broker import Broker
from celerytui.wire.redis import REDIS
from tests.unit.store_stream import T0, beat, feed, survey, task_event

NOW = T0 + 60
TIMEOUT = 3600.0
HOW = "visibility timeout 1h00m unless the workers have another"


class Held:
    """What a broker holds, by task id; `asked` is how often it was looked at."""

    timeout = TIMEOUT

    def __init__(self, due: Mapping[str, float | None]) -> None:
        self.known = due
        self.asked = 0
        self.closed = 0

    def due(self, ids: Collection[str]) -> Mapping[str, float | None]:
        self.asked += 1
        return {id: at for id, at in self.known.items() if id in ids}

    def close(self) -> None:
        self.closed += 1


W1, W2 = "celery@w1", "celery@w2"


@pytest.fixture
def store() -> Store:
    """Two started and one waiting task went down with w1."""
    store = Store(clock=lambda: NOW)
    feed(store, beat(0, W1, pid=1))
    for id in ("started", "late", "waiting"):
        feed(store, task_event("received", 10, id, W1, name=f"t.{id}"))
    for id in ("started", "late"):
        feed(store, task_event("started", 11, id, W1))
    store.sweep(NOW)
    return store


def look(store: Store, held: Held | None, broker: Broker = REDIS) -> Redeliveries:
    found = Redeliveries(store, broker, held, store.lost.acks_late)
    found.look(NOW, 0.0)
    return found


def lost_of(store: Store) -> LostTasks | None:
    worker = store.worker(W1)
    assert worker is not None
    return worker.lost_tasks


def test_redis_says_exactly_what_it_still_holds(store: Store) -> None:
    held = Held({"started": None, "late": NOW + 5, "waiting": NOW + 9})
    found = look(store, held)
    assert found.of("started") == Redelivery(False, why="acknowledged when it started")
    assert found.of("late") == Redelivery(True, NOW + 5, HOW)
    assert found.of("waiting") == Redelivery(True, NOW + 9, HOW)
    assert found.of("another") is None
    assert lost_of(store) == LostTasks(2, 1, 2, 1, NOW + 5, NOW + 9, HOW)


def test_what_was_acknowledged_once_stays_so_and_what_went_is_in_its_queue(store: Store) -> None:
    held = Held({"started": None, "late": NOW + 5, "waiting": NOW + 9})
    found = look(store, held)
    held.known = {"started": None, "late": None, "waiting": NOW + 9}
    found.look(NOW + 2 * TIMEOUT, 100.0)
    assert found.of("started") == Redelivery(False, why="acknowledged when it started")
    assert found.of("late") == Redelivery(True, why="back in its queue")


def test_what_went_before_its_time_may_be_lost_as_where_the_broker_came_back_empty(
    store: Store,
) -> None:
    held = Held({"started": None, "late": NOW + 5, "waiting": NOW + 9})
    found = look(store, held)
    held.known = dict.fromkeys(held.known)
    found.look(NOW + 6, 100.0)
    assert found.of("late") == Redelivery(True, why="back in its queue")
    why = "no longer unacknowledged before its time: back in its queue, or lost by the broker"
    assert found.of("waiting") == Redelivery(None, why=why)
    found.look(NOW + 10, 200.0)
    assert found.of("waiting") == Redelivery(None, why=why)


def test_a_first_look_after_the_timeout_can_not_tell_acknowledged_from_delivered_again(
    store: Store,
) -> None:
    found = Redeliveries(store, REDIS, Held(dict.fromkeys(("started", "waiting"))), lambda _: None)
    found.look(NOW + 2 * TIMEOUT, 0.0)
    unknown = Redelivery(None, why="no longer unacknowledged: done, or back in its queue")
    assert [found.of(id) for id in ("started", "waiting")] == [unknown, unknown]


def test_where_there_is_too_much_to_look_at_what_had_not_started_comes_all_the_same(
    store: Store,
) -> None:
    held = Held({})
    found = look(store, held)
    assert found.of("waiting") == Redelivery(True, why=HOW)
    started = found.of("started")
    assert started is not None
    assert started.again is None
    assert lost_of(store) == LostTasks(2, 1, 1, 0, how=HOW)
    # Looked at again at growing pauses: 4 s after the first look, then 8 s after that.
    for tick in (1.0, 3.9, 4.0, 11.9, 12.0):
        found.look(NOW, tick)
    assert held.asked == 3


@pytest.mark.parametrize("acknowledged", [None, True, False])
def test_rabbitmq_delivers_a_started_task_again_only_if_it_acknowledges_late(
    acknowledged: bool | None,
) -> None:
    store = feed(Store(clock=lambda: NOW), beat(0, W1, pid=1))
    for id in ("a", "b"):
        feed(store, task_event("received", 10, id, W1, name=f"t.{id}"))
    feed(store, task_event("started", 11, "a", W1))
    if acknowledged is not None:
        listed = {"id": "a", "name": "t.a", "time_start": T0 + 11, "acknowledged": acknowledged}
        store.seed(survey(12, active={W1: [listed]}))
    store.sweep(NOW)
    found = look(store, None, AMQP)
    assert found.of("b") == Redelivery(True, why="at once")
    expected = {
        None: Redelivery(None, why="at once if its acks_late is set, else never"),
        True: Redelivery(False, why="acknowledged when it started"),
        False: Redelivery(True, why="at once"),
    }
    assert found.of("a") == expected[acknowledged]


def test_any_other_broker_does_not_say(store: Store) -> None:
    found = look(store, None, Broker(title="Qpid"))
    assert found.of("waiting") == Redelivery(None, why="Qpid does not say")
    assert lost_of(store) == LostTasks(2, 1)


def test_what_came_back_is_lost_no_more(store: Store) -> None:
    held = Held({"started": None, "late": NOW + 5, "waiting": NOW + 9})
    found = look(store, held)
    for id in ("late", "waiting"):
        feed(store, task_event("received", 70, id, W2))
    found.look(NOW + 10, 100.0)
    assert found.of("late") is None
    assert lost_of(store) == LostTasks(1, 0, 0, 1)
    feed(store, task_event("received", 71, "started", W2))
    found.look(NOW + 11, 200.0)
    assert lost_of(store) is None
    # Nothing is lost: nothing is asked, and the connection goes.
    assert (held.asked, held.closed) == (2, 1)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Redelivery(True, NOW + 60, "x"), "will be redelivered at 22:15:20 (x)"),
        (
            Redelivery(True, NOW - 60),
            "redelivery due since 22:13:20, once a worker is up",
        ),
        (Redelivery(True, why="at once"), "will be redelivered (at once)"),
        (Redelivery(False, why="acknowledged"), "will not be redelivered (acknowledged)"),
        (Redelivery(None), "redelivery unknown"),
    ],
)
def test_the_words_for_one_task(found: Redelivery, expected: str) -> None:
    assert redelivery_text(found, NOW, True) == expected


@pytest.mark.parametrize(
    ("lost", "text", "row"),
    [
        (
            LostTasks(0, 3, 3, 0, how="at once"),
            "the broker will redeliver these (at once)",
            "3 of 3 tasks again",
        ),
        (
            LostTasks(2, 8, 8, 2, NOW + 60, NOW + 60),
            "the broker will redeliver 8 at 22:15:20; 2 not: acknowledged when started",
            "8 of 10 tasks again 22:15",
        ),
        (
            LostTasks(2, 1, 1, 0, NOW + 60, NOW + 60),
            "the broker will redeliver 1 at 22:15:20; redelivery unknown for 2",
            "1 of 3 tasks again 22:15",
        ),
        (
            LostTasks(2, 0, 0, 2),
            "none of these will be redelivered: acknowledged when started",
            "2 tasks, not redelivered",
        ),
        (LostTasks(1, 1), "redelivery unknown", "2 tasks"),
        (
            LostTasks(0, 2, 2, 0, NOW + 60, NOW + 70),
            "the broker will redeliver these from 22:15:20 to 22:15:30",
            "2 of 2 tasks again 22:15",
        ),
    ],
)
def test_the_words_for_a_workers_tasks(lost: LostTasks, text: str, row: str) -> None:
    assert lost_text(lost, NOW, True) == text
    assert lost_shortly(lost, NOW, True) == row
    assert lost_counts(LostTasks(2, 8)) == "2 started, 8 not started"
