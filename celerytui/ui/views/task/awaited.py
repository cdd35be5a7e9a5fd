"""A task that is asked for before anything is known of it."""

from __future__ import annotations

from celerytui.columns import clean, format_clock
from celerytui.iso_time import epoch
from celerytui.model import LinkState, ResultMeta
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session


class AwaitedTask:
    """Says that a task is waited for, and what the result backend has of it: it is asked once."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        self.meta: ResultMeta | None = None
        self._asked = False

    def ask(self, session: Session, pane: Pane) -> None:
        """Ask the backend as soon as there is a connection; `pane` is painted with the answer."""
        # Before that, another thread still imports what the question needs.
        if self._asked or session.engine.link.state in (LinkState.CONNECTING, LinkState.STOPPED):
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
        return EmptyState(
            heading,
            f"{text} {self._backend(session)}",
            keys=((session.key_of("task.result"), "result"),),
        )

    def _backend(self, session: Session) -> str:
        meta = self.meta
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
