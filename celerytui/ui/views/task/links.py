"""The relatives and groups of a task as links, with the one that is chosen."""

from __future__ import annotations

from functools import partial

from celerytui.columns import clean, format_clock
from celerytui.counts import counted
from celerytui.model import StoredGroup, Task, TaskGroups
from celerytui.store import MAX_FAMILY, Store
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.panes.scrolled import RowOrLater
from celerytui.ui.session import Session
from celerytui.ui.views.task.chords import bodies, with_bodies
from celerytui.ui.views.task.family import Unknown, family_tree
from celerytui.ui.views.task.relatives import relative_line

LINK_KEYS = ("detail.next_link", "detail.previous_link")
"""The keys that go through links."""


class Links:
    """The tree of a task's relatives, drawn, and which of them is chosen.

    `rows` are the ids of the tasks by the lines that they were drawn in.
    """

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}
        self._ids: list[str] = []
        self._at = -1

    def clear(self) -> None:
        """Choose none, and have none drawn."""
        self.rows, self._ids, self._at = {}, [], -1

    def hide(self) -> None:
        """Have none drawn: there is no room."""
        self.rows, self._ids = {}, []

    @property
    def chosen(self) -> str | None:
        """The id of the task that is chosen."""
        return self._ids[self._at] if 0 <= self._at < len(self._ids) else None

    def step(self, by: int) -> int | None:
        """Choose the next one, or the one before; the line that it stands in, None for none."""
        if not self._ids:
            return None
        if self._at < 0 and by < 0:
            self._at = 0
        self._at = (self._at + by) % len(self._ids)
        return next((row for row, one in self.rows.items() if one == self.chosen), None)

    def draw(
        self,
        session: Session,
        task: Task,
        answer: TaskGroups | None,
        width: int,
        at: int,
        *,
        awaited: bool,
    ) -> list[RowOrLater]:
        """The section from line `at` on; `awaited` says that an answer on its groups is to come."""
        known, groups = family_of(session.engine.store, task, answer)
        tree = family_tree([*known.values()], session.glyphs, groups)
        chosen, rows, ends = self.chosen, list[RowOrLater](), bodies(groups, known)
        self.hide()
        for prefix, node in tree if len(tree) > 1 else ():
            ground = "bg"
            if isinstance(node, (Task, Unknown)):
                self.rows[at + 1 + len(rows)] = node.id
                if node.id != task.id:
                    self._ids.append(node.id)
                    ground = "cursor" if node.id == chosen else "bg"
            body = isinstance(node, Task) and node.id in ends
            line = partial(
                relative_line, session, prefix, node, width, known, this=task.id, body=body
            )
            rows.append((line, ground))
        head = section(width, "Links", self._title(session, answer, groups), glyphs=session.glyphs)
        if not rows:
            rows.append(([("no related tasks seen", "muted")], "bg"))
        if awaited:
            rows.append(([("asking the result backend for its group", "muted")], "bg"))
        elif answer is not None and answer.error is not None:
            mark: Span = (f"{session.glyphs.warning} ", "warning bold")
            rows.append(([mark, (clean(answer.error, limit=1000), "text")], "bg"))
        return [(head, "bg"), *rows]

    def _title(
        self, session: Session, answer: TaskGroups | None, groups: tuple[StoredGroup, ...]
    ) -> Spans:
        """How many tasks there are, and when the groups were read."""
        if not self.rows:
            return []
        words = counted(len(self.rows), "task")
        if groups and answer is not None:
            words += f"   groups as of {format_clock(answer.taken_at, session.utc)}"
        return [(words, "muted")]


def family_of(
    store: Store, task: Task, answer: TaskGroups | None
) -> tuple[dict[str, Task], tuple[StoredGroup, ...]]:
    """The task with its relatives by their ids, and the groups that are worth a row.

    Members of the groups are among them as far as they are in memory, else in the result backend.
    """
    # An errback is sent as a group of itself alone.
    found_groups = () if answer is None else answer.groups
    groups = tuple(one for one in found_groups if one.count != 1 or one.body)
    members = dict.fromkeys(one for group in groups for one in (*group.members, *group.body))
    found = {one.id: one for one in store.relatives(task.id, [*members])}
    found[task.id] = task
    for one in () if answer is None else answer.results:
        if one.id in members and len(found) <= MAX_FAMILY:
            found.setdefault(one.id, one)
    return found, with_bodies(groups, found)
