"""One task whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session
from celerytui.ui.views.view import Panes, PaneSpec, View

if TYPE_CHECKING:
    from celerytui.ui.views.task.detail import DetailPane


def _detail() -> type[Pane]:
    from celerytui.ui.views.task.detail import DetailPane

    return DetailPane


DETAIL = PaneSpec("detail", _detail)


def detail_of(panes: Panes) -> DetailPane:
    """The pane that shows one task."""
    return cast("DetailPane", panes[DETAIL.name])


class TaskView(View):
    """The details of one task."""

    name = "task"
    label = "Task"
    opens = Scope.TASK
    panes = (DETAIL,)
    focus = DETAIL.name

    def open(self, session: Session, panes: Panes, subject: str) -> None:
        detail_of(panes).open(subject)

    def subject(self, session: Session, panes: Panes) -> str:
        return detail_of(panes).pinned or ""

    def ask_again(self, session: Session, panes: Panes) -> None:
        super().ask_again(session, panes)
        detail_of(panes).ask_again()

    def title(self, session: Session, panes: Panes) -> str:
        task = session.engine.store.task(detail_of(panes).pinned or "")
        return (task.name if task else None) or "task"

    def targets(self, panes: Panes, scope: Scope) -> list[str]:
        return detail_of(panes).targets(scope)

    def current_task(self, panes: Panes) -> str | None:
        return detail_of(panes).current_task

    def go_to_task(self, panes: Panes, task_id: str) -> bool:
        detail_of(panes).open(task_id)
        return True
