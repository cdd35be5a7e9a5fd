"""The demo on the screen: what runs is one number in every frame, wherever it stands."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from textual.pilot import Pilot

from celerytui.control import Scope
from celerytui.demo import DemoCluster
from celerytui.engine import Engine
from celerytui.settings import Settings
from celerytui.ui.app import MonitorApp
from celerytui.ui.draw.theme import PALETTES
from celerytui.ui.messages import RowOpened
from tests.ui.frames import SIZE, Frame, watch_frames
from tests.waiting import GENEROUS, reply_seconds

BILL = "celery@bill1"
SECONDS = 10.0
"""How long each view is looked at."""

LIST = {"header", "title of the list", "rows of the list"}
PAGE = {"header", "page", "title of the running", "running"}


@pytest.fixture
def monitor() -> Iterator[MonitorApp]:
    with DemoCluster() as cluster:
        settings = Settings(theme="dark", reply_timeout=reply_seconds())
        yield MonitorApp(Engine(cluster.app, settings), palette=PALETTES["dark"])


async def until_both_are_heard(app: MonitorApp, pilot: Pilot[int]) -> None:
    """Wait until both send task events and have said how many processes they have."""
    deadline = time.monotonic() + 60 * GENEROUS
    workers = app.engine.store.workers
    while sum(one.task_events is True and one.concurrency is not None for one in workers()) < 2:
        assert time.monotonic() < deadline
        await pilot.pause(0.1)


async def test_what_runs_is_one_number_in_every_frame_of_the_demo(monitor: MonitorApp) -> None:
    said: list[dict[str, int]] = []

    def seen(frame: Frame) -> None:
        said.append(frame.running())

    async def look(pilot: Pilot[int], numbers: int) -> list[dict[str, int]]:
        await pilot.pause()
        said.clear()
        began = time.monotonic()
        while time.monotonic() < began + SECONDS or not enough(numbers):
            assert time.monotonic() < began + SECONDS * GENEROUS
            await pilot.pause(0.1)
        return [*said]

    def enough(numbers: int) -> bool:
        return len(said) >= 20 and len({one.get("header") for one in said}) >= numbers

    with pytest.MonkeyPatch.context() as patch:
        watch_frames(patch, monitor, seen)
        async with monitor.run_test(size=SIZE) as pilot:
            await until_both_are_heard(monitor, pilot)
            listed = await look(pilot, 2)
            monitor.main.post_message(RowOpened(Scope.WORKER, BILL))
            page = await look(pilot, 1)
    assert {place for one in listed for place in one} == LIST
    assert [one for one in listed if len(set(one.values())) > 1] == []
    assert len(Counter(one["header"] for one in listed)) > 1
    assert {place for one in page for place in one} == PAGE
    # The header's is of both workers.
    assert [one for one in page if len({one[place] for place in PAGE - {"header"}}) > 1] == []
    assert all(one["header"] >= one["page"] for one in page)
