"""The view thread: keeps the table's order up with the store and tells the interface of news."""

from __future__ import annotations

import threading
from collections.abc import Callable

from celerytui.engine.mailbox import Mailbox
from celerytui.query import TaskView

IDLE_SECONDS = 1.0
"""How long it waits for news at most: what passes with the time is drawn as often."""


class ViewRefresher:
    """Brings the view up to date, at most once in `pace` seconds, and posts to the mailbox.

    `pace` may be set by any thread. `turn` is called between two waits, for what the thread does
    beside it.
    """

    def __init__(
        self,
        view: TaskView,
        mailbox: Mailbox,
        survive: Callable[[Callable[[], object]], None],
        turn: Callable[[], None],
        *,
        pace: float,
        clock: Callable[[], float],
    ) -> None:
        self._view = view
        self._mailbox = mailbox
        self._survive = survive
        self._turn = turn
        self.pace = pace
        self._clock = clock
        self._news = threading.Event()
        self._urgent = threading.Event()
        self._asked_to_show = threading.Event()

    def news(self) -> None:
        """Say that the store has changed; from any thread."""
        self._news.set()

    def urgent(self) -> None:
        """Say that something changed that is to be drawn whether the rows changed or not."""
        self._urgent.set()
        self._news.set()

    def show_now(self) -> None:
        """Somebody asked for other tasks or another order: do not wait for the next turn."""
        self.urgent()
        self._asked_to_show.set()

    def run(self, stopping: threading.Event) -> None:
        """Refresh until `stopping` is set; `show_now` ends a wait."""
        told = 0.0
        while not stopping.is_set():
            self._news.wait(IDLE_SECONDS)
            self._news.clear()
            self._turn()
            urgent = self._urgent.is_set()
            self._urgent.clear()
            now, view = self._clock(), self._view
            version = view.version
            self._survive(view.refresh)
            # Heartbeats alone change little: they are drawn together with the passing of time.
            if urgent or view.version != version or abs(now - told) >= IDLE_SECONDS:
                told = now
                self._mailbox.post()
            # News may wait its turn; whoever asked for other tasks or another order does not.
            self._asked_to_show.wait(self.pace)
            self._asked_to_show.clear()
