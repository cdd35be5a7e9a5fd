"""The view of types: what each takes, over which time, and what keys do there."""

from __future__ import annotations

import re

import pytest

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event
from celerytui.store import Store
from celerytui.store.statistics import types as bounds
from celerytui.ui.actions.form import Form
from celerytui.ui.views.types.list import TypeList
from tests.ui.pilot import Driver, driven, rows
from tests.unit.failure_texts import CHARGE, RAISE, block

HOST = "celery@web1"


def run(ago: float, id: str, name: str, runtime: float, ends: str = "succeeded") -> list[Event]:
    """A task that ended `ago` seconds before NOW, after a second of waiting."""
    ended = NOW - ago
    started = ended - runtime
    return [
        Event("task-received", HOST, started - 1, uuid=id, name=name),
        Event("task-started", HOST, started, uuid=id),
        Event(f"task-{ends}", HOST, ended, uuid=id, runtime=runtime),
    ]


def store_of(*runs: tuple[float, str, float, int]) -> Store:
    """A store that saw runs as (seconds ago, name, runtime, how many), the oldest first."""
    store = Store(clock=lambda: NOW)
    for ago, name, runtime, count in runs:
        events = [e for n in range(count) for e in run(ago, f"{name}{ago}{n}", name, runtime)]
        store.apply(Batch(events, NOW - ago))
    store.sweep(NOW)
    return store


def types_of(at: Driver) -> TypeList:
    return at.app.main.query_one(TypeList)


def row_of(at: Driver, name: str) -> list[str]:
    """The cells of the row of a type."""
    line = next(line for line in rows(types_of(at)) if name in line)
    return re.sub(r"[│▌┃]", " ", line).split()


async def test_who_eats_the_cluster_stands_first() -> None:
    async with driven(store=store_of((9, "a.often", 0.1, 100), (8, "b.long", 30.0, 3))) as at:
        await at.press("5")
        assert types_of(at).shown == ["b.long", "a.often"]
        assert row_of(at, "b.long")[-2] == "90%"
        assert "SHARE▾" in rows(types_of(at))[1]
        await at.press("o")
        assert types_of(at).shown == ["a.often", "b.long"]


async def test_every_column_sorts() -> None:
    async with driven(size=(200, 60)) as at:
        await at.press("5")
        pane = types_of(at)
        for column, _ in pane.orders():
            pane.sort_by("share" if column != "share" else "name")
            pane.sort_by(column)
            assert pane.sort_column == column
            assert len(pane.shown) == 16


async def test_a_window_counts_what_ended_in_it() -> None:
    store = store_of((7000, "a.old", 1.0, 4), (2000, "a.old", 1.0, 2), (5, "b.new", 1.0, 1))
    async with driven(store=store) as at:
        await at.press("5")
        assert types_of(at).shown == ["b.new"]
        await at.press("right_square_bracket")
        assert row_of(at, "a.old")[2] == "2"
        await at.press("right_square_bracket")
        assert row_of(at, "a.old")[2] == "6"
        await at.press("right_square_bracket")
        assert row_of(at, "a.old")[2] == "6"
        await at.press("left_square_bracket", "left_square_bracket")
        assert types_of(at).shown == ["b.new"]


async def test_a_window_that_is_empty_says_so_and_which_key_helps() -> None:
    async with driven(store=store_of((2000, "a.old", 1.0, 2))) as at:
        await at.press("5")
        assert "No task ended in the last 5 minutes." in at.screen_text()
        await at.press("right_square_bracket")
        assert types_of(at).shown == ["a.old"]


async def test_quantiles_are_shown_from_enough_runs_on() -> None:
    few = store_of((5, "a.few", 2.0, 4), (5, "b.some", 2.0, 20), (5, "c.many", 2.0, 100))
    async with driven(store=few) as at:
        await at.press("5")
        shown = {name: row_of(at, name) for name in ("a.few", "b.some", "c.many")}
        known = {name: sum(cell == "2.00s" for cell in row) for name, row in shown.items()}
        # The longest is always known.
        assert known == {"a.few": 1, "b.some": 3, "c.many": 4}


