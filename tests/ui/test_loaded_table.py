"""The lists of workers and of queues: sorted by a column, narrowed to a part of the names."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Any

import pytest

from celerytui.columns import natural
from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event
from celerytui.store import Store
from celerytui.ui.bars.filter_line import FilterInput
from celerytui.ui.dialogs.choice import Choice
from celerytui.ui.dialogs.reading import Reading
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.views.queues.list import QueueList
from celerytui.ui.views.workers.list import WorkerList
from tests.ui.fake_engine import fake_app
from tests.ui.kept_stores import large_store
from tests.ui.large_cluster import (
    AHEAD,
    GROWING,
    QUEUES,
    WORKERS,
    heartbeat,
    hostnames,
)
from tests.ui.pilot import Driver, driven, rows

pytestmark = pytest.mark.slow

BUSY = [f"worker{n}@host" for n in (17, 117, 217)]
SIZES = [(80, 24), (140, 40)]


def loaded_store() -> Store:
    """The crowd, of which three carry more than the others, and one of these the most."""
    store = large_store()
    beats = [
        Event("worker-heartbeat", name, NOW, pid=7, freq=2.0, active=3, loadavg=(9.0 + n, 4.0, 3.0))
        for n, name in enumerate(BUSY)
    ]
    store.apply(Batch(beats, NOW))
    return store


def listed(pane: LoadedTable[Any]) -> list[str]:
    return [pane.key_of(item) for item in pane.window(0, pane.length())]


def workers_of(at: Driver) -> WorkerList:
    return at.app.query_one(WorkerList)


def queues_of(at: Driver) -> QueueList:
    return at.app.query_one(QueueList)


def title_of(pane: LoadedTable[Any]) -> str:
    left, right = pane.titles()
    return "".join(text for text, _ in [*left, (" | ", ""), *right])


# The order


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_s_sorts_the_workers_by_any_column(size: tuple[int, int]) -> None:
    async with driven(size, store=loaded_store()) as at:
        await at.press("3", "s")
        assert isinstance(at.app.screen, Choice)
        ids = [one for one, _, _ in at.app.screen.options]
        assert ids == ["", *(one.id for one in WorkerList.COLUMNS)]
        await at.press(*["j"] * ids.index("load"), "enter")
        assert listed(workers_of(at))[:4] == [*reversed(BUSY), AHEAD[0]]
        assert "LOAD▾" in at.screen_text()
        gone = {*AHEAD[2:], "worker1@host"}
        assert set(listed(workers_of(at))[-4:]) == gone
        await at.press("o")
        assert "LOAD▴" in at.screen_text()
        assert listed(workers_of(at))[-7:-4] == BUSY
        assert set(listed(workers_of(at))[-4:]) == gone


async def test_s_again_stands_on_the_order_there_is_and_its_first_line_ends_it() -> None:
    async with driven(store=loaded_store()) as at:
        await at.press("3")
        usual = listed(workers_of(at))
        await at.press("s", "j", "j", "enter", "s")
        assert isinstance(at.app.screen, Choice)
        assert at.app.screen.options[at.app.screen.at][0] == "name"
        await at.press("k", "k", "enter")
        assert listed(workers_of(at)) == usual


async def test_o_alone_turns_the_names_round() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3", "o")
        assert listed(workers_of(at)) == sorted(hostnames(), key=natural, reverse=True)
        await at.press("o")
        assert listed(workers_of(at)) == sorted(hostnames(), key=natural)


async def test_clicks_on_a_head_sort_turn_round_and_end() -> None:
    async with driven(store=large_store()) as at:
        await at.press("4")
        queues = queues_of(at)
        usual = listed(queues)
        head = rows(queues)[1].index("WAITING")
        seen = []
        for _ in range(3):
            await at.pilot.click("#queues", offset=(head + 2, 1))
            seen.append((queues.sort_column, queues.sort_reverse, listed(queues)))
        assert [one[:2] for one in seen[:2]] == [("ready", True), ("ready", False)]
        assert seen[0][2][:2] == [f"queue{GROWING}", f"queue{QUEUES - 1}"]
        assert seen[1][2][:2] == ["queue0", "queue1"]
        assert seen[2][0] is None
        assert seen[2][2] == usual


async def test_the_deepest_and_the_fastest_growing_queue() -> None:
    async with driven(store=large_store()) as at:
        for column in ("ready", "growth", "trend", "drain", "status"):
            queues_of(at).sort_by(column)
            assert listed(queues_of(at))[0] == f"queue{GROWING}"


async def test_the_cursor_stays_on_its_row_and_the_row_is_seen() -> None:
    async with driven(store=loaded_store()) as at:
        await at.press("3", "pagedown", "pagedown", "j")
        workers = workers_of(at)
        chosen = workers.cursor
        for column in ("load", "name", "", "seen"):
            workers.sort_by(column)
            assert workers.cursor == chosen
            assert chosen in workers.shown
            await at.press("o")
            assert workers.cursor == chosen
            assert chosen in workers.shown


async def test_the_first_rows_are_seen_where_the_cursor_can_be_too() -> None:
    async with driven(store=loaded_store()) as at:
        await at.press("3", "j")
        workers = workers_of(at)
        workers.sort_by("load")
        assert [*workers.shown[:4]] == [*reversed(BUSY), AHEAD[0]]
        assert workers.cursor == AHEAD[0]
        await at.press("k")
        assert workers.cursor == BUSY[0]
        await at.press("j")
        workers.sort_by("name")
        assert workers.cursor == workers.shown[-1] == AHEAD[0] == "worker77@host"
        assert f"{78 - workers.page_rows} above" in at.screen_text()


async def test_the_order_follows_the_news() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3")
        workers_of(at).sort_by("processed")
        await at.news(heartbeat("worker640@host", NOW, processed=9_000))
        assert workers_of(at).shown[0] == "worker640@host"


async def test_an_order_that_no_head_shows_stands_in_the_title() -> None:
    async with driven((80, 24), store=large_store()) as at:
        workers = workers_of(at)
        workers.sort_by("failed")
        assert "FAILED SEEN▾" in title_of(workers)
        await at.press("3")
        assert "FAILED" not in title_of(workers)


async def test_a_paused_display_is_sorted_and_narrowed_as_it_stands() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3", "p")
        await at.news(heartbeat("worker640@host", NOW, processed=9_000))
        workers_of(at).sort_by("processed")
        assert workers_of(at).shown[0] != "worker640@host"
        workers_of(at).narrow("worker64", None)
        assert workers_of(at).length() == 11


async def test_a_move_reads_and_sorts_nothing() -> None:
    async with driven(store=large_store()) as at:
        for key, pane in (("3", workers_of(at)), ("4", queues_of(at))):
            await at.press(key)
            pane.sort_by("name")
            first = pane.window(0, 9)
            await at.press("j", "k", "G", "g", "pagedown")
            assert all(map(is_, pane.window(0, 9), first))
            await at.news(heartbeat("worker5@host", NOW, 9))
            assert not any(map(is_, pane.window(0, 9), first))


# The names


async def test_slash_narrows_live_and_escape_clears() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3", "slash", *"ER64")
        workers = workers_of(at)
        assert at.app.main.navigator.view.name == "workers"
        assert listed(workers) == ["worker64@host", *(f"worker64{n}@host" for n in range(10))]
        assert title_of(workers) == "Workers  / ER64 | 11 of 1,000"
        await at.press("0", "enter")
        assert listed(workers) == ["worker640@host"]
        assert at.app.screen.focused is workers
        assert at.app.session.filter_text == ""
        await at.press("enter")
        assert (at.app.main.navigator.view.name, at.app.session.worker) == (
            "worker",
            "worker640@host",
        )
        await at.press("escape", "escape")
        assert at.app.main.navigator.view.name == "workers"
        assert workers.word == ""
        await at.press("escape")
        assert workers.length() == WORKERS


async def test_escape_leaves_a_filter_that_is_not_seen() -> None:
    async with driven(store=large_store()) as at:
        await at.press("2", "slash", *"state:success", "enter", "3", "escape")
        assert at.app.main.navigator.view.name == "dashboard"
        assert at.app.session.filter_text == "state:success"
        await at.press("escape")
        assert at.app.session.filter_text == ""


async def test_escape_in_the_line_brings_back_what_was_there() -> None:
    async with driven(store=large_store()) as at:
        await at.press("4", "slash", *"queue1", "enter", "slash", *"99", "escape")
        assert queues_of(at).word == "queue1"
        assert at.app.screen.focused is queues_of(at)


@pytest.mark.parametrize(
    ("typed", "found"),
    [("worker?7@", 9), ("r*99@", 10), (" worker17 ", 11), ("[0-9]", 0), ("state:online", 0)],
)
async def test_stars_and_question_marks(typed: str, found: int) -> None:
    async with driven(store=large_store()) as at:
        await at.press("3")
        await at.app.run_action("screen.edit_filter")
        at.app.query_one(FilterInput).value = typed
        await at.pilot.pause()
        assert workers_of(at).length() == found


@pytest.mark.parametrize("size", [*SIZES, (50, 20)], ids=str)
async def test_the_panel_in_focus_on_the_dashboard_is_what_is_narrowed(
    size: tuple[int, int],
) -> None:
    async with driven(size, store=large_store()) as at:
        while at.app.screen.focused is not queues_of(at):
            await at.press("tab")
        await at.press("slash", *"e19")
        await at.news(heartbeat("worker5@host", NOW, 9))
        assert queues_of(at) in at.app.main.body.panes
        assert listed(queues_of(at)) == ["queue19", *(f"queue19{n}" for n in range(10))]
        assert (at.app.session.filter_text, workers_of(at).word) == ("", "")
        await at.press("enter")
        assert at.app.screen.focused is queues_of(at)
        beside = len(at.app.main.body.panes) > 1
        await at.press(*["tab"] * beside, "escape")
        assert queues_of(at).word == ""


async def test_a_view_that_is_clicked_while_a_name_is_typed_gets_the_focus() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3", "slash", *"r7")
        await at.pilot.click("#views", offset=(17, 0))
        await at.pilot.pause()
        at.app.query_one(FilterInput).focus()
        await at.press("enter")
        assert at.app.main.navigator.view.name == "tasks"
        assert at.app.screen.focused is at.app.main.table


async def test_each_line_has_its_own_hints_and_its_own_memory() -> None:
    async with driven(store=large_store()) as at:
        await at.press("2", "slash", *"name:x", "enter", "3", "slash")
        [footer] = rows(at.app.main.footer)
        assert "history" in footer
        assert "complete" not in footer
        line = at.app.query_one(FilterInput)
        await at.press("up", *"r7", "tab")
        assert line.value == "r7"
        await at.press("enter", "slash", *"7", "enter", "slash", "up", "up")
        assert line.value == "r7"
        await at.press("escape", "escape", "2", "slash", "up")
        assert line.value == "name:x"


async def test_what_matches_nothing_says_so_and_how_to_get_out() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3", "j", "slash", *"bill17", "enter")
        assert 'No worker matches "bill17"' in at.screen_text()
        assert "1,000 workers in all." in at.screen_text()
        await at.press("space", "enter", "D")
        assert isinstance(at.app.screen, Choice)  # whom, as nobody is chosen
        await at.press("escape")
        assert (at.engine.submitted, at.app.main.navigator.view.name) == ([], "workers")
        assert at.app.session.marked_workers == set()
        await at.press("escape")
        assert workers_of(at).length() == WORKERS


async def test_only_what_is_shown_is_marked_by_mark_all() -> None:
    async with driven(store=large_store()) as at:
        await at.press("3", "slash", *"r99", "enter", "asterisk")
        marked = {name for name in hostnames() if "r99" in name}
        assert at.app.session.marked_workers == marked


@pytest.mark.parametrize(("key", "title"), [("3", "Workers"), ("4", "Queues")])
async def test_the_help_tells_of_names_and_no_fields(key: str, title: str) -> None:
    async with driven() as at:
        await at.press(key, "question_mark")
        assert isinstance(at.app.screen, Reading)
        text = "\n".join("".join(word for word, _ in line) for line in at.app.screen.text)
        assert at.app.screen.heading == f"Help: {title}"
        assert "sort by a column" in text
        assert "part of a " in text
        assert "field:value" not in text


# Pictures

PICTURES: dict[str, tuple[str, ...]] = {
    "workers_by_load": ("3", "j", "s", *["j"] * 5, "enter"),
    "workers_named": ("3", "slash", *"r17"),
    "workers_none": ("3", "slash", *"bill17", "enter"),
    "sort_workers": ("3", "s", "j"),
    "queues_named_by_growth": ("4", "slash", *"e15", "enter", "s", *["j"] * 7, "enter"),
    "dashboard": ("tab", "tab", "slash", *"r17", "enter", "s", *["j"] * 8, "enter"),
    "dashboard_none": ("tab", "tab", "tab", "slash", *"nosuch", "enter"),
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
@pytest.mark.parametrize("name", PICTURES)
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    keys = list(PICTURES[name])
    if name.startswith("dashboard") and size[0] < 120:
        keys.remove("tab")  # there is no detail between
    assert snap_compare(fake_app(store=loaded_store()), press=keys, terminal_size=size)
