"""A store whose journal is written into an event log, and what a log tells another store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from celerytui.history.eventlog.opening import open_writer
from celerytui.history.eventlog.reader import EventLog
from celerytui.history.eventlog.writer import EventLogWriter
from celerytui.model import Batch, Entry, Event
from celerytui.settings import DEFAULTS, Settings
from celerytui.store import Store, standing, tellers
from tests.unit.store_stream import ALPHA

SECRET = "pa55-w0rd-x7"
REPORTED = {
    "stats": {
        "pid": 4,
        "rusage": {"utime": 2.5},
        "total": {"shop.pay": 7},
        "pool": {"shop": "pay"},
    },
    "active": [{"id": "asked", "name": "shop.mail", "args": [7, "lovelace"], "hostname": ALPHA}],
    "scheduled": [{"eta": "2026", "request": {"id": "asked", "args": [7], "kwargs": {"card": 4}}}],
    "registered": ["shop.pay [rate_limit=10/m]", "shop.mail"],
    "active_queues": [{"name": "high", "exchange": {"name": "high"}, "routing_key": "high"}],
    "revoked": ["order-1"],
    "conf": {
        "broker_url": f"redis://u:{SECRET}@h/0",
        "task_default_queue": "high",
        "task_time_limit": 60,
        "worker_concurrency": "shop",
    },
    "report": {"ok": "software -> celery on alpha, shop"},
}
"""What a worker reported of itself, section by section."""


class Told:
    """A store with a clock that is set, and the entries of its journal."""

    def __init__(self) -> None:
        self.now = 0.0
        self.store = Store(clock=lambda: self.now)
        self.entries: list[Entry] = []
        self.store.journal.listener = self._note

    def _note(self, what: str, args: tuple[Any, ...]) -> None:
        self.entries.append(Entry(self.now, what, args))

    def hear(self, *events: Event) -> None:
        """Receive each event at its own time, and judge once a second."""
        for event in events:
            if int(event.timestamp) > int(self.now) > 0:
                self.store.sweep(event.timestamp)
            self.now = event.timestamp
            self.store.apply(Batch([event], self.now))


def tell(entries: Iterable[Entry], store: Store | None = None) -> Store:
    """A store that was told these entries, each at its time."""
    now = [0.0]
    told = Store(clock=lambda: now[0]) if store is None else store
    told.inspections.wanted = True
    for at, what, args in entries:
        now[0] = at
        if what in (known := tellers(told)):
            known[what](*args)
    return told


def writer(
    path: Path,
    *,
    settings: Settings = DEFAULTS,
    anonymise: bool = False,
    store: Store | None = None,
) -> EventLogWriter:
    """A writer of a log whose key frames say how things stand in `store`."""
    return open_writer(
        path,
        "shop",
        f"redis://user:{SECRET}@broker/0",
        settings,
        lambda: [] if store is None else standing(store, store._clock()),
        celery="5.6.0",
        anonymise=anonymise,
    )


def write(path: Path, entries: Sequence[Entry], at_once: int = 50, **options: Any) -> None:
    """Write a log of these entries."""
    log = writer(path, **options)
    for start in range(0, len(entries), at_once):
        log.write(entries[start : start + at_once], entries[start].at)
    log.close()


def read(path: Path, since: float | None = None) -> list[Entry]:
    """All that a log tells from a time on."""
    log = EventLog(path)
    try:
        return list(log.entries(log.begins if since is None else since))
    finally:
        log.close()