async def test_tasks_of_celery_are_left_out_until_they_are_looked_for() -> None:
    store = store_of((5, "celery.chord_unlock", 9.0, 9), (5, "shop.buy", 1.0, 1))
    async with driven(store=store) as at:
        await at.press("5")
        assert types_of(at).shown == ["shop.buy"]
        assert "1 internal type left out: / celery. shows them" in at.screen_text()
        await at.press("/", *"celery", ".", "enter")
        assert types_of(at).shown == ["celery.chord_unlock"]
        # It took its share of the time all the same.
        await at.press("escape")
        assert row_of(at, "shop.buy")[-2] == "1%"


async def test_a_name_is_found() -> None:
    async with driven() as at:
        await at.press("5", "/", *"billing", "enter")
        assert set(types_of(at).shown) == {"billing.charge", "billing.invoice", "billing.refund"}
        await at.press("escape")
        assert len(types_of(at).shown) == 16


async def test_enter_shows_its_tasks_and_the_way_back() -> None:
    async with driven() as at:
        await at.press("5", "j", "j", "enter")
        assert at.app.session.filter_text == 'name:="media.transcode"'
        assert at.app.main.navigator.view.name == "tasks"
        await at.press("escape")
        assert at.app.main.navigator.view.name == "types"
        assert at.app.session.filter_text == ""


async def test_its_tasks_are_those_of_that_name_alone() -> None:
    store = store_of((5, "a.one", 9.0, 3), (5, "a.one_more", 1.0, 2), (5, "x.a.one", 1.0, 2))
    async with driven(store=store) as at:
        await at.press("5", "j", "enter")
        found = at.engine.view.window(0, 50)
        assert [task.name for task in found] == ["a.one"] * 3


async def test_the_slowest_runs_are_one_key_away_and_the_order_comes_back() -> None:
    async with driven() as at:
        view = at.engine.view
        before = view.sort, view.reverse
        await at.press("5", "j", "t")
        assert at.app.session.filter_text == 'name:="billing.charge"'
        assert (view.sort, view.reverse) == ("runtime", True)
        await at.press("escape")
        assert (view.sort, view.reverse) == before
        assert at.app.main.navigator.view.name == "types"


@pytest.mark.parametrize(
    ("key", "action", "typed"), [("L", "type.rate_limit", "9"), ("T", "type.time_limits", "8")]
)
async def test_limits_are_set_from_here(key: str, action: str, typed: str) -> None:
    async with driven() as at:
        await at.press("5", "j", key)
        assert isinstance(at.app.screen, Form)
        await at.press(typed, "enter")
        name, targets, values = at.engine.submitted[-1]
        assert (name, targets) == (action, ("billing.charge",))
        assert typed in "".join(values.values())


async def test_the_panels_follow_the_cursor() -> None:
    async with driven(size=(140, 40)) as at:
        await at.press("5")
        assert "Times  billing.charge" in at.screen_text()
        assert "p95 1.3" in at.screen_text()
        await at.press("j", "j")
        assert "Times  media.transcode" in at.screen_text()
        assert "Runs on  media.transcode" in at.screen_text()
        assert "celery@gpu1" in at.screen_text()


async def test_the_limits_are_those_that_a_worker_lists() -> None:
    async with driven(size=(140, 40)) as at:
        await at.press("5", "j")
        assert "rate none   soft 10.0s   hard 15.0s" in at.screen_text()


async def test_how_runs_ended_is_told_by_state_with_the_time_of_failures() -> None:
    store = store_of((5, "a.one", 1.0, 7))
    failures = [e for n in range(5) for e in run(4, f"f{n}", "a.one", 3.0, "failed")]
    revoked = run(3, "r", "a.one", 1.0, "revoked")
    store.apply(Batch([*failures, *revoked], NOW - 3))
    async with driven(store=store, size=(140, 40)) as at:
        await at.press("5", "j")
        text = at.screen_text()
        assert "7 success" in text
        assert "5 failure" in text
        assert "1 revoked" in text
        assert re.search(r"failed after +p50 3\.0\ds  max 3\.00s", text)


async def test_help_explains_every_head() -> None:
    async with driven(size=(140, 40)) as at:
        await at.press("5")
        for pane in at.app.main.body.panes:
            explained = dict(pane.columns_explained())
            assert all(explained.values())
        heads = {head for pane in at.app.main.body.panes for head, _ in pane.columns_explained()}
        assert {"SHARE", "p95", "WAIT p95", "WORKER, QUEUE", "SEEN"} <= heads


