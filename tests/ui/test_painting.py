"""What is repainted: the lines that changed, and nothing where nothing did."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual.geometry import Region
from textual.messages import Update
from textual.widget import Widget

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event, QueueDepth
from celerytui.store import Store
from celerytui.ui.app import MonitorApp
from tests.ui.fake_engine import fake_app
from tests.ui.frames import Frame, watch_frames
from tests.ui.kept_stores import sample_store
from tests.ui.pilot import driven, rows, strips

SIZE = (120, 40)


@contextmanager
def repainted(app: MonitorApp) -> Iterator[dict[str, list[Region]]]:
    """The regions that each widget asked Textual to repaint; [] stands for all of it."""
    found: dict[str, list[Region]] = {}
    refresh = Widget.refresh

    def noted(self: Widget, *regions: Region, **how: bool) -> Widget:
        found.setdefault(self.id or "", []).extend(regions or [self.region])
        return refresh(self, *regions, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Widget, "refresh", noted)
        yield found


@pytest.mark.parametrize("view", ["1", "2", "3", "4"])
async def test_news_that_changed_nothing_repaint_nothing(view: str) -> None:
    app = fake_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(view)
        await pilot.pause()
        app.tell_widgets()
        await pilot.pause()
        with repainted(app) as regions:
            app.tell_widgets()
            await pilot.pause()
        assert {name: found for name, found in regions.items() if found} == {}


async def test_one_task_that_changed_repaints_its_line_alone() -> None:
    store = sample_store()
    app = fake_app(store=store)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await pilot.pause()
        task = app.engine.view.window(3, 1)[0]
        # The order stays as it was: the view is not brought up to date.
        store.live.held([task.id])[0].name = "renamed.task"
        with repainted(app) as regions:
            app.main.table.paint()
            await pilot.pause()
        assert [region.height for region in regions.pop("tasks")] == [1]


async def test_a_step_of_the_cursor_repaints_two_lines_of_the_table() -> None:
    app = fake_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "j", "j")
        await pilot.pause()
        with repainted(app) as regions:
            app.main.table.action_move(1)
            await pilot.pause()
        rows = sorted(region.y for region in regions["tasks"])
        assert rows == [rows[0], rows[0] + 1]


async def test_rows_that_are_unchanged_are_not_drawn_again() -> None:
    app = fake_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "j")
        await pilot.pause()
        table = app.main.table
        before = strips(table)[-len(table.shown) - 1 : -1]
        table.action_move(1)
        after = strips(table)[-len(table.shown) - 1 : -1]
        finished = [task.state.finished for task in table.window(0, len(after))]
        drawn_again = [
            index
            for index, (old, new) in enumerate(zip(before, after, strict=True))
            if new is not old and finished[index]
        ]
        assert drawn_again == [index for index in (0, 1) if finished[index]]
        assert any(finished)


async def drawn(app: MonitorApp, width: int) -> None:
    """Wait until the table is drawn in that width."""
    table = app.main.table
    while table.outer_size.width != width:
        await asyncio.sleep(0.01)
    assert {strip.cell_length for strip in strips(table)} == {width}


async def test_a_row_kept_from_before_is_the_row_drawn_anew() -> None:
    app = fake_app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "j", "j", "space", "k")
        await pilot.pause()
        kept = strips(app.main.table)
        # Drawn in another width, no row can be kept.
        for size in ((SIZE[0] - 1, SIZE[1]), SIZE):
            await pilot.resize_terminal(*size)
            await drawn(app, size[0])
        assert not set(map(id, strips(app.main.table))) & set(map(id, kept))
        assert strips(app.main.table) == kept


@pytest.mark.parametrize("early", [False, True], ids=["usual", "laid out early"])
async def test_panes_that_moved_are_painted_where_they_are(early: bool) -> None:
    store = Store(clock=lambda: NOW)
    store.apply(Batch([Event("worker-heartbeat", "celery@w1", NOW, freq=2.0)], NOW))
    app = fake_app(store=store)
    frames: list[Frame] = []
    with pytest.MonkeyPatch.context() as patch:
        watch_frames(patch, app, frames.append)
        async with app.run_test(size=(140, 40)) as pilot:
            await pilot.pause()
            before = {pane.id: pane.region for pane in app.main.body.panes}
            store.record_queues([QueueDepth(name) for name in ("mail", "bulk", "slow")], NOW)
            app.tell_widgets()
            if early:  # Textual lays all out anew for an update of what is not on the screen
                hidden = next(bar for bar in app.main.bars if not bar.display)
                app.main.post_message(Update(hidden))
                await pilot.pause()
            await pilot.pause()
            moved = [one for one in app.main.body.panes if one.region != before[one.id]]
            assert {one.id for one in moved} == {"queues", "failing", "busiest"}
            for pane in moved:
                assert frames[-1].of(type(pane)) == rows(pane)


@pytest.mark.parametrize("key", ["a", "p", None])
@pytest.mark.parametrize("sizes", [((100, 30), (80, 24)), ((80, 24), (100, 30))])
async def test_a_resize_is_drawn_whole_without_news(
    key: str | None, sizes: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    before, after = sizes
    async with driven(before) as at:
        await at.press("2", "j", *([] if key is None else [key]))
        await at.pilot.resize_terminal(*after)
        await at.pilot.pause()
        drawn = at.screen_text()
        at.app.main.body.arrange_panes()
        at.app.main.table.redraw()
        assert drawn == at.screen_text()
        assert ("╭" in drawn) == (after[0] >= 100)
