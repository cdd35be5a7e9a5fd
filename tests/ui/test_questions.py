"""What is asked before an action, what is not sent at all, and who is named afterwards."""

from __future__ import annotations

import pytest

from celerytui.control import ACTIONS, Action, Scope, action
from celerytui.demo.sample import NOW
from celerytui.demo.traffic import BILL
from celerytui.model import Batch, Event, Outcome, Reply, TaskState
from celerytui.store import Store
from celerytui.ui.actions.confirm import Confirm
from celerytui.ui.actions.form import Form
from celerytui.ui.actions.inputs import TextField
from celerytui.ui.dialogs.dialog import Box
from tests.ui.pilot import Driver, driven, place_of, rows

pytestmark = pytest.mark.slow

TARGETS = {
    Scope.ENTRY: ["sync-inventory"],
    Scope.WORKER: [BILL],
    Scope.QUEUE: ["mail"],
    Scope.TYPE: ["billing.charge"],
}
VALUES = {"name": "a.task", "max": "3", "arguments": "{}"}


def _state_of(at: Driver, *states: TaskState) -> list[str]:
    """The ids of a task in each of these states."""
    tasks = at.engine.store.all_tasks()
    return [next(task.id for task in tasks if task.state is state) for state in states]


async def _ask(at: Driver, one: Action, targets: list[str]) -> str:
    """What the question before an action says, its form filled in."""
    at.app.actions.act(one, targets)
    await at.pilot.pause()
    form = at.app.screen
    if isinstance(form, Form):
        for name, field in form.fields.items():
            if isinstance(field, TextField) and not field.value:
                field.value = VALUES.get(name, "")
                if form.params[name].required and not field.value:
                    field.value = "x"
        await at.pilot.pause()
        await at.press("enter")
    assert isinstance(at.app.screen, Confirm), one.id
    return "\n".join("".join(text for text, _ in line) for line in at.app.screen.box.lines)


async def test_every_question_says_what_will_be_done() -> None:
    async with driven() as at:
        running = _state_of(at, TaskState.STARTED)
        for one in ACTIONS:
            if not one.destructive:
                continue
            targets = running if one.scope is Scope.TASK else TARGETS.get(one.scope, [])
            shown = await _ask(at, one, targets)
            assert "Will be " in shown, one.id
            await at.press("escape")
        shown = await _ask(at, action("task.revoke"), running)
        assert "Will be sent to 4 workers; waits 1 s for replies; logged" in shown


@pytest.mark.parametrize("one", [one for one in ACTIONS if one.effect], ids=lambda one: one.id)
def test_every_effect_is_in_the_future_or_is_none(one: Action) -> None:
    assert one.effect is not None
    for state in TaskState:
        effect = one.effect(state, {param.name: param.default for param in one.params})
        assert effect.text.startswith("will " if effect.reaches else "already "), effect.text


@pytest.mark.parametrize("id", ["task.revoke", "task.terminate", "task.abort"])
async def test_a_finished_task_is_not_asked_about_and_nothing_is_sent(id: str) -> None:
    async with driven() as at:
        (done,) = _state_of(at, TaskState.SUCCESS)
        at.app.main.table.go_to_key(done)
        await at.press("2")
        at.app.actions.do(id)
        await at.pilot.pause()
        assert at.app.screen is at.app.main
        assert at.engine.submitted == []
        assert at.toasts[-1].message.endswith("not sent, the task has already finished")


async def test_of_several_tasks_those_that_finished_are_left_out_and_it_says_so() -> None:
    async with driven() as at:
        mixed = _state_of(at, TaskState.SUCCESS, TaskState.STARTED)
        shown = await _ask(at, action("task.revoke"), mixed)
        assert "already finished: will not be sent" in shown
        assert "will run to the end" in shown
        assert "Yes, revoke 1 " in shown


