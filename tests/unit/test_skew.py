"""How far a clock is off is measured on what it stamps; a slow way to us is not taken for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import CLOCKS_AGREE, Batch, TaskState
from celerytui.store import Store
from celerytui.store.skew import KEPT_SECONDS, MAX_HOSTS, STEP, ClientClocks, Skew
from tests.unit.store_stream import ALPHA, BETA, T0, beat, held, known, survey, task_event

HOUR = 3600.0
delays = st.lists(st.floats(0, 20), min_size=1, max_size=40)


@given(st.floats(-1e6, 1e6), delays)
def test_what_is_slow_now_and_then_moves_nothing(ahead: float, slow: list[float]) -> None:
    skew = Skew()
    for number, delay in enumerate([0.0, *slow]):
        now = T0 + number * 0.7  # all within what is kept
        skew.take(now - delay + ahead, now)
    assert skew.ahead == pytest.approx(ahead, abs=1e-3)
    if abs(ahead) > CLOCKS_AGREE + STEP:
        assert skew.shift == pytest.approx(ahead, abs=STEP + 1e-3)
    elif abs(ahead) < CLOCKS_AGREE - 1e-3:
        assert skew.shift is None


@given(delays)
def test_a_delay_never_looks_like_a_clock_ahead(slow: list[float]) -> None:
    skew = Skew()
    for number, delay in enumerate(slow):
        skew.take(T0 + number * 2.0 - delay, T0 + number * 2.0)
        assert skew.ahead is not None
        assert skew.ahead <= 0


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_that_is_set_is_followed(jump: float) -> None:
    skew = Skew()
    for second in range(0, 60, 2):
        skew.take(T0 + second, T0 + second)
    assert skew.shift is None
    for second in range(60, 60 + int(2 * KEPT_SECONDS) + 4, 2):
        skew.take(T0 + second + jump, T0 + second)
    assert skew.ahead == skew.shift == jump


def test_one_figure_stands_while_little_changes() -> None:
    skew = Skew()
    shifts = set()
    for number in range(200):
        skew.take(T0 + number * 2 + HOUR - number % 7 / 100, T0 + number * 2)
        shifts.add(skew.shift)
    assert len(shifts) == 1


def test_the_hosts_of_clients_are_bounded() -> None:
    clocks = ClientClocks()
    for number in range(MAX_HOSTS + 5):
        clocks.take(f"gen1@host{number}", T0, T0)
    assert len(clocks._hosts) <= MAX_HOSTS


def run(store: Store, ahead: float, *, client: float = 0.0, lag: float | None = None) -> None:
    """A heartbeat and the life of a task, by the clocks of its client and its worker."""
    steps = [
        beat(ahead),
        task_event("sent", client, host="gen1@web"),
        task_event("received", 1 + ahead),
        task_event("started", 2 + ahead),
    ]
    for number, event in enumerate(steps):
        # Each takes 10 ms to us.
        at = T0 + (0.0, 0.0, 1.0, 2.0)[number] + 0.01
        store.apply(Batch([event], at, lag=lag))


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, 2.0])
@pytest.mark.parametrize("client", [0.0, 90.0, -HOUR])
def test_what_is_compared_across_hosts_is_corrected(ahead: float, client: float) -> None:
    store = Store()
    run(store, ahead, client=client)
    task = held(store)
    assert (task.sent, task.started) == (T0 + client, T0 + 2 + ahead)
    assert task.waited == pytest.approx(2.0, abs=STEP)
    assert task.running(T0 + 12) == pytest.approx(10.0, abs=STEP)
    assert task.clocks_differ(T0 + 12) is None
    assert known(store).clock_skew == pytest.approx(ahead, abs=STEP)


@pytest.mark.parametrize("client", [HOUR, -HOUR])
def test_a_task_that_did_not_start_waits_by_our_clock(client: float) -> None:
    store = Store()
    store.apply(Batch([task_event("sent", client, host="gen1@web")], T0))
    assert held(store).waiting(T0 + 5) == pytest.approx(5.0, abs=STEP)


def test_what_had_to_wait_for_us_says_nothing_of_clocks() -> None:
    store = Store()
    for second in range(0, 300, 2):
        store.apply(Batch([beat(second)], T0 + second + 60, lag=60.0))
    assert known(store).clock_skew is None
    store.apply(Batch([beat(300)], T0 + 300.02, lag=0.0))
    assert known(store).clock_skew == pytest.approx(-0.02, abs=1e-3)


def test_where_nothing_is_known_of_a_client_the_wait_is_unknown_and_says_why() -> None:
    store = Store()
    store.apply(Batch([beat(HOUR)], T0))
    store.apply(Batch([task_event("sent", 0, host="gen1@web")], T0 + 5, lag=5.0))
    for kind, at in (("received", 1), ("started", 2)):
        store.apply(Batch([task_event(kind, at + HOUR)], T0 + at))
    task = held(store)
    assert task.state is TaskState.STARTED
    assert task.waited is None
    assert task.clocks_differ(T0 + 5) == pytest.approx(HOUR, abs=STEP)


@pytest.mark.parametrize("first", ["sent", "received"])
def test_where_nothing_is_known_of_a_worker_the_wait_is_unknown_too(first: str) -> None:
    store = Store()
    sent = task_event("sent", HOUR, host="gen1@web")
    events = [sent, task_event("received", 1), task_event("started", 2)]
    for event in events if first == "sent" else [events[1], sent, events[2]]:
        store.apply(Batch([event], T0 + 1))
    task = held(store)
    assert task.waited is None
    assert task.clocks_differ(T0 + 5) == pytest.approx(HOUR, abs=2)


def test_a_task_that_another_worker_takes_over_goes_by_its_clock() -> None:
    store = Store()
    store.apply(Batch([beat(HOUR), beat(0, BETA)], T0))
    store.apply(Batch([task_event("received", HOUR), task_event("started", 1 + HOUR)], T0 + 1))
    assert held(store).running(T0 + 11) == pytest.approx(10.0, abs=STEP)
    again = [
        task_event("received", 20 + HOUR, host=BETA, retries=1),
        task_event("started", 21 + HOUR, host=BETA),
    ]
    store.apply(Batch(again, T0 + HOUR + 21))
    task = held(store)
    assert (task.worker, task.more.worker_shift) == (BETA, None)


def test_what_already_ran_has_run_since_then_by_our_clock() -> None:
    store = Store()
    store.apply(Batch([beat(HOUR)], T0))
    info = {"id": "a", "name": "proj.add", "time_start": T0 - 30 + HOUR}
    store.seed(survey(1, active={ALPHA: [info]}))
    assert held(store).started == T0 - 30 + HOUR
    assert held(store).running(T0 + 1) == pytest.approx(31.0, abs=STEP)


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_task_that_its_worker_does_not_list_is_judged_by_its_workers_clock(ahead: float) -> None:
    store = Store()
    store.apply(Batch([beat(ahead)], T0))
    life = [task_event("received", ahead), task_event("started", 1 + ahead)]
    for at, event in enumerate(life):
        store.apply(Batch([event], T0 + at))
    empty: dict[str, Any] = {
        "active": {ALPHA: []},
        "reserved": {ALPHA: []},
        "scheduled": {ALPHA: []},
    }
    # What the worker answered may be older than the news of it ...
    store.seed(survey(3, **empty))
    assert held(store).state is TaskState.STARTED
    # ... but not so much older.
    store.seed(survey(30, **empty))
    assert held(store).state is TaskState.MISSED


def test_many_tasks_of_a_worker_share_what_is_kept_of_its_clock() -> None:
    store = Store()
    store.apply(Batch([beat(HOUR)], T0))
    for number in range(50):
        store.apply(Batch([task_event("received", number + HOUR, f"id{number}")], T0 + number))
    extras = {id(task.extra) for task in store.all_tasks()}
    assert len(extras) == 1


@pytest.mark.parametrize(("worker", "client"), [(-HOUR, 0.0), (HOUR, 0.0), (0.0, HOUR)])
@pytest.mark.parametrize("came", ["received", "succeeded"])
def test_what_brought_a_run_may_come_after_it_from_another_clock(
    worker: float, client: float, came: str
) -> None:
    """By the stamps alone the task was sent once more when it had ended."""
    store = Store()
    for second in range(3):
        store.apply(Batch([beat(second + worker, pid=1)], T0 + second))
        early = task_event("sent", second + client, f"early-{second}", host="gen1@far")
        store.apply(Batch([early], T0 + second))
    steps = ["received", "started", "succeeded"]
    known = steps[: steps.index(came) + 1]
    for at, kind in enumerate(known):
        store.apply(Batch([task_event(kind, 5.1 + at / 10 + worker, "x", pid=1)], T0 + 6))
    sent = task_event("sent", 5.0 + client, "x", host="gen1@far")
    store.apply(Batch([sent], T0 + 6))
    for at, kind in enumerate(steps[len(known) :], len(known)):
        store.apply(Batch([task_event(kind, 5.1 + at / 10 + worker, "x", pid=1)], T0 + 6))
    task = held(store, "x")
    assert task.state is TaskState.SUCCESS
    assert task.sent == T0 + 5.0 + client
    assert task.more.attempts == ()
    if client:
        return
    # Sent again it is in a queue again.
    again = task_event("sent", 30.0 + client, "x", host="gen1@far")
    store.apply(Batch([again], T0 + 30))
    assert held(store, "x").state is TaskState.SENT
    assert len(held(store, "x").more.attempts) == 1
