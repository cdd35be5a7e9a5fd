"""From a key to the engine and back: what may be done here, its progress, and what came of it."""

from __future__ import annotations

import pytest

from celerytui.control import ACTIONS, GROUPS, Action, Group
from celerytui.demo.sample import NOW
from celerytui.demo.traffic import BILL, GPU
from celerytui.engine import Job
from celerytui.model import Batch, Event, Finding, Item, Outcome, Reply
from celerytui.settings import Settings
from celerytui.ui.actions.confirm import Confirm
from celerytui.ui.actions.form import Form
from celerytui.ui.bars.header import Header
from celerytui.ui.bars.progress import Progress
from celerytui.ui.bars.tabs import ViewTabs
from celerytui.ui.dialogs.choice import Choice
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.views.tasks.table import TaskTable
from celerytui.ui.views.workers.list import WorkerList
from tests.ui.pilot import Driver, commands_of, driven, help_of, rows

CHANGING = [one for one in ACTIONS if one.changes]


def _titles(at: Driver) -> list[str]:
    return [note.title for note in at.toasts]


async def _on_everything(at: Driver) -> None:
    """Put a cursor on a task, a worker and a queue."""
    await at.press("2", "j", "3", "j", "4", "j")


# Read-only


@pytest.mark.parametrize("chosen", CHANGING, ids=lambda one: str(one.id))
async def test_read_only_refuses_every_change_by_any_way(chosen: Action) -> None:
    async with driven(read_only=True) as at:
        await _on_everything(at)
        assert chosen not in at.app.actions.offers.all()
        at.app.actions.act(chosen, ["something"])
        at.app.actions.do(chosen.id)
        await at.pilot.pause()
        assert not isinstance(at.app.screen, Dialog)
        assert at.engine.submitted == []
        await at.press(":")
        assert chosen.id not in {command.id for command in commands_of(at)}


async def test_read_only_has_no_key_for_a_change() -> None:
    async with driven(read_only=True) as at:
        keys: list[Action | Group] = [*CHANGING, *GROUPS]
        for view in "1234":
            await at.press(view, "j")
            for one in keys:
                if one.key:
                    await at.press(one.key)
            assert not isinstance(at.app.screen, Dialog)
            shown = {key for key, _, _ in at.app.main.key_hints()}
            assert not shown & {one.key for one in keys if one.key}
        assert at.engine.submitted == []
        text = "".join(
            part for line in help_of(at, "Tasks", TaskTable.places())[1] for part, _ in line
        )
        assert "task.revoke" not in text


async def test_read_only_keeps_what_only_asks() -> None:
    async with driven(read_only=True) as at:
        await at.press("3", "j", "a")
        menu = at.app.screen
        assert isinstance(menu, Choice)
        assert {one for one, _, _ in menu.options} == {
            one.id for one in ACTIONS if not one.changes and one.targeted and not one.group
        } | {one.id for one in ACTIONS if not one.changes and not one.targeted}


# What there is


async def test_the_footer_has_the_keys_of_what_is_under_the_cursor() -> None:
    async with driven((200, 60)) as at:
        await at.press("2", "j")
        assert {"C", "K", "R", "L", "T"} <= {key for key, _, _ in at.app.main.key_hints()}
        await at.press("3", "j")
        shown = {key for key, _, _ in at.app.main.key_hints()}
        assert {"P", "Q", "E", "D"} <= shown
        assert not shown & {"C", "K", "X"}
        await at.press("4", "j")
        assert "X" in {key for key, _, _ in at.app.main.key_hints()}


async def test_marked_workers_are_the_targets() -> None:
    async with driven() as at:
        await at.press("3", "j", "space", "space", "D", "y")
        name, targets, _ = at.engine.submitted[0]
        assert (name, len(targets)) == ("worker.shutdown", 2)
        await at.press("escape", "asterisk")
        assert at.app.session.marked_workers == set(at.app.main.body.query_one(WorkerList).shown)


async def test_events_that_are_off_are_turned_on_without_a_menu() -> None:
    async with driven() as at:
        at.engine.store.set_task_events(BILL, False, by_us=False)
        at.app.tell_widgets()
        await at.press("3", "j")
        at.app.main.body.query_one(WorkerList).go_to_key(BILL)
        await at.press("E")
        assert at.engine.submitted == [("worker.enable_events", (BILL,), {})]
        at.engine.store.set_task_events(BILL, True, by_us=True)
        await at.press("E")
        assert isinstance(at.app.screen, Choice)


async def test_where_no_worker_is_chosen_the_silent_ones_get_their_events_turned_on() -> None:
    async with driven() as at:
        hints = {key for key, _, _ in at.app.main.key_hints()}
        assert "E" not in hints
        for hostname in (BILL, GPU):  # the second one is lost and would not answer
            at.engine.store.set_task_events(hostname, False, by_us=False)
        assert "E" in {key for key, _, _ in at.app.main.key_hints()}
        await at.press("E")
        assert at.engine.submitted == [("worker.enable_events", (BILL,), {})]


