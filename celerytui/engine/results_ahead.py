"""Imports what results are read with before anybody asks for them: some libraries take a while."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from celerytui import connect
from celerytui.engine.importing import importing

logger = logging.getLogger(__name__)

QUIET_SECONDS = 1.0
"""After so long the first answers are drawn."""


class ResultsAhead:
    """`run` is the work of a thread; `ready` imports what all threads use, and gives the app.

    `done` is set once it was imported, whatever came of it. `kept` is whether the app has a backend
    that keeps results, None until the app is there.
    """

    def __init__(self, ready: Callable[[], Any]) -> None:
        self._ready = ready
        self.done = threading.Event()
        self.kept: bool | None = None

    def run(self, stopping: threading.Event) -> None:
        """Import it a while after all else is there, then only wait for the end."""
        self.kept = connect.keeps_results(self._ready())
        if not stopping.wait(QUIET_SECONDS):
            self.now()
        stopping.wait()

    def now(self) -> None:
        """Have it imported, by this thread unless another did; who asks for results comes first."""
        if self.done.is_set():
            return
        with importing:
            if self.done.is_set():
                return
            try:
                _prepare(self._ready())
            except Exception as error:
                # Whoever asks for results is told.
                logger.info("results cannot be read: %s", error)
            finally:
                self.done.set()


def _prepare(app: Any) -> None:
    from celerytui.engine import past_reader  # noqa: F401  for later
    from celerytui.results import prepare

    prepare(app)
