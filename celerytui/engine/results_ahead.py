"""Imports what results are read with before anybody asks for them: some libraries take a while."""

from __future__ import annotations

import logging
import threading
from typing import Any

from celerytui.engine.reception import Reception
from celerytui.errors import BackendUnavailable

logger = logging.getLogger(__name__)

QUIET_SECONDS = 1.0
"""After so long the first answers are drawn."""


class ResultsAhead:
    """`run` is the work of a thread; `done` is set once it is over, whatever came of it."""

    def __init__(self, reception: Reception, quiet: float = QUIET_SECONDS) -> None:
        self._reception = reception
        self._quiet = quiet
        self.done = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Import it once, a while after all else is there, then only wait for the end."""
        app = self._reception.ready()
        if not self.done.is_set() and not stopping.wait(self._quiet):
            try:
                with self._reception.importing:
                    _prepare(app)
            except BackendUnavailable as error:
                # Whoever asks for results is told.
                logger.info("results cannot be read: %s", error)
            finally:
                self.done.set()
        stopping.wait()


def _prepare(app: Any) -> None:
    from celerytui.engine import past_reader  # noqa: F401  for later
    from celerytui.results import prepare

    prepare(app)
