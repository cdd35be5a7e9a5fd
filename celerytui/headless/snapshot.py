"""The `snapshot` command: listen, ask the workers, return the state of the cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TextIO

from celerytui import connect
from celerytui.document import snapshot_document
from celerytui.engine import Engine
from celerytui.errors import BrokerUnavailable
from celerytui.headless.output import print_json, standard_output, table_width
from celerytui.headless.snapshot_tables import print_tables
from celerytui.interpreter import share_interpreter
from celerytui.model import LinkState, Outage, Task
from celerytui.query import Filter
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.wire.connections import answers_within

LOOK_SECONDS = 0.1
"""How often the link, and a signal to stop, are checked."""
ANSWER_GRACE_SECONDS = 3.0
"""Seconds after listening to wait for the last replies of workers and the broker."""


def take_snapshot(
    app: Any,
    settings: Settings,
    wanted: Filter,
    *,
    listen: float,
    timeout: float,
    stoppable: Callable[[], AbstractContextManager[Callable[[], bool]]],
) -> dict[str, Any]:
    """Listen for `listen` seconds once the broker replies, and return the document.

    The listening is done inside `stoppable`, and ends early when what that gives says True. Raises
    BrokerUnavailable if no broker replies within `timeout` seconds.
    """
    share_interpreter()
    engine = Engine(app, settings._replace(history=None), headless=True)
    engine.start()
    try:
        _await_broker(engine, timeout)
        started = engine.clock()
        with stoppable() as stopped:
            _listen(engine, listen, stopped)
        now = engine.clock()
        return snapshot_document(
            engine.store,
            engine.evaluate(),
            engine.link,
            _control(engine),
            engine.app_name,
            engine.broker_url,
            connect.transport_name(app),
            now - started,
            _newest_first(engine.store, wanted, now),
            now,
        )
    finally:
        engine.stop()


def print_snapshot(document: dict[str, Any], stream: TextIO | None, *, as_json: bool) -> None:
    """Write the document to standard output, as JSON or as tables; raises OutputError."""
    with standard_output(stream) as out:
        if as_json:
            print_json(document, out)
        else:
            print_tables(document, out, table_width())


def _await_broker(engine: Engine, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        state = engine.link.state
        if state is LinkState.CONNECTED:
            return
        left = deadline - time.monotonic()
        if state is LinkState.NO_EVENTS:
            answers_within(engine.app, timeout, left=max(left, LOOK_SECONDS))
            return
        link = engine.link
        if link.outage is Outage.REFUSED and (link.next_try or 0.0) > engine.clock() + left:
            remedy = "" if link.remedy is None else f" ({link.remedy})"
            raise BrokerUnavailable(f"refused by {engine.broker_url}: {link.error}{remedy}")
        if left <= 0:
            reason = link.error or "no reply"
            raise BrokerUnavailable(
                f"no reply from broker {engine.broker_url} within {timeout:g}s: {reason}"
            )
        engine.mailbox.wait_blocking(min(LOOK_SECONDS, left))


def _listen(engine: Engine, seconds: float, stopped: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    last = end + engine.settings.reply_timeout + ANSWER_GRACE_SECONDS
    asked = False
    while not stopped():
        if not asked and _workers_answered(engine):
            asked = True
            # Their answers name queues that nobody knew before.
            engine.read_queues()
        now = time.monotonic()
        if now >= last or (now >= end and asked and _queues_read(engine)):
            return
        engine.mailbox.wait_blocking(min(LOOK_SECONDS, max(0.01, end - now)))


def _control(engine: Engine) -> dict[str, Any]:
    """How asking the workers went: whether all expected ones replied, and what is wrong."""
    survey, error = engine.surveys.survey, engine.surveys.error
    if error is not None:
        return {"state": "failed", "error": error}
    if survey is None:
        return {"state": "unasked", "error": None}
    if survey.missing:
        return {"state": "partial", "error": f"no reply from {', '.join(survey.missing)}"}
    return {"state": "answered", "error": None}


def _newest_first(store: Store, wanted: Filter, now: float) -> list[Task]:
    """Copies of the matching tasks, in the default order of the task table."""
    found = wanted.select(store.all_tasks(), now)
    found.sort(key=lambda task: (task.seen, task.seq), reverse=True)
    return [task for task in store.tasks([task.id for task in found]) if task is not None]


def _workers_answered(engine: Engine) -> bool:
    return engine.surveys.asking_since is None and (
        engine.surveys.survey is not None or engine.surveys.error is not None
    )


def _queues_read(engine: Engine) -> bool:
    read = {queue.name for queue in engine.store.queues() if queue.read_at is not None}
    return read >= engine.store.queue_names()
