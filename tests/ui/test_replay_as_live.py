"""A recording of the demo's cluster, replayed: its screens are the live ones."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from celery import Celery

from celerytui.control import SECTIONS
from celerytui.demo.answers import sample_section
from celerytui.demo.sample import NOW, sample_store
from celerytui.engine import Engine
from celerytui.history.eventlog.reader import EventLog
from celerytui.model import Entry, Finding, Item, Link, LinkState, Outcome, Reply
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.ui.app import MonitorApp
from celerytui.ui.draw.theme import PALETTES
from celerytui.ui.views.worker.sections import PARTS, WorkerSections
from tests.ui.fake_engine import BROKER, FakeEngine
from tests.ui.pilot import NAMES, strips
from tests.ui.schedule_sample import sample_reading
from tests.unit.event_log import tell, write
from tests.waiting import wait_until

LINK = Link(LinkState.CONNECTED, since=NOW - 300)
WORKER = "3 enter"
VIEWS = ("1", "2", "2 enter", WORKER, "3", "4", "5", "5 enter", "6", "6 enter", "7", "8", "8 enter",
         "9")  # fmt: skip
"""The keys that lead to each view."""
TABS = tuple(f"{WORKER} {part.title}" for part in PARTS)
SIZES = {(80, 24): 2, (100, 30): 5, (140, 40): 5}
"""Live sizes, and how many lines the time bar of a replay takes beside them."""
LOOKS = 1200
"""Times that a screen is looked at until it has what the engine works out beside it."""

Screen = dict[str, list[object]]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Store]:
    """An event log of the sample, and a store that was told it and judged it live."""
    told: list[Entry] = []
    sample_store(record=told.append)
    # What somebody looked at while it was recorded.
    told += [
        Entry(NOW, "inspected", (sample_section(host, section),))
        for host in {worker.hostname for worker in sample_store().workers()}
        for section in SECTIONS
    ]
    store = Store(clock=lambda: NOW)
    for entry in told:
        tell([entry], store)
        if entry.what == "sweep":
            store.failures.update(entry.at)
    assert store.failures.resolve(store.failures.rows(NOW)[0].key, NOW)
    beside = live_engine(store).beside()
    told += [Entry(NOW, what, (known,)) for what, known in beside.standing()]
    path = tmp_path_factory.mktemp("log") / "demo.jsonl.zst"
    write(path, told)
    return path, store


def live_engine(store: Store) -> FakeEngine:
    """A live monitor that has read its schedule and did something."""
    engine = FakeEngine(Settings(utc=True), store)
    engine.reception.link = LINK
    engine.reception.when_late = "Redis ends a subscription that is too far behind"
    engine.schedule.reading = sample_reading()
    for number in range(3):
        engine.log.record(
            Outcome(
                "task.revoke",
                (f"task-{number}",),
                (Reply("web@alpha", number != 1, "revoked"),),
                NOW - 60 + number,
                NOW - 59 + number,
                items=(Item(f"task-{number}", number != 1, "revoked"),),
            )
        )
    engine.log.find(Finding("task.revoke", NOW - 60, NOW - 50, False, "still running"))
    return engine


def drawn(app: MonitorApp) -> Screen:
    """Each pane's lines with their styles, without the title, which says that it is a replay."""
    return {
        type(pane).__name__: [list(strip) for strip in strips(pane)[1:]]
        for pane in app.main.body.panes
    }


async def screens(
    app: MonitorApp, size: tuple[int, int], expected: dict[str, Screen] | None = None
) -> dict[str, Screen]:
    """What each view draws, by the keys that lead to it; at last, where it is not as expected."""
    found: dict[str, Screen] = {}

    async def look(view: str) -> None:
        await pilot.pause()
        found[view] = drawn(app)
        for _ in range(LOOKS if expected is not None else 0):
            if expected is None or found[view] == expected[view]:
                break
            await pilot.pause(0.05)
            found[view] = drawn(app)

    async with app.run_test(size=size) as pilot:
        for view in VIEWS:
            for key in view.split():
                await pilot.press(NAMES.get(key, key))
            await look(view)
            if view == WORKER and app.main.query(WorkerSections):
                # In a replay their keys are those of the marks.
                pane = app.main.query_one(WorkerSections)
                for tab in TABS:
                    assert tab.endswith(pane.part.title)
                    await look(tab)
                    pane.action_section(1)
    return found


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_screens_are_those_that_were_live(
    recorded: tuple[Path, Store], size: tuple[int, int]
) -> None:
    path, store = recorded
    live = live_engine(store)
    expected = await screens(MonitorApp(live, palette=PALETTES["dark"]), size)
    with closing(EventLog(path)) as log:
        app = Celery("shop", broker=BROKER, set_as_current=False)
        engine = Engine(app, Settings(utc=True), recording=log)
        replayer = engine.replayer
        assert replayer is not None
        replayer.play(False)
        replayer.seek(NOW)
        engine.start()
        wait_until(lambda: replayer.state.seeking is None, 20, "the replay")
        wait_until(lambda: engine.view.total == len(store.all_tasks()), 20, "the rows")
        monitor = MonitorApp(engine, palette=PALETTES["dark"])
        found = await screens(monitor, (size[0], size[1] + SIZES[size]), expected)
    assert found.keys() == expected.keys() >= {*VIEWS, *(TABS if size[0] > 80 else ())}
    for view, screen in expected.items():
        assert found[view] == screen, view
