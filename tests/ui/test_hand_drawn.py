"""Widgets that draw whole lines by hand look as Textual would draw them."""

from __future__ import annotations

import pytest
from textual.geometry import Region
from textual.widget import Widget

from celerytui.ui.draw.hand_drawn import HandDrawn
from celerytui.ui.draw.theme import PALETTES
from celerytui.ui.views.registry import VIEWS
from tests.ui.pilot import driven


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_lines_are_as_textual_draws_them(theme: str, size: tuple[int, int]) -> None:
    seen = set()
    async with driven(size, theme=theme) as at:
        for key in (view.key for view in VIEWS if view.key):
            await at.press(key)
            for widget in at.app.screen.query(HandDrawn).results():
                if not widget.display or not widget.outer_size:
                    continue
                seen.add(type(widget).__name__)
                whole = widget.outer_size.region
                part = Region(2, 0, whole.width - 5, whole.height)
                for crop in (whole, part, Region(0, whole.height - 1, whole.width, 1)):
                    assert widget.render_lines(crop) == Widget.render_lines(widget, crop)
    assert {"Header", "Footer", "TaskTable", "ClusterCharts", "TypeList"} <= seen
