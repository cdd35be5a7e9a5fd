"""Takes into an engine what is replayed."""

from __future__ import annotations

from collections.abc import Callable

from celerytui.engine.beside import Beside
from celerytui.health import Health
from celerytui.model import Entry
from celerytui.store import Store, tellers


class Replaying:
    """For the replaying thread: `judge` is called after each sweep, as it is when it is live."""

    def __init__(
        self,
        store: Store,
        health: Health,
        beside: Beside,
        judge: Callable[[], object],
    ) -> None:
        self._store = store
        self._health = health
        self._beside = beside
        self._judge = judge
        self._begin()

    def tell(self, entry: Entry) -> None:
        """Take one thing that was recorded."""
        known = self._tellers.get(entry.what)
        if known is not None:
            known(*entry.args)
            if entry.what == "sweep":
                self._judge()
        elif len(entry.args) == 1:
            self._beside.tell(entry.what, entry.args[0])

    def forget(self) -> None:
        """Know nothing: what is told next begins anew."""
        self._store.forget()
        self._health.forget()
        self._begin()
        self._beside.forget()

    def _begin(self) -> None:
        self._tellers = tellers(self._store)
        # Nobody is asked: the pages of workers show what these answered then.
        self._store.inspections.wanted = True
