"""A retry whose message a busy worker receives before it reports the try that sent it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Event, TaskState
from celerytui.store import Store
from tests.unit.store_stream import feed, held, known, task_event

LATE_START = [
    task_event("received", 0.0),
    task_event("received", 0.24, retries=1),
    task_event("started", 0.25),
    task_event("retried", 0.29, exception="Boom(0)"),
    task_event("started", 0.35),
    task_event("succeeded", 0.36, result="1", runtime=0.002),
]
"""A busy worker that stamps a start once it has received the retry that the run sent."""

LATE_RETRIED = [
    task_event("received", 0.0),
    task_event("started", 0.1),
    task_event("received", 0.24, retries=1),
    task_event("started", 0.25),
    task_event("retried", 0.26, exception="Boom(0)"),
    task_event("succeeded", 0.27, result="1", runtime=0.002),
]
"""One whose next try starts before the end of the first one is reported."""


@pytest.mark.parametrize("events", [LATE_START, LATE_RETRIED], ids=["start", "end"])
def test_a_retry_that_is_there_before_its_try_is_reported_ends_its_task(
    events: list[Event],
) -> None:
    store = feed(Store(), *events)
    task = held(store)
    assert (task.state, task.result, task.more.run_retries) == (TaskState.SUCCESS, "1", 1)
    assert [one.state for one in task.more.attempts] == [TaskState.RETRY]
    (first,) = task.more.attempts
    assert (first.received, first.exception) == (events[0].timestamp, "Boom(0)")
    begun = [one.timestamp for one in events if one.type == "task-started"]
    assert [first.started, task.started] == begun
    assert known(store).running == 0


@pytest.mark.parametrize("events", [LATE_START, LATE_RETRIED], ids=["start", "end"])
@pytest.mark.parametrize("lost", range(5))
def test_whatever_is_lost_of_a_retried_task_its_success_ends_it(
    events: list[Event], lost: int
) -> None:
    task = held(feed(Store(), *events[:lost], *events[lost + 1 :]))
    assert (task.state, task.result) == (TaskState.SUCCESS, "1")


@pytest.mark.parametrize("lost", range(1, 3))
def test_what_is_reported_long_after_is_of_the_retry(lost: int) -> None:
    events = [
        task_event("received", 0.0),
        task_event("started", 0.1),
        task_event("retried", 0.2, exception="Boom(0)"),
        task_event("received", 0.2, retries=1),
        task_event("started", 180.0),
        task_event("retried", 181.0, exception="Boom(1)"),
    ]
    task = held(feed(Store(), *events[:lost], *events[lost + 1 :]))
    assert (task.state, task.started) == (TaskState.RETRY, events[4].timestamp)
    assert task.more.attempts[-1].exception == "Boom(1)"
    assert task.more.attempts[-1].started == events[4].timestamp


@st.composite
def tries(draw: st.DrawFn) -> list[Event]:
    """What one busy worker reports of a task that is tried up to five times.

    It stamps what its processes say when it reads that: in their order, but after messages that it
    received meanwhile.
    """
    events: list[Event] = []
    at = last_start = last_retried = 0.0
    count = draw(st.integers(2, 5))
    late = st.sampled_from([0.0, 0.01, 0.2, 1.5])
    for number in range(count):
        received = at
        began = received + 0.001 + draw(late)
        started = max(began, last_start) + draw(late)
        sent = began + 0.001
        at = sent + draw(late)
        ended = max(sent, started, last_retried) + draw(late) + 0.001
        last_start, last_retried = started, ended
        events += [
            task_event("received", received, retries=number),
            task_event("started", started),
            task_event("retried", ended, exception=f"Boom({number})")
            if number < count - 1
            else task_event("succeeded", ended, result="1", runtime=0.001),
        ]
    return sorted(events, key=lambda event: event.timestamp)


@given(tries())
@settings(max_examples=200, deadline=None)
def test_however_late_its_tries_are_reported_a_task_ends_and_each_is_an_attempt(
    events: list[Event],
) -> None:
    task = held(feed(Store(), *events))
    assert (task.state, task.result) == (TaskState.SUCCESS, "1")
    attempts = task.more.attempts
    assert {one.state for one in attempts} == {TaskState.RETRY}
    raised = [event.exception for event in events if event.type == "task-retried"]
    assert {one.exception for one in attempts} == set(raised)
    assert len(attempts) == len(raised)
