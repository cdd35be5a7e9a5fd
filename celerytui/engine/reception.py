"""Receives events into the store, and knows how the connection stands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from celerytui.engine.control_thread import Step
from celerytui.engine.importing import importing
from celerytui.model import Batch, Link, LinkState
from celerytui.store import Store
from celerytui.wire.connections import ready, when_late

if TYPE_CHECKING:
    from celerytui.wire.broker import Broker
    from celerytui.wire.receiver import Receiver


class Reception:
    """`run` is the work of a thread; `link` is how the connection stands, for any thread.

    `when_late` says what the broker does with events that are read too late. `start_over` is called
    before anybody can see that a connection is new, `news` with each batch, and `tell` when the
    link changed. `changed` is given each link that is to be recorded.
    """

    def __init__(
        self,
        app: Any,
        store: Store,
        link: Link,
        survive: Callable[[Step], None],
        news: Callable[[], None],
        tell: Callable[[], None],
        start_over: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.link = link
        self.when_late = ""
        self.changed: Callable[[Link], None] = lambda link: None
        self._app = app
        self._store = store
        self._survive = survive
        self._news = news
        self._tell = tell
        self._start_over = start_over
        self._clock = clock
        self._receiver: Receiver | None = None

    @property
    def broker(self) -> Broker | None:
        """The kind of broker, once it is known."""
        return None if self._receiver is None else self._receiver.broker

    def ready(self) -> Any:
        """The app, with all imported that the threads use; the first frame does not wait for it."""
        with importing:
            from celerytui.wire import receiver  # noqa: F401  for later

            return ready(self._app)

    def run(self, stopping: threading.Event) -> None:
        """Receive until it is stopped."""
        app = self.ready()
        from celerytui.wire.receiver import Receiver

        self._receiver = Receiver(app, self.take_batch, self.take_link, clock=self._clock)
        # Who stops sets the one and then looks for the other: one of us sees it.
        if not stopping.is_set():
            self._receiver.run()

    def stop(self) -> None:
        """End it; returns at once."""
        if self._receiver is not None:
            self._receiver.stop()

    def reconnect_now(self) -> None:
        """Cut the wait for the next try to connect short."""
        if self._receiver is not None:
            self._receiver.reconnect_now()

    def take_batch(self, batch: Batch) -> None:
        """Take what was received."""
        self._survive(lambda: self._store.apply(batch))
        self._news()

    def take_link(self, link: Link) -> None:
        """Take how the connection stands now."""
        before = self.link
        if link.state is LinkState.CONNECTED and before.state is not LinkState.CONNECTED:
            if before.lost_at is not None:
                self._store.mark_gap(before.lost_at, link.since)
            self.when_late = when_late(self._app)
            # Before the control thread can see that we listen: it asks everybody first.
            self._start_over()
        elif link.state is LinkState.RECONNECTING and before.state is LinkState.CONNECTED:
            self._store.mark_gap(link.lost_at or self._clock(), None)
        self.changed(link)
        self.show(link)

    def show(self, link: Link) -> None:
        """Have it stand as it is said, without anything that follows of it."""
        self.link = link
        self._tell()
