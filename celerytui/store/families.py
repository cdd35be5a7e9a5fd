"""Which tasks belong to one workflow."""

from __future__ import annotations

from celerytui.model import Task

MAX_FAMILY = 200


class Families:
    """The members that each root task is known to have, the first `MAX_FAMILY` of them.

    Only tasks with another root than themselves are entered: most tasks have no family, and cost
    nothing here.
    """

    __slots__ = ("_members",)

    def __init__(self) -> None:
        self._members: dict[str, list[str]] = {}

    def join(self, task: Task) -> None:
        """Enter a task under its root."""
        root = task.root_id
        if root is None or root == task.id:
            return
        members = self._members.get(root)
        if members is None:
            self._members[root] = [task.id]
        elif len(members) < MAX_FAMILY and task.id not in members:
            members.append(task.id)

    def leave(self, task: Task) -> None:
        """Take an evicted task out."""
        root = task.root_id
        if root is None or root == task.id:
            return
        members = self._members.get(root)
        if members is not None and task.id in members:
            members.remove(task.id)
            if not members:
                del self._members[root]

    def ids(self, task: Task) -> list[str]:
        """The ids of the task's relatives as far as they are known, without its own."""
        root = task.root_id or task.id
        near = [root, *([task.parent_id] if task.parent_id is not None else [])]
        found = dict.fromkeys([*near, *self._members.get(root, ())])
        found.pop(task.id, None)
        return list(found)[:MAX_FAMILY]
