"""All queues."""

from __future__ import annotations

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.view import PaneSpec, View


def _list() -> type[Pane]:
    from celerytui.ui.views.queues.list import QueueList

    return QueueList


QUEUES = PaneSpec("queues", _list)


class QueuesView(View):
    """The table of queues."""

    name = "queues"
    label = "Queues"
    key = "4"
    help = "all queues"
    lists = Scope.QUEUE
    panes = (QUEUES,)
    focus = QUEUES.name
