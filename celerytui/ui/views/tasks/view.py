"""All tasks, with one of them in short beside them where there is room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from textual.geometry import Region, Size

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.layout import BESIDE_FROM, BESIDE_MOST, Needs, Regions, whole
from celerytui.ui.views.task.view import DETAIL
from celerytui.ui.views.view import Panes, PaneSpec, View

if TYPE_CHECKING:
    from celerytui.ui.views.tasks.table import TaskTable


def _table() -> type[Pane]:
    from celerytui.ui.views.tasks.table import TaskTable

    return TaskTable


TASKS = PaneSpec("tasks", _table)
TABLE_LEAST = 114
"""Width of the table where a task is shown beside it: there is room for INFO."""


def _table_of(panes: Panes) -> TaskTable:
    return cast("TaskTable", panes[TASKS.name])


class AboutTasks(View):
    """A view whose keys are about its table of all tasks, unless another pane has the focus."""

    def targets(self, panes: Panes, scope: Scope) -> list[str]:
        if scope is not Scope.TASK:
            return []
        return _table_of(panes).targets(scope) or self._seen(panes)

    def has_targets(self, panes: Panes, scope: Scope) -> bool:
        if scope is not Scope.TASK:
            return False
        return _table_of(panes).has_targets(scope) or bool(self._seen(panes))

    def current_task(self, panes: Panes) -> str | None:
        return next(iter((_table_of(panes).current_task, *self._seen(panes))), None)

    def _seen(self, panes: Panes) -> list[str]:
        """The task in the panel beside the table, whose keys stand there: no row is chosen."""
        detail = panes.get(DETAIL.name)
        return detail.targets(Scope.TASK) if detail is not None and detail.display else []

    def go_to_task(self, panes: Panes, task_id: str) -> bool:
        return _table_of(panes).go_to_key(task_id)


class TasksView(AboutTasks):
    """The table of tasks."""

    name = "tasks"
    label = "Tasks"
    key = "2"
    help = "all tasks"
    lists = Scope.TASK
    panes = (TASKS, DETAIL)
    focus = TASKS.name

    def regions(self, size: Size, needs: Needs) -> Regions:
        """The table, with the detail beside it where there is room."""
        width, height = size
        if needs.alone or width < BESIDE_FROM:
            return whole(size, needs.alone or self.focus)
        beside = min(BESIDE_MOST, width - TABLE_LEAST)
        return {
            TASKS.name: Region(0, 0, width - beside, height),
            DETAIL.name: Region(width - beside, 0, beside, height),
        }

    def columns_within(self, size: Size) -> Mapping[str, int]:
        """The columns that fit where a task is shown beside the table."""
        return {} if size.width >= BESIDE_FROM else {TASKS.name: TABLE_LEAST - 2}
