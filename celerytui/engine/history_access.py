"""Where the app's history is, for who writes it and for who reads it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from celerytui.control import ActionLog
from celerytui.errors import HistoryError
from celerytui.health import Health
from celerytui.settings import Settings
from celerytui.store import Store

if TYPE_CHECKING:
    from celerytui.engine.recording import Recorder
    from celerytui.history.history import History, Place


class HistoryAccess:
    """The history that the settings name, where they name one; for any thread."""

    def __init__(self, settings: Settings, app: str, broker: str) -> None:
        self._settings = settings
        self._app = app
        self._broker = broker

    @property
    def kept(self) -> bool:
        """Whether there is to be a history at all."""
        return self._settings.history is not None

    @property
    def offline(self) -> bool:
        """Whether it is all that is read, and nothing of the cluster is touched."""
        return self._settings.offline

    def open(self) -> History:
        """The history, to be read by one thread; raises HistoryError."""
        place = self.place()
        if place is None:
            raise HistoryError("no history is kept: see --history")
        return place.reader()

    def place(self) -> Place | None:
        """Where it is recorded, None where it is not."""
        if self._settings.history is None:
            return None
        from celerytui.history.place import place_of

        return place_of(self._settings.history, self._app, self._broker, os.environ)

    def recorder(
        self, store: Store, health: Health, log: ActionLog, clock: Callable[[], float]
    ) -> Recorder | None:
        """Who writes it, None where nobody is to: without one, and offline."""
        place = None if self.offline else self.place()
        if place is None:
            return None
        from celerytui.engine.recording import Recorder

        who = self._app, self._broker
        return Recorder(store, health, log, self._settings, clock, *who, place)
