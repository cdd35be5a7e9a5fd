"""All failures in groups, with one of them in detail below."""

from __future__ import annotations

from textual.geometry import Region, Size

from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.layout import Needs, Regions, whole
from celerytui.ui.views.view import Panes, PaneSpec, View


def _list() -> type[Pane]:
    from celerytui.ui.views.failures.list import FailureList

    return FailureList


def _detail() -> type[Pane]:
    from celerytui.ui.views.failures.detail import FailureDetailPane

    return FailureDetailPane


FAILURES = PaneSpec("failures", _list)
DETAIL = PaneSpec("failure", _detail)
BOTH_FROM = 24
"""Rows from which a group is shown below the list."""
LIST_LEAST = 8


class FailuresView(View):
    """The groups of failures."""

    name = "failures"
    label = "Failures"
    key = "6"
    help = "failures, in groups"
    panes = (FAILURES, DETAIL)
    focus = FAILURES.name

    def regions(self, size: Size, needs: Needs) -> Regions:
        """The list over the detail; where there is no room for both, the one in focus."""
        if needs.alone or size.height < BOTH_FROM:
            return whole(size, needs.alone or needs.focused or self.focus)
        width, height = size
        wanted = needs.rows.get(FAILURES.name, 0) + 3
        upper = max(LIST_LEAST, min(wanted, height * 2 // 5))
        return {
            FAILURES.name: Region(0, 0, width, upper),
            DETAIL.name: Region(0, upper, width, height - upper),
        }

    def in_tab_order(self, shown: Regions) -> list[str]:
        return [pane.name for pane in self.panes]

    def back_to(self, panes: Panes) -> str | None:
        """From the detail to the list."""
        return FAILURES.name if panes[DETAIL.name].has_focus else None
