"""The brokers thread: reads the broker's queues every few seconds, or on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from celerytui.store import Store
from celerytui.wire.connections import open_depths

if TYPE_CHECKING:
    from celerytui.wire.broker import Broker
    from celerytui.wire.depths import DepthReader


class QueuePoller:
    """Keeps the queues in the store read; `run` is the thread's work.

    `names` are queues to read whoever else names them, `interval` seconds pass between two
    readings. `broker` tells what kind of broker answers, `survive` does one step of the thread,
    `news` is called with each figure.
    """

    def __init__(
        self,
        store: Store,
        names: Iterable[str],
        interval: float,
        broker: Callable[[], Broker | None],
        survive: Callable[[Callable[[], object]], None],
        news: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._names = set(names)
        self._interval = interval
        self._broker = broker
        self._survive = survive
        self._news = news
        self._clock = clock
        self._now = threading.Event()

    def read_now(self) -> None:
        """Read at once, also the queues that were not there before; from any thread."""
        self._now.set()

    def run(self, app: Any, stopping: threading.Event) -> None:
        """Read until `stopping` is set and `read_now` was called."""
        read_broker = self._broker()
        reader = open_depths(app, read_broker)
        asked = True
        try:
            while not stopping.is_set():
                if read_broker != (answers := self._broker()):
                    reader.close()
                    reader, read_broker = open_depths(app, answers), answers
                self._survive(partial(self._read, reader, asked, stopping))
                asked = self._now.wait(self._interval)
                self._now.clear()
        finally:
            reader.close()

    def _read(self, reader: DepthReader, asked: bool, stopping: threading.Event) -> None:
        store = self._store
        named = self._names | store.queue_names()
        reader.named(named)
        names = sorted(named | reader.known_names())
        store.expect_queues(set(names) - reader.guessed)
        if asked:
            reader.forget_absences()
        for page in reader.pages(names, store.queues_consumed()):
            store.record_queues(page, self._clock())
            self._news()
            if stopping.is_set():
                return
