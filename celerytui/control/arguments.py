"""The real arguments of a task that was there, which are found and never guessed."""

from __future__ import annotations

from typing import Any

from celerytui.control.talk import Talk
from celerytui.model import Arguments, Refusal, Task


def find_arguments(app: Any, talk: Talk, task_id: str, task: Task | None) -> Arguments | Refusal:
    """The arguments of a task as JSON texts, or why they are not known for certain."""
    if task is None:
        return Refusal("nothing is known of this task")
    return Refusal("not known", task.name, task.args, task.kwargs, task.queue)
