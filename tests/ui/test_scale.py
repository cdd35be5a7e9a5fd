"""A thousand workers and 200 queues: right figures, trouble on top, nothing drawn unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from celerytui.columns import natural, row_cells
from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event, QueueDepth
from celerytui.store import Store
from celerytui.store.queues import MAX_QUEUES
from celerytui.ui.bars.header import Header
from celerytui.ui.panes import table
from celerytui.ui.views.queues.list import QueueList
from celerytui.ui.views.workers.list import WorkerList
from tests.ui.fake_engine import fake_app
from tests.ui.kept_stores import large_store
from tests.ui.large_cluster import (  # fmt: skip
    AHEAD,
    GROWING,
    GROWN,
    LATE,
    OFFLINE,
    QUEUES,
    WORKERS,
    heartbeat,
    hostnames,
)
from tests.ui.pilot import Driver, cursor_row, driven, rows
from tests.ui.test_painting import repainted

pytestmark = pytest.mark.slow

SIZES = [(80, 24), (140, 40), (200, 60)]


@contextmanager
def rows_drawn() -> Iterator[list[str]]:
    """The rows whose cells are worked out."""
    drawn: list[str] = []

    def noted(layout: Any, row: Any, context: Any) -> Any:
        drawn.append(type(row).__name__)
        return row_cells(layout, row, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "row_cells", noted)
        yield drawn


def header_text(at: Driver) -> str:
    return rows(at.app.query_one(Header))[0]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_figures_are_right_and_whole(size: tuple[int, int]) -> None:
    async with driven(size, store=large_store()) as at:
        text = header_text(at)
        assert "● live" in text
        there = WORKERS - len(AHEAD) - len(OFFLINE) + len(LATE)
        assert f"workers {there}/{WORKERS}" in text
        workers, queues = at.app.query_one(WorkerList), at.app.query_one(QueueList)
        assert (workers.length(), queues.length()) == (WORKERS, QUEUES)
        title = "".join(word for word, _ in workers.titles()[1])
        assert "3 lost · 2 late" in title
        waiting = sum(range(QUEUES)) - GROWING + GROWN - 50
        assert f"{waiting:,}" in text or f"{waiting / 1000:.0f}k" in text


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("view", ["1", "3"])
async def test_workers_in_trouble_are_seen_first(size: tuple[int, int], view: str) -> None:
    async with driven(size, store=large_store()) as at:
        await at.press(view)
        workers = at.app.query_one(WorkerList)
        seen = [*workers.shown]
        assert seen[: len(AHEAD)] == AHEAD[: len(seen)]
        well = sorted({*hostnames()} - {*AHEAD, *OFFLINE}, key=natural)
        assert seen[len(AHEAD) :] == well[: max(0, len(seen) - len(AHEAD))]
        await at.press("G")
        if view == "3":
            assert workers.shown[-1] == OFFLINE[0]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_queues_in_trouble_are_seen_first(size: tuple[int, int]) -> None:
    async with driven(size, store=large_store()) as at:
        queues = at.app.query_one(QueueList)
        assert [*queues.shown[:3]] == [f"queue{GROWING}", "queue0", "queue1"]
        assert "1 growing" in "".join(word for word, _ in queues.titles()[1])


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("view", ["1", "2", "3", "4"])
async def test_news_of_everybody_draws_what_is_seen_and_no_more(
    size: tuple[int, int], view: str
) -> None:
    app = fake_app(store=large_store())
    async with app.run_test(size=size) as pilot:
        await pilot.press(view)
        await pilot.pause()
        with repainted(app) as regions, rows_drawn() as drawn:
            at = Driver(app, pilot)
            await at.news(*(heartbeat(name, NOW, processed=9) for name in hostnames()))
        assert len(drawn) <= sum(pane.outer_size.height for pane in app.main.body.panes)
        for pane in app.main.body.panes:
            lines = [region.y for region in regions.get(pane.id or "", ())]
            assert len(lines) == len(set(lines)) <= pane.outer_size.height


async def test_the_cursor_stays_where_it_is_while_others_come_to_the_top() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3", "pagedown", "pagedown", "j")
        workers = at.app.query_one(WorkerList)
        chosen, place = workers.cursor, cursor_row(workers)
        await at.news(*(heartbeat(name, NOW, 9) for name in AHEAD))
        at.engine.store.sweep(NOW)
        at.app.tell_widgets()
        await at.pilot.pause()
        assert (workers.cursor, cursor_row(workers)) == (chosen, place)
        assert workers.position(AHEAD[0]) != 0


async def test_every_view_opens_and_closes() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3", "j", "enter")
        assert at.app.main.navigator.view.name == "worker"
        assert at.app.session.worker == AHEAD[0]
        await at.press("escape", "t")
        assert at.app.main.navigator.view.name == "tasks"
        assert {task.worker for task in at.engine.view.window(0, 50)} == {AHEAD[0]}
        await at.press("escape", "1", "p")
        before = at.screen_text()
        await at.news(*(heartbeat(name, NOW, 9) for name in hostnames()))
        assert at.screen_text() == before
        await at.press("p", "z", "z", "4", "G")
        assert at.app.query_one(QueueList).cursor == f"queue{QUEUES - 1}"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
@pytest.mark.parametrize("view", ["1", "3", "4"])
def test_picture(snap_compare: Callable[..., bool], view: str, size: tuple[int, int]) -> None:
    app = fake_app(store=large_store())
    assert snap_compare(app, press=[view, "j", "j"], terminal_size=size)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=str)
async def test_what_is_not_kept_is_told(size: tuple[int, int]) -> None:
    store = Store(max_tasks=50, max_workers=20, clock=lambda: NOW)
    store.record_queues([QueueDepth(f"queue{n}", ready=1) for n in range(MAX_QUEUES + 10)], NOW)
    events = [
        Event("task-received", f"w{n}@h", NOW, uuid=f"t{n}", name=f"name{n}") for n in range(90)
    ]
    store.apply(Batch(events, NOW, invalid=1234))
    # No decoder lets such a time through, and the rule for it raises.
    never: Any = "never"
    store.apply(Batch([Event("task-sent", "c@h", never, uuid=f"t{n}") for n in (88, 89)], NOW))
    async with driven(size, store=store, max_workers=20) as at:
        await at.press("2")
        table = at.app.main.table
        text = at.screen_text()
        assert "1,234 malformed events · 2 events not applied · 40 evicted" in text
        assert table.length() == 50
        if size[0] >= 100:
            await at.press("3")
            assert "at most 20 kept" in at.screen_text()
            await at.press("4")
            assert f"at most {MAX_QUEUES:,} watched" in at.screen_text()
