"""What keys and the mouse do, on the sample cluster, by the real app."""

from __future__ import annotations

import pytest
from rich.style import Style

from celerytui.demo.sample import NOW
from celerytui.errors import SettingsError
from celerytui.model import Batch, Event, Outcome, Reply
from celerytui.store import Store
from celerytui.ui.actions.confirm import Confirm
from celerytui.ui.bars.header import Header
from celerytui.ui.dialogs.choice import Choice
from celerytui.ui.dialogs.reading import Reading
from celerytui.ui.messages import StoreChanged
from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.registry import all_keys
from celerytui.ui.views.workers.list import WorkerList
from tests.ui.pilot import commands_of, cursor_row, driven, rows


def _received(task_id: str, name: str = "late.comer") -> Event:
    return Event("task-received", "celery@web1", NOW, uuid=task_id, name=name, args="()")


async def test_the_cursor_stays_on_its_task_while_rows_come_in_above() -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "j")
        chosen = at.app.main.table.cursor
        row = cursor_row(at.app.main.table)
        await at.news(*(_received(f"new-{i}") for i in range(50)))
        assert at.app.main.table.cursor == chosen
        assert cursor_row(at.app.main.table) == row


@pytest.mark.parametrize(("key", "by"), [("j", 1), ("k", -1)])
async def test_a_step_is_one_row_also_from_rows_that_came_unseen(key: str, by: int) -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "j")
        table = at.app.main.table
        place = cursor_row(table)
        at.engine.store.apply(Batch([_received(f"new-{i}") for i in range(500)], NOW))
        at.engine.view.refresh()
        await at.press(key)
        assert cursor_row(table) == place + by


async def test_where_all_rows_were_evicted_the_newest_are_shown() -> None:
    store = Store(max_tasks=100)
    store.apply(Batch([_received(f"old-{i}") for i in range(100)], NOW))
    async with driven(store=store) as at:
        await at.press("2", "G")
        store.apply(Batch([_received(f"new-{i}") for i in range(50)], NOW))
        assert not any(map(store.task, at.app.main.table.shown))
        at.app.main.table.paint()
        assert at.app.main.table.shown[0] == at.engine.view.ids(0, 1)[0]


async def test_without_a_cursor_the_newest_are_shown() -> None:
    async with driven() as at:
        await at.press("2")
        await at.news(_received("newest"))
        assert at.app.main.table.cursor is None
        assert at.app.main.table.shown[0] == "newest"


async def test_new_rows_do_not_scroll_the_reader_away() -> None:
    async with driven() as at:
        await at.press("2")
        table = at.app.main.table
        await at.scroll_down(table, 10)
        assert table.shown[0] != at.engine.view.ids(0, 1)[0]
        first = table.shown[0]
        await at.news(*(_received(f"new-{i}") for i in range(20)))
        assert table.shown[0] == first


async def test_moving_to_both_ends() -> None:
    async with driven() as at:
        await at.press("2", "G")
        ids = at.engine.view.ids(0, at.engine.view.matched)
        assert at.app.main.table.cursor == ids[-1]
        await at.press("g")
        assert at.app.main.table.cursor == ids[0]
        await at.press("pagedown")
        assert at.app.main.table.cursor == ids[at.app.main.table.page_rows]


async def test_follow_stays_with_the_newest_and_a_move_ends_it() -> None:
    async with driven() as at:
        await at.press("2", "f")
        await at.news(_received("newest"))
        assert at.app.main.table.cursor == "newest"
        await at.press("j")
        assert not at.app.main.table.follow
        await at.news(_received("newer"))
        assert at.app.main.table.cursor != "newer"


async def test_a_cursor_whose_task_is_filtered_out_goes_to_its_neighbour() -> None:
    async with driven() as at:
        await at.press("2", "j", "j")
        gone = at.app.main.table.cursor
        task = at.engine.store.task(gone or "")
        assert task is not None
        at.app.main.filter_by(f"-id:{gone}")
        await at.pilot.pause()
        assert at.app.main.table.cursor not in (gone, None)
        assert at.app.main.table.cursor in at.app.main.table.shown


async def test_t_on_a_worker_shows_its_tasks() -> None:
    async with driven() as at:
        await at.press("3", "j")
        worker = at.app.main.body.query_one(WorkerList).cursor
        await at.press("t")
        assert at.app.main.navigator.view.name == "tasks"
        assert {task.worker for task in at.engine.view.window(0, 500)} == {worker}


