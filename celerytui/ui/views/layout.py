"""Where the panes of each view stand, by the room there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

FRAMED_FROM = 100
"""Columns from which panes have whole frames; below only a rule above each."""
DETAIL_COLUMNS = 120
DETAIL_BESIDE_FROM = 180
DETAIL_ROWS = 25
AXIS_ROWS = 25
CHART_ROWS = 15
SINGLE_ROWS = 11
SINGLE_COLUMNS = 60
# Rows are those of the room without the header, the views and the keys.

WORKER_PANES = ("facts", "answered", "chart", "running", "waiting", "sections")

Regions = dict[str, Region]


class Needs(NamedTuple):
    """How many rows the lists would like to show, and what the user asked to see alone."""

    workers: int = 5
    queues: int = 6
    alone: str | None = None
    focused: str = "tasks"


def dashboard(size: Size, needs: Needs) -> Regions:
    """The regions of the panes `workers queues throughput tasks detail` that have room."""
    width, height = size
    whole = Region(0, 0, width, height)
    if needs.alone:
        return {needs.alone: whole}
    if height < SINGLE_ROWS or width < SINGLE_COLUMNS:
        return {needs.focused: whole}
    if width < FRAMED_FROM:
        return _ruled(whole, needs)
    if width >= DETAIL_BESIDE_FROM:
        beside = min(96, width * 9 // 25)
        regions = _framed(Region(0, 0, width - beside, height), needs, with_detail=False)
        return {**regions, "detail": Region(width - beside, 0, beside, height)}
    with_detail = width >= DETAIL_COLUMNS and height >= DETAIL_ROWS
    return _framed(whole, needs, with_detail=with_detail)


def tasks(size: Size, needs: Needs) -> Regions:
    """The task table, with the detail beside it from 180 columns."""
    width, height = size
    if needs.alone:
        return {needs.alone: Region(0, 0, width, height)}
    if width < DETAIL_BESIDE_FROM:
        return {"tasks": Region(0, 0, width, height)}
    beside = min(96, width * 3 // 7)
    return {
        "tasks": Region(0, 0, width - beside, height),
        "detail": Region(width - beside, 0, beside, height),
    }


def worker(size: Size, needs: Needs) -> Regions:
    """The panes of one worker: `facts chart running waiting sections answered`, as they fit.

    One that has the focus and no room beside the others has it all.
    """
    width, height = size
    regions = _worker(size, needs)
    if needs.focused in regions or needs.alone or needs.focused not in WORKER_PANES:
        return regions
    return {needs.focused: Region(0, 0, width, height)}


def _worker(size: Size, needs: Needs) -> Regions:
    width, height = size
    if needs.alone or height < SINGLE_ROWS or width < SINGLE_COLUMNS:
        return {needs.alone or needs.focused: Region(0, 0, width, height)}
    if width < FRAMED_FROM:
        half, upper = width // 2, max(6, min(14, height * 3 // 5))
        return {
            "facts": Region(0, 0, half, upper),
            "running": Region(half, 0, width - half, upper),
            "waiting": Region(0, upper, half, height - upper),
            "sections": Region(half, upper, width - half, height - upper),
        }
    left = max(44, min(52, width * 9 // 25))
    facts = min(20, max(8, height * 3 // 5)) if height >= AXIS_ROWS else height
    chart = 0 if height < CHART_ROWS else 8 if height >= AXIS_ROWS else 6
    lower = max(6, (height - chart) * 2 // 5)
    middle = (width - left) // 2
    regions = {"facts": Region(0, 0, left, facts)}
    if facts < height:
        regions["answered"] = Region(0, facts, left, height - facts)
    if chart:
        regions["chart"] = Region(left, 0, width - left, chart)
    regions["running"] = Region(left, chart, width - left, height - chart - lower)
    regions["waiting"] = Region(left, height - lower, middle, lower)
    regions["sections"] = Region(left + middle, height - lower, width - left - middle, lower)
    return regions


def alone(name: str) -> Callable[[Size, Needs], Regions]:
    """A view of one pane."""

    def regions(size: Size, needs: Needs) -> Regions:
        return {name: Region(0, 0, size.width, size.height)}

    return regions


def _framed(room: Region, needs: Needs, *, with_detail: bool) -> Regions:
    left = max(40, min(46, room.width * 9 // 25))
    right = room.width - left
    chart = 8 if room.height >= AXIS_ROWS else 6
    if room.height < CHART_ROWS:
        chart = 0
    workers = max(chart, min(needs.workers + 3, room.height - min(needs.queues + 3, 8)))
    workers = min(workers, room.height * 2 // 3)
    regions = {
        "workers": Region(0, 0, left, workers),
        "queues": Region(0, workers, left, room.height - workers),
    }
    if chart:
        regions["throughput"] = Region(left, 0, right, chart)
    detail = min(14, max(12, (room.height - chart) // 3)) if with_detail else 0
    regions["tasks"] = Region(left, chart, right, room.height - chart - detail)
    if detail:
        regions["detail"] = Region(left, room.height - detail, right, detail)
    return regions


def _ruled(room: Region, needs: Needs) -> Regions:
    half = room.width // 2
    chart = 0 if room.height < CHART_ROWS else 6 if room.height >= AXIS_ROWS else 4
    lists = min(max(needs.workers, needs.queues, 2), max(3, room.height // 4)) + 1
    regions = {
        "workers": Region(0, 0, half, lists),
        "queues": Region(half, 0, room.width - half, lists),
    }
    if chart:
        regions["throughput"] = Region(0, lists, room.width, chart)
    top = lists + chart
    regions["tasks"] = Region(0, top, room.width, room.height - top)
    return regions


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
