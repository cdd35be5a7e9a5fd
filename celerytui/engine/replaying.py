"""Takes into an engine what is replayed."""

from __future__ import annotations

from collections.abc import Callable

from celerytui.engine.broker_watch import BrokerWatch
from celerytui.health import Health
from celerytui.model import Entry, Link, LinkState
from celerytui.store import Store, tellers


class Replaying:
    """For the replaying thread: `judge` is called after each sweep, as it is when it is live."""

    def __init__(
        self,
        store: Store,
        health: Health,
        broker: BrokerWatch,
        show: Callable[[Link], None],
        judge: Callable[[], object],
    ) -> None:
        self._store = store
        self._health = health
        self._broker = broker
        self._show = show
        self._judge = judge
        self._begin()

    def tell(self, entry: Entry) -> None:
        """Take one thing that was recorded."""
        known = self._tellers.get(entry.what)
        if known is not None:
            known(*entry.args)
            if entry.what == "sweep":
                self._judge()
        elif entry.what == "link":
            self._show(entry.args[0])
        elif entry.what == "blockage":
            self._broker.blockage = entry.args[0]

    def forget(self) -> None:
        """Know nothing: what is told next begins anew."""
        self._store.forget()
        self._health.forget()
        self._begin()
        self._broker.blockage = None
        self._show(Link(LinkState.CONNECTED))

    def _begin(self) -> None:
        self._tellers = tellers(self._store)
        # Nobody is asked: the pages of workers show what these answered then.
        self._store.inspections.wanted = True
