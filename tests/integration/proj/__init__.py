# mypy: disable-error-code="untyped-decorator"
"""A sample project for real workers: `celery -A tests.integration.proj worker`.

The broker comes from CELERY_BROKER_URL, the folder of the results from PROJ_RESULTS, more
configuration as JSON from PROJ_CONF.
"""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

from celery import Celery, chain
from celery.contrib.abortable import AbortableTask
from celery.exceptions import Ignore, Reject
from celery.worker.control import control_command, inspect_command

RESULTS = os.environ.get("PROJ_RESULTS")

app = Celery("proj", backend=f"file://{RESULTS}" if RESULTS else None)
app.conf.update(
    task_send_sent_event=True,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=True,
    task_default_queue="celery",
    **json.loads(os.environ.get("PROJ_CONF", "{}")),
)


@control_command(args=[("note", str)], signature="<note>")
def leave_note(state: Any, note: str) -> dict[str, str]:
    """A command of the project's own: the note stands on the worker's app afterwards."""
    state.app.note = note
    return {"ok": f"noted: {note}"}


@inspect_command()
def read_note(state: Any) -> dict[str, str]:
    """The note that `leave_note` left."""
    return {"ok": getattr(state.app, "note", "none")}


@app.task(name="proj.add")
def add(x: int, y: int) -> int:
    return x + y


@app.task(name="proj.total")
def total(numbers: list[int]) -> int:
    return sum(numbers)


@app.task(name="proj.adding", bind=True)
def adding(self: Any) -> None:
    """Adds another task to the header of its chord."""
    self.add_to_chord(add.s(2, 3))


@app.task(name="proj.sleepy")
def sleepy(seconds: float) -> str:
    time.sleep(seconds)
    return f"slept {seconds}"


@app.task(name="proj.until")
def until(file: str) -> str:
    """Runs until there is such a file."""
    while not os.path.exists(file):
        time.sleep(0.05)
    return f"seen {file}"


@app.task(name="proj.hold")
def hold(seconds: float, *things: Any) -> None:
    """Holds whatever it is given for so long."""
    time.sleep(seconds)


def charge(account: str) -> None:
    """The frame below the task's own in the traceback of `proj.fail`."""
    raise ValueError(f"no such account: {account}")


@app.task(name="proj.fail")
def fail(account: str = "acme") -> None:
    charge(account)


@app.task(name="proj.flaky", bind=True, max_retries=5)
def flaky(self: Any, failures: int = 2, countdown: float = 0.05) -> str:
    """Fails that many times, each followed by a retry, then succeeds."""
    if self.request.retries < failures:
        try:
            raise ConnectionError(f"try {self.request.retries} failed")
        except ConnectionError as exc:
            raise self.retry(exc=exc, countdown=countdown) from exc
    return f"done after {self.request.retries} retries"


@app.task(name="proj.big")
def big(size: int) -> str:
    return "x" * size


@app.task(name="proj.ignored")
def ignored() -> None:
    raise Ignore


@app.task(name="proj.limited", time_limit=1)
def limited() -> None:
    time.sleep(60)


@app.task(name="proj.killed")
def killed() -> None:
    """Ends its process as the kernel does that is out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="proj.exits")
def exits() -> None:
    raise SystemExit(3)


@app.task(name="proj.bare_retry", bind=True, max_retries=1)
def bare_retry(self: Any) -> None:
    """Is retried once, with no exception to name."""
    if not self.request.retries:
        raise self.retry(countdown=0.05)


@app.task(name="proj.swapped", bind=True)
def swapped(self: Any) -> None:
    """Is replaced by a task in a queue that nobody consumes."""
    raise self.replace(add.s(1, 2).set(queue="nobody"))


@app.task(name="proj.swapped_by_chain", bind=True)
def swapped_by_chain(self: Any) -> None:
    raise self.replace(chain(add.s(1, 2), add.s(3)))


@app.task(name="proj.rejected", bind=True, acks_late=True)
def rejected(self: Any) -> None:
    raise Reject("not for this worker", requeue=False)


@app.task(name="proj.late", acks_late=True)
def late(seconds: float) -> str:
    """Like `proj.sleepy`, acknowledged at its end."""
    time.sleep(seconds)
    return f"slept {seconds}"


@app.task(name="proj.progress", bind=True)
def progress(self: Any, steps: int = 3) -> int:
    """Sends a custom event `task-progress` for each step."""
    for step in range(steps):
        self.send_event("task-progress", pct=100 * (step + 1) // steps, note=f"step {step + 1}")
    return steps


@app.task(name="proj.abortable", bind=True, base=AbortableTask)
def abortable(self: Any, seconds: float = 30.0) -> str:
    """Looks every 50 ms whether it was aborted."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if self.is_aborted():
            return "aborted"
        time.sleep(0.05)
    return "done"


@app.task(name="proj.outer", bind=True)
def outer(self: Any, children: int = 2) -> int:
    """Starts that many `proj.add` as children of its own."""
    for number in range(children):
        add.delay(number, number)
    return children


@app.task(name="proj.import_rows", bind=True)
def import_rows(self: Any, total: int, seconds: float = 0.0) -> int:
    """Reports its progress, as the README shows it, and each row in an event of its own."""
    for number in range(1, total + 1):
        self.send_event("row-imported", row=number)
        self.send_event("task-progress", current=number, total=total, message=f"row {number}")
    time.sleep(seconds)
    return total
