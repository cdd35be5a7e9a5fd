"""Rows of tasks as PostgreSQL takes and gives them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

from celerytui.history.postgres.schema import COLUMNS
from celerytui.history.redaction import Redaction, safe
from celerytui.history.rows import Encoder, Row
from celerytui.interpreter import give_way
from celerytui.model import Task

logger = logging.getLogger(__name__)

SLICE = 200
"""Tasks that are made rows of before a key press goes first."""
MOST_KNOWN = 200_000
MOST_AHEAD = 86_400.0
FLAWED_LOGGED = 10
TASK, NAME, STATE, SEEN, ROOT, PARENT = (
    COLUMNS.index(name) for name in ("task", "name", "state", "seen", "root", "parent")
)
SENT, RECEIVED, STARTED = (COLUMNS.index(name) for name in ("sent", "received", "started"))
_UUID_BYTES = 16


def as_bytes(stored: str | bytes) -> bytes:
    """An id as `bytea`: a UUID is 16 bytes, any other is longer or shorter and begins with 0."""
    if isinstance(stored, bytes):
        return stored
    raw = b"\0" + _without_nul(stored).encode()
    return b"\0" + raw if len(raw) == _UUID_BYTES else raw


def from_bytes(raw: bytes) -> str | bytes:
    """The id as it was stored."""
    return raw if len(raw) == _UUID_BYTES else raw.lstrip(b"\0").decode()


def _without_nul(text: str) -> str:
    return text.replace("\0", "\ufffd") if "\0" in text else text


class Words:
    """Gives texts their numbers, which are hashes of them, and notes those that are to be written.

    One is written once, and again on another day of use: what was used long ago can then go.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], int] = {}
        self.fresh: dict[int, tuple[int, str]] = {}

    def number(self, kind: int, text: str) -> int:
        """The number of a text of a kind."""
        number = self._known.get((kind, text))
        if number is None:
            number = word_number(kind, text)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[kind, text] = number
            self.fresh[number] = kind, safe(text) or ""
        return number

    def forget(self) -> None:
        """Have all written again that is used again."""
        self._known.clear()
        self.fresh.clear()


def word_number(kind: int, text: str) -> int:
    """The number of a text of a kind."""
    raw = f"{kind} {text}".encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big", signed=True)


class Rows:
    """The rows of tasks for one write; `tracebacks` are their texts by number.

    One that no row can be made of is logged, left out and counted in `flawed`. One that was seen
    last at a time that is too far away, by a clock that is wrong, is as if it had been seen now:
    its days would be many.
    `oldest` is how many seconds ago is possible.
    """

    def __init__(self, words: Words, redaction: Redaction, oldest: float) -> None:
        self._oldest = oldest
        self._encoder = Encoder(words.number, redaction)
        self.flawed = 0

    @property
    def tracebacks(self) -> dict[int, str]:
        """The tracebacks of what was made since they were cleared."""
        return self._encoder.tracebacks

    def of(self, tasks: Sequence[Task], now: float) -> dict[bytes, Row]:
        """The rows by their ids."""
        found: dict[bytes, Row] = {}
        low, high = now - self._oldest, now + MOST_AHEAD
        for start in range(0, len(tasks), SLICE):
            give_way()
            for task in tasks[start : start + SLICE]:
                try:
                    row = _row(self._encoder.row(task))
                    if not low <= row[SEEN] < high:
                        row[SEEN] = now
                except (ValueError, TypeError, ArithmeticError, LookupError):
                    self.leave_out()
                    continue
                found[row[TASK]] = tuple(row)
        return found

    def leave_out(self) -> None:
        """Log the error that is being handled: a task is left out for it."""
        self.flawed += 1
        if self.flawed <= FLAWED_LOGGED:
            logger.exception("a task cannot be recorded")


def _row(encoded: Row) -> list[Any]:
    row = list(encoded[1:])
    row[TASK] = as_bytes(row[TASK])
    for column in (ROOT, PARENT):
        if row[column] is not None:
            row[column] = as_bytes(row[column])
    return row


def decoded(row: Row) -> Row:
    """A row that was read, as a `Decoder` of tasks takes it."""
    found: list[Any] = [0, *row]
    for column in (TASK, ROOT, PARENT):
        if row[column] is not None:
            found[column + 1] = from_bytes(bytes(row[column]))
    return tuple(found)


def earliest(row: Row) -> float | None:
    """When a task was heard of first, as far as its row says."""
    known = (row[SENT], row[RECEIVED], row[STARTED])
    return min((at for at in known if at is not None), default=None)