async def test_sorting_by_key_and_by_a_click_on_the_head() -> None:
    async with driven() as at:
        await at.press("2", "s")
        assert isinstance(at.app.screen, Choice)
        await at.press("escape")
        at.app.main.table.sort_by("runtime")
        assert (at.engine.view.sort, at.engine.view.reverse) == ("runtime", True)
        await at.press("o")
        assert (at.engine.view.sort, at.engine.view.reverse) == ("runtime", False)
        await at.pilot.click("#tasks", offset=(5, 1))
        assert at.engine.view.sort == "state"


async def test_revoke_by_keyboard_asks_first_and_y_does_it() -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "C")
        assert isinstance(at.app.screen, Confirm)
        assert at.engine.submitted == []
        await at.press("y")
        assert at.engine.submitted == [("task.revoke", (at.app.main.table.cursor,), {})]


@pytest.mark.parametrize("key", ["n", "escape", "enter"])
async def test_no_is_what_every_other_key_says(key: str) -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "C", key)
        assert len(at.app.screen_stack) == 1
        assert at.engine.submitted == []


async def test_enter_takes_the_button_in_focus() -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "C", "tab", "enter")
        assert len(at.engine.submitted) == 1


async def test_terminate_takes_the_signal_that_was_chosen() -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "K", "down", "y")
        [(action, _, params)] = at.engine.submitted
        assert (action, params) == ("task.terminate", {"signal": "SIGKILL"})


async def test_marked_tasks_are_the_targets_also_under_a_filter() -> None:
    async with driven() as at:
        await at.press("2", "j", "space", "space")
        marked = set(at.app.session.marked)
        assert len(marked) == 2
        await at.press("C", "y")
        assert set(at.engine.submitted[0][1]) == marked


async def test_the_question_says_where_a_revoke_comes_too_late() -> None:
    async with driven() as at:
        await at.news(Event("task-received", "celery@web1", NOW, uuid="early", name="proj.add"))
        at.app.main.filter_by("id:early")
        await at.press("2", "j", "j", "C")
        assert isinstance(at.app.screen, Confirm)
        said = "\n".join("".join(text for text, _ in line) for line in at.app.screen.box.lines)
        assert "celery@web1 has a threads pool: tasks it has received will still run" in said


async def test_a_cluster_that_went_quiet_is_not_called_live() -> None:
    for later, said in ((1.0, "live"), (9.0, "silent for 9s")):
        async with driven(now=NOW + later) as at:
            header = at.app.query_one(Header)
            assert said in rows(header)[0]


async def test_mark_all_takes_all_that_match_and_back() -> None:
    async with driven() as at:
        await at.press("2")
        at.app.main.filter_by("state:failure")
        await at.press("asterisk")
        assert at.app.session.marked == set(at.engine.view.matching_ids())
        await at.press("asterisk")
        assert at.app.session.marked == set()


async def test_marks_go_with_their_tasks_unless_the_display_is_paused() -> None:
    store = Store(max_tasks=20, clock=lambda: NOW)
    async with driven(store=store) as at:
        await at.news(*(_received(f"old-{i}") for i in range(20)))
        await at.press("2", "asterisk", "p")
        assert len(at.app.session.marked) == 20
        await at.news(*(_received(f"new-{i}") for i in range(15)))
        assert len(at.app.session.marked) == 20
        await at.press("p")
        await at.news()
        assert at.app.session.marked == {f"old-{i}" for i in range(15, 20)}
        assert "5 marked" in at.screen_text()


async def test_the_target_is_what_was_under_the_cursor_when_the_key_was_pressed() -> None:
    async with driven() as at:
        await at.press("2", "j", "j", "C")
        wanted = at.app.main.table.cursor
        await at.news(*(_received(f"new-{i}") for i in range(30)))
        await at.press("y")
        assert at.engine.submitted[0][1] == (wanted,)


async def test_each_workers_answer_is_shown_and_what_was_reached_is_unmarked() -> None:
    async with driven() as at:
        await at.press("2", "j", "space")
        marked = tuple(at.app.session.marked)
        replies = (
            Reply("celery@web1", True, "tasks flagged as revoked"),
            Reply("celery@bill1", None, "no reply within 1 s"),
        )
        at.engine.outcomes.append(Outcome("task.revoke", marked, replies, NOW, NOW))
        at.engine.mailbox.post()
        await at.pilot.pause()
        await at.pilot.pause()
        [toast] = at.toasts
        assert toast.severity == "warning"
        assert "celery@web1" in toast.message
        assert "no reply within 1 s" in toast.message
        assert at.app.session.marked == set()


