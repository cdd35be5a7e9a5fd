"""One worker whole."""

from __future__ import annotations

from textual.geometry import Region, Size

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session
from celerytui.ui.views.layout import (
    AXIS_ROWS,
    CHART_ROWS,
    Needs,
    Regions,
    is_small,
    whole,
)
from celerytui.ui.views.view import Panes, PaneSpec, View


def _facts() -> type[Pane]:
    from celerytui.ui.views.worker.facts import WorkerFacts

    return WorkerFacts


def _log() -> type[Pane]:
    from celerytui.ui.views.worker.log import WorkerLog

    return WorkerLog


def _chart() -> type[Pane]:
    from celerytui.ui.views.worker.chart import WorkerThroughput

    return WorkerThroughput


def _running() -> type[Pane]:
    from celerytui.ui.views.worker.running import WorkerRunning

    return WorkerRunning


def _waiting() -> type[Pane]:
    from celerytui.ui.views.worker.waiting import WorkerWaiting

    return WorkerWaiting


def _sections() -> type[Pane]:
    from celerytui.ui.views.worker.sections import WorkerSections

    return WorkerSections


FACTS = PaneSpec("facts", _facts)
FULL_FROM = 124
"""Columns from which the chart and the log have room too."""


class WorkerView(View):
    """One worker: facts, throughput, tasks, and what it reports."""

    name = "worker"
    label = "Worker"
    opens = Scope.WORKER
    panes = (
        FACTS,
        PaneSpec("answered", _log),
        PaneSpec("chart", _chart),
        PaneSpec("running", _running),
        PaneSpec("waiting", _waiting),
        PaneSpec("sections", _sections),
    )
    focus = "running"

    def regions(self, size: Size, needs: Needs) -> Regions:
        """The panes as they fit; one in focus that has no room beside the others has it all."""
        if needs.alone:
            return whole(size, needs.alone)
        focused = needs.focused or self.focus
        if is_small(size):
            return whole(size, focused)
        regions = _tiled(size)
        return regions if focused in regions else whole(size, focused)

    def in_tab_order(self, shown: Regions) -> list[str]:
        return [pane.name for pane in self.panes]

    def open(self, session: Session, panes: Panes, subject: str) -> None:
        session.worker = subject
        session.answers.look_again()

    def subject(self, session: Session, panes: Panes) -> str:
        return session.worker or ""

    def title(self, session: Session, panes: Panes) -> str:
        return session.worker or ""

    def targets(self, panes: Panes, scope: Scope) -> list[str]:
        return panes[FACTS.name].targets(scope)


def _tiled(size: Size) -> Regions:
    width, height = size
    if width < FULL_FROM:
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