async def test_an_action_on_one_worker_asks_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    async with driven() as at:
        monkeypatch.setattr(at.engine, "ask_workers", lambda: asked.append(True))
        grown = Reply(BILL, True, "pool will grow")
        at.app.show_outcome(Outcome("worker.pool_grow", (BILL,), (grown,), NOW, NOW))
        at.app.actions.report.found(Finding("worker.pool_grow", NOW, NOW, True, "it is so"))
        await at.pilot.pause()
        assert asked == []


async def test_the_menu_opens_a_group_as_a_menu_of_its_own() -> None:
    async with driven() as at:
        await at.press("3", "j", "a")
        menu = at.app.screen
        assert isinstance(menu, Choice)
        await at.press("P")
        assert at.app.screen is not menu
        assert isinstance(at.app.screen, Choice)


async def test_an_action_is_done_with_the_mouse_alone() -> None:
    async with driven((160, 40)) as at:
        await at.press("3", "j")
        footer = at.app.main.footer
        await at.click(footer, "D ")
        question = at.app.screen
        assert isinstance(question, Confirm)
        await at.click(question.box, "Yes, ")
        assert at.engine.submitted == [("worker.shutdown", (BILL,), {})]


async def test_a_form_is_filled_in_with_the_mouse_alone() -> None:
    async with driven((80, 24)) as at:
        at.app.actions.do("worker.pool_grow")
        await at.pilot.pause()
        await at.pilot.click(at.app.screen, offset=(40, 12))
        await at.pilot.pause()
        form = at.app.screen
        assert isinstance(form, Form)
        place = len("Grow the pool")
        await at.pilot.click(form.buttons, offset=(form.buttons.size.width // 2 - place // 2, 0))
        assert [name for name, _, _ in at.engine.submitted] == ["worker.pool_grow"]


# While it goes on, and what came of it


async def test_progress_shows_once_it_takes_time_and_x_cancels() -> None:
    async with driven() as at:
        bar = at.app.query_one(Progress)
        running = Job("task.revoke", ("a",) * 10_000, {}, NOW)
        at.engine.executor.running.append(running)
        at.app.main.repaint()
        before = bool(bar.display)
        assert not before
        running.since = NOW - 3
        running.done, running.total, running.note = 3_000, 10_000, "revoking"
        at.app.main.repaint()
        await at.pilot.pause()
        assert bar.display
        assert "3,000 of 10,000" in rows(bar)[0]
        await at.press("x")
        assert running.cancelled
        at.engine.executor.running.clear()
        at.app.main.repaint()
        assert not bar.display


async def test_only_what_succeeded_is_unmarked() -> None:
    async with driven() as at:
        at.app.session.marked = {"a", "b", "c"}
        items = (Item("a", True, "done"), Item("b", False, "no"), Item("c", None, "cancelled"))
        done = Outcome("task.abort", ("a", "b", "c"), (), NOW, NOW, items=items)
        at.engine.log.record(done)
        at.app.show_outcome(done)
        assert at.app.session.marked == {"b", "c"}


async def test_silence_unmarks_nothing() -> None:
    async with driven() as at:
        at.app.session.marked_workers = {BILL}
        quiet = Reply(BILL, None, "no reply within 1 s")
        at.app.show_outcome(Outcome("worker.shutdown", (BILL,), (quiet,), NOW, NOW))
        assert at.app.session.marked_workers == {BILL}


@pytest.mark.parametrize("view", ["tasks", "task"])
async def test_the_new_task_is_followed_once_it_is_heard_of(view: str) -> None:
    async with driven() as at:
        await at.press("2", "j", *(["enter"] if view == "task" else []))
        item = Item("old", True, "sent", "brand-new")
        at.app.show_outcome(Outcome("task.run_again", ("old",), (), NOW, NOW, items=(item,)))
        before = at.app.main.table.cursor
        assert before != "brand-new"
        sent = Event("task-received", "celery@web1", NOW, uuid="brand-new", name="a.task")
        at.engine.store.apply(Batch([sent], NOW))
        at.engine.view.refresh()
        at.app.tell_widgets()
        await at.pilot.pause()
        shown = at.app.main.detail.task_id if view == "task" else at.app.main.table.cursor
        assert shown == "brand-new"


async def test_what_was_not_so_afterwards_is_said_and_what_was_is_not() -> None:
    async with driven() as at:
        found = at.app.actions.report.found
        found(Finding("worker.pool_grow", NOW, NOW, True, "it has its new size"))
        assert _titles(at) == []
        found(Finding("worker.shutdown", NOW, NOW, False, "it goes on"))
        await at.pilot.pause()
        assert _titles(at) == ["Shut down, afterwards"]


# Production


@pytest.mark.parametrize("production", [True, False])
async def test_a_production_cluster_is_marked(production: bool) -> None:
    async with driven(production=production) as at:
        assert Settings().production is False
        assert at.app.query_one(Header).ground == ("failure" if production else "surface")
        assert ("PRODUCTION" in rows(at.app.query_one(ViewTabs))[0]) is production
