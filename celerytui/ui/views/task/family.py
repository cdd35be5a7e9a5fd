"""A task's parents, siblings and children as the branches of a tree."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.columns import clean, format_id, format_running, state_role
from celerytui.model import Task
from celerytui.ui.draw.glyphs import Glyphs
from celerytui.ui.draw.spans import Line
from celerytui.ui.session import Session


def family_tree(tasks: Sequence[Task], glyphs: Glyphs) -> list[tuple[str, Task]]:
    """The tasks as a tree by their parents, each with its branches; orphans at the top."""
    by_id = {task.id: task for task in tasks}
    children: dict[str | None, list[Task]] = {}
    for task in sorted(tasks, key=lambda one: (one.sent or one.received or one.seen, one.seq)):
        parent = task.parent_id if task.parent_id in by_id and task.parent_id != task.id else None
        children.setdefault(parent, []).append(task)
    rows: list[tuple[str, Task]] = []
    seen: set[str] = set()
    stack: list[tuple[str, str, Task]] = [("", "", one) for one in reversed(children.get(None, []))]
    while stack:
        prefix, below, task = stack.pop()
        if task.id in seen:
            continue
        seen.add(task.id)
        rows.append((prefix, task))
        under = children.get(task.id, [])
        for index, child in reversed(list(enumerate(under))):
            last = index == len(under) - 1
            stack.append(
                (
                    f"{below}{glyphs.last if last else glyphs.branch} ",
                    f"{below}{'  ' if last else glyphs.trunk} ",
                    child,
                )
            )
    # A hostile stream may say that two tasks are each other's parents.
    rows += [("", task) for task in tasks if task.id not in seen]
    return rows


def relative_line(session: Session, prefix: str, task: Task, width: int, *, this: bool) -> Line:
    """One task of the tree in `width` cells; `this` is the one whose tree it is."""
    role = state_role(task.state)
    line = Line(width, session.glyphs.ellipsis)
    line.left((prefix, "faint"), (f"{session.glyphs.state(task.state)} ", role))
    name = clean(task.name, limit=80) if task.name else "name unknown"
    line.left((name, "strong" if this else "text"), ("  this task" if this else "", "muted"))
    ran = format_running(task, session.now(), ascii=session.ascii)
    return line.right(
        (format_id(task.id, ascii=session.ascii) + "  ", "muted"),
        (task.state.label.ljust(9), role),
        (ran.rjust(8), "text"),
    )
