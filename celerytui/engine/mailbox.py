"""The slot in which the threads tell the interface that there is news."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

from celerytui.interpreter import first_rows_stand


class Mailbox:
    """A slot that says that there is news, never how much: a slow reader is notified once."""

    def __init__(self) -> None:
        self._full = threading.Event()
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def post(self) -> None:
        """Say that there is news; called from any thread, returns at once."""
        if self._full.is_set():
            return
        self._full.set()
        waiter = self._waiter
        if waiter is not None:
            loop, event = waiter
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # the loop is closed: nobody reads any more
                self._waiter = None

    def post_awaited(self) -> None:
        """Say that there is news that somebody waits for: until it is drawn others give way."""
        first_rows_stand()
        self.post()

    async def wait(self, timeout: float | None = None) -> None:
        """Wait for news on the running loop, up to `timeout` seconds, and empty the slot.

        For one reader.
        """
        if self._waiter is None:
            self._waiter = (asyncio.get_running_loop(), asyncio.Event())
        event = self._waiter[1]
        with suppress(asyncio.TimeoutError):
            while not self._full.is_set():
                await asyncio.wait_for(event.wait(), timeout)
                event.clear()
        event.clear()
        self._full.clear()

    def wait_blocking(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for news and empty the slot; whether there was any."""
        there = self._full.wait(timeout)
        self._full.clear()
        return there
