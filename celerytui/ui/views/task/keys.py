"""What keys do to the task that they are about, wherever that is shown."""

from __future__ import annotations

from textual.screen import Screen

from celerytui.columns import clean
from celerytui.control import Scope
from celerytui.model import LinkState
from celerytui.ui.session import Session
from celerytui.ui.views.body import Body
from celerytui.ui.views.task.detail import DetailPane
from celerytui.ui.views.tasks.table import as_json


class TaskScreen(Screen[None]):
    """The part of the one page that is about one task."""

    session: Session
    body: Body

    @property
    def current_task(self) -> str | None:
        """The id of the task that keys are about, None where there is none."""
        raise NotImplementedError

    @property
    def detail(self) -> DetailPane:
        """The pane that shows one task."""
        return self.body.of_kind(DetailPane)

    def open_task(self, task_id: str) -> None:
        """Show all there is to know of a task."""
        raise NotImplementedError

    def action_copy_id(self) -> None:
        if self.current_task is not None:
            shown = clean(self.current_task)
            self.app.copy_to_clipboard(shown)
            self.say(f"copied {shown}")

    def action_copy_row(self) -> None:
        task = self.session.engine.store.task(self.current_task or "")
        looked_up = self.detail.subject
        if task is None and looked_up is not None and looked_up.id == self.current_task:
            task = looked_up
        if task is not None:
            self.app.copy_to_clipboard(as_json(task))
            self.say("copied as JSON")

    def action_copy_link(self) -> None:
        """Copy the command line that opens the task here, else these tasks."""
        session, view = self.session, self.body.view
        opened = view.opens is Scope.TASK
        task = view.subject(session, self.body.by_name) if opened else ""
        if not task and not session.filter_text:
            task = self.current_task or ""
        link = session.opening.link(task=task, filter="" if task else session.filter_text)
        self.app.copy_to_clipboard(link)
        self.say(f"copied {clean(link, limit=200)}", seconds=4)

    def action_traceback(self) -> None:
        task_id = self.current_task
        if task_id is not None:
            self.open_task(task_id)
            self.call_after_refresh(self.detail.to_traceback)

    def action_result(self) -> None:
        """The result of the task here; while there is no broker the key is for that."""
        engine = self.session.engine
        if engine.link.state in (LinkState.RECONNECTING, LinkState.CONNECTING):
            engine.reconnect_now()
            return
        task_id = self.current_task
        if task_id is None:
            self.say("select a task first", seconds=3)
            return
        from celerytui.ui.views.task.result import ResultDialog

        self.app.push_screen(ResultDialog(self.session, task_id))

    def say(self, text: str, *, seconds: float = 2) -> None:
        """Say something in passing."""
        self.app.notify(text, markup=False, timeout=seconds)
