"""All periodic tasks, with one of them and the next 24 hours below."""

from __future__ import annotations

from textual.geometry import Region, Size

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.layout import FRAMED_FROM, Needs, Regions, whole
from celerytui.ui.views.view import Panes, PaneSpec, View


def _list() -> type[Pane]:
    from celerytui.ui.views.schedule.list import ScheduleList

    return ScheduleList


def _detail() -> type[Pane]:
    from celerytui.ui.views.schedule.detail import EntryDetail

    return EntryDetail


def _hours() -> type[Pane]:
    from celerytui.ui.views.schedule.hours import HoursAhead

    return HoursAhead


SCHEDULE = PaneSpec("schedule", _list)
ENTRY = PaneSpec("entry", _detail)
HOURS = PaneSpec("hours", _hours)
BELOW_FROM = 24
"""Rows from which an entry and the next hours are shown below the list."""
LIST_LEAST = 8


class ScheduleView(View):
    """The schedule."""

    name = "schedule"
    label = "Schedule"
    key = "8"
    help = "periodic tasks, and whether beat is alive"
    lists = Scope.ENTRY
    panes = (SCHEDULE, ENTRY, HOURS)
    focus = SCHEDULE.name

    def regions(self, size: Size, needs: Needs) -> Regions:
        """The list over the others; where there is no room for all, the one in focus."""
        width, height = size
        if needs.alone or height < BELOW_FROM or width < FRAMED_FROM:
            return whole(size, needs.alone or needs.focused or self.focus)
        wanted = needs.rows.get(SCHEDULE.name, 0) + 3
        upper = max(LIST_LEAST, min(wanted, height // 2))
        left = width * 11 // 20
        return {
            SCHEDULE.name: Region(0, 0, width, upper),
            ENTRY.name: Region(0, upper, left, height - upper),
            HOURS.name: Region(left, upper, width - left, height - upper),
        }

    def in_tab_order(self, shown: Regions) -> list[str]:
        return [pane.name for pane in self.panes]

    def back_to(self, panes: Panes) -> str | None:
        """From the panes below to the list."""
        below = panes[ENTRY.name].has_focus or panes[HOURS.name].has_focus
        return SCHEDULE.name if below else None
