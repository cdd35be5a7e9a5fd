"""The log of actions."""

from __future__ import annotations

from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.view import PaneSpec, View


def _list() -> type[Pane]:
    from celerytui.ui.views.log.list import LogList

    return LogList


LOG = PaneSpec("log", _list)


class LogView(View):
    """The action log, newest first."""

    name = "log"
    label = "Log"
    key = "9"
    help = "action log"
    panes = (LOG,)
    focus = LOG.name
