"""Short ways to write event streams for the store's tests."""

from __future__ import annotations

from typing import Any

from celerytui.model import Batch, Event, Survey, Task, Worker
from celerytui.store import Store

T0 = 1_700_000_000.0
ALPHA = "alpha@host"
BETA = "beta@host"


def task_event(kind: str, at: float, id: str = "a", host: str = ALPHA, **fields: Any) -> Event:
    """A task event `at` seconds after T0."""
    return Event(type=f"task-{kind}", hostname=host, uuid=id, timestamp=T0 + at, **fields)


def worker_event(kind: str, at: float, host: str = ALPHA, **fields: Any) -> Event:
    """A worker event `at` seconds after T0."""
    return Event(type=f"worker-{kind}", hostname=host, timestamp=T0 + at, **fields)


def beat(at: float, host: str = ALPHA, **fields: Any) -> Event:
    """A heartbeat as workers send them by themselves."""
    full: dict[str, Any] = {"freq": 2.0, "active": 0, "processed": 0, "loadavg": (0.1, 0.2, 0.3)}
    return worker_event("heartbeat", at, host, **(full | fields))


def feed(store: Store, *events: Event) -> Store:
    """Apply each event as it comes, at its own time."""
    for event in events:
        store.apply(Batch([event], event.timestamp))
    return store


def held(store: Store, id: str = "a") -> Task:
    """The task, which must be held."""
    task = store.task(id)
    assert task is not None
    return task


def known(store: Store, host: str = ALPHA) -> Worker:
    """The worker, which must be known."""
    worker = store.worker(host)
    assert worker is not None
    return worker


def survey(at: float, **answers: Any) -> Survey:
    """A survey with the answers given, empty ones else."""
    asked = ("active", "reserved", "scheduled", "stats", "active_queues")
    empty: dict[str, Any] = {name: {} for name in asked}
    return Survey(taken_at=T0 + at, **(empty | answers))
