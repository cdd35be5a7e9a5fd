"""The parts that all backends have in common: Celery's meta, exceptions, children, times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timezone
from typing import Any

from celerytui.iso_time import moment
from celerytui.masking import mask, masked_repr
from celerytui.model import StoredGroup, StoredResult, id_text

FAILED = frozenset(("FAILURE", "RETRY", "REVOKED"))
"""States whose result is an exception."""
ENDED = frozenset(("SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED"))
UNKNOWN = "UNKNOWN"
"""The state of a row that has none that is a text."""
KNOWN = frozenset(
    (
        *("status", "result", "traceback", "children", "date_done", "task_id", "group_id"),
        *("parent_id", "name", "args", "kwargs", "worker", "retries", "queue"),
    )
)
MAX_CHILDREN = 10_000
MAX_GROUPS = 20
"""As many groups that one task sent are looked at."""
MOST = 2**31
_END = object()


def from_meta(meta: Mapping[str, Any], task_id: str, flaw: str | None = None) -> StoredResult:
    """A result from the meta that `celery.backends.base` stores, decoded; whatever is in it."""
    state = text(meta.get("status")) or UNKNOWN
    failed = state in FAILED
    task_id = id_text(meta.get("task_id")) or task_id
    rest = {name: value for name, value in meta.items() if name not in KNOWN}
    return StoredResult(
        id=task_id,
        state=state,
        name=text(meta.get("name")),
        args=meta.get("args"),
        kwargs=meta.get("kwargs"),
        result=None if failed else meta.get("result"),
        exception=exception_text(meta.get("result")) if failed else None,
        traceback=text(meta.get("traceback")),
        worker=text(meta.get("worker")),
        queue=text(meta.get("queue")),
        retries=count(meta.get("retries")),
        finished=moment(meta.get("date_done"), timezone.utc) if state in ENDED else None,
        parent_id=id_text(meta.get("parent_id")),
        group_id=id_text(meta.get("group_id")),
        children=children_ids(meta.get("children")),
        meta=rest or None,
        flaw=flaw,
        groups=groups_sent(meta.get("children"), task_id),
    )


def count(value: Any) -> int | None:
    """A value that should be a number of something, None where it can't be one."""
    is_one = isinstance(value, int) and not isinstance(value, bool)
    return value if is_one and 0 <= value < MOST else None


def text(value: Any) -> str | None:
    """A value that should be a text, as one, passwords masked; bytes are decoded."""
    if value is None or value == "":
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value).decode("utf-8", "replace")
    return mask(value if isinstance(value, str) else str(value))


def exception_text(stored: Any) -> str | None:
    """The repr of an exception as `Backend.prepare_exception` stores it."""
    if not isinstance(stored, Mapping) or "exc_type" not in stored:
        if stored is None or isinstance(stored, str):
            return text(stored)
        return masked_repr(stored)
    arguments = stored.get("exc_message")
    if not isinstance(arguments, (list, tuple)):
        arguments = () if arguments is None else (arguments,)
    # A sentence remains as events have it: they are grouped by it.
    shown = (repr(one) if isinstance(one, str) else masked_repr(one) for one in arguments)
    return mask(f"{stored['exc_type']}({', '.join(shown)})")


def children_ids(children: Any) -> tuple[str, ...] | None:
    """The ids in Celery's `((id, parent), members)`, those of a group's members too.

    None where nothing says whether there were any.
    """
    if not isinstance(children, (list, tuple)):
        return None
    found = list[str]()
    for one in _ids(children):
        if len(found) >= MAX_CHILDREN:
            break
        found.append(one)
    return tuple(found)


def member_ids(group: Any) -> tuple[str, ...]:
    """The ids of the members in what `GroupResult.as_tuple` gives: `((id, parent), members)`."""
    if isinstance(group, Mapping):
        group = group.get("result")
    if isinstance(group, (list, tuple)) and len(group) == 2 and isinstance(group[1], (list, tuple)):
        return children_ids(group[1]) or ()
    return children_ids(group) or ()


def groups_sent(children: Any, parent_id: str) -> tuple[StoredGroup, ...]:
    """The groups among a task's children with the ids of their members, `MAX_GROUPS` at most."""
    found = list[StoredGroup]()
    for child in children if isinstance(children, (list, tuple)) else ():
        if not isinstance(child, (list, tuple)) or len(child) != 2:
            continue
        head, members = child
        group_id = id_text(head[0]) if isinstance(head, (list, tuple)) and head else None
        if group_id and isinstance(members, (list, tuple)) and members:
            ids = children_ids(members) or ()
            size = max(len(ids), len(members))
            found.append(StoredGroup(group_id, ids, size=size, parent_id=parent_id))
        if len(found) == MAX_GROUPS:
            break
    return tuple(found)


def _ids(children: Any) -> Iterator[str]:
    pending = [iter(children)]
    while pending:
        child = next(pending[-1], _END)
        if child is _END:
            pending.pop()
        elif isinstance(child, str):
            yield child
        elif isinstance(child, (list, tuple)) and len(child) == 2:
            head, members = child
            if isinstance(members, (list, tuple)) and members:
                if len(pending) < 50:
                    pending.append(iter(members))
            elif isinstance(head, (list, tuple)) and head and (one := id_text(head[0])):
                yield one
