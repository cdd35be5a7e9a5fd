"""What backends that keep a meta under a key have in common: Redis, files, and others by id."""

from __future__ import annotations

from typing import Any

from celerytui.masking import one_line
from celerytui.model import StoredGroup, StoredResult
from celerytui.results.decode import Undecodable, decode_any
from celerytui.results.meta import UNKNOWN, from_meta, member_ids

TASK_PREFIX = "celery-task-meta-"
GROUP_PREFIX = "celery-taskset-meta-"
DEFAULT_SERIALIZER = "json"


def content_type_of(app: Any) -> str:
    """The content type of an app's `result_serializer`."""
    from kombu.serialization import registry

    serializer = str(app.conf.result_serializer or DEFAULT_SERIALIZER)
    return str(registry.name_to_type.get(serializer, serializer))


def read_meta(payload: Any, task_id: str, content_type: str | None) -> StoredResult:
    """The result in a stored meta; one that cannot be decoded has its `flaw`."""
    try:
        meta = decode_any(payload, content_type)
        if not isinstance(meta, dict):
            raise Undecodable("not a result but something else")
    except Undecodable as error:
        return StoredResult(task_id, UNKNOWN, flaw=one_line(error))
    return from_meta(meta, task_id)


def read_group(
    payload: Any, group_id: str, content_type: str | None, missing: int | None = None
) -> StoredGroup:
    """The group in what was saved of it; one that cannot be decoded has its `flaw`."""
    try:
        return StoredGroup(group_id, member_ids(decode_any(payload, content_type)), missing)
    except Undecodable as error:
        return StoredGroup(group_id, (), missing, flaw=one_line(error))
