"""A retry whose message a busy worker receives before it reports the try that sent it."""

from __future__ import annotations

import pytest

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
