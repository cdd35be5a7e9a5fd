"""Which tasks are the bodies of chords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from celerytui.model import StoredGroup, Task

UNLOCK = "celery.chord_unlock"
"""The task with which Celery waits for a chord's header where its backend cannot count: it sends
the body, and nothing else."""
_GROUP = re.compile(r"[\[(]'([^'\\]{1,256})', ")


def sent_bodies(tasks: Iterable[Task]) -> dict[str, str | None]:
    """The bodies that `UNLOCK` sent by their ids, each with the id of its header where known."""
    tasks = [*tasks]
    unlocks = {one.id: _header(one) for one in tasks if one.name == UNLOCK}
    return {
        one.id: unlocks[one.parent_id]
        for one in (tasks if unlocks else ())
        if one.parent_id in unlocks and one.id not in unlocks
    }


def with_bodies(
    groups: Sequence[StoredGroup], known: Mapping[str, Task]
) -> tuple[StoredGroup, ...]:
    """The groups with the bodies that events tell of; a backend may name a body as a member."""
    sent = sent_bodies(known.values())
    return tuple(_with_body(group, sent) for group in groups) if sent else tuple(groups)


def bodies(groups: Iterable[StoredGroup], known: Mapping[str, Task]) -> frozenset[str]:
    """The ids of all that are known as bodies."""
    return frozenset((*sent_bodies(known.values()), *(one for g in groups for one in g.body)))


def _header(unlock: Task) -> str | None:
    """The id of the group that it waits for, its first argument."""
    found = _GROUP.match(unlock.args or "")
    return None if found is None else found[1]


def _with_body(group: StoredGroup, sent: Mapping[str, str | None]) -> StoredGroup:
    body = [one for one, header in sent.items() if header == group.id]
    if not body:
        return group
    members = tuple(one for one in group.members if one not in body)
    return replace(group, members=members, body=tuple(dict.fromkeys((*group.body, *body))))
