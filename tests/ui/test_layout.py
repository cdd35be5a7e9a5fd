"""Panes never overlap, never leave the room, and leave no hole in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region, Size

from celerytui.ui.views.dashboard.view import DashboardView
from celerytui.ui.views.layout import Needs, Regions
from celerytui.ui.views.queues.view import QueuesView
from celerytui.ui.views.tasks.view import TasksView
from celerytui.ui.views.view import View

SIZES = st.builds(Size, st.integers(20, 300), st.integers(5, 120))
NEEDS = st.builds(
    Needs,
    rows=st.fixed_dictionaries({"workers": st.integers(0, 2000), "queues": st.integers(0, 500)}),
    focused=st.sampled_from(["", "tasks"]),
)
USUAL = Needs(rows={"workers": 5, "queues": 6})
ALL = {"workers", "queues", "throughput", "tasks", "detail"}
PANES = ALL | {"failing", "busiest"}


def _tiles(size: Size, regions: Regions) -> None:
    room = Region(0, 0, size.width, size.height)
    placed = list(regions.values())
    for region in placed:
        assert region.width > 0
        assert region.height > 0
        assert room.contains_region(region)
    for index, one in enumerate(placed):
        for other in placed[index + 1 :]:
            assert not one.overlaps(other)
    assert sum(region.area for region in placed) == room.area


@pytest.mark.parametrize("view", [DashboardView(), TasksView(), QueuesView()])
@given(size=SIZES, needs=NEEDS)
def test_the_panes_fill_the_room(view: View, size: Size, needs: Needs) -> None:
    regions = view.regions(size, needs)
    assert set(regions) <= PANES
    _tiles(size, regions)


@given(size=SIZES, pane=st.sampled_from(sorted(PANES)))
def test_a_zoomed_pane_has_all_the_room(size: Size, pane: str) -> None:
    regions = DashboardView().regions(size, Needs(alone=pane))
    assert regions == {pane: Region(0, 0, size.width, size.height)}


@pytest.mark.parametrize(
    ("size", "panes"),
    [
        ((140, 37), PANES),
        ((140, 33), PANES),
        ((140, 32), ALL | {"failing"}),
        ((140, 26), ALL),
        ((200, 57), PANES),
        ((200, 33), PANES),
        ((200, 27), PANES),
        ((200, 26), ALL),
        ((80, 21), {"workers", "queues", "throughput", "tasks"}),
        ((110, 37), {"workers", "queues", "throughput", "tasks"}),
        ((80, 13), {"workers", "queues", "tasks"}),
        ((50, 21), {"tasks"}),
        ((140, 9), {"tasks"}),
    ],
)
def test_what_goes_when_room_shrinks(size: tuple[int, int], panes: set[str]) -> None:
    assert set(DashboardView().regions(Size(*size), USUAL)) == panes


@given(size=SIZES, needs=NEEDS)
def test_the_tasks_are_always_on_the_dashboard(size: Size, needs: Needs) -> None:
    region = DashboardView().regions(size, needs)["tasks"]
    assert region.height >= min(5, size.height)
