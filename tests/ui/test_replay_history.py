"""A recorded history in the monitor whole: an engine that runs, and keys."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from celerytui.demo.sample import NOW
from celerytui.engine import Engine
from celerytui.engine.replay_clock import ReplayClock
from celerytui.engine.replayer import Replayer
from celerytui.errors import HistoryError
from celerytui.history.flush import Flush
from celerytui.history.folder_place import FolderPlace
from celerytui.lazy_app import LazyApp
from celerytui.model import Batch, Bucket, Entry, Mark, TaskState
from celerytui.settings import Settings
from celerytui.ui.app import MonitorApp
from celerytui.ui.bars.header import Header
from celerytui.ui.bars.time_bar import TimeBar
from celerytui.ui.draw.theme import PALETTES
from tests.ui.kept_stores import sample_store
from tests.ui.pilot import rows
from tests.ui.replayed import SampleRecording
from tests.unit.history_tasks import writer
from tests.waiting import GENEROUS, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last half minute of the sample, recorded."""
    place, store = tmp_path_factory.mktemp("history"), sample_store()
    tasks = [task for task in store.all_tasks() if task.seen > NOW - 30]
    made = writer(place, started=NOW - 60)
    made.write(
        Flush(tasks, store.workers(), store.queues(), marks=[Mark(NOW - 20, "v1.2")]), NOW - 55
    )
    made.close(NOW)
    return place


def no_app() -> None:
    raise AssertionError("nothing loads the app of a replay")


async def until(pilot: Pilot[int], holds: Callable[[], bool], what: str) -> None:
    """Wait for what comes from a thread, while the screen goes on."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > 20 * GENEROUS:
            raise AssertionError(f"waited for {what}")
        await pilot.pause(0.05)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[MonitorApp, Pilot[int], Replayer]]:
    recording = FolderPlace(folder).recording()
    app = LazyApp(recording.broker, no_app, recording.app)
    engine = Engine(app, Settings(utc=True), recording=recording)
    replayer = engine.replayer
    assert replayer is not None
    monitor = MonitorApp(engine, palette=PALETTES["dark"])
    async with monitor.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: replayer.state.seeking is None, "the beginning")
        yield monitor, pilot, replayer
    recording.close()


async def test_keys_go_through_what_was_recorded(folder: Path) -> None:
    async with opened(folder) as (app, pilot, replayer):
        store = app.engine.store
        await pilot.press("2", "space", "right_square_bracket")
        await until(pilot, lambda: replayer.state.position == NOW - 20, "the mark")
        await until(pilot, lambda: replayer.state.seeking is None, "the mark")
        assert not replayer.state.playing
        at_mark = len(store.all_tasks())
        assert at_mark > 0

        await pilot.press("n")
        await until(pilot, lambda: replayer.state.position > NOW - 20, "a failure")
        await until(pilot, lambda: replayer.state.seeking is None, "a failure")
        states = [task.state for task in store.all_tasks()]
        assert TaskState.FAILURE in states
        failed_at = replayer.state.position

        await pilot.press("full_stop")
        await until(pilot, lambda: replayer.state.position > failed_at, "a step")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: replayer.state.position == NOW - 20, "the mark again")
        await until(pilot, lambda: replayer.state.seeking is None, "the mark again")
        assert len(store.all_tasks()) == at_mark

        await pilot.press("g", *"+1h", "enter")
        await until(pilot, lambda: replayer.state.ended, "the end")
        await pilot.press("R")
        await pilot.pause()
        bar, header = app.main.query_one(TimeBar), app.main.query_one(Header)
        await until(pilot, lambda: "10:04:12 UTC" in rows(header)[0], "the header")
        assert "end of the recording" in rows(bar)[0]
        assert "sqlite" in rows(bar)[0]
        assert set("▁▂▃▄▅▆▇") & set(rows(bar)[1])
        assert not app.engine.running
        assert app.engine.steps.trouble is None


class Endless(SampleRecording):
    """One that has something to tell each tenth of a second, and no overview."""

    def buckets(self, count: int) -> list[Bucket]:
        raise HistoryError("shop.db: database disk image is malformed")

    def entries(self, since: float) -> Iterator[Entry]:
        at = self.begins
        while at < self.ends:
            yield Entry(at, "apply", (Batch([], at),))
            at += 0.1


@pytest.fixture
def endless() -> Iterator[Replayer]:
    """A replay of it that plays as fast as it can."""
    recording = Endless()
    clock = ReplayClock(recording.begins)
    replayer = Replayer(recording, clock, lambda _: None, lambda: None, lambda: None, speed=1000)
    stopping = threading.Event()
    thread = threading.Thread(target=replayer.run, args=(stopping,))
    thread.start()
    yield replayer
    stopping.set()
    replayer.play(False)
    thread.join()


def test_no_wish_is_lost_to_the_thread_that_replays(endless: Replayer) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for turn in range(3000):
            endless.skip(turn % 2 == 0)
            assert endless.state.skipping is (turn % 2 == 0)
    finally:
        sys.setswitchinterval(before)


def test_an_overview_that_cannot_be_read_is_said_once(endless: Replayer) -> None:
    assert endless.overview(80) is None
    wait_until(lambda: endless.state.error is not None, 10, "the error")
    assert "malformed" in str(endless.state.error)
    assert endless.overview(80) is None
