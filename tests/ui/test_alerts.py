"""Header, banner, titles, rows and empty panels say what the alerts say, with the user's keys."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widget import Widget

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.demo.traffic import BILL, GPU
from celerytui.engine import Job
from celerytui.health import Detector
from celerytui.health.link import BEHIND, QUIET
from celerytui.health.queues import GROWING, UNCONSUMED
from celerytui.health.workers import LATE, LOST, SILENT
from celerytui.model import Batch, Event, Link, LinkState, QueueDepth, Section
from celerytui.store import Store
from celerytui.ui.bars.banner import Banner
from celerytui.ui.bars.header import Header
from celerytui.ui.bars.progress import Progress
from celerytui.ui.messages import RowOpened
from tests.ui.kept_stores import large_store, sample_store
from tests.ui.pilot import Driver, driven

pytestmark = pytest.mark.slow

GONE = Link(LinkState.RECONNECTING, NOW, error="refused", lost_at=NOW - 5, next_try=NOW + 3)


def drawn(widget: Widget) -> str:
    """The text of a widget as it is on the screen."""
    lines = [widget.render_line(y).text for y in range(widget.outer_size.height)]
    return "\n".join(lines) if widget.display else ""


def pane(at: Driver, id: str) -> str:
    return drawn(at.app.main.body.query_one(f"#{id}"))


def counted(at: Driver, detector: Detector) -> int:
    return len(at.engine.health.alerts.of(detector))


@pytest.mark.parametrize("store", [sample_store, large_store])
async def test_the_titles_count_the_alerts(store: Any) -> None:
    async with driven((200, 60), store=store()) as at:
        assert counted(at, LOST)
        assert counted(at, GROWING)
        title = pane(at, "workers").splitlines()[0]
        for detector, word in ((LOST, "lost"), (LATE, "late")):
            count = counted(at, detector)
            assert (f"{count} {word}" in title) == bool(count)
        title = pane(at, "queues").splitlines()[0]
        for detector, word in ((GROWING, "growing"), (UNCONSUMED, "not consumed")):
            count = counted(at, detector)
            assert (f"{count} {word}" in title) == bool(count)


async def test_a_row_is_marked_as_long_as_its_alert_stands() -> None:
    at_second, ready = NOW - 1000.0, 100.0
    async with driven((140, 40), store=Store(clock=lambda: NOW)) as at:
        for a_second, grows in ((0.07, False), (1.0, True), (0.07, True), (0.0, False)):
            for _ in range(20):
                at_second, ready = at_second + 5.0, ready + 5.0 * a_second
                depth = QueueDepth("high", ready=round(ready), consumers=1)
                at.engine.store.record_queues([depth], at_second)
            await at.news()
            title, *rows = pane(at, "queues").splitlines()
            [row] = [row for row in rows if " high " in row]
            assert (counted(at, GROWING), "1 growing" in title, "▲" in row) == (grows,) * 3


async def test_header_and_banner_are_behind_as_long_as_the_alert_stands() -> None:
    async with driven((140, 24), store=large_store()) as at:
        for lag, behind in ((1.5, False), (2.5, True), (1.5, True), (0.5, False)):
            late = Event("task-started", "worker9@host", NOW - lag, uuid="late")
            at.engine.store.apply(Batch([late], NOW, lag=lag))
            await at.news()
            assert (at.engine.health.alerts.get(BEHIND) is not None) == behind
            assert ("behind" in drawn(at.app.query_one(Header))) == behind
            assert ("What you see is" in drawn(at.app.query_one(Banner))) == behind


@pytest.mark.parametrize(("later", "quiet"), [(5.0, False), (9.0, True)])
async def test_the_header_is_silent_as_the_alert_is(later: float, quiet: bool) -> None:
    async with driven(now=NOW + later) as at:
        assert (at.engine.health.alerts.get(QUIET) is not None) == quiet
        assert ("silent for" in drawn(at.app.query_one(Header))) == quiet


def silent_store() -> Store:
    store = Store(clock=lambda: NOW)
    beat = Event("worker-heartbeat", BILL, NOW, freq=2.0, active=3, processed=400)
    store.apply(Batch([beat], NOW))
    store.sweep(NOW)
    store.set_task_events(BILL, False, by_us=False)
    return store


async def test_a_silent_worker_is_one_in_title_row_and_empty_panel() -> None:
    async with driven((160, 50), store=silent_store()) as at:
        assert counted(at, SILENT) == 1
        assert "events off on 1 of 1" in pane(at, "workers")
        assert "! off" in pane(at, "workers")
        assert "events are off on 1 of 1 worker" in pane(at, "tasks")
        at.engine.store.set_task_events(BILL, True, by_us=True)
        await at.news()
        assert counted(at, SILENT) == 0
        assert "off" not in pane(at, "workers") + pane(at, "tasks")


async def test_while_paused_rows_keep_the_alerts_that_they_had() -> None:
    async with driven((160, 50), store=silent_store()) as at:
        await at.press("p")
        at.engine.store.set_task_events(BILL, True, by_us=True)
        await at.news()
        assert "! off" in pane(at, "workers")
        await at.press("p")
        assert "! off" not in pane(at, "workers")


# Every key that is shown is the one that does it

OWN = {
    "task.result": "f5",
    "display.pause": "f6",
    "workers.ask": "f7",
    "events": "f8",
    "filter.edit": "f9",
    "back": "f10",
    "view.log": "f11",
    "action.cancel": "f3",
    "section.previous": "f1",
    "section.next": "f2",
}
BANNERS = [
    ({"link": GONE}, "task.result", "reconnect"),
    ({}, "display.pause", "resume"),
]


@pytest.mark.parametrize(("options", "id", "label"), BANNERS)
@pytest.mark.parametrize("keys", [{}, OWN], ids=["given", "own"])
async def test_the_banner_shows_the_key_that_does_it(
    options: dict[str, Any], id: str, label: str, keys: dict[str, str]
) -> None:
    async with driven(keys=keys, **options) as at:
        if id == "display.pause":
            await at.press(keys.get(id, "p"))
        key = at.app.session.key_of(id)
        assert key in (OWN[id], "r", "p")
        assert drawn(at.app.query_one(Banner)).rstrip().endswith(f"{key} {label}")


EMPTY: list[tuple[str, dict[str, Any], list[str], str, list[tuple[str, str]]]] = [
    ("no workers", {}, [], "workers", [("workers.ask", "ask again")]),
    (
        "no broker",
        {"link": Link(LinkState.CONNECTING, NOW, error="refused")},
        [],
        "tasks",
        [("task.result", "reconnect")],
    ),
    (
        "events off",
        {"store": silent_store},
        [],
        "tasks",
        [("worker.enable_events", f"enable task events on {BILL}")],
    ),
    (
        "no match",
        {"store": sample_store},
        ["2", "<filter>", *"xyzzy", "enter"],
        "tasks",
        [("filter.edit", "change the filter"), ("back", "clear the filter")],
    ),
    (
        "no such name",
        {"store": sample_store},
        ["3", "<filter>", *"xyzzy", "enter"],
        "workers",
        [("filter.edit", "change the filter"), ("back", "clear the filter")],
    ),
]


@pytest.mark.parametrize(
    ("options", "press", "where", "shown"),
    [case[1:] for case in EMPTY],
    ids=[case[0] for case in EMPTY],
)
@pytest.mark.parametrize("keys", [{}, OWN], ids=["given", "own"])
async def test_an_empty_panel_shows_the_keys_that_help(
    options: dict[str, Any],
    press: list[str],
    where: str,
    shown: list[tuple[str, str]],
    keys: dict[str, str],
) -> None:
    store = options.get("store", lambda: Store(clock=lambda: NOW))()
    async with driven((160, 50), **{**options, "store": store}, keys=keys) as at:
        await at.press(
            *(keys.get("filter.edit", "/") if key == "<filter>" else key for key in press)
        )
        text = pane(at, where)
        for id, meaning in shown:
            key = at.app.session.key_of(id)
            assert key == keys.get("events" if id == "worker.enable_events" else id, key)
            assert f" {key}   {meaning}" in text


async def test_the_list_of_workers_shows_the_users_key_for_events() -> None:
    for keys, key in (({}, "E"), (OWN, "f8"), ({"worker.enable_events": "f4"}, "f4")):
        async with driven((160, 50), store=silent_store(), keys=keys) as at:
            assert f"events off on 1 of 1  {key} on" in pane(at, "workers")


@pytest.mark.parametrize("keys", [{}, OWN], ids=["given", "own"])
async def test_the_view_of_a_worker_shows_the_users_keys(keys: dict[str, str]) -> None:
    async with driven((160, 50), store=silent_store(), keys=keys) as at:
        at.engine.answers["conf"] = Section(BILL, "conf", NOW, error="no answer")
        at.app.main.post_message(RowOpened(Scope.WORKER, BILL))
        await at.pilot.pause()
        events = keys.get("events", "E")
        assert f"off   {events} enables them" in pane(at, "facts")
        assert f" {events}   enable task events" in pane(at, "running")
        assert f"{keys.get('view.log', '9')} log" in pane(at, "answered")
        assert f" {keys.get('section.previous', '[')} {keys.get('section.next', ']')} " in pane(
            at, "sections"
        )
        at.engine.store.set_task_events(BILL, True, by_us=False)
        await at.news()
        assert f" {keys.get('workers.ask', 'w')}   ask the workers" in pane(at, "running")


async def test_a_queue_grows_in_the_view_of_a_worker_as_it_does_in_the_list() -> None:
    async with driven((160, 50)) as at:
        at.app.main.post_message(RowOpened(Scope.WORKER, BILL))
        await at.pilot.pause()
        growing = [alert.subject for alert in at.engine.health.alerts.of(GROWING)]
        lines = pane(at, "facts").splitlines()
        marked = [line.split()[1] for line in lines if "▲" in line and "waiting" in line]
        assert marked == growing == ["high"]
        assert GPU in [alert.subject for alert in at.engine.health.alerts.of(LOST)]


@pytest.mark.parametrize("keys", [{}, OWN], ids=["given", "own"])
async def test_work_under_way_shows_the_key_that_cancels_it(keys: dict[str, str]) -> None:
    async with driven(keys=keys) as at:
        at.engine.executor.running.append(Job("task.revoke", ("a",), {}, NOW - 60.0))
        await at.news()
        cancel = keys.get("action.cancel", "x")
        assert drawn(at.app.query_one(Progress)).endswith(f"{cancel} cancel ")
