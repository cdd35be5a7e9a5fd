"""What a task raised, where only its traceback has the name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import TaskState
from celerytui.query import parse_filter
from celerytui.store import Store
from celerytui.store.failures.raised import raised
from tests.unit.store_stream import T0, feed, held, task_event

HEAD = 'Traceback (most recent call last):\n  File "/pool.py", line 745, in on_hard_timeout\n'
LIMIT = HEAD + "    raise x\nbilliard.exceptions.TimeLimitExceeded: TimeLimitExceeded(1,)\n"
LOST = HEAD + (
    "    raise WorkerLostError(\nbilliard.exceptions.WorkerLostError: Worker exited prematurely: "
    "signal 9 (SIGKILL) Job: 1.\n"
)
RETRY = HEAD + "    raise ret\ncelery.exceptions.Retry: Retry in 0.2s\n"


@pytest.mark.parametrize(
    ("exception", "traceback", "expected"),
    [
        ("ExceptionWithTraceback()", LIMIT, "TimeLimitExceeded(1,)"),
        (
            "ExceptionWithTraceback()",
            LOST,
            "WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL) Job: 1.",
        ),
        ("ExceptionWithTraceback()", HEAD + "    raise\nSystemExit", "SystemExit"),
        ("ExceptionWithTraceback()", HEAD + "    raise\nSystemExit: 3", "SystemExit: 3"),
        ("ExceptionWithTraceback()", None, "ExceptionWithTraceback()"),
        ("ExceptionWithTraceback()", HEAD, "ExceptionWithTraceback()"),
        ("None", RETRY, "Retry in 0.2s"),
        ("None", None, None),
        ("None", "", None),
        ("KeyError('a')", LIMIT, "KeyError('a')"),
        (None, LIMIT, None),
    ],
)
def test_the_traceback_names_what_the_event_does_not(
    exception: str | None, traceback: str | None, expected: str | None
) -> None:
    assert raised(exception, traceback) == expected


@given(st.text(max_size=200))
def test_any_traceback_is_read(traceback: str) -> None:
    assert raised("KeyError()", traceback) == "KeyError()"
    assert raised("ExceptionWithTraceback()", traceback)
    raised("None", traceback)


def test_a_hard_time_limit_is_found_by_its_name() -> None:
    store = feed(
        Store(),
        task_event("received", 0, name="proj.slow"),
        task_event("started", 1),
        task_event("failed", 2, exception="ExceptionWithTraceback()", traceback=LIMIT),
        # A worker of Celery 5.7 sends this twice.
        task_event("failed", 2.02, exception="ExceptionWithTraceback()", traceback=LIMIT),
    )
    task = held(store)
    assert (task.state, task.more.attempts) == (TaskState.FAILURE, ())
    assert task.more.exception == "TimeLimitExceeded(1,)"
    assert parse_filter("exception:TimeLimit*").matches(task, T0)
    assert parse_filter("TimeLimitExceeded").matches(task, T0)


def test_a_retry_without_an_exception_is_not_none() -> None:
    store = feed(Store(), task_event("started", 0))
    feed(store, task_event("retried", 1, exception="None", traceback=RETRY))
    assert held(store).more.exception == "Retry in 0.2s"
    assert held(store).more.attempts[0].exception == "Retry in 0.2s"
