"""A task that is asked for and is not in memory."""

from __future__ import annotations

from celerytui.columns import clean, format_clock
from celerytui.engine import Recorded
from celerytui.iso_time import epoch
from celerytui.model import LinkState, ResultMeta, Task
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session

UNREADY = (LinkState.CONNECTING, LinkState.STOPPED, LinkState.OFFLINE)
"""While it is so the backend is not asked: another thread still imports what that needs."""


class AwaitedTask:
    """Looks a task up where it may be kept: in the history, then in the result backend, once each.

    `found` is what the history has of it.
    """

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        self.meta: ResultMeta | None = None
        self.recorded: Recorded | None = None
        self._looked_up = False
        self._asked = False

    @property
    def found(self) -> Task | None:
        """The task as it was recorded, None as long as it was not found."""
        return None if self.recorded is None else self.recorded.task

    def ask(self, session: Session, pane: Pane) -> None:
        """Look it up; `pane` is painted with each answer."""
        if session.engine.history.kept and not self._looked_up:
            self._looked_up = True

            def looked_up(recorded: Recorded) -> None:
                self.recorded = recorded
                pane.call_later(pane.paint)

            session.engine.past.find(self.task_id, looked_up)
        if not session.engine.history.kept or (self.recorded is not None and self.found is None):
            self._ask_backend(session, pane)

    def _ask_backend(self, session: Session, pane: Pane) -> None:
        """Ask it as soon as there is a connection."""
        if self._asked or session.engine.link.state in UNREADY:
            return
        self._asked = True

        def answered(meta: ResultMeta) -> None:
            self.meta = meta
            pane.call_later(pane.paint)

        session.engine.read_result(self.task_id, answered)

    def notice(self, session: Session) -> EmptyState:
        """What is said in the place of the task."""
        heading = "No event of this task yet"
        text = f"{clean(self.task_id, limit=200)} opens here with its first event."
        if session.engine.store.evicted:
            heading = "This task is not in memory"
            text = (
                f"{clean(self.task_id, limit=200)} was evicted, or had no event since the start;"
                " it opens here with its next event."
            )
        if session.settings.offline:
            heading = "This task is not in memory"
            text = f"{clean(self.task_id, limit=200)} opens here once it is recorded."
        if session.replaying:
            heading = "This task is not in memory at this moment"
            text = f"{clean(self.task_id, limit=200)} opens here with its next event."
        said = [text, self._history(session), self._backend(session)]
        return EmptyState(
            heading,
            " ".join(filter(None, said)),
            keys=((session.key_of("task.result"), "result"),),
        )

    def _history(self, session: Session) -> str:
        if not session.engine.history.kept:
            return ""
        if self.recorded is None:
            return "Searching the history."
        if self.recorded.error is not None:
            return f"{clean(self.recorded.error, limit=300)}."
        return "The history does not have it."

    def _backend(self, session: Session) -> str:
        meta = self.meta
        if session.settings.offline:
            return ""
        if meta is None:
            return "Asking the result backend." if self._asked else "Connecting."
        if meta.error is not None:
            return f"Result backend: {clean(meta.error, limit=300)}."
        if meta.status is None:
            return f"Result backend: not decoded: {clean(meta.flaw, limit=300)}."
        if meta.status == "PENDING":
            return "The result backend has no result of it."
        done = epoch(meta.date_done)
        when = "" if done is None else f", finished {format_clock(done, session.utc)}"
        return f"Result backend: {clean(meta.status, limit=40).lower()}{when}."


def looked_up(
    before: AwaitedTask | None, task_id: str, session: Session, pane: Pane
) -> AwaitedTask | None:
    """The look-up of a task that is shown and not in memory, begun or going on.

    One that was evicted is looked up too, where there is a history; None where nobody knows more.
    """
    awaited = before
    if awaited is None and session.engine.history.kept:
        awaited = AwaitedTask(task_id)
    if awaited is not None:
        awaited.ask(session, pane)
    return awaited
