"""The view of failures: groups, one in detail, its tasks, and what is resolved."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event
from celerytui.store import Store
from celerytui.ui.views.failures.detail import FailureDetailPane
from celerytui.ui.views.failures.list import FailureList
from tests.ui.pilot import Driver, driven, rows
from tests.unit.failure_texts import CHARGE, RAISE, block

SIZES = [(80, 24), (140, 40)]
TRACE = block(CHARGE, RAISE)


def the_list(at: Driver) -> FailureList:
    return cast("FailureList", at.app.main.body.by_name["failures"])


def the_detail(at: Driver) -> FailureDetailPane:
    return cast("FailureDetailPane", at.app.main.body.by_name["failure"])


def ran(
    id: str,
    at: float,
    *,
    name: str = "shop.charge",
    text: str = "Declined('no money')",
    trace: str | None = TRACE,
) -> list[Event]:
    """A task that failed `at` seconds before NOW."""
    host = "celery@w1"
    told: dict[str, dict[str, Any]] = {
        "received": {"name": name, "retries": 0},
        "started": {},
        "failed": {"exception": text, "traceback": trace},
    }
    return [
        Event(type=f"task-{kind}", hostname=host, uuid=id, timestamp=NOW - at, **more)
        for kind, more in told.items()
    ]


def store_of(*streams: list[Event]) -> Store:
    store = Store(clock=lambda: NOW)
    for events in streams:
        store.apply(Batch(events, events[-1].timestamp))
    return store


def shown(at: Driver) -> list[str]:
    return [row.exception.rpartition(".")[2] for row in the_list(at).window(0, 99)]


@pytest.mark.parametrize("size", [*SIZES, (60, 12)])
async def test_groups_are_listed_the_newest_first(size: tuple[int, int]) -> None:
    async with driven(size) as at:
        await at.press("6")
        assert shown(at) == [
            "lost",
            "GatewayTimeout",
            "CardDeclined",
            "ReadTimeout",
            "WorkerLostError",
        ]
        text = "\n".join(rows(the_list(at)))
        assert "5 groups" in text
        line = next(line for line in rows(the_list(at)) if "CardDeclined" in line)
        assert "charge" in line
        assert " 9 " in line


@pytest.mark.parametrize("size", SIZES)
async def test_enter_shows_one_and_escape_leads_back(size: tuple[int, int]) -> None:
    async with driven(size) as at:
        await at.press("6", "j", "j", "j", "enter")
        assert the_detail(at).has_focus
        await at.press("g")
        text = "\n".join(rows(the_detail(at)))
        assert "CardDeclined  billing.charge" in text
        assert "9  insufficient_funds" in text
        assert "celery@bill1 9" in text
        await at.press("G")
        text = "\n".join(rows(the_detail(at)))
        assert "billing/gateway  _raise_for" in text
        assert "shop.billing.errors.CardDeclined" in text
        await at.press("escape")
        assert the_list(at).has_focus
        assert the_list(at).display
        await at.press("escape", "escape")
        assert at.app.main.navigator.view.name == "dashboard"


async def test_the_detail_is_that_of_the_row_under_the_cursor() -> None:
    async with driven() as at:
        await at.press("6")
        for name in shown(at):
            await at.press("j")
            assert name in rows(the_detail(at))[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("detail", [False, True], ids=["list", "detail"])
async def test_all_tasks_of_a_group_are_run_again(size: tuple[int, int], detail: bool) -> None:
    async with driven(size) as at:
        await at.press("6", "j", "j", "j", *(["enter"] if detail else []), "t")
        main, store = at.app.main, at.engine.store
        assert main.navigator.view.name == "tasks"
        ids = at.engine.view.matching_ids()
        tasks = [store.task(id) for id in ids]
        assert len(ids) == 9
        assert {task.name for task in tasks if task} == {"billing.charge"}
        assert all("CardDeclined" in (task.more.exception or "") for task in tasks if task)
        await at.press("*", "R")
        assert at.app.session.marked == set(ids)
        await at.press("y")
        assert [(action, set(targets)) for action, targets, _ in at.engine.submitted] == [
            ("task.run_again", set(ids))
        ]
        await at.press("escape")
        assert main.navigator.view.name == "failures"
        assert at.app.session.filter_text == ""


async def test_a_resolved_group_goes_to_the_end_and_opens_when_it_comes_again() -> None:
    store = store_of(ran("a", 100), ran("b", 50, text="Other('x')", trace=None))
    async with driven(store=store) as at:
        await at.press("6")
        assert shown(at) == ["Other", "Declined"]
        await at.press("j", "m")
        assert shown(at) == ["Declined", "Other"]
        line = next(line for line in rows(the_list(at)) if "Other" in line)
        assert "✓" in line
        assert "resolved" in "\n".join(rows(the_detail(at)))
        assert at.toasts[-1].message == "Resolved; opens again if it recurs"
        key = the_list(at).cursor
        assert key is not None
        assert key in at.engine.store.failures.resolved
        await at.press("m")
        assert shown(at) == ["Other", "Declined"]
        assert at.toasts[-1].message == "Opened again"
        at.engine.store.failures.restore({key: NOW - 20})
        await at.news(*ran("c", 10, text="Other('x')", trace=None))
        assert "again" in "\n".join(rows(the_list(at)))
        assert "1 again" in rows(the_list(at))[0]


async def test_windows_are_five_minutes_an_hour_and_a_day() -> None:
    store = store_of(ran("a", 7200), ran("b", 1000, text="Other('x')", trace=None))
    async with driven(store=store) as at:
        await at.press("6")
        assert shown(at) == ["Other"]
        await at.press("[")
        assert "No failures in the last 5m" in "\n".join(rows(the_list(at)))
        await at.press("[", "]", "]", "]")
        assert shown(at) == ["Other", "Declined"]
        assert "last 24h" in rows(the_list(at))[0]


async def test_groups_are_found_and_sorted() -> None:
    async with driven() as at:
        await at.press("6", "/", *"timeout", "enter")
        assert shown(at) == ["GatewayTimeout", "ReadTimeout"]
        assert "2 of 5" in rows(the_list(at))[0]
        await at.press("escape")
        the_list(at).sort_by("count")
        assert shown(at)[0] == "CardDeclined"
        await at.press("o")
        assert shown(at)[-1] == "CardDeclined"


async def test_retries_alone_have_their_sign() -> None:
    async with driven((80, 24)) as at:
        await at.press("6")
        line = next(line for line in rows(the_list(at)) if "GatewayTimeout" in line)
        assert "↻2" in line
    async with driven((80, 24), ascii=True) as at:
        await at.press("6")
        line = next(line for line in rows(the_list(at)) if "GatewayTimeout" in line)
        assert "~2" in line


async def test_the_member_that_made_a_chord_fail_is_told() -> None:
    chord = "ChordError(\"Dependency m1 raised Declined('no money')\")"
    store = store_of(ran("m1", 20), ran("c1", 10, name="shop.total", text=chord, trace=None))
    async with driven(store=store) as at:
        await at.press("6", "j")
        text = "\n".join(rows(the_detail(at)))
        assert "ChordError" in text
        assert "member    m1   Declined  no money" in text


async def test_a_paused_display_stands_still() -> None:
    store = store_of(ran("a", 100))
    async with driven(store=store) as at:
        await at.press("6", "p")
        before = rows(the_list(at)), rows(the_detail(at))
        await at.news(*ran("b", 1), *ran("c", 1, text="Other('x')", trace=None))
        assert (rows(the_list(at)), rows(the_detail(at))) == before
        await at.press("p")
        assert shown(at) == ["Other", "Declined"]


@pytest.mark.parametrize("size", SIZES)
async def test_foreign_text_is_harmless(size: tuple[int, int]) -> None:
    bad = "\x1b[31m[bold]\u202e redis://:hunter2@h/0"
    trace = block((f"/srv/{bad}/a.py", 3, bad, bad), error=f"shop.Oops: {bad}")
    store = store_of(ran("a", 20, name=bad, text=f"Oops({bad!r})", trace=trace))
    async with driven(size, store=store) as at:
        await at.press("6", "enter", "enter")
        for pane in (the_list(at), the_detail(at)):
            text = "\n".join(rows(pane))
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert "hunter2" not in text


async def test_without_failures_it_says_so() -> None:
    store = store_of([Event(type="task-received", hostname="w", uuid="a", timestamp=NOW, name="n")])
    async with driven(store=store) as at:
        await at.press("6")
        text = "\n".join(rows(the_list(at)))
        assert "No failures in the last 1h" in text
        await at.press("enter", "t", "m", "tab")
        assert "No group selected" in "\n".join(rows(the_detail(at)))


async def test_where_the_file_of_what_is_resolved_cannot_be_written_it_says_so() -> None:
    async with driven() as at:
        at.engine.resolutions.trouble = "cannot write /x: Read-only file system"
        await at.press("6")
        assert "cannot write /x" in rows(the_list(at))[-1]


@pytest.mark.parametrize("detail", [False, True], ids=["list", "detail"])
async def test_a_group_is_copied_and_its_task_limited(detail: bool) -> None:
    async with driven() as at:
        await at.press("6", "j", "j", "j", *(["enter"] if detail else []), "y")
        copied = json.loads(at.app.clipboard)
        assert (copied["task"], copied["count"]) == ("billing.charge", 9)
        assert copied["variants"] == [{"message": "insufficient_funds", "count": 9}]
        pane = at.app.main.pane
        assert pane is not None
        assert pane.targets(Scope.TYPE) == ["billing.charge"]
        assert pane.targets(Scope.TASK) == []
        await at.press("L")
        assert "billing.charge" in "\n".join(rows(at.app.screen))


@pytest.mark.parametrize("size", SIZES)
async def test_in_ascii_it_is_ascii(size: tuple[int, int]) -> None:
    async with driven(size, ascii=True) as at:
        await at.press("6", "j", "m", "j", "j", "enter")
        for pane in (the_list(at), the_detail(at)):
            assert "\n".join(rows(pane)).isascii()


MANY = [f"Declined('reason {word}')" for word in ("a", "a", "a", "b", "b", *"cdefg")]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ascii", [False, True], ids=["signs", "ascii"])
async def test_messages_are_listed_below_their_group(size: tuple[int, int], ascii: bool) -> None:
    streams = [ran(f"m{at}", 100 - at, text=text) for at, text in enumerate(MANY)]
    store = store_of(*streams, ran("o", 5, text="Other('x')", trace=None))
    async with driven(size, store=store, ascii=ascii) as at:
        await at.press("6", "j", "j", "+", "z")
        listed = the_list(at)
        last, branch, times = ("`-", "|-", "x") if ascii else ("└─", "├─", "×")
        lines = [line for line in rows(listed) if f" {branch} " in line or f" {last} " in line]
        assert [last in line for line in lines] == [False] * 5 + [True]
        assert f"{times}3  reason a" in lines[0]
        assert f"{times}2  reason b" in lines[1]
        assert f"{times}2  2 more messages" in lines[5]
        assert "2 groups" in rows(listed)[0]
        key = at.app.session.failure
        await at.press("j", "j")
        assert listed.cursor == f"{key}\n1"
        assert listed.chosen == at.app.session.failure == key
        await at.press("t")
        assert at.app.session.filter_text == f"failure:{key}"
        await at.press("escape", "+")
        assert listed.length() == 2
        assert "reason b" not in "\n".join(rows(listed)[3:])


async def test_a_message_below_is_found_with_its_group_and_not_exported_twice() -> None:
    async with driven() as at:
        await at.press("6", "j", "j", "j", "+", "/", *"carddeclined", "enter")
        listed = the_list(at)
        assert "1 of 5" in rows(listed)[0]
        assert listed.length() == 2
        exported = listed.listed()
        assert (exported.total, len([*exported.rows])) == (1, 1)
        await at.press("escape", "s", "down", "enter")
        keys = [listed.key_of(item) for item in listed.window(0, 20)]
        below = next(key for key in keys if "\n" in key)
        assert keys[keys.index(below) - 1] == below.partition("\n")[0]


async def test_a_list_that_grows_is_drawn_with_its_frame_at_once() -> None:
    streams = [ran(f"a{at}", 50 - at, text=f"E{at}('x')", trace=None) for at in range(6)]
    async with driven(store=store_of(*streams)) as at:
        await at.press("6", "j", "j", "+")
        before = the_list(at).outer_size.height
        assert rows(the_list(at))[-1].startswith("╰")
        for id in ("y", "z"):
            await at.news(*ran(id, 1, text=f"New{id}('x')", trace=None))
            assert rows(the_list(at))[-1].startswith("╰")
        assert the_list(at).outer_size.height > before
        assert rows(the_list(at))[-1].startswith("╰")


async def test_hostile_messages_below_a_group_are_harmless() -> None:
    store = store_of(ran("a", 20, text="Oops('\x1b[2J [bold] redis://:hunter2@h')", trace=None))
    async with driven(store=store) as at:
        await at.press("6", "j", "+")
        text = "\n".join(rows(the_list(at)))
        assert "×1" in text
        assert "\x1b" not in text
        assert "hunter2" not in text
