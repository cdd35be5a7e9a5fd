"""The dashboard: workers, queues, what fails and what takes long, throughput, tasks, one task."""

from __future__ import annotations

from collections.abc import Mapping

from textual.geometry import Region, Size

from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.layout import (
    AXIS_ROWS,
    BESIDE_FROM,
    BESIDE_MOST,
    CHART_ROWS,
    Needs,
    Regions,
    is_small,
    whole,
)
from celerytui.ui.views.queues.view import QUEUES
from celerytui.ui.views.task.view import DETAIL
from celerytui.ui.views.tasks.view import TASKS, AboutTasks
from celerytui.ui.views.view import PaneSpec
from celerytui.ui.views.workers.view import WORKERS

LISTS = 46
"""Columns that the lists of workers and queues take at the left of all else."""
TABLE_LEAST = 93
"""Columns that the table of tasks takes beside them: what one of 90 cells shows, it shows."""
LEFT_FROM = LISTS + TABLE_LEAST
"""Columns from which the lists stand at the left; below they stand above all else."""
DETAIL_COLUMNS = 120
DETAIL_ROWS = 25
DETAIL_ROWS_BELOW = 33
"""Rows of room from which a short detail is shown at the bottom; more where all is above it."""
FAILING_FROM, BUSIEST_FROM = 27, 33
"""Rows of room from which what fails is shown, and what takes longest."""
FAILING_ROWS, BUSIEST_ROWS = 9, 11
"""Rows that they take at the left; what is over there goes to the latter."""
PANELS_ROWS = ((45, 11), (BUSIEST_FROM, 8), (FAILING_FROM, 6))
"""Rows that they take side by side, by the rows of room, the most first."""


def _throughput() -> type[Pane]:
    from celerytui.ui.views.dashboard.charts import ClusterCharts

    return ClusterCharts


def _failing() -> type[Pane]:
    from celerytui.ui.views.dashboard.failing import FailingPanel

    return FailingPanel


def _busiest() -> type[Pane]:
    from celerytui.ui.views.dashboard.busiest import BusiestPanel

    return BusiestPanel


THROUGHPUT = PaneSpec("throughput", _throughput)
FAILING = PaneSpec("failing", _failing)
BUSIEST = PaneSpec("busiest", _busiest)


class DashboardView(AboutTasks):
    """What the cluster is doing, at a glance."""

    name = "dashboard"
    label = "Dashboard"
    key = "1"
    help = "dashboard"
    panes = (WORKERS, QUEUES, THROUGHPUT, TASKS, DETAIL, FAILING, BUSIEST)
    focus = TASKS.name
    turns = 2

    def regions(self, size: Size, needs: Needs) -> Regions:
        """The regions of the panes that have room."""
        width, height = size
        room = Region(0, 0, width, height)
        if needs.alone:
            return whole(size, needs.alone)
        if is_small(size):
            return whole(size, needs.focused or self.focus)
        if width >= BESIDE_FROM:
            beside = min(BESIDE_MOST, width * 9 // 25)
            regions = _above(Region(0, 0, width - beside, height), needs, framed=True)
            return {**regions, DETAIL.name: Region(width - beside, 0, beside, height)}
        if width >= LEFT_FROM:
            return _at_left(room, needs)
        return _above(room, needs, framed=False)

    def framed(self, size: Size) -> bool:
        """Frames would take rows from the table where everything else is above it."""
        return size.width >= LEFT_FROM

    def columns_within(self, size: Size) -> Mapping[str, int]:
        """The columns that there is room for where the lists stand at the left."""
        if size.width >= LEFT_FROM:
            return {}
        lists = LISTS - 2
        return {WORKERS.name: lists, QUEUES.name: lists, TASKS.name: TABLE_LEAST - 2}

    def in_tab_order(self, shown: Regions) -> list[str]:
        if len(shown) == 1:
            return [pane.name for pane in self.panes]
        return super().in_tab_order(shown)


def _at_left(room: Region, needs: Needs) -> Regions:
    """The lists over what fails and what takes longest at the left; all else at the right."""
    left, right = LISTS, room.width - LISTS
    chart = 0 if room.height < CHART_ROWS else 8 if room.height >= AXIS_ROWS else 6
    failing = FAILING_ROWS if room.height >= FAILING_FROM else 0
    busiest = BUSIEST_ROWS if room.height >= BUSIEST_FROM else 0
    lists = room.height - failing - busiest
    queues = min(needs.rows.get(QUEUES.name, 0) + 3, 9)
    workers = max(chart, min(needs.rows.get(WORKERS.name, 0) + 3, lists - queues))
    workers = min(workers, lists * 2 // 3)
    if busiest:
        busiest += max(0, lists - workers - queues)
    heights = (
        (WORKERS.name, workers),
        (QUEUES.name, room.height - workers - failing - busiest),
        (FAILING.name, failing),
        (BUSIEST.name, busiest),
    )
    regions, top = {}, 0
    for name, height in heights:
        if height:
            regions[name] = Region(0, top, left, height)
            top += height
    if chart:
        regions[THROUGHPUT.name] = Region(left, 0, right, chart)
    detail = min(14, max(12, (room.height - chart) // 3)) if room.height >= DETAIL_ROWS else 0
    regions[TASKS.name] = Region(left, chart, right, room.height - chart - detail)
    if detail:
        regions[DETAIL.name] = Region(left, room.height - detail, right, detail)
    return regions


def _above(room: Region, needs: Needs, *, framed: bool) -> Regions:
    """Workers and queues side by side above the chart, and the tasks below over the whole width."""
    half = room.width // 2
    frame, head = 2 if framed else 1, 1
    chart = 0 if room.height < CHART_ROWS + 3 * framed else 5 if room.height >= AXIS_ROWS else 3
    chart += frame if chart else 0
    wanted = max(needs.rows.get(WORKERS.name, 0), needs.rows.get(QUEUES.name, 0), 2)
    lists = min(wanted, max(3, room.height // 4)) + head + frame
    regions = {
        WORKERS.name: Region(0, 0, half, lists),
        QUEUES.name: Region(half, 0, room.width - half, lists),
    }
    if chart:
        regions[THROUGHPUT.name] = Region(0, lists, room.width, chart)
    top = lists + chart
    panels = next((rows for least, rows in PANELS_ROWS if framed and room.height >= least), 0)
    if panels:
        regions[FAILING.name] = Region(0, top, half, panels)
        regions[BUSIEST.name] = Region(half, top, room.width - half, panels)
        top += panels
    below = not framed and room.width >= DETAIL_COLUMNS and room.height >= DETAIL_ROWS_BELOW
    detail = 11 if below else 0
    regions[TASKS.name] = Region(0, top, room.width, room.height - top - detail)
    if detail:
        regions[DETAIL.name] = Region(0, room.height - detail, room.width, detail)
    return regions
