"""The editor before a task is run again: its real arguments, or what is known of them and why that
is not enough."""

from __future__ import annotations

from msgspec.structs import replace

from celerytui.columns import clean, format_id
from celerytui.control import Action
from celerytui.model import Arguments, Refusal, Task
from celerytui.ui.actions.action_form import action_note
from celerytui.ui.actions.form import Form
from celerytui.ui.actions.twice import twice_lines
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session

ARGUMENTS = {"args": 'a JSON list such as [1, "two"]', "kwargs": 'a JSON object such as {"a": 1}'}


def rerun_form(
    session: Session, action: Action, task_id: str, task: Task | None, found: Arguments | Refusal
) -> Form:
    """The form of an action that edits a task's arguments, filled in as far as they are known."""
    title = _title(session, action, task_id, found.name or (None if task is None else task.name))
    note = action_note(session, action)
    twice = twice_lines(session, action, [] if task is None else [task])
    params = [
        replace(param, required=True, help=ARGUMENTS[param.name])
        if param.name in ARGUMENTS
        else param
        for param in action.params
    ]
    if isinstance(found, Arguments):
        source: Spans = [
            ("arguments from ", "muted"),
            (clean(found.source, limit=90), "text"),
        ]
        return Form(
            session, title, note, params, intro=[*twice, source], go="Run it again", ready=True,
            values=_values(found),
        )  # fmt: skip
    known = {"args": found.known_args, "kwargs": found.known_kwargs, "queue": found.queue}
    mark = (f"{session.glyphs.warning} ", "warning bold")
    intro: list[Spans] = [
        *twice,
        [mark, ("not run again: ", "strong"), (clean(found.reason, limit=240), "text")],
        [("To send it anyway, enter its arguments as JSON.", "muted")],
    ]
    return Form(
        session, title, note, params, intro=intro, go="Send it",
        values={name: text for name, text in known.items() if text},
    )  # fmt: skip


def _title(session: Session, action: Action, task_id: str, name: str | None) -> Spans:
    return [
        (action.label, "strong"),
        ("  " + (clean(name, limit=60) if name else "name unknown"), "text"),
        ("  " + format_id(task_id, ascii=session.ascii), "muted"),
    ]


def _values(found: Arguments) -> dict[str, str]:
    """The values of the form's parameters, those that were not given left out."""
    values = {"args": found.args, "kwargs": found.kwargs}
    if found.queue:
        values["queue"] = found.queue
    if found.priority is not None:
        values["priority"] = str(found.priority)
    return values
