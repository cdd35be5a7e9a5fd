"""The thread that watches the broker itself: what it refuses, and what it delivers again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from celerytui.engine.redeliveries import Redeliveries
from celerytui.masking import one_line
from celerytui.model import Blockage, LinkState, Redelivery
from celerytui.store import Store
from celerytui.wire.broker import BlockWatch
from celerytui.wire.connections import block_watch, unacked_reader

LOOK_SECONDS = 1.0
SILENT_SECONDS = 3.0
"""Without any event: more than the pause between two heartbeats, less than makes a worker late."""
UNSURE_SECONDS = 10.0
"""How long a broker that does not answer may keep workers from being judged."""
AGAIN_SECONDS = 5.0
"""After a failed look: the receiver reports a broker that is gone."""

logger = logging.getLogger(__name__)


class BrokerWatch:
    """Looks about once a second; `run` is the thread's work, all else may be called by any thread.

    `changed` is called when the broker begins or ends to refuse messages.
    """

    def __init__(
        self,
        store: Store,
        link: Callable[[], LinkState],
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.blockage: Blockage | None = None
        self._store = store
        self._link = link
        self._changed = changed
        self._clock = clock
        self.redeliveries: Redeliveries | None = None
        self._retold: dict[str, Redelivery] = {}
        self._connected = clock()
        self._answered: float | None = None

    @property
    def silences(self) -> bool:
        """Whether the broker keeps the workers' events back."""
        blockage = self.blockage
        return blockage is not None and blockage.silences

    @property
    def unsure(self) -> bool:
        """Whether nothing comes in, and it is not known yet whether the broker is the cause."""
        since = self._silent_since()
        age = self._clock() - since
        return since != self._answered and SILENT_SECONDS < age < SILENT_SECONDS + UNSURE_SECONDS

    def redelivery(self, task_id: str) -> Redelivery | None:
        """Whether a lost task is delivered again; None where it is not lost, or not known yet."""
        return self.known_redeliveries().get(task_id)

    def known_redeliveries(self) -> Mapping[str, Redelivery]:
        """What is known of each lost task, by its id."""
        return self._retold if self.redeliveries is None else self.redeliveries.known

    def take_redeliveries(self, told: Mapping[str, Redelivery | None]) -> None:
        """Take what was recorded of some tasks: of those with None nothing is known any more."""
        found = {**self._retold, **told}
        self._retold = {id: one for id, one in found.items() if one is not None}

    def forget_redeliveries(self) -> None:
        """Know nothing of any task."""
        self._retold = {}

    def run(self, app: Any, stopping: threading.Event) -> None:
        """Look until `stopping` is set."""
        watch = block_watch(app)
        broker, reader = unacked_reader(app)
        redeliveries = self.redeliveries = Redeliveries(
            self._store, broker, reader, lambda name: self._acks_late(app, name)
        )
        try:
            while not stopping.wait(LOOK_SECONDS):
                if self._link() is not LinkState.CONNECTED:
                    self._connected = self._clock()
                    self._set(None)
                    continue
                try:
                    self._look(watch)
                    redeliveries.look(self._clock(), time.monotonic())
                except Exception as error:
                    logger.info("the broker cannot be watched: %s", one_line(error))
                    self._close(watch, redeliveries)
                    stopping.wait(AGAIN_SECONDS)
        finally:
            self._close(watch, redeliveries)

    def _close(self, watch: BlockWatch | None, redeliveries: Redeliveries) -> None:
        if watch is not None:
            watch.close()
        redeliveries.close()
        self._set(None)

    def _set(self, blockage: Blockage | None) -> None:
        if blockage != self.blockage:
            self.blockage = blockage
            self._changed()

    def _look(self, watch: BlockWatch | None) -> None:
        since = self._silent_since()
        silent = abs(self._clock() - since) > SILENT_SECONDS
        if watch is not None:
            self._set(watch.look(silent=silent))
        if silent:
            self._answered = since

    def _silent_since(self) -> float:
        """When the last event came; before the first one, when it was connected."""
        last = self._store.summary(self._clock()).last_event_at
        return max(self._connected, last or 0.0)

    def _acks_late(self, app: Any, name: str | None) -> bool | None:
        """As the app's own code says, else as workers were seen to do it."""
        task = app.tasks.get(name) if name else None
        if task is not None:
            return bool(task.acks_late)
        return self._store.lost.acks_late(name)
