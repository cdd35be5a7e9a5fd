"""Celery's own receiver of events in a thread: what any monitor of a cluster hears."""

from __future__ import annotations

import threading
from typing import Any

from typing_extensions import Self

from tests.waiting import wait_until


class Listener:
    """Keeps every event of a cluster from when it is entered to when it is left.

    Over Redis the subscription itself may be a moment later: ask until something comes.
    """

    def __init__(self, app: Any) -> None:
        self.events: list[dict[str, Any]] = []
        self._app = app
        self._receiver: Any = None
        self._consumes = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(self._consumes.is_set, 30, "the receiver of events")
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.should_stop = True
        self._thread.join(10)

    def _run(self) -> None:
        with self._app.connection_for_read() as connection:
            self._receiver = self._app.events.Receiver(
                connection, handlers={"*": self.events.append}
            )
            self._receiver.on_consume_ready = lambda *_, **__: self._consumes.set()
            self._receiver.capture(limit=None, timeout=None, wakeup=False)

    def of(self, id: str) -> list[dict[str, Any]]:
        return [event for event in tuple(self.events) if event.get("uuid") == id]

    def named(self, name: str, type: str) -> list[dict[str, Any]]:
        events = tuple(self.events)
        ids = {event["uuid"] for event in events if event.get("name") == name}
        return [e for e in events if e["type"] == type and e.get("uuid") in ids]
