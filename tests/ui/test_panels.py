"""The panels of the dashboard: what fails and what takes longest, and the way to their pages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from celerytui.demo.sample import NOW
from celerytui.model import Event
from celerytui.store import WINDOWS, Store
from celerytui.ui.bars.header import Header
from celerytui.ui.panes.list import ListPane
from celerytui.ui.views.dashboard.busiest import BusiestPanel
from celerytui.ui.views.dashboard.failing import FailingPanel
from celerytui.ui.views.failures.detail import FailureDetailPane
from celerytui.ui.views.failures.list import FailureList
from celerytui.ui.views.types.list import TypeList
from tests.ui.pilot import Driver, cursor_row, driven, place_of, rows
from tests.ui.test_types import store_of

HOST = "celery@web1"


def failing(at: Driver) -> FailingPanel:
    return at.app.main.body.of_kind(FailingPanel)


def busiest(at: Driver) -> BusiestPanel:
    return at.app.main.body.of_kind(BusiestPanel)


async def focus(at: Driver, pane: ListPane[Any]) -> None:
    pane.focus()
    await at.pilot.pause()


def failures(count: int, groups: int = 1) -> list[Event]:
    trace = (
        'Traceback (most recent call last):\n  File "/app/shop/{0}.py", line 3, in pay\nOops{0}: no'
    )
    return [
        Event(
            "task-failed", HOST, NOW, uuid=f"{group}-{n}",
            exception=f"Oops{group}('no')", traceback=trace.format(group),
        )
        for group in range(groups)
        for n in range(count + group)
    ]  # fmt: skip


async def test_what_fails_most_stands_first() -> None:
    async with driven() as at:
        lines = rows(failing(at))
        assert "12 in 5m" in lines[0]
        assert "CardDeclined" in lines[1]
        assert lines[1].rstrip(" │┃").endswith("ago")
        assert "billing.charge" in lines[2]
        assert lines[2].rstrip(" │┃").endswith("×9")
        assert "6 all" in lines[-1]


async def test_it_counts_as_failed_what_the_header_does() -> None:
    async with driven() as at:
        await at.news(
            Event("task-rejected", HOST, NOW - 1, uuid="rejected"),
            Event("task-received", HOST, NOW - 3, uuid="killed", name="a.task"),
            Event("task-started", HOST, NOW - 2, uuid="killed"),
            Event("task-revoked", HOST, NOW - 1, uuid="killed", terminated=True, signum="9"),
        )
        found = {row.exception for row in at.engine.store.failures.rows(NOW, WINDOWS[0])}
        assert {"lost", "rejected", "terminated"} < found
        header = re.search(r"failed (\d+)", rows(at.app.query_one(Header))[0])
        panel = re.search(r"(\d+) in 5m", rows(failing(at))[0])
        assert header is not None
        assert panel is not None
        assert header[1] == panel[1]


async def test_enter_goes_to_the_page_of_the_group_and_esc_comes_back() -> None:
    async with driven() as at:
        await focus(at, failing(at))
        await at.press("j", "j")
        key = failing(at).cursor
        assert failing(at).shown.index(key or "") == 1
        await at.press("enter")
        await at.pilot.pause()
        assert at.app.main.body.view.name == "failures"
        detail = at.app.main.body.of_kind(FailureDetailPane)
        assert at.app.session.failure == key
        assert "ReadTimeout" in rows(detail)[0]
        listed = at.app.main.body.of_kind(FailureList)
        assert listed.has_focus
        assert listed.cursor == key
        await at.press("escape")
        assert at.app.main.body.view.name == "dashboard"
        assert failing(at).has_focus
        assert failing(at).cursor == key


async def test_enter_goes_to_the_page_of_the_type_however_the_list_is_narrowed() -> None:
    async with driven() as at:
        await at.press("5", "slash", *"fraud", "enter", "1")
        await focus(at, busiest(at))
        await at.press("j")
        assert busiest(at).cursor == "billing.charge"
        await at.press("enter")
        await at.pilot.pause()
        assert at.app.main.body.view.name == "types"
        types = at.app.main.body.of_kind(TypeList)
        assert types.cursor == at.app.session.type == "billing.charge"
        assert types.has_focus
        await at.press("escape")
        assert at.app.main.body.view.name == "dashboard"
        assert busiest(at).has_focus


async def test_a_click_chooses_the_group_whose_line_was_clicked() -> None:
    async with driven() as at:
        await at.pilot.click(offset=place_of(failing(at), "webhooks.deliver"))
        await at.pilot.pause()
        assert cursor_row(failing(at)) == 1
        assert "▌" in rows(failing(at))[3]
        assert "▌" in rows(failing(at))[4]


async def test_more_groups_than_lines_scroll() -> None:
    async with driven(store=Store(clock=lambda: NOW)) as at:
        await at.news(*failures(1, groups=9))
        await focus(at, failing(at))
        assert len(failing(at).shown) == 3
        await at.press("G")
        assert cursor_row(failing(at)) == 2
        assert "Oops0" in "".join(rows(failing(at)))
        await at.press("g")
        assert "Oops8" in rows(failing(at))[1]


async def test_a_resolved_group_fails_no_more() -> None:
    async with driven(store=Store(clock=lambda: NOW)) as at:
        await at.news(*failures(3))
        assert "Oops0" in rows(failing(at))[1]
        (row,) = at.engine.store.failures.rows(NOW)
        at.engine.store.failures.resolve(row.key, NOW)
        await at.news()
        assert "No failed tasks in the last 5m" in rows(failing(at))[1]


async def test_who_eats_the_cluster_stands_first_without_celerys_own() -> None:
    store = store_of((9, "a.often", 0.1, 100), (8, "b.long", 30.0, 3), (7, "celery.chord", 99.0, 3))
    async with driven(store=store) as at:
        assert busiest(at).shown == ["b.long", "a.often"]
        lines = rows(busiest(at))
        assert lines[1].split()[1:5] == ["TYPE", "SHARE", "RATE", "p95"]
        assert lines[3].split()[-2] == "100ms"


async def test_the_longest_rate_stands_apart_from_the_share() -> None:
    store = store_of((290, "b.long", 30.0, 1), (9, "a.often", 0.1, 100))
    async with driven(store=store) as at:
        assert re.search("b.long +75% [━─]+ <0.01/s ", rows(busiest(at))[2])


async def test_nothing_known_is_no_zero() -> None:
    async with driven(store=Store(clock=lambda: NOW)) as at:
        assert rows(failing(at))[1].split() == ["│", "–", "│"]
        await at.news(Event("worker-heartbeat", HOST, NOW))
        assert "No failed tasks in the last 5m" in rows(failing(at))[1]
        assert "No task ended in the last 5m" in rows(busiest(at))[1]


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (138, 40)])
async def test_where_there_is_no_room_the_panels_give_way(size: tuple[int, int]) -> None:
    async with driven(size=size) as at:
        assert not failing(at).display
        assert not busiest(at).display


@pytest.mark.parametrize("options", [{"ascii": True}, {"theme": "mono"}], ids=str)
async def test_panels_in_ascii_and_without_colour(options: dict[str, Any]) -> None:
    async with driven(size=(200, 60), **options) as at:
        for pane in (failing(at), busiest(at)):
            lines = rows(pane)
            assert len({len(line) for line in lines}) == 1
            assert "billing.charge" in "".join(lines)
            if at.app.session.ascii:
                assert "".join(lines).isascii()
