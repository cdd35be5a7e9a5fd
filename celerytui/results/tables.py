"""The tables in which databases keep results: their columns, and a row of them as a result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import tzinfo
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from celerytui.iso_time import moment
from celerytui.masking import one_line
from celerytui.model import StoredGroup, StoredResult
from celerytui.results.decode import COMPRESSED, Undecodable, decode_any, unpacked
from celerytui.results.meta import (
    ENDED,
    FAILED,
    UNKNOWN,
    children_ids,
    count,
    exception_text,
    groups_sent,
    member_ids,
    text,
)

Row = Mapping[str, Any]
ReadRow = Callable[[Row, str | None, tzinfo], StoredResult]


class Table(Struct, frozen=True):
    """A table of results by what its columns are for, and how a row of it is read.

    `read` is given the row by the names of its columns, the content type of the app's serializer,
    and the zone of times that name none. Columns that a database does not have are left out.
    """

    name: str
    key: str
    id: str
    state: str
    task_name: str
    worker: str
    done: str
    columns: tuple[str, ...]
    read: ReadRow
    groups: str
    group_id: str
    chords: str | None = None


def _read_celery(row: Row, content_type: str | None, zone: tzinfo) -> StoredResult:
    parts = _Parts(lambda column: decode_any(row.get(column), content_type))
    state = text(row.get("status")) or UNKNOWN
    stored, children = parts.get("result"), parts.get("children")
    task_id = text(row.get("task_id")) or ""
    return StoredResult(
        id=task_id,
        state=state,
        name=text(row.get("name")),
        args=parts.get("args"),
        kwargs=parts.get("kwargs"),
        result=None if state in FAILED else stored,
        exception=exception_text(stored) if state in FAILED else None,
        traceback=text(row.get("traceback")),
        worker=text(row.get("worker")),
        queue=text(row.get("queue")),
        retries=count(row.get("retries")),
        finished=moment(row.get("date_done"), zone) if state in ENDED else None,
        children=children_ids(children),
        meta=parts.get("stamps"),
        flaw=parts.flaw,
        groups=groups_sent(children, task_id),
    )


def _read_django(row: Row, _content_type: str | None, zone: tzinfo) -> StoredResult:
    encoding = text(row.get("content_encoding")) or "utf-8"
    declared = text(row.get("content_type"))
    parts = _Parts(
        lambda column: decode_any(unpacked(row.get(column) or None, encoding), declared, encoding)
    )
    state = text(row.get("status")) or UNKNOWN
    stored, meta = parts.get("result"), parts.get("meta")
    meta = dict(meta) if isinstance(meta, dict) else {}
    children = meta.pop("children", None)
    if periodic := text(row.get("periodic_task_name")):
        meta["periodic_task_name"] = periodic
    task_id = text(row.get("task_id")) or ""
    return StoredResult(
        id=task_id,
        state=state,
        name=text(row.get("task_name")),
        args=_argument(row, "task_args", declared, encoding),
        kwargs=_argument(row, "task_kwargs", declared, encoding),
        result=None if state in FAILED else stored,
        exception=exception_text(stored) if state in FAILED else None,
        traceback=text(row.get("traceback")),
        worker=text(row.get("worker")),
        created=moment(row.get("date_created"), zone),
        started=moment(row.get("date_started"), zone),
        finished=moment(row.get("date_done"), zone) if state in ENDED else None,
        children=children_ids(children),
        meta=meta or None,
        flaw=parts.flaw,
        groups=groups_sent(children, task_id),
    )


def _argument(row: Row, column: str, declared: str | None, encoding: str) -> Any:
    """Arguments, which its versions encoded once, twice or not at all."""
    value = row.get(column)
    if not value:
        return None
    try:
        value = decode_any(unpacked(value, encoding), declared, encoding)
        if isinstance(value, str) and value[:1] == value[-1:] == '"' and len(value) > 1:
            value = decode_any(value, declared, encoding)
    except Undecodable:
        return text(value)
    return text(value) if isinstance(value, str) else value


class _Parts:
    """The encoded columns of a row: one that cannot be decoded is None, and noted."""

    def __init__(self, decode: Callable[[str], Any]) -> None:
        self._decode = decode
        self.flaw: str | None = None

    def get(self, column: str) -> Any:
        """The plain value of a column."""
        try:
            return self._decode(column)
        except Undecodable as error:
            self.flaw = self.flaw or f"{column}: {one_line(error)}"
            return None


def read_saved_group(row: Row, content_type: str | None, zone: tzinfo) -> StoredGroup:
    """A group from a row of either package's table; one that can't be decoded has its `flaw`."""
    encoding = text(row.get("content_encoding")) or "utf-8"
    declared = text(row.get("content_type")) or content_type
    group_id = text(row.get("taskset_id") or row.get("group_id")) or ""
    created = moment(row.get("date_created") or row.get("date_done"), zone)
    try:
        saved = decode_any(unpacked(row.get("result"), encoding), declared, encoding)
    except Undecodable as error:
        return StoredGroup(group_id, (), created=created, flaw=one_line(error))
    return StoredGroup(group_id, member_ids(saved), created=created)


def may_hold(row: Row, ids: Collection[str]) -> bool:
    """Whether a row of groups may have one of these tasks as a member; True for no ids at all.

    Finding an id takes a tenth of decoding what a thousand members have.
    """
    stored = row.get("result") or row.get("sub_tasks") or b""
    if not ids or row.get("content_encoding") == "binary":
        return True
    raw = stored.encode("utf-8", "replace") if isinstance(stored, str) else bytes(stored)
    if raw.startswith(COMPRESSED):
        return True
    # Others may be written with escapes.
    plain = all(one.isascii() and one.isprintable() and not set(one) & {'"', "\\"} for one in ids)
    return not plain or any(one.encode() in raw for one in ids)


def read_chord(row: Row) -> StoredGroup:
    """A chord's header from a row of django-celery-results' counters, which is gone at its end."""
    group_id, missing = text(row.get("group_id")) or "", count(row.get("count"))
    try:
        members = children_ids(decode_any(row.get("sub_tasks"), None)) or ()
    except Undecodable as error:
        return StoredGroup(group_id, (), missing, flaw=one_line(error))
    return StoredGroup(group_id, members, missing, size=max(len(members), missing or 0) or None)


def with_chord(
    saved: Row | None, chord: Row | None, content_type: str | None, zone: tzinfo
) -> StoredGroup | None:
    """A group as its row and that of its chord's counter have it; None where neither is there."""
    counted = None if chord is None else read_chord(chord)
    if saved is None:
        return counted
    group = read_saved_group(saved, content_type, zone)
    return group if counted is None else replace(group, missing=counted.missing, size=counted.size)


CELERY = Table(
    "celery_taskmeta",
    key="id",
    id="task_id",
    state="status",
    task_name="name",
    worker="worker",
    done="date_done",
    columns=(
        *("id", "task_id", "status", "result", "date_done", "traceback", "children", "name"),
        *("args", "kwargs", "worker", "retries", "queue", "stamps"),
    ),
    read=_read_celery,
    groups="celery_tasksetmeta",
    group_id="taskset_id",
)
DJANGO = Table(
    "django_celery_results_taskresult",
    key="id",
    id="task_id",
    state="status",
    task_name="task_name",
    worker="worker",
    done="date_done",
    columns=(
        *("id", "task_id", "periodic_task_name", "task_name", "task_args", "task_kwargs"),
        *("status", "worker", "content_type", "content_encoding", "result", "date_created"),
        *("date_started", "date_done", "traceback", "meta"),
    ),
    read=_read_django,
    groups="django_celery_results_groupresult",
    group_id="group_id",
    chords="django_celery_results_chordcounter",
)
TABLES = (CELERY, DJANGO)
