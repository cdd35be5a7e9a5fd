"""What keys do to a group of failures, in the list and in its detail."""

from __future__ import annotations

from typing import ClassVar

from celerytui.store import WINDOWS
from celerytui.ui.messages import FilterAsked, StoreChanged
from celerytui.ui.panes.pane import Pane


class FailurePane(Pane):
    """A pane that is about groups of failures, of which one is chosen."""

    KEYS: ClassVar[tuple[str, ...]] = ("failures", "window")

    @property
    def group(self) -> str | None:
        """The key of the group that keys are about."""
        return self.session.failure

    def action_failure_tasks(self) -> None:
        if self.group is not None:
            self.post_message(FilterAsked(f"failure:{self.group}"))

    def action_resolve(self) -> None:
        if self.group is None:
            return
        session = self.session
        resolved = session.engine.store.failures.resolve(self.group, session.engine.clock())
        words = "Resolved; opens again if it recurs" if resolved else "Opened again"
        self.app.notify(words, markup=False, timeout=2)
        self.screen.post_message(StoreChanged())

    def action_window(self, by: int) -> None:
        place = WINDOWS.index(self.session.window) + by
        self.session.window = WINDOWS[max(0, min(place, len(WINDOWS) - 1))]
        self.screen.post_message(StoreChanged())
