"""What keys do to a group of failures, in the list and in its detail."""

from __future__ import annotations

import json
from typing import ClassVar

from celerytui.control import Scope
from celerytui.document import failure_row
from celerytui.store import WINDOWS, FailureRow
from celerytui.ui.messages import FilterAsked, StoreChanged
from celerytui.ui.panes.pane import Pane
from celerytui.ui.panes.windows import stepped


class FailurePane(Pane):
    """A pane that is about groups of failures, of which one is chosen."""

    KEYS: ClassVar[tuple[str, ...]] = ("failures", "window")

    @property
    def group(self) -> str | None:
        """The key of the group that keys are about."""
        return self.session.failure

    def targets(self, scope: Scope) -> list[str]:
        """The name of the group's task."""
        row = self._group_row() if scope is Scope.TYPE else None
        return [row.task] if row is not None and row.task else []

    def rearrange(self) -> None:
        """Take in what is listed now, so that there is room for it."""

    def _group_row(self) -> FailureRow | None:
        session = self.session
        return session.engine.store.failures.row(
            self.group or "", session.now(), session.failure_window
        )

    def action_copy_failure(self) -> None:
        row = self._group_row()
        if row is not None:
            found = failure_row(self.session.engine.store, row)
            self.app.copy_to_clipboard(json.dumps(found, indent=2, ensure_ascii=True))
            self.app.notify("copied as JSON", markup=False, timeout=2)

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

    def action_unfold_group(self) -> None:
        if self.group is not None:
            self.session.unfolded ^= {self.group}
            for pane in (self, *self.siblings):
                if isinstance(pane, FailurePane):
                    pane.rearrange()
            self.screen.post_message(StoreChanged())

    def action_window(self, by: int) -> None:
        window = stepped(self.session, self.session.failure_window.label, by)
        self.session.failure_window = next(one for one in WINDOWS if one.label == window)
        self.screen.post_message(StoreChanged())
