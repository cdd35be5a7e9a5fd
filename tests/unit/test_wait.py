"""WAIT is waiting: never less than nothing, never the time until an ETA or a back-off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.columns import TASK_COLUMNS, CellContext
from celerytui.model import Batch, Task, TaskExtra, TaskState
from celerytui.query import parse_filter
from celerytui.store import Store
from tests.unit.store_stream import T0, feed, held, task_event

[WAIT] = [column for column in TASK_COLUMNS if column.id == "wait"]
[STATE] = [column for column in TASK_COLUMNS if column.id == "state"]

moments = st.none() | st.floats(0, 1e4)
shifts = st.none() | st.floats(-5000, 5000) | st.just(float("nan"))
tasks = st.builds(
    Task,
    id=st.just("a"),
    seq=st.just(1),
    state=st.sampled_from(TaskState),
    sent=moments,
    received=moments,
    started=moments,
    finished=moments,
    extra=st.none()
    | st.builds(TaskExtra, eta=moments, retried=moments, client_shift=shifts, worker_shift=shifts),
)


def iso(at: float) -> str:
    from datetime import datetime, timezone

    return datetime.fromtimestamp(T0 + at, timezone.utc).isoformat()


def cell(task: Task, now: float) -> str:
    return WAIT.text(task, CellContext(now=now), 6)


@given(tasks, st.floats(0, 2e4))
def test_nobody_waits_for_less_than_nothing(task: Task, now: float) -> None:
    for seconds in (task.waited, task.waiting(now), task.running(now)):
        assert seconds is None or seconds >= 0
    differ = task.clocks_differ(now)
    assert differ is None or differ > 0
    assert WAIT.sort_keys([task], now) == [task.waiting(now)]
    assert isinstance(cell(task, now), str)


@given(
    sent=st.floats(0, 1000), countdown=st.floats(0, 1e6), late=st.floats(0, 1e4), ours=st.booleans()
)
def test_what_somebody_put_on_the_clock_is_not_waiting(
    sent: float, countdown: float, late: float, ours: bool
) -> None:
    eta = sent + countdown
    task = Task(
        id="a",
        seq=1,
        state=TaskState.STARTED,
        sent=sent if ours else None,
        received=sent,
        started=eta + late,
        extra=TaskExtra(eta=eta),
    )
    assert task.waited == pytest.approx(late, abs=1e-6)
    for state in (TaskState.SENT, TaskState.RECEIVED):
        held_back = Task(id="a", seq=1, state=state, sent=sent, extra=TaskExtra(eta=eta))
        assert held_back.waiting(eta + late) == pytest.approx(late, abs=1e-6)
        if countdown > 1e-3:
            assert held_back.waiting(eta - countdown / 2) is None
            assert held_back.held_until(eta - countdown / 2) == eta


@given(first=st.floats(0, 100), ran=st.floats(0, 100), off=st.floats(0, 1e4), late=st.floats(0, 9))
def test_a_back_off_is_not_waiting(first: float, ran: float, off: float, late: float) -> None:
    start = first + ran + off + late
    retried = first + ran
    extra = TaskExtra(retried=retried, eta=retried + off)
    task = Task(
        id="a", seq=1, state=TaskState.STARTED, sent=0.0, received=retried, started=start,
        extra=extra,
    )  # fmt: skip
    assert task.waited == pytest.approx(late, abs=1e-6)


def test_a_retry_waits_for_nobody_before_its_time() -> None:
    store = feed(
        Store(),
        task_event("sent", 0, host="gen1@web"),
        task_event("received", 1),
        task_event("started", 2),
        task_event("sent", 5, host="gen1@web", retries=1, eta=iso(65)),
        task_event("retried", 5),
    )
    assert held(store).state is TaskState.RETRY
    assert held(store).waiting(T0 + 30) is None
    assert cell(held(store), T0 + 30) == "–"
    feed(store, task_event("received", 5.1, retries=1, eta=iso(65)))
    assert held(store).waiting(T0 + 30) is None
    assert held(store).waiting(T0 + 66) == pytest.approx(1.0)
    feed(store, task_event("started", 67))
    assert held(store).waited == pytest.approx(2.0)


def test_who_waits_is_found_and_who_has_an_appointment_is_not() -> None:
    store = Store()
    for number, eta in enumerate((None, 900, 1)):
        fields = {} if eta is None else {"eta": iso(eta)}
        event = task_event("received", 0, f"id{number}", name="proj.add", **fields)
        store.apply(Batch([event], T0))
    now = T0 + 600
    wanted = parse_filter("wait:>5m")
    assert [task.id for task in store.all_tasks() if wanted.matches(task, now)] == ["id0", "id2"]
    texts = {
        task.id: (cell(task, now), STATE.text(task, CellContext(now=now), 12))
        for task in store.all_tasks()
    }
    assert texts["id1"] == ("–", "• until ETA")
    assert texts["id0"] == ("10m00s", "• received")
    assert texts["id2"] == ("9m59s", "• received")
    assert WAIT.sort_keys(store.all_tasks(), now) == [600.0, None, 599.0]


def test_a_corrected_wait_is_marked_and_a_hidden_one_is_a_dash() -> None:
    def task(client_shift: float | None = None) -> Task:
        return Task(
            id="a", seq=1, state=TaskState.SUCCESS, sent=3700.0, received=104.0, started=105.0,
            extra=TaskExtra(client_shift=client_shift),
        )  # fmt: skip

    assert cell(task(client_shift=3600.0), 200.0) == "~5.00s"
    assert cell(task(), 200.0) == "–"
    assert task().clocks_differ(200.0) == 3595.0
