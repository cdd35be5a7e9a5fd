"""What takes its time: an action between its key and its outcome, a file that is written."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from celerytui.control import find_action
from celerytui.model import Outcome


class Work:
    """Something that is being done in a thread of the engine; read from any thread.

    `label` says what it is, `done` of `total` steps are through, `note` says what it does now;
    `total` is 0 until that is known.
    """

    def __init__(self, label: str, since: float, note: str = "") -> None:
        self.label = label
        self.since = since
        self.note = note
        self.done = 0
        self.total = 0
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End it after the step that it is at; what was done stays done."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether it is to end."""
        return self._cancelled.is_set()


class Job(Work):
    """An action that waits for its turn or is being done; its steps are its targets.

    `outcome` is there once it has ended.
    """

    def __init__(
        self, action: str, targets: tuple[str, ...], params: Mapping[str, str], since: float
    ) -> None:
        known = find_action(action)
        super().__init__(action if known is None else known.label, since, "waiting for replies")
        self.action = action
        self.targets = targets
        self.params = dict(params)
        self.outcome: Outcome | None = None
