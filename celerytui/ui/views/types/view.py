"""All types of tasks, and the one under the cursor."""

from __future__ import annotations

from textual.geometry import Region, Size

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.layout import FRAMED_FROM, Needs, Regions, whole
from celerytui.ui.views.view import PaneSpec, View


def _list() -> type[Pane]:
    from celerytui.ui.views.types.list import TypeList

    return TypeList


def _times() -> type[Pane]:
    from celerytui.ui.views.types.times import TypeTimes

    return TypeTimes


def _places() -> type[Pane]:
    from celerytui.ui.views.types.places import TypePlaces

    return TypePlaces


TYPES = PaneSpec("types", _list)
TIMES = PaneSpec("type-times", _times)
PLACES = PaneSpec("type-places", _places)

ONE_FROM = 24
"""Rows of room from which the one under the cursor is shown below the list."""
ONE_LEAST, ONE_ROWS = 12, 17
"""Rows that it takes there."""


class TypesView(View):
    """The table of types, and below it the times of one and where it runs."""

    name = "types"
    label = "Types"
    key = "5"
    help = "all types of tasks"
    lists = Scope.TYPE
    panes = (TYPES, TIMES, PLACES)
    focus = TYPES.name

    def regions(self, size: Size, needs: Needs) -> Regions:
        """The list over one type where there is room; else what has the focus has it all."""
        width, height = size
        if needs.alone:
            return whole(size, needs.alone)
        if height < ONE_FROM or width < FRAMED_FROM:
            return whole(size, needs.focused or self.focus)
        below = min(ONE_ROWS, max(ONE_LEAST, height * 9 // 20))
        left, above = width * 11 // 20, height - below
        return {
            TYPES.name: Region(0, 0, width, above),
            TIMES.name: Region(0, above, left, below),
            PLACES.name: Region(left, above, width - left, below),
        }

    def in_tab_order(self, shown: Regions) -> list[str]:
        return [pane.name for pane in self.panes]
