"""The groups of the tasks that are opened, as the result backend has them."""

from __future__ import annotations

from msgspec.structs import replace

from celerytui.model import StoredGroup, Task, TaskGroups
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session
from celerytui.ui.views.task.awaited import UNREADY

FRESH_SECONDS = 10.0
"""How old an answer may be that is shown again without asking."""
KEPT = 50
"""As many tasks' answers are kept."""
KEPT_MEMBERS = 1_000
"""As many members of a group are put together from several answers."""


class AskedGroups:
    """Asks for the groups of a task once when it is opened, and again on demand.

    One question is under way at a time, and `pane` is painted with each answer.
    """

    def __init__(self, session: Session, pane: Pane) -> None:
        self._session = session
        self._pane = pane
        self._answers: dict[str, TaskGroups] = {}
        self._due: str | None = None
        self._asking: str | None = None

    def open(self, task_id: str) -> None:
        """Have a task asked for that is opened, unless its answer is fresh."""
        known = self._answers.get(task_id)
        now = self._session.engine.clock()
        if known is None or known.error is not None or now - known.taken_at > FRESH_SECONDS:
            self._due = task_id

    def again(self, task_id: str) -> None:
        """Have a task asked for again, however fresh its answer is."""
        self._due = task_id

    def leave(self) -> None:
        """Have nothing asked for any more."""
        self._due = None

    def get(self, task_id: str) -> TaskGroups | None:
        """The last answer; None while there is none."""
        return self._answers.get(task_id)

    def is_awaited(self, task_id: str) -> bool:
        """Whether an answer is to come."""
        return task_id in (self._due, self._asking)

    def ask(self, task: Task) -> None:
        """Ask for a task that is due, as soon as there is a connection."""
        session = self._session
        if session.settings.offline or session.replaying:
            self._due = None
        if task.id != self._due or self._asking is not None or session.engine.link.state in UNREADY:
            return
        self._due, self._asking = None, task.id

        def answered(answer: TaskGroups) -> None:
            self._pane.call_later(self._take, answer)

        session.engine.read_groups(task.id, task.parent_id, answered)

    def _take(self, answer: TaskGroups) -> None:
        self._asking = None
        groups = tuple(map(self._remembered, answer.groups))
        before = self._answers.pop(answer.task_id, None)
        if answer.error is not None and not groups and before is not None:
            # What it said before is worth more than an empty place; its age tells.
            answer = replace(before, error=answer.error)
        else:
            answer = replace(answer, groups=groups)
        self._answers[answer.task_id] = answer
        while len(self._answers) > KEPT:
            del self._answers[next(iter(self._answers))]
        self._pane.paint()

    def _remembered(self, group: StoredGroup) -> StoredGroup:
        """A group with what was known of it before: a chord that is over is deleted."""
        for answer in reversed(self._answers.values()):
            for before in answer.groups:
                if before.id == group.id:
                    group = _with_earlier(group, before)
        return group


def _with_earlier(group: StoredGroup, before: StoredGroup) -> StoredGroup:
    """A group with the members and the body that only an earlier answer named."""
    body = tuple(dict.fromkeys((*group.body, *before.body)))
    both = [one for one in dict.fromkeys((*group.members, *before.members)) if one not in body]
    size = before.size if group.size is None else group.size
    if group.partial and before.partial:
        return replace(group, members=tuple(both[:KEPT_MEMBERS]), size=size, body=body)
    if len(before.members) > len(group.members):
        return replace(before, missing=group.missing, size=size, flaw=None, body=body)
    return replace(group, body=body)
