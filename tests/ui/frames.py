"""What the terminal shows in each frame, and what runs as each place on it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from textual.widget import Widget

from celerytui.ui.app import MonitorApp
from celerytui.ui.bars.header import Header
from celerytui.ui.terminal.canvas import Canvas
from celerytui.ui.views.worker.facts import WorkerFacts
from celerytui.ui.views.worker.running import WorkerRunning
from celerytui.ui.views.workers.list import WorkerList

SIZE = (200, 60)


class Frame:
    """One frame: the text of each widget that is on it."""

    def __init__(self, app: MonitorApp, canvas: Canvas) -> None:
        self._rows = canvas.lines()
        shown: list[Widget] = [*app.main.bars, *app.main.body.panes]
        self._shown = {type(widget): self._lines(widget) for widget in shown}

    def _lines(self, widget: Widget) -> list[str]:
        region = widget.region
        return [row[region.x : region.right] for row in self._rows[region.y : region.bottom]]

    def of(self, widget: type[Widget]) -> list[str]:
        """The lines of a widget, none where it is not on the frame."""
        return self._shown.get(widget, [])

    def running(self) -> dict[str, int]:
        """How many tasks run, by the place that says so."""
        said: dict[str, int] = {}
        header, listed, facts, rows = map(self.of, (Header, WorkerList, WorkerFacts, WorkerRunning))
        if found := re.search(r"running ([\d,]+)", "".join(header)):
            said["header"] = int(found[1].replace(",", ""))
        if found := re.search(r"(\d+)(?: of \d+)? busy", "".join(listed)):
            said["title of the list"] = int(found[1])
        busy = [int(found[1]) for line in listed if (found := re.search(r" (\d+)/\d+ ", line))]
        if busy:
            said["rows of the list"] = sum(busy)
        if found := re.search(r"busy +(\d+)", "\n".join(facts)):
            said["page"] = int(found[1])
        if found := re.search(r"Running\W+(\d+)", "".join(rows[:1])):
            said["title of the running"] = int(found[1])
            said["running"] = sum(
                bool(re.search(r" [0-9a-f]{4}…[0-9a-f]{3} ", one)) for one in rows
            )
        return said


def watch_frames(patch: pytest.MonkeyPatch, app: MonitorApp, seen: Callable[[Frame], None]) -> None:
    """Have `seen` called with each frame of the main screen, as it is on the terminal then."""
    canvas = Canvas(None)

    def displayed(screen: Any, frame: Any) -> None:
        if screen is app.main and frame is not None and canvas.write(frame) is not None:
            seen(Frame(app, canvas))

    patch.setattr(app, "_display", displayed)
