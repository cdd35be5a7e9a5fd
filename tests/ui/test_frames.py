"""Figures on one screen agree in every frame, whatever comes in between."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections import Counter
from typing import Any

import pytest

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event, Survey
from celerytui.store import Store
from celerytui.ui.messages import RowOpened
from tests.ui.fake_engine import FakeEngine, fake_app
from tests.ui.frames import SIZE, Frame, watch_frames
from tests.waiting import patience

pytestmark = pytest.mark.slow

HOST = "celery@w1"
SLOTS = 9
FRAMES = 150


def cluster() -> Store:
    """One worker that sends task events, of which the heartbeats say something else."""
    store = Store(clock=lambda: NOW)
    beat = Event("worker-heartbeat", HOST, NOW, freq=2.0, active=1, processed=7, loadavg=(1.0,))
    store.apply(Batch([beat], NOW))
    stats = {HOST: {"pool": {"implementation": "threads", "max-concurrency": SLOTS}}}
    empty: dict[str, Any] = {HOST: []}
    store.seed(Survey(NOW, empty, empty, empty, stats, empty))
    store.sweep(NOW)
    return store


def keep_changing(engine: FakeEngine, over: threading.Event) -> None:
    """Start and end tasks all the time, one piece of news after the other."""
    running: list[str] = []
    for number in itertools.count():
        if over.wait(0.002):
            return
        if running and (number % 5 > 2 or len(running) >= SLOTS):
            events = [Event("task-succeeded", HOST, NOW, uuid=running.pop(0), runtime=1.0)]
        else:
            id = str(uuid.uuid4())
            running.append(id)
            events = [
                Event("task-received", HOST, NOW, uuid=id, name="shop.charge"),
                Event("task-started", HOST, NOW, uuid=id),
            ]
        engine.store.apply(Batch(events, NOW))
        engine.mailbox.post()


@pytest.mark.parametrize("view", ["1", "3", "worker"])
async def test_what_runs_is_one_number_in_every_frame(view: str) -> None:
    app = fake_app(store=cluster())
    assert isinstance(app.engine, FakeEngine)
    said: list[dict[str, int]] = []
    over = threading.Event()
    feeder = threading.Thread(target=keep_changing, args=(app.engine, over), daemon=True)

    def seen(frame: Frame) -> None:
        said.append(frame.running())

    with pytest.MonkeyPatch.context() as patch:
        watch_frames(patch, app, seen)
        async with app.run_test(size=SIZE) as pilot:
            feeder.start()
            try:
                if view == "worker":
                    app.main.post_message(RowOpened(Scope.WORKER, HOST))
                else:
                    await pilot.press(view)
                await pilot.pause()
                said.clear()
                for _ in range(round(1000 * patience())):
                    await pilot.pause(0.02)
                    if len(said) >= FRAMES:
                        break
            finally:
                over.set()
                feeder.join()
    places = {
        "worker": {"header", "page", "title of the running", "running"},
        "1": {"header", "title of the list", "rows of the list"},
        "3": {"header", "title of the list", "rows of the list"},
    }[view]
    assert len(said) >= FRAMES
    assert {place for one in said for place in one} == places
    assert [one for one in said if len(set(one.values())) > 1] == []
    # It did change all the while.
    assert len(Counter(one["header"] for one in said)) > 3
