"""A task as a row of a segment, and back."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import structs

from celerytui.history.redaction import TEXT_LIMIT, Redaction, plain, safe
from celerytui.model import OWN_ROOT, Attempt, Lineage, Task, TaskExtra, TaskState

Row = tuple[Any, ...]
NAME, WORKER, QUEUE, ORIGIN = range(4)
"""Kinds of `words`: what there is little of and that many rows have."""
Word = Callable[[int, str], int]

ORIGIN_FIELDS = ("client", "exchange", "routing_key", "client_shift", "worker_shift")
"""What tasks of one sender, routing and pair of clocks share."""
_APART = {*ORIGIN_FIELDS, "exception", "traceback", "attempts"}
_RARE = tuple(field for field in TaskExtra.__struct_fields__ if field not in _APART)
_NOTHING = TaskExtra()
_MICRO = 1e6
_DAMAGE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


def key_of(stored: str | bytes) -> int:
    """The number by which an id is found, as it is stored."""
    if isinstance(stored, str):
        stored = hashlib.blake2b(stored.encode(), digest_size=8).digest()
    return int.from_bytes(stored[:8], "big", signed=True)


def stored_id(task_id: str) -> str | bytes:
    """The 16 bytes of a UUID, any other id as it is, but for what is no character."""
    if len(task_id) == 36 and task_id[8] == task_id[13] == task_id[18] == task_id[23] == "-":
        try:
            raw = bytes.fromhex(task_id.replace("-", ""))
        except ValueError:
            raw = b""
        if len(raw) == 16 and read_id(raw) == task_id:
            return raw
    return task_id if task_id.isascii() else task_id.encode("utf-8", "replace").decode()


def read_id(stored: str | bytes) -> str:
    """The id that was stored."""
    if isinstance(stored, str):
        return stored
    text = stored.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def traceback_key(text: str) -> int:
    """The number of a traceback: a hash of its text."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class DamagedRow(Exception):
    """A row that no task can be made of."""


class Encoder:
    """Makes rows of tasks.

    `word` gives the number of a text; each traceback goes to `tracebacks`, by its number.
    """

    def __init__(self, word: Word, redaction: Redaction) -> None:
        self._word = word
        self._redaction = redaction
        self.tracebacks: dict[int, str] = {}

    def row(self, task: Task) -> Row:
        """The row of a task, in the order of `TASK_COLUMNS`."""
        word, hide = self._word, self._redaction.of
        extra, lineage = task.extra, task.lineage
        stored = stored_id(task.id)
        exception = traceback = origin = rare = attempts = None
        if extra is not None:
            exception, traceback, origin, rare, attempts = self._extra(extra)
        root = parent = None
        if lineage is not None and lineage is not OWN_ROOT:
            root, parent = _stored_lineage(lineage)
        ended = task.state.finished
        if math.isnan(task.seen):
            raise ValueError("no time")
        return (
            key_of(stored),
            stored,
            None if task.name is None else word(NAME, task.name),
            None if task.worker is None else word(WORKER, task.worker),
            None if task.queue is None else word(QUEUE, task.queue),
            int(task.state),
            _fitting(task.retries),
            task.seen,
            task.sent,
            task.received,
            task.started,
            task.finished,
            _micro(task.running(0.0) if ended else task.runtime),
            _micro(task.waited) if ended else None,
            hide("args", task.args),
            hide("kwargs", task.kwargs),
            hide("result", task.result),
            exception,
            traceback,
            int(lineage is OWN_ROOT),
            root,
            parent,
            origin,
            rare,
            attempts,
        )

    def _extra(
        self, extra: TaskExtra
    ) -> tuple[str | None, int | None, int | None, str | None, str | None]:
        """Exception, traceback, origin, what is rare, and attempts."""
        return (
            safe(extra.exception),
            self._traceback(extra.traceback),
            self._origin(extra),
            self._rare(extra),
            self._attempts(extra),
        )

    def _traceback(self, text: str | None) -> int | None:
        if text is None:
            return None
        text = safe(text) or ""
        key = traceback_key(text)
        self.tracebacks[key] = text
        return key

    def _origin(self, extra: TaskExtra) -> int | None:
        fields = {name: getattr(extra, name) for name in ORIGIN_FIELDS}
        known = {name: plain(value) for name, value in fields.items() if value is not None}
        return self._word(ORIGIN, json.dumps(known)) if known else None

    def _rare(self, extra: TaskExtra) -> str | None:
        known = {
            name: value
            for name in _RARE
            if (value := getattr(extra, name)) is not None and value != getattr(_NOTHING, name)
        }
        if not known:
            return None
        hide = self._redaction.of
        if extra.progress is not None:
            message = hide("progress", extra.progress.message)
            known["progress"] = structs.replace(extra.progress, message=message)
        if extra.custom_events:
            known["custom_events"] = [
                structs.replace(one, fields=hide("events", one.fields))
                for one in extra.custom_events
            ]
        return msgspec.json.encode(plain(msgspec.to_builtins(known))).decode()

    def _attempts(self, extra: TaskExtra) -> str | None:
        if not extra.attempts:
            return None
        return json.dumps([self._attempt(one) for one in extra.attempts])

    def _attempt(self, attempt: Attempt) -> dict[str, Any]:
        known = {
            name: safe(value) if isinstance(value, str) else value
            for name, value in structs.asdict(attempt).items()
            if value is not None
        }
        known["state"] = int(attempt.state)
        if attempt.revocation is not None:
            known["revocation"] = structs.asdict(attempt.revocation)
        known["traceback"] = self._traceback(attempt.traceback)
        for field in ("exception", "result"):
            if field in known:
                known[field] = self._redaction.of(field, known[field])
        return known