async def test_where_there_is_no_room_tab_leads_to_the_panels() -> None:
    async with driven(size=(80, 24)) as at:
        await at.press("5", "j")
        assert "Times" not in at.screen_text()
        await at.press("tab")
        assert "Times  billing.charge" in at.screen_text()
        assert "p99 1.5" in at.screen_text()
        await at.press("tab")
        assert "Runs on  billing.charge" in at.screen_text()
        await at.press("right_square_bracket", "t")
        assert at.app.session.filter_text == 'name:="billing.charge"'


async def test_a_display_at_rest_keeps_the_figures() -> None:
    async with driven(store=store_of((5, "a.one", 1.0, 5))) as at:
        await at.press("5", "p")
        before = at.screen_text()
        await at.news(*run(0, "late", "a.one", 9.0))
        at.engine.store.sweep(NOW + 1)
        await at.news()
        assert at.screen_text() == before


async def test_other_names_are_one_row_of_which_nothing_can_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "MAX_NAMES", 1)
    store = store_of((5, "a.one", 9.0, 1), (5, "b.two", 1.0, 1), (5, "c.three", 1.0, 1))
    async with driven(store=store) as at:
        await at.press("5", "j", "j")
        assert types_of(at).shown == ["a.one", "other names (2)"]
        await at.press("enter")
        assert at.app.main.navigator.view.name == "types"
        await at.press("t", "L")
        assert at.app.main.navigator.view.name == "types"
        assert types_of(at).cursor == "other names (2)"


async def test_a_hostile_name_is_shown_harmless() -> None:
    async with driven(store=store_of((5, "a\x1b[2Jb", 1.0, 9)), size=(140, 40)) as at:
        await at.press("5", "j")
        assert "\x1b" not in at.screen_text()
        await at.press("enter")
        assert at.app.main.navigator.view.name == "tasks"


async def detail_of(at: Driver, runtime: float, ends: str = "succeeded") -> str:
    """What the detail says of a run that ended now."""
    await at.news(*run(0, "this", "a.one", runtime, ends))
    at.app.main.navigator.open(Scope.TASK, "this")
    at.app.main.repaint()
    await at.pilot.pause()
    return at.screen_text()


@pytest.mark.parametrize(
    ("runtime", "words"),
    [(9.0, "slower than 99% of 101 successful"), (0.5, "faster than 99% of 101 successful")],
)
async def test_a_task_stands_among_the_runs_of_its_type(runtime: float, words: str) -> None:
    async with driven(store=store_of((5, "a.one", 1.0, 100))) as at:
        assert words in await detail_of(at, runtime)


async def test_a_failure_is_compared_with_the_successes() -> None:
    async with driven(store=store_of((5, "a.one", 1.0, 100))) as at:
        assert "slower than 100% of 100 successful" in await detail_of(at, 9.0, "failed")


async def test_a_task_that_runs_is_only_called_slower() -> None:
    async with driven(store=store_of((5, "a.one", 1.0, 100))) as at:
        text = await detail_of(at, 3.0, "progress")
        assert "already slower than 100% of 100 successful" in text
    async with driven(store=store_of((5, "a.one", 10.0, 100))) as at:
        assert "successful runs" not in await detail_of(at, 3.0, "progress")


async def test_a_few_runs_say_nothing_of_a_task() -> None:
    async with driven(store=store_of((5, "a.one", 1.0, 18))) as at:
        assert "successful runs" not in await detail_of(at, 9.0)


async def test_a_type_has_its_failures_by_group_in_the_window() -> None:
    store = store_of((20, "a.task", 1.0, 1))
    for number, (ago, text) in enumerate([(2_000, "Old('x')"), (30, "Bad('x')"), (25, "Bad('y')")]):
        received, started, _ = run(ago, f"f{number}", "a.task", 1.0)
        failed = Event(
            "task-failed",
            HOST,
            NOW - ago,
            uuid=f"f{number}",
            exception=text,
            traceback=block(CHARGE, RAISE) if "Bad" in text else None,
        )
        store.apply(Batch([received, started, failed], NOW - ago))
    async with driven((200, 60), store=store) as at:
        await at.press("5", "j")
        text = at.screen_text()
        assert "Fails with" in text
        assert "1 group" in text
        line = next(line for line in text.splitlines() if "✗ Declined" in line)
        assert "×2" in line
        assert "Old" not in text
        await at.press("]")
        assert "✗ Old" in at.screen_text()
        assert "2 groups" in at.screen_text()
