"""What came of actions, brought to the user: toasts, marks, and what is shown of the workers."""

from __future__ import annotations

from typing import Any

from textual.app import App

from celerytui.control import Scope, find_action
from celerytui.model import Finding, Outcome
from celerytui.ui.actions.toasts import Toast, finding_toast, outcome_toast
from celerytui.ui.session import Session


class Report:
    """Takes the outcomes of actions, and what was seen of them later."""

    def __init__(self, app: App[Any], session: Session) -> None:
        self._app = app
        self._session = session

    def finished(self, outcome: Outcome) -> None:
        """Show an outcome; what it was done to is unmarked, so that the rest can be done again."""
        session = self._session
        self._show(outcome_toast(outcome, session.glyphs))
        done = _done_to(outcome)
        session.marked -= done
        session.marked_workers -= done
        self._look_again(outcome.action)
        entry = session.engine.log.entry_of(outcome)
        failed = len(outcome.items) > 1 and any(item.ok is False for item in outcome.items)
        if failed and entry is not None and len(self._app.screen_stack) == 1:
            from celerytui.ui.dialogs.log_entry import LogEntryDialog

            self._app.push_screen(LogEntryDialog(session, entry))

    def found(self, finding: Finding) -> None:
        """Show what was seen of an action some seconds later, unless all went well."""
        self._look_again(finding.action)
        if finding.ok is not True:
            self._show(finding_toast(finding))

    def _look_again(self, action_id: str) -> None:
        """What a worker reported before this is not so any more."""
        action = find_action(action_id)
        if action and action.changes and action.scope in (Scope.WORKER, Scope.TYPE):
            self._session.answers.refresh()

    def _show(self, toast: Toast) -> None:
        self._app.notify(
            toast.text,
            title=toast.title,
            severity=toast.severity,
            timeout=toast.seconds,
            markup=False,
        )


def _done_to(outcome: Outcome) -> set[str]:
    """The targets that it was done to."""
    if outcome.items:
        return {item.target for item in outcome.items if item.ok}
    reached = outcome.error is None and any(reply.ok for reply in outcome.replies)
    return set(outcome.targets) if reached else set()
