"""What real workers send of tasks that run more than once, or whose process is ended."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from celerytui.model import Link, Task, TaskState
from celerytui.query import parse_filter
from celerytui.store import Store
from celerytui.wire.receiver import Receiver
from tests.integration.cluster import oldest_celery
from tests.integration.servers import Process, wait_until

HOST = "w1@test"
ENOUGH = 30.0


@pytest.fixture
def store(app: Any) -> Iterator[Store]:
    """A store that takes the events of the broker."""
    store = Store()
    links: list[Link] = []
    receiver = Receiver(app, store.apply, links.append)
    thread = threading.Thread(target=receiver.run, daemon=True)
    thread.start()
    yield store
    receiver.stop()
    thread.join(10.0)


@pytest.fixture(params=["newest", "5.3"])
def worker(
    start_worker: Callable[..., Process], store: Store, request: pytest.FixtureRequest
) -> Process:
    """A prefork worker, of each Celery that there is."""
    python = oldest_celery() if request.param == "5.3" else sys.executable
    process = start_worker(HOST, pool="prefork", python=python)
    wait_until(lambda: store.worker(HOST) is not None, ENOUGH, "the worker's heartbeats")
    return process


def shown(store: Store, task_id: str, state: TaskState) -> Task:
    """The task, once it is shown in that state."""

    def is_so() -> bool:
        task = store.task(task_id)
        return task is not None and task.state is state

    wait_until(is_so, ENOUGH, f"{task_id} to be {state.label}: {store.task(task_id)}")
    task = store.task(task_id)
    assert task is not None
    return task


@pytest.mark.parametrize("broker_server", ["redis"], indirect=True)
@pytest.mark.usefixtures("worker")
def test_runs_replacements_and_what_ends_a_process(app: Any, store: Store) -> None:
    ids = {
        name: app.send_task(f"proj.{name}").id
        for name in ("swapped", "swapped_by_chain", "bare_retry", "limited", "killed", "exits")
    }
    app.send_task("proj.fail", task_id="daily")

    # A replaced task waits under its new name, and has what it was as a step.
    def has_step() -> bool:
        return bool(shown(store, ids["swapped"], TaskState.SENT).more.attempts)

    wait_until(has_step, ENOUGH, "the step before")
    task = shown(store, ids["swapped"], TaskState.SENT)
    assert (task.name, task.queue, task.worker) == ("proj.add", "nobody", None)
    (step,) = task.more.attempts
    assert (step.name, step.state, step.worker) == ("proj.swapped", TaskState.STARTED, HOST)

    # No two tasks are each other's parents.
    task = shown(store, ids["swapped_by_chain"], TaskState.SUCCESS)
    assert (task.name, task.result, task.parent_id) == ("proj.add", "6", None)
    assert [one.parent_id for one in store.relatives(task.id)] == [task.id]

    # A retried root has no parent, and a retry that names no exception is not "None".
    task = shown(store, ids["bare_retry"], TaskState.SUCCESS)
    assert (task.retries, task.parent_id, task.root_id) == (1, None, task.id)
    (attempt,) = task.more.attempts
    assert (attempt.state, attempt.exception) == (TaskState.RETRY, "Retry in 0.05s")

    # What ended a process has a name, to be seen and to be found by.
    for name, raised in (
        ("limited", "TimeLimitExceeded(1,)"),
        ("killed", "WorkerLostError*SIGKILL"),
    ):
        task = shown(store, ids[name], TaskState.FAILURE)
        assert parse_filter(f"exception:{raised}").matches(task, 0.0), task.more.exception
        assert task.more.attempts == ()
    known = store.worker(HOST)
    # Celery 5.3 sends nothing where a task ends its process in good order.
    if known is not None and not (known.sw_ver or "").startswith("5.3"):
        task = shown(store, ids["exits"], TaskState.FAILURE)
        assert parse_filter("exception:SystemExit,WorkerLostError").matches(task, 0.0)

    # An id that is sent again shows its newest run.
    first = shown(store, "daily", TaskState.FAILURE)
    app.send_task("proj.add", (1, 2), task_id="daily")
    task = shown(store, "daily", TaskState.SUCCESS)
    assert (task.name, task.result, task.more.exception) == ("proj.add", "3", None)
    (attempt,) = task.more.attempts
    assert (attempt.name, attempt.state) == ("proj.fail", TaskState.FAILURE)
    assert (attempt.at, attempt.exception) == (first.finished, first.more.exception)
