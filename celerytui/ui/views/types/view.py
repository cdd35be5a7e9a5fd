"""All types of tasks."""

from __future__ import annotations

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.view import PaneSpec, View


def _list() -> type[Pane]:
    from celerytui.ui.views.types.list import TypeList

    return TypeList


TYPES = PaneSpec("types", _list)


class TypesView(View):
    """The table of types."""

    name = "types"
    label = "Types"
    key = "5"
    help = "all types of tasks"
    lists = Scope.TYPE
    panes = (TYPES,)
    focus = TYPES.name
