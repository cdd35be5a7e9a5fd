"""The charts of the cluster: windows, the page of all of them, and marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event
from celerytui.store import Store
from celerytui.ui.views.dashboard.charts import ClusterCharts
from tests.ui.fake_engine import fake_app
from tests.ui.pilot import Driver, driven, rows


def charts_of(at: Driver) -> ClusterCharts:
    return at.app.main.body.of_kind(ClusterCharts)


def text_of(at: Driver) -> str:
    return "\n".join(rows(charts_of(at)))


async def zoom(at: Driver) -> None:
    charts_of(at).focus()
    await at.pilot.pause()
    await at.press("z")


async def test_windows_are_changed_as_in_types() -> None:
    async with driven() as at:
        charts_of(at).focus()
        await at.pilot.pause()
        assert " in 5m" in text_of(at)
        assert "now" in rows(charts_of(at))[-2]
        await at.press("right_square_bracket")
        assert " in 1h" in text_of(at)
        assert rows(charts_of(at))[-2].split()[1] == "1h"
        await at.press("right_square_bracket", "right_square_bracket")
        assert " in 24h" in text_of(at)
        assert rows(charts_of(at))[-2].split()[1] in ("1d", "24h", "20h")
        await at.press(*["left_square_bracket"] * 3)
        assert " in 5m" in text_of(at)


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (200, 60)])
@pytest.mark.parametrize("options", [{}, {"ascii": True}, {"theme": "mono"}], ids=str)
async def test_alone_it_has_all_charts_over_one_axis(
    size: tuple[int, int], options: dict[str, Any]
) -> None:
    async with driven(size=size, **options) as at:
        await zoom(at)
        lines = rows(charts_of(at))
        for name in ("Queued", "Running", "Wait", "Runtime"):
            assert sum(f" {name} " in line for line in lines) == 1
        text = "\n".join(lines)
        assert text.count("p50 ") == text.count("p95 ") == 2
        assert sum(line.rstrip(" │|").endswith("now") for line in lines) == 1
        assert len({len(line) for line in lines}) == 1
        await at.press("right_square_bracket")
        assert "1h" in text_of(at)
        await at.press("escape")
        assert " Queued " not in text_of(at)


async def test_marks_are_lines_with_their_texts() -> None:
    store = Store(clock=lambda: NOW)
    store.sweep(NOW - 200)
    for ago in range(150, 1, -1):
        done = Event("task-succeeded", "celery@w", NOW - ago, uuid=f"{ago}", runtime=0.1)
        store.apply(Batch([done], NOW - ago))
    async with driven(store=store) as at:
        assert "v1.2" not in text_of(at)
        mark = Event("deploy-mark", "gen1@ci", NOW, extra={"text": "v1.2", "user": "anna"})
        store.apply(Batch([mark], NOW - 60))
        at.app.tell_widgets()
        await at.pilot.pause()
        lines = rows(charts_of(at))
        assert "v1.2" in lines[-2]
        assert "v1.2 10:03:12" in lines[-1]
        place = lines[-2].index("v1.2") - 1
        assert {line[place] for line in lines[1:-2]} == {"│"}
        await zoom(at)
        lines = rows(charts_of(at))
        place = lines[-2].index("v1.2") - 1
        heads = (" Queued ", " Running ", " Wait ", " Runtime ")
        crossed = [line[place] for line in lines[1:-2] if not any(one in line for one in heads)]
        assert set(crossed) == {"│"}


async def test_a_paused_display_keeps_what_it_shows() -> None:
    async with driven() as at:
        before = text_of(at)
        await at.press("p")
        done = [
            Event("task-succeeded", "celery@w", NOW, uuid=f"n{n}", runtime=0.1) for n in range(900)
        ]
        await at.news(*done)
        assert text_of(at) == before


async def test_nothing_known_is_no_zero() -> None:
    async with driven(store=Store(clock=lambda: NOW)) as at:
        await zoom(at)
        assert "now –" in text_of(at)
        assert "p50 –" in text_of(at)


@pytest.mark.parametrize(
    ("size", "options"),
    [((80, 24), {}), ((140, 40), {}), ((80, 24), {"ascii": True}), ((140, 40), {"theme": "mono"})],
    ids=["80x24", "140x40", "80x24-ascii", "140x40-mono"],
)
def test_picture_of_all_charts(
    snap_compare: Callable[..., bool], size: tuple[int, int], options: dict[str, Any]
) -> None:
    app = fake_app(**options)
    extra = {"text": "v1.2", "user": "anna"}
    mark = Event("deploy-mark", "gen1@ci", NOW - 80, extra=extra)
    app.engine.store.apply(Batch([mark], NOW - 80))

    async def look(pilot: Pilot[int]) -> None:
        await pilot.pause()
        app.main.body.of_kind(ClusterCharts).focus()
        await pilot.pause()
        await pilot.press("z")
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=look)
