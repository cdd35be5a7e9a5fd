"""A task's parents, siblings, children and groups as the branches of a tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from celerytui.model import StoredGroup, Task
from celerytui.store import MAX_FAMILY
from celerytui.ui.draw.glyphs import Glyphs


class Unknown(Struct, frozen=True):
    """A member of a group of which no more is known than its id."""

    id: str


class Rest(Struct, frozen=True):
    """Members of a group that have no row: too many, or `unnamed`, their ids not being known."""

    count: int
    unnamed: bool


Node = Task | StoredGroup | Unknown | Rest
Place = str | int | None
"""Where a branch grows: below a task by its id, a group by its number, or at the top."""


def family_tree(
    tasks: Sequence[Task], glyphs: Glyphs, groups: Sequence[StoredGroup] = ()
) -> list[tuple[str, Node]]:
    """The tasks as a tree by their parents and groups, each with its branches; orphans at the top.

    Each task is there once, and a chord's body after the members. Members of groups that are not
    among the tasks have a row as long as there are no more than `MAX_FAMILY` others.
    """
    rows: list[tuple[str, Node]] = []
    tree = _Tree(tasks, groups)
    seen: set[str] = set()
    stack: list[tuple[str, str, Place | Unknown | Rest]]
    stack = [("", "", one) for one in reversed(tree.below(None))]
    while stack:
        prefix, below, key = stack.pop()
        node = tree.node(key)
        if isinstance(node, Task):
            if node.id in seen:
                continue
            seen.add(node.id)
        rows.append((prefix, node))
        under = [] if isinstance(key, (Unknown, Rest)) else tree.below(key)
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


class _Tree:
    """Which branches grow where."""

    def __init__(self, tasks: Sequence[Task], groups: Sequence[StoredGroup]) -> None:
        self._by_id = {task.id: task for task in tasks}
        self._groups = groups
        self._room = MAX_FAMILY + 1 - len(self._by_id)
        self._group_of = _group_of(groups)
        self._header_of = {
            one: number
            for number, group in enumerate(groups)
            for one in group.body
            if one not in self._group_of and one != group.parent_id
        }
        self._places: dict[str | int, Place] = {one: self._grown(one) for one in self._by_id}
        for number in range(len(groups)):
            self._places[number] = None
        for number, group in enumerate(groups):
            self._places[number] = self._sender(number, group)
        self._below: dict[Place, list[Place | Unknown | Rest]] = {}
        for one in sorted(self._places, key=self._order):
            self._below.setdefault(self._places[one], []).append(one)
        for number in range(len(groups)):
            self._below[number] = [*self._members(number), *self._body(number)]

    def node(self, key: Place | Unknown | Rest) -> Node:
        """What stands at a branch."""
        if isinstance(key, (Unknown, Rest)):
            return key
        return self._groups[key] if isinstance(key, int) else self._by_id[key or ""]

    def below(self, place: Place) -> list[Place | Unknown | Rest]:
        """The branches that grow there, in order."""
        return self._below.get(place, [])

    def _grown(self, task_id: str) -> Place:
        """Where a task grows: in its group, or in that whose body it is, else below its parent."""
        number = self._group_of.get(task_id, self._header_of.get(task_id))
        if number is not None:
            return number
        parent = self._by_id[task_id].parent_id
        return parent if parent in self._by_id and parent != task_id else None

    def _sender(self, number: int, group: StoredGroup) -> Place:
        """The task that sent a group, None where it is not known, or would be its own branch."""
        parents = {self._by_id[one].parent_id for one in group.members if one in self._by_id}
        parents.discard(None)
        parent = group.parent_id or (parents.pop() if len(parents) == 1 else None)
        above: Place = parent
        passed: set[Place] = {number}
        while above is not None and above not in passed:
            passed.add(above)
            above = self._places.get(above)
        return parent if parent in self._by_id and above is None else None

    def _order(self, one: str | int) -> tuple[float, int]:
        if isinstance(one, str):
            task = self._by_id[one]
            return task.sent or task.received or task.seen, task.seq
        members = self._groups[one].members
        return min((self._order(id) for id in members if id in self._by_id), default=(0.0, 0))

    def _members(self, number: int) -> list[Place | Unknown | Rest]:
        """The members of a group in its order, and how many there are besides."""
        group, found = self._groups[number], list[Place | Unknown | Rest]()
        hidden = 0
        for one in dict.fromkeys(group.members):
            if self._group_of.get(one) != number:
                continue
            if one in self._by_id:
                found.append(one)
            elif self._room > 0:
                self._room -= 1
                found.append(Unknown(one))
            else:
                hidden += 1
        others = max(0, (group.count or 0) - len(group.members))
        if not group.partial:
            hidden, others = hidden + others, 0
        if hidden:
            found.append(Rest(hidden, unnamed=False))
        if others:
            found.append(Rest(others, unnamed=True))
        return found

    def _body(self, number: int) -> list[Place | Unknown | Rest]:
        """What came after a group: the body of its chord."""
        body = dict.fromkeys(self._groups[number].body)
        return [one for one in body if one in self._by_id and self._header_of.get(one) == number]


def _group_of(groups: Sequence[StoredGroup]) -> Mapping[str, int]:
    """The number of each member's group, the first one that has it; no task is in two."""
    found: dict[str, int] = {}
    for number, group in enumerate(groups):
        for one in group.members:
            if one != group.parent_id:
                found.setdefault(one, number)
    return found
