"""Where panes can stand: what views say of their room, and the layout that obeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

FRAMED_FROM = 100
"""Columns from which panes have whole frames; below only a rule above each."""
AXIS_ROWS = 25
"""Rows of room from which a chart has an axis."""
CHART_ROWS = 15
SINGLE_ROWS = 11
SINGLE_COLUMNS = 60
"""Room under which one pane is shown at a time. The header, tabs and footer are not counted."""
BESIDE_FROM = 180
"""Columns from which the detail of a task is shown at the right, full height."""
BESIDE_MOST = 96
"""Columns that the detail of a task takes there at the most."""

Regions = dict[str, Region]


class Needs(Struct, frozen=True):
    """How many rows each pane would like to have, and which of them is asked for.

    `alone` is the one that the user wants to see alone, `focused` the one that has the focus.
    """

    rows: Mapping[str, int] = {}
    alone: str | None = None
    focused: str = ""


def whole(size: Size, name: str) -> Regions:
    """All the room for one pane."""
    return {name: Region(0, 0, size.width, size.height)}


def is_small(size: Size) -> bool:
    """Whether there is room for one pane only."""
    return size.height < SINGLE_ROWS or size.width < SINGLE_COLUMNS


def has_frames(size: Size) -> bool:
    """Whether panes have whole frames on a screen of that size."""
    return size.width >= FRAMED_FROM


class PaneLayout(Layout):
    """Puts the children whose id has a region there; the others must not be displayed."""

    name = "panes"

    def __init__(self, regions: Callable[[Size], Mapping[str, Region]]) -> None:
        self._regions = regions

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        regions = self._regions(size)
        return [
            WidgetPlacement(region, NULL_OFFSET, Spacing(), child)
            for child in children
            if (region := regions.get(child.id or "")) is not None
        ]