async def test_read_only_has_no_action_in_keys_palette_and_menu() -> None:
    async with driven(read_only=True) as at:
        await at.press("2", "j", "C", "K", "E", "a")
        assert len(at.app.screen_stack) == 1
        assert at.engine.submitted == []
        assert not {label for _, label, _ in at.app.main.key_hints()} & {"revoke", "terminate"}
        await at.press(":")
        commands = {command.title for command in commands_of(at)}
        assert commands.isdisjoint({"Revoke", "Terminate", "Enable task events"})


async def test_pause_freezes_the_display_and_not_the_store() -> None:
    async with driven() as at:
        await at.press("2", "p")
        before = at.screen_text()
        await at.news(_received("unseen"))
        assert at.screen_text() == before
        assert at.engine.store.task("unseen") is not None
        await at.press("p")
        at.engine.view.refresh()
        await at.news()
        assert "late.comer" in at.screen_text()


async def test_zoom_and_tab_go_through_the_panels() -> None:
    async with driven() as at:
        await at.press("z")
        assert [pane.id for pane in at.app.main.body.panes] == ["tasks"]
        await at.press("escape")
        assert len(at.app.main.body.panes) == 7
        await at.press("tab")
        assert at.app.screen.focused is at.app.main.detail


def _edge(pane: Pane) -> Style | None:
    return next(iter(pane.render_line(0))).style


async def test_the_frame_and_the_footer_go_with_the_focus() -> None:
    async with driven() as at:
        accent = at.app.session.palette.style("border.focused")
        for key in ("tab", "tab", "tab", "slash"):
            await at.press(key)
            framed = [pane for pane in at.app.main.body.panes if _edge(pane) == accent]
            assert framed == [pane for pane in at.app.main.body.panes if pane.has_focus]
        assert "cancel" in rows(at.app.main.footer)[0]


async def test_help_of_the_pane_in_focus() -> None:
    async with driven() as at:
        await at.press("question_mark")
        assert isinstance(at.app.screen, Reading)
        assert at.app.screen.heading == "Help: Tasks"
        await at.press("escape", "3", "question_mark")
        assert isinstance(at.app.screen, Reading)
        assert at.app.screen.heading == "Help: Workers"


async def test_the_mouse_chooses_opens_scrolls_and_changes_views() -> None:
    async with driven() as at:
        await at.pilot.click("#views", offset=(17, 0))
        await at.pilot.pause()
        assert at.app.main.navigator.view.name == "tasks"
        await at.pilot.click("#tasks", offset=(20, 5))
        third = at.engine.view.ids(3, 1)[0]
        assert at.app.main.table.cursor == third
        await at.pilot.click("#tasks", offset=(20, 5), times=2)
        await at.pilot.pause()
        assert at.app.main.navigator.view.name == "task"


async def test_an_unchanged_screen_repaints_nothing() -> None:
    async with driven() as at:
        await at.press("2", "j")
        painted: list[object] = []
        for pane in at.app.main.body.panes:
            pane.refresh = lambda *regions, **_: painted.append(regions)  # type: ignore[method-assign,assignment]  # noted
        at.app.main.post_message(StoreChanged())
        await at.pilot.pause()
        assert painted == []


async def test_keys_can_be_remapped_by_id() -> None:
    async with driven(keys={"task.revoke": "f8"}) as at:
        await at.press("2", "j", "j", "C")
        assert len(at.app.screen_stack) == 1
        await at.press("f8")
        assert isinstance(at.app.screen, Confirm)


def test_a_key_for_something_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"task\.revok.*did you mean task\.revoke"):
        all_keys({"task.revok": "f8"})


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (400, 120)])
async def test_no_size_of_terminal_is_too_odd(size: tuple[int, int]) -> None:
    async with driven(size) as at:
        await at.press("j", "enter", "escape", "2", "3", "4", "1", "question_mark", "escape", "tab")
        await at.pilot.resize_terminal(80, 24)
        await at.pilot.pause()
        assert "Tasks" in at.screen_text()


async def test_the_dashboard_is_drawn_half_as_often_as_a_list() -> None:
    async with driven(refresh=1.0) as at:
        assert at.engine.refresher.pace == 2.0
        await at.press("2")
        assert at.engine.refresher.pace == 1.0
        await at.press("1")
        assert at.engine.refresher.pace == 2.0