def _stored_lineage(lineage: Lineage) -> tuple[str | bytes | None, str | bytes | None]:
    """Root and parent as they are stored."""
    root, parent = lineage.root_id, lineage.parent_id
    return (
        None if root is None else stored_id(root),
        None if parent is None else stored_id(parent),
    )


def _micro(seconds: float | None) -> int | None:
    return None if seconds is None else _fitting(round(seconds * _MICRO))


def _fitting(number: int | None) -> int | None:
    """A number that a database takes."""
    if number is not None and not -(2**63) <= number < 2**63:
        raise ValueError(f"{number} is no number of 8 bytes")
    return number


def as_count(number: int | None) -> int | None:
    """A number of somebody else as a database takes it, None for one that it does not."""
    return number if isinstance(number, int) and -(2**63) <= number < 2**63 else None


class Decoder:
    """Makes tasks of rows; `words` has the texts by their numbers, `traceback` reads one."""

    def __init__(
        self,
        words: Mapping[int | None, str],
        traceback: Callable[[int], str | None] = lambda key: None,
    ) -> None:
        self._words = words
        self._traceback = traceback

    def task(self, row: Sequence[Any], *, seq: int = 0) -> Task:
        """The task of a row; raises DamagedRow."""
        try:
            return self._task(row, seq)
        except (*_DAMAGE, msgspec.MsgspecError) as error:
            raise DamagedRow(f"{type(error).__name__}: {error}") from error

    def _task(self, row: Sequence[Any], seq: int) -> Task:
        word = self._words.get
        (_key, stored, name, worker, queue, state, retries, seen,
         sent, received, started, finished, runtime, _waited,
         args, kwargs, result, exception, traceback,
         own_root, root, parent, origin, rare, attempts) = row  # fmt: skip
        lineage = OWN_ROOT if own_root else None
        if root is not None or parent is not None:
            lineage = Lineage(
                None if root is None else read_id(root), None if parent is None else read_id(parent)
            )
        extra = None
        if (exception, traceback, origin, rare, attempts) != (None,) * 5:
            extra = self._extra(exception, traceback, origin, rare, attempts)
        return Task(
            read_id(stored),
            seq,
            TaskState(state),
            word(name),
            word(worker),
            word(queue),
            args,
            kwargs,
            result,
            retries,
            sent,
            received,
            started,
            finished,
            None if runtime is None else runtime / _MICRO,
            seen,
            lineage,
            extra,
        )

    def _extra(
        self,
        exception: str | None,
        traceback: int | None,
        origin: int | None,
        rare: str | None,
        attempts: str | None,
    ) -> TaskExtra:
        extra = TaskExtra() if rare is None else msgspec.json.decode(rare, type=TaskExtra)
        extra.exception = exception
        if traceback is not None:
            extra.traceback = self._traceback(traceback)
        if origin is not None:
            for name, value in json.loads(self._words.get(origin, "{}")).items():
                setattr(extra, name, value)
        if attempts is not None:
            extra.attempts = tuple(self._attempt(one) for one in json.loads(attempts))
        return extra

    def _attempt(self, known: dict[str, Any]) -> Attempt:
        if known["traceback"] is not None:
            known["traceback"] = self._traceback(known["traceback"])
        return msgspec.convert(known | {"exception": known.get("exception")}, Attempt)


def pack(text: str) -> bytes:
    """A traceback as it is stored."""
    return zlib.compress(text.encode("utf-8", "replace"))


def unpack(stored: bytes) -> str:
    """A traceback as it was; a replacement character where it is damaged."""
    try:
        raw = zlib.decompressobj().decompress(stored, 4 * TEXT_LIMIT)
    except (zlib.error, TypeError):
        return "\ufffd"
    return raw.decode("utf-8", "replace")
