"""An action between its key and its outcome."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from celerytui.model import Outcome


class Job:
    """An action that waits for its turn or is being done; read from any thread.

    `done` of `total` targets are through, `note` says what it does now; `total` is 0 until that
    is known. `outcome` is there once it has ended.
    """

    def __init__(
        self, action: str, targets: tuple[str, ...], params: Mapping[str, str], since: float
    ) -> None:
        self.action = action
        self.targets = targets
        self.params = dict(params)
        self.since = since
        self.done = 0
        self.total = 0
        self.note = ""
        self.outcome: Outcome | None = None
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End it after the step that it is at; what was done stays done."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether it is to end."""
        return self._cancelled.is_set()
