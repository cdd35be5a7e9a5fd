"""A thread that brings a store as many events a second as a large cluster sends."""

from __future__ import annotations

import threading
import time
from itertools import count, islice

from celerytui.model import Batch, Event
from celerytui.store import Store

READ_SECONDS = 0.02
"""From one batch to the next, as a receiver reads them."""

TASKS_A_BATCH = 300


class Storm:
    """Tasks that come, start and succeed, in a thread of its own while it is entered.

    `rate` is events a second, `applied` how many the store took.
    """

    def __init__(self, store: Store, rate: int) -> None:
        self.rate = rate
        self.applied = 0
        self._store = store
        self._numbers = count()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Storm:
        self._began = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """For how long it has been blowing."""
        return time.perf_counter() - self._began

    def _run(self) -> None:
        while not self._stop.wait(READ_SECONDS):
            while self.applied < self.seconds * self.rate and not self._stop.is_set():
                batch = self._batch()
                self._store.apply(batch)
                self.applied += len(batch.events)

    def _batch(self) -> Batch:
        """Tasks of which each comes, starts and succeeds within it."""
        now, worker = time.time(), "celery@w1"
        numbers = list(islice(self._numbers, TASKS_A_BATCH))
        events: list[Event] = []
        for kind in ("task-received", "task-started", "task-succeeded"):
            for number in numbers:
                event = Event(kind, worker, now, uuid=f"storm-{number}")
                if kind == "task-received":
                    event.name, event.args = "shop.storm", f"({number},)"
                elif kind == "task-succeeded":
                    event.runtime = number % 1009 / 1009
                events.append(event)
        return Batch(events, now)
