"""All workers."""

from __future__ import annotations

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.view import PaneSpec, View


def _list() -> type[Pane]:
    from celerytui.ui.views.workers.list import WorkerList

    return WorkerList


WORKERS = PaneSpec("workers", _list)


class WorkersView(View):
    """The table of workers."""

    name = "workers"
    label = "Workers"
    key = "3"
    help = "all workers"
    lists = Scope.WORKER
    panes = (WORKERS,)
    focus = WORKERS.name
