"""The groups that a task belongs to, as far as a result backend knows them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from celerytui.model import StoredGroup, StoredResult, Task, id_value
from celerytui.query import EMPTY
from celerytui.results.rows import as_task
from celerytui.results.source import Source
from celerytui.results.wanted import Wanted

MAX_GROUPS = 8
"""As many groups are looked at for one task."""
LONGEST_SEARCH = 5.0
"""Seconds after which no further group or member is read."""
MAX_MEMBERS = 200
"""As many members of a group are named, and read for one task: those of its own group first."""
NEAR = 200
"""As many tasks before and after a member are asked whether they are in its group."""
Near = Callable[[str, int], list[str]]
"""Gives the ids of the tasks that arrived at most so many before or after one."""


def membership(source: Source, ids: Iterable[str]) -> dict[str, str]:
    """The groups of these tasks, by their ids, where results do not name theirs.

    Reads no more groups than it takes, and not for ever; raises BackendUnavailable.
    """
    found, wanted = dict[str, str](), set(ids)
    end = time.monotonic() + LONGEST_SEARCH
    for group in source.groups(wanted) if wanted else ():
        for one in wanted.intersection(group.members):
            found[one] = group.id
            wanted.discard(one)
        if not wanted or time.monotonic() > end:
            break
    return found


class GroupSearch:
    """Finds the groups of one task in a source.

    `groups` are those that it is in, that its parent is in, and that both sent: its own first.
    They are there also where a later question raises BackendUnavailable.
    """

    def __init__(self, task_id: str, parent_id: str | None) -> None:
        self._task_id = task_id
        self._parent_id = parent_id
        self.groups: tuple[StoredGroup, ...] = ()

    def find(self, source: Source) -> None:
        """Find the groups; raises BackendUnavailable."""
        task_id = self._task_id
        own = source.one(_key(task_id))
        parent_id = self._parent_id or (None if own is None else own.parent_id)
        if parent_id == task_id:
            parent_id = None
        parent = None if parent_id is None else source.one(_key(parent_id))
        known = dict[str, StoredGroup]()
        sent = [group for one in (parent, own) if one is not None for group in one.groups]
        # The own one first, then its neighbours.
        for group in sorted(sent, key=lambda group: task_id not in group.members):
            known.setdefault(group.id, group)
        self.groups = tuple(known.values())[:MAX_GROUPS]
        named = dict(_named(task_id, own, parent_id, parent))
        unnamed = [one for one in (task_id, parent_id) if one is not None and one not in named]
        inside = {one for group in sent for one in group.members}
        named |= membership(source, [one for one in unnamed if one not in inside])
        ids = dict.fromkeys([*filter(None, map(named.get, (task_id, parent_id or ""))), *known])
        found = [_joined(known.get(one), source.group(one), one) for one in [*ids][:MAX_GROUPS]]
        body = _is_body(task_id, own, parent)
        joined = (_with_named(group, named, task_id, parent_id, body=body) for group in found)
        self.groups = tuple(_cut(group, (task_id, parent_id)) for group in joined)

    def find_others(self, source: Source, near: Near) -> None:
        """Find more members of groups that nothing but results names; raises BackendUnavailable.

        A chord that a client sent is gone from Redis when it is over. Its members were sent one
        after the other, so that they are among the tasks that arrived `near` the one that is known.
        """
        groups = list(self.groups)
        for number, group in enumerate(groups):
            if group.partial and group.size is None and group.members:
                asked = [_key(one) for one in near(group.members[0], NEAR)]
                groups[number] = _with_others(group, _read(source, asked))
                self.groups = tuple(groups)

    def results(
        self, source: Source, unknown: Callable[[Sequence[str]], list[str]]
    ) -> tuple[Task, ...]:
        """What is kept of the members that are `unknown` otherwise; raises BackendUnavailable."""
        ids = dict.fromkeys(one for group in self.groups for one in group.members)
        asked = [_key(one) for one in unknown([*ids][:MAX_MEMBERS])]
        return tuple(_short(one) for one in _read(source, asked) if one.id in ids)


def _read(source: Source, keys: Sequence[str]) -> list[StoredResult]:
    """The results of these tasks, as far as it gets in time."""
    found = list[StoredResult]()
    end = time.monotonic() + LONGEST_SEARCH
    for page in source.pages(Wanted(EMPTY, 0.0, ids=tuple(keys)), len(keys)) if keys else ():
        found += page.results
        if time.monotonic() > end:
            break
    return found


def _key(task_id: str) -> str:
    """The text under which backends keep a task."""
    return str(id_value(task_id))


def _named(
    task_id: str, own: StoredResult | None, parent_id: str | None, parent: StoredResult | None
) -> Iterable[tuple[str, str]]:
    """The groups that the results of both name."""
    for one, result in ((task_id, own), (parent_id, parent)):
        if one is not None and result is not None and result.group_id is not None:
            yield one, result.group_id


def _joined(sent: StoredGroup | None, kept: StoredGroup | None, group_id: str) -> StoredGroup:
    """A group as it was sent and as it was kept, whichever has more of its members."""
    if sent is None or kept is None:
        return kept or sent or StoredGroup(group_id, ())
    if len(sent.members) < len(kept.members):
        return replace(kept, parent_id=sent.parent_id)
    return replace(kept, members=sent.members, partial=False, flaw=None, parent_id=sent.parent_id)


def _is_body(task_id: str, own: StoredResult | None, parent: StoredResult | None) -> bool | None:
    """Whether a task that names the group of its parent came after that group: it is the body of
    its chord, or a part of that. None where nothing says so.

    What a task sends itself, as by `add_to_chord`, is among its children; the body is sent when
    these are stored already.
    """
    if own is None or own.group_id is None or parent is None or parent.children is None:
        return None
    return own.group_id == parent.group_id and task_id not in parent.children


def _with_named(
    group: StoredGroup,
    named: dict[str, str],
    task_id: str,
    parent_id: str | None,
    *,
    body: bool | None,
) -> StoredGroup:
    """The group with its `body`, and those of its members that only their own results name."""
    ids = [task_id] if parent_id is None else [parent_id, task_id]
    found = [one for one in ids if named.get(one) == group.id]
    if found[1:] and body is not False:
        found.remove(task_id)
        if body and task_id not in group.members:
            group = replace(group, body=(task_id,))
    missing = [one for one in found if one not in group.members]
    if not missing or (group.members and not group.partial):
        return group
    return replace(group, members=(*missing, *group.members), partial=True)


def _with_others(group: StoredGroup, results: Iterable[StoredResult]) -> StoredGroup:
    """The group with those that name it in their results: more members, and its body.

    Whoever has the parent of a member is one. Of others that have a parent it is not known where
    that did not name the group too: a retry has itself.
    """
    named = {one.id: one for one in results if one.group_id == group.id}
    known = named.get(group.members[0])
    parents = {None, None if known is None else known.parent_id}
    members, body = dict.fromkeys(group.members), dict.fromkeys(group.body)
    for one in named.values():
        sender = named.get(one.parent_id or "")
        after = None if sender is None or sender is one else _is_body(one.id, one, sender)
        if after:
            body[one.id] = None
        elif after is False or one.parent_id in parents - {one.id}:
            members[one.id] = None
    kept = [one for one in members if one not in body]
    return replace(group, members=tuple(kept), body=tuple(body))


def _cut(group: StoredGroup, near: Sequence[str | None]) -> StoredGroup:
    """The group with its first members, and those that it was found by."""
    members = group.members
    if len(members) <= MAX_MEMBERS:
        return group
    kept = [one for one in near if one in members[MAX_MEMBERS:]]
    return replace(group, members=(*members[:MAX_MEMBERS], *filter(None, kept)), size=group.count)


def _short(result: StoredResult) -> Task:
    """A result as a row of the tree has it: without arguments and what it returned."""
    task = as_task(replace(result, args=None, kwargs=None, result=None))
    task.args = task.kwargs = task.result = None
    return task
