"""The dashboard: workers, queues, throughput, tasks and one task in short."""

from __future__ import annotations

from textual.geometry import Region, Size

from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.layout import (
    AXIS_ROWS,
    BESIDE_FROM,
    CHART_ROWS,
    FRAMED_FROM,
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

DETAIL_COLUMNS = 120
DETAIL_ROWS = 25


def _throughput() -> type[Pane]:
    from celerytui.ui.panes.throughput import Throughput

    return Throughput


THROUGHPUT = PaneSpec("throughput", _throughput)


class DashboardView(AboutTasks):
    """What the cluster is doing, at a glance."""

    name = "dashboard"
    label = "Dashboard"
    key = "1"
    help = "the dashboard"
    panes = (WORKERS, QUEUES, THROUGHPUT, TASKS, DETAIL)
    focus = TASKS.name

    def regions(self, size: Size, needs: Needs) -> Regions:
        """The regions of the panes that have room."""
        width, height = size
        room = Region(0, 0, width, height)
        if needs.alone:
            return whole(size, needs.alone)
        if is_small(size):
            return whole(size, needs.focused or self.focus)
        if width < FRAMED_FROM:
            return _ruled(room, needs)
        if width >= BESIDE_FROM:
            beside = min(96, width * 9 // 25)
            regions = _framed(Region(0, 0, width - beside, height), needs, with_detail=False)
            return {**regions, DETAIL.name: Region(width - beside, 0, beside, height)}
        with_detail = width >= DETAIL_COLUMNS and height >= DETAIL_ROWS
        return _framed(room, needs, with_detail=with_detail)

    def in_tab_order(self, shown: Regions) -> list[str]:
        if len(shown) == 1:
            return [pane.name for pane in self.panes]
        return super().in_tab_order(shown)


def _framed(room: Region, needs: Needs, *, with_detail: bool) -> Regions:
    left = max(40, min(46, room.width * 9 // 25))
    right = room.width - left
    chart = 8 if room.height >= AXIS_ROWS else 6
    if room.height < CHART_ROWS:
        chart = 0
    queues = min(needs.rows.get(QUEUES.name, 0) + 3, 8)
    workers = max(chart, min(needs.rows.get(WORKERS.name, 0) + 3, room.height - queues))
    workers = min(workers, room.height * 2 // 3)
    regions = {
        WORKERS.name: Region(0, 0, left, workers),
        QUEUES.name: Region(0, workers, left, room.height - workers),
    }
    if chart:
        regions[THROUGHPUT.name] = Region(left, 0, right, chart)
    detail = min(14, max(12, (room.height - chart) // 3)) if with_detail else 0
    regions[TASKS.name] = Region(left, chart, right, room.height - chart - detail)
    if detail:
        regions[DETAIL.name] = Region(left, room.height - detail, right, detail)
    return regions


def _ruled(room: Region, needs: Needs) -> Regions:
    half = room.width // 2
    chart = 0 if room.height < CHART_ROWS else 6 if room.height >= AXIS_ROWS else 4
    wanted = max(needs.rows.get(WORKERS.name, 0), needs.rows.get(QUEUES.name, 0), 2)
    lists = min(wanted, max(3, room.height // 4)) + 1
    regions = {
        WORKERS.name: Region(0, 0, half, lists),
        QUEUES.name: Region(half, 0, room.width - half, lists),
    }
    if chart:
        regions[THROUGHPUT.name] = Region(0, lists, room.width, chart)
    top = lists + chart
    regions[TASKS.name] = Region(0, top, room.width, room.height - top)
    return regions