async def test_the_queues_and_ids_of_several_names_stand_in_columns() -> None:
    store = Store(clock=lambda: NOW)
    for number, (name, queue) in enumerate((("a.b", "mail"), ("a.long.one", None), ("c", None))):
        fields = {"uuid": f"{number}" * 32, "name": name, "queue": queue}
        kind = "task-sent" if queue else "task-received"
        store.apply(Batch([Event(kind, BILL, NOW, **fields)], NOW))  # type: ignore[arg-type]  # the fields of an event
    async with driven(store=store) as at:
        lines = (
            await _ask(at, action("task.revoke"), [f"{n}" * 32 for n in range(3)])
        ).splitlines()
        places = [
            line.index(f"{n}" * 4 + "…") for n in range(3) for line in lines if f"{n}{n}…" in line
        ]
        assert len(places) == 3
        assert len(set(places)) == 1


async def test_a_terminate_names_the_worker_that_had_the_task_and_counts_the_rest() -> None:
    async with driven() as at:
        unknown = "terminate: tasks unknown (it did not have the task)"
        replies = [Reply(f"celery@w{number}", True, unknown) for number in range(8)]
        replies.insert(3, Reply(BILL, True, "terminate: some-id"))
        at.app.show_outcome(Outcome("task.terminate", ("some-id",), tuple(replies), NOW, NOW))
        await at.pilot.pause()
        message = at.toasts[-1].message
        assert BILL in message
        assert "8 other workers did not have it" in message
        assert "celery@w" not in message
        at.app.show_outcome(Outcome("task.terminate", ("id",), tuple(replies[:1]), NOW, NOW))
        await at.pilot.pause()
        assert "1 worker did not have it" in at.toasts[-1].message


async def test_turning_events_off_and_autoscaling_ask_first() -> None:
    async with driven() as at:
        await at.press("3", "j", "E", "2")
        assert isinstance(at.app.screen, Confirm)
        assert at.engine.submitted == []
        await at.press("y")
        assert at.engine.submitted == [("worker.disable_events", (BILL,), {})]
        await at.press("P", "3", "4", "enter")
        assert isinstance(at.app.screen, Confirm)
        assert len(at.engine.submitted) == 1
        await at.press("y")
        assert at.engine.submitted[1][0] == "worker.autoscale"
        assert at.engine.submitted[1][2]["max"] == "4"


async def test_a_worker_alone_keeps_its_whole_name() -> None:
    store = Store()
    beat = Event("worker-heartbeat", "till@bar", NOW)
    task = Event("task-received", "till@bar", NOW, uuid="an-id", name="a.task")
    store.apply(Batch([beat, task], NOW))
    async with driven((80, 24), store=store) as at:
        for view in "1234":
            await at.press(view)
            shown = at.screen_text()
            assert shown.count("till@bar") == len(rows_with(shown, "bar"))
        await at.press("2")
        assert "till@bar" in at.screen_text()


def rows_with(text: str, word: str) -> list[str]:
    """The lines that have a word in them."""
    return [line for line in text.splitlines() if word in line]


async def test_what_counts_one_says_one() -> None:
    async with driven() as at:
        at.engine.store.set_task_events(BILL, False, by_us=False)
        shown = await _ask(at, action("worker.shutdown"), [BILL])
        assert "Will be sent to 1 worker;" in shown
        assert "1 workers" not in "\n".join(rows(at.app.screen.query_one(Box)))


async def test_what_ends_processes_asks_and_no_is_in_focus() -> None:
    async with driven() as at:
        await at.press("3", "j", "D")
        assert isinstance(at.app.screen, Confirm)
        await at.press("enter")
        assert at.engine.submitted == []
        await at.press("D", "y")
        assert at.engine.submitted == [("worker.shutdown", ("celery@bill1",), {})]


@pytest.mark.parametrize("height", [12, 16, 24])
async def test_the_buttons_of_a_long_question_are_always_there(height: int) -> None:
    async with driven((80, height)) as at:
        await at.press("2", "j", "asterisk", "C")
        question = at.app.screen
        assert isinstance(question, Confirm)
        box = question.box
        assert len(box.lines) > 18
        place = place_of(box, "Yes, revoke")
        await at.press("down", "down")
        assert place_of(box, "Yes, revoke").y == place.y
        await at.click(box, "Yes, revoke")
        assert [name for name, _, _ in at.engine.submitted] == ["task.revoke"]
