"""An app that is loaded on first use: `-b URL` draws its first frame without Celery."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class LazyApp:
    """Stands for Celery's default app and loads it on first use.

    Only for a command line that names no project: projects are imported before the first frame, on
    the main thread. `broker` is the URL that was given, passwords and all; `main` is its name.
    """

    def __init__(self, broker: str, load: Callable[[], Any], main: str = "default") -> None:
        self.main = main
        self.broker = broker
        self._load = load
        self._lock = threading.Lock()
        self._app: Any = None

    def loaded(self) -> Any:
        """The app itself; from any thread."""
        with self._lock:
            if self._app is None:
                self._app = self._load()
            return self._app

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.loaded(), name)
