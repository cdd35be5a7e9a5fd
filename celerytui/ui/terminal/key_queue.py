"""Processes keys one after the other, however fast they arrive."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.timer import Timer

STUCK_SECONDS: Final = 2.0
"""Seconds after which the next key is sent, whatever the one before does."""

TRIPS: Final = 3
"""Enter in the filter makes messages that make messages, the last of which moves the focus.

A key with a character is done with after one trip: a held-down `j` must not lag behind.
"""


class KeyQueue:
    """Sends a key or a paste when the one before has been processed.

    Textual chooses who gets a key when the key arrives. Where several arrive at once, from quick
    hands or over a slow line, those that follow a `/` would be commands, not the filter's text.
    The app hands each of its events to `on_event`.
    """

    class Handled(events.Event, bubble=True):
        """Follows a key through the same queues, so it returns after the key was processed."""

        def __init__(self, target: MessagePump, number: int, trips: int) -> None:
            super().__init__()
            self.target = target
            self.number = number
            self.trips = trips

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._typed: deque[events.Key | events.Paste] = deque()
        self._sent = 0
        self.under_way = False
        """Whether a key was sent and is still being processed."""
        self._typed_on: Screen[Any] | None = None
        self._stuck: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        """Queue keys; leave all other events to Textual."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._typed.append(event)
            if not self.under_way:
                await self._send_next()
        elif isinstance(event, self.Handled):
            self._handled(event)
        else:
            await App.on_event(self._app, event)

    async def _send_next(self) -> None:
        self.under_way = bool(self._typed)
        if not self._typed:
            return
        screen = self._app.screen
        if screen is not self._typed_on:
            # A new screen chooses what has the focus when it is there, and not before.
            self._typed_on = screen
            self._follow(screen, 1)
            return
        target = self._app.focused or screen
        event = self._typed.popleft()
        await App.on_event(self._app, event)
        chain = isinstance(event, events.Key) and not event.is_printable
        self._follow(target, TRIPS if chain else 1)

    def _follow(self, target: MessagePump, trips: int) -> None:
        self._sent += 1
        number = self._sent
        self._stuck = self._app.set_timer(STUCK_SECONDS, lambda: self._done(number))
        if not target.post_message(self.Handled(target, number, trips)):
            self._done(number)

    def _handled(self, event: Handled) -> None:
        """The key before has been processed; after the last trip, so have its messages."""
        if event.number == self._sent and event.trips > 1:
            again = self.Handled(event.target, event.number, event.trips - 1)
            if event.target.post_message(again):
                return
        self._done(event.number)

    def _done(self, number: int) -> None:
        if number != self._sent or not self.under_way:
            return
        if self._stuck is not None:
            self._stuck.stop()
        # What the key called for later, the focus for one, comes first.
        self._app.call_later(self._send_next)
