"""The forms for parameters, and the questions that follow them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from textual.widgets import Input

from celerytui.control import ACTIONS, Action, Param, Scope, action
from celerytui.control.action import Effect, Reach
from celerytui.model import Refusal
from celerytui.ui.actions.confirm import Confirm, TypedConfirm
from celerytui.ui.actions.form import Form
from celerytui.ui.actions.inputs import ChoiceField, TextField
from celerytui.ui.dialogs.choice import Choice
from celerytui.ui.draw.steady_input import SteadyInput
from tests.ui.pilot import Driver, driven

pytestmark = pytest.mark.slow

PARAMS = (
    Param("name", "Task", "name", required=True, suggest="tasks"),
    Param("args", "Args", "json", default="[]", shape="list"),
    Param("kind", "Kind", "choice", ("direct", "topic", "fanout"), "direct"),
    Param("count", "Count", "number", minimum=1),
)


class _Asked:
    """A form that is on the screen, and what it came to."""

    def __init__(self, at: Driver, params: Sequence[Param] = PARAMS, **options: object) -> None:
        self.results: list[dict[str, str] | None] = []
        self.form = Form(at.app.session, [("Try", "strong")], [], params, **options)  # type: ignore[arg-type]  # the options of a form
        at.app.push_screen(self.form, self.results.append)


async def test_no_cursor_blinks() -> None:
    inputs = [one for one in Input.__subclasses__() if one.__module__.startswith("celerytui.")]
    assert inputs == [SteadyInput]
    async with driven() as at:
        asked = _Asked(at)
        field = asked.form.fields["name"]
        assert isinstance(field, Input)
        assert not field.cursor_blink


async def test_enter_sends_once_the_required_fields_are_filled() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.press("enter")
        assert asked.results == []
        assert asked.form.focused is asked.form.fields["name"]
        await at.press(*"a.task", "enter")
        assert asked.results == [{"name": "a.task", "args": "[]", "kind": "direct", "count": ""}]


async def test_enter_goes_to_the_next_field_that_is_missing() -> None:
    async with driven() as at:
        params = [Param("a", "A", required=True), Param("b", "B"), Param("c", "C", required=True)]
        asked = _Asked(at, params)
        await at.press("x")
        assert "Enter next field" in _text(asked.form)
        await at.press("enter")
        assert asked.results == []
        assert asked.form.focused is asked.form.fields["c"]
        await at.press("y")
        assert "Enter go on" in _text(asked.form)
        await at.press("enter")
        assert asked.results == [{"a": "x", "b": "", "c": "y"}]


async def test_optional_fields_are_folded_until_one_key_or_a_click_shows_them() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.pilot.pause()
        form = asked.form
        assert form.folded == {"args", "kind", "count"}
        assert "ctrl+o 3 more: args, kind, count" in _text(form)
        assert not any(form.fields[name].display for name in form.folded)
        await at.press("ctrl+o")
        assert form.focused is form.fields["args"]
        assert all(field.display for field in form.fields.values())
        await at.press("down", "right", "down", *"12", "up", "up", "up", *"a.task", "enter")
        assert asked.results == [{"name": "a.task", "args": "[]", "kind": "topic", "count": "12"}]
        again = _Asked(at)
        await at.pilot.pause()
        await at.click(again.form.box, "3 more")
        assert again.form.folded == set()


async def test_what_is_filled_in_is_not_folded_and_no_form_is_all_folds() -> None:
    async with driven() as at:
        assert _Asked(at, values={"count": "3"}).form.folded == {"args", "kind"}
        await at.press("escape")
        assert _Asked(at, [Param("soft", "Soft"), Param("hard", "Hard")]).form.folded == set()


def _text(form: Form) -> str:
    return "\n".join("".join(text for text, _ in line) for line in form.box.lines)


async def test_escape_closes_without_a_result() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.press(*"abc", "escape")
        assert asked.results == [None]


async def test_a_click_beside_a_form_loses_nothing() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.press(*"abc")
        await at.pilot.click(offset=(1, 1))
        assert asked.results == []
        assert asked.form.values["name"] == "abc"


async def test_tab_completes_and_then_goes_on() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.press(*"billing.c", "tab")
        assert asked.form.values["name"] == "billing.charge"
        assert asked.form.focused is asked.form.fields["name"]
        await at.press("tab")
        assert asked.form.buttons.has_focus


async def test_a_completion_can_be_clicked() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.press(*"billing.")
        await at.click(asked.form.box, "invoice")
        assert asked.form.values["name"] == "billing.invoice"


async def test_lists_are_completed_word_by_word() -> None:
    async with driven() as at:
        asked = _Asked(at, [Param("workers", "On workers", suggest="workers")])
        await at.press(*"celery@w", "tab", ",", *" celery@b", "tab")
        assert asked.form.values["workers"] == "celery@web1, celery@bill1"


async def test_a_mistake_stands_under_its_field_and_holds_the_form() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.press(*"a.task", "ctrl+o", "x", "enter")
        lines = ["".join(text for text, _ in line) for line in asked.form.box.lines]
        wrong = next(index for index, line in enumerate(lines) if "is not JSON" in line)
        assert lines[wrong - 1].startswith("Args")
        await at.press("tab", "enter")
        assert asked.results == []
        assert asked.form.focused is asked.form.fields["args"]


async def test_what_is_needed_is_asked_for() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.press("up", "enter")
        assert asked.results == []
        assert asked.form.focused is asked.form.fields["name"]
        assert asked.form.mistake("name") == "is required"


async def test_a_choice_can_be_clicked() -> None:
    async with driven() as at:
        asked = _Asked(at)
        await at.press("ctrl+o")
        field = asked.form.fields["kind"]
        assert isinstance(field, ChoiceField)
        await at.pilot.click(field, offset=(len(" direct  topic ") + 2, 0))
        assert field.value == "fanout"


async def test_a_ready_form_is_taken_with_enter() -> None:
    async with driven() as at:
        asked = _Asked(at, ready=True, values={"name": "a.task", "count": "3"})
        await at.press("enter")
        assert asked.results == [{"name": "a.task", "args": "[]", "kind": "direct", "count": "3"}]


async def test_control_characters_are_not_taken() -> None:
    async with driven() as at:
        asked = _Asked(at, values={"name": "a\x1b]0;b\x07"})
        await at.pilot.pause()
        field = asked.form.fields["name"]
        assert isinstance(field, TextField)
        assert field.value.isprintable()
        assert not field.restrict or "\x1b" not in field.value


@pytest.mark.parametrize("size", [(80, 24), (60, 14)])
async def test_a_long_form_scrolls_to_the_field_in_focus(size: tuple[int, int]) -> None:
    async with driven(size) as at:
        params = [Param(f"p{index}", f"Field {index}") for index in range(20)]
        asked = _Asked(at, params)
        await at.press(*["down"] * 15)
        field = asked.form.fields["p15"]
        assert field.has_focus
        assert field.display
        assert asked.form.box.region.contains_region(field.region)


@pytest.mark.parametrize(
    "chosen", [one for one in ACTIONS if one.params], ids=lambda one: str(one.id)
)
async def test_every_action_with_parameters_has_a_form_that_fits(chosen: Action) -> None:
    async with driven((80, 24)) as at:
        at.app.push_screen(Form(at.app.session, [(chosen.label, "strong")], [], chosen.params))
        await at.pilot.pause()
        form = at.app.screen
        assert isinstance(form, Form)
        assert at.app.screen.region.contains_region(form.box.region)
        await at.press("escape")
        assert not isinstance(at.app.screen, Form)


# The questions


async def test_a_purge_needs_the_queues_name() -> None:
    async with driven() as at:
        await at.press("4", "j", "j", "j", "X")
        screen = at.app.screen
        assert isinstance(screen, TypedConfirm)
        await at.press("y", "enter")
        assert at.engine.submitted == []
        assert isinstance(at.app.screen, TypedConfirm)
        await at.press("backspace", *screen.wanted, "enter")
        assert at.engine.submitted == [("queue.purge", (screen.wanted,), {})]


async def test_a_purge_by_name_asks_for_the_task_and_then_for_the_name() -> None:
    async with driven() as at:
        await at.press("4", "j")
        at.app.actions.do("queue.purge_by_name")
        await at.press(*"billing.charge", "enter", "enter")
        screen = at.app.screen
        assert isinstance(screen, TypedConfirm)
        assert screen.params == {"task": "billing.charge"}
        shown = "\n".join("".join(text for text, _ in line) for line in screen.box.lines)
        assert "waiting messages; those of billing.charge will be deleted" in shown
        await at.press("escape")
        assert at.engine.submitted == []


async def test_run_again_shows_the_found_arguments_and_sends_them() -> None:
    async with driven() as at:
        await at.press("2", "j", "R")
        screen = at.app.screen
        assert isinstance(screen, Form)
        assert screen.values["args"] == '[42, "tok_visa_4242"]'
        cursor = at.app.main.table.cursor or ""
        await at.press("enter")
        name, targets, params = at.engine.submitted[0]
        assert (name, targets) == ("task.run_again", (cursor,))
        assert params["kwargs"] == '{"user": 7, "currency": "EUR"}'
        assert params["queue"] == "high"


async def test_run_again_never_guesses() -> None:
    async with driven() as at:
        at.engine.arguments = Refusal(
            "they were cut short", "billing.charge", "(42, 'tok_...", None
        )
        await at.press("2", "j", "R")
        screen = at.app.screen
        assert isinstance(screen, Form)
        shown = " ".join(text for line in screen.box.lines for text, _ in line)
        assert "they were cut short" in shown
        assert screen.values["args"] == "(42, 'tok_..."
        await at.press("shift+tab", "enter")
        assert at.engine.submitted == []
        assert screen.mistake("args") is not None
        assert screen.mistake("kwargs") == "is required"


async def test_several_tasks_are_run_again_after_a_question() -> None:
    async with driven() as at:
        await at.press("2", "j", "space", "space", "R")
        assert isinstance(at.app.screen, Confirm)
        await at.press("y")
        name, targets, params = at.engine.submitted[0]
        assert (name, len(targets)) == ("task.run_again", 2)
        assert not any(params.values())


async def test_limits_begin_with_those_that_hold_now() -> None:
    async with driven() as at:
        at.app.actions.act(action("type.time_limits"), ["billing.dunning"])
        await at.pilot.pause()
        screen = at.app.screen
        assert isinstance(screen, Form)
        assert screen.values == {"soft": "60", "hard": "90", "workers": ""}


async def test_another_action_is_asked_about_in_its_own_words() -> None:
    ours = replace(
        action("task.revoke"),
        label="Polish",
        params=(Param("shine", "Shine", "choice", ("matt", "glossy"), "matt"),),
        reach=Reach("done with a cloth", "nothing gets wet"),
        effect=lambda state, params: Effect(
            f"will be {params['shine']}", instead="task.terminate", does="scratches"
        ),
    )
    async with driven() as at:
        await at.press("2", "j")
        at.app.actions.act(ours)
        await at.press("down")
        screen = at.app.screen
        assert isinstance(screen, Confirm)
        shown = "\n".join("".join(text for text, _ in line) for line in screen.box.lines)
        for words in (
            "will be glossy: K scratches",
            "done with a cloth; nothing gets wet",
            "Yes, polish",
            "shine",
        ):
            assert words in shown
        await at.press("y")
        ((_, _, params),) = at.engine.submitted
        assert params == {"shine": "glossy"}


async def test_a_form_is_filled_in_with_the_worker_or_the_queue_that_is_here() -> None:
    async with driven() as at:
        await at.press("3", "j")
        at.app.actions.act(action("type.rate_limit"), ["billing.dunning"])
        await at.pilot.pause()
        screen = at.app.screen
        assert isinstance(screen, Form)
        assert screen.values["workers"] == "celery@bill1"
        await at.press("escape", "4", "j")
        (queue,) = at.app.actions.offers.at.targets(Scope.QUEUE)
        at.app.actions.act(action("worker.add_consumer"), ["celery@bill1"])
        await at.press("enter")
        ((name, targets, params),) = at.engine.submitted
        assert (name, targets) == ("worker.add_consumer", ("celery@bill1",))
        assert params["queue"] == queue


async def test_the_task_under_the_cursor_fills_in_its_name_its_queue_and_its_worker() -> None:
    async with driven() as at:
        await at.press("2", "j")
        task = at.engine.store.task(at.app.main.table.cursor or "")
        assert task is not None
        assert task.worker is not None
        await at.press(":", *"send a task", "enter")
        form = at.app.screen
        assert isinstance(form, Form)
        assert (form.values["name"], form.values["queue"]) == (task.name, task.queue)
        await at.press("escape", "Q")
        await at.press("enter")
        choice = at.app.screen
        assert isinstance(choice, Choice)
        assert choice.options[choice.at][0] == task.worker
        await at.press("enter", "enter")
        assert at.engine.submitted[-1][1] == (task.worker,)
        assert at.engine.submitted[-1][2]["queue"] == task.queue


async def test_a_tasks_worker_does_not_narrow_a_limit_for_all_workers() -> None:
    async with driven() as at:
        await at.press("2", "j", "L")
        form = at.app.screen
        assert isinstance(form, Form)
        assert form.values["workers"] == ""


async def test_a_group_is_a_menu() -> None:
    async with driven() as at:
        await at.press("3", "j", "P")
        menu = at.app.screen
        assert isinstance(menu, Choice)
        await at.press("2", "enter", "enter")
        assert at.engine.submitted == [("worker.pool_shrink", ("celery@bill1",), {"n": "1"})]


async def test_without_a_row_the_target_is_asked_for() -> None:
    async with driven() as at:
        at.app.actions.do("worker.ping")
        await at.pilot.pause()
        assert isinstance(at.app.screen, Choice)
        await at.press("enter")
        name, targets, _ = at.engine.submitted[0]
        assert name == "worker.ping"
        assert len(targets) == 4
