"""A filter as a condition of SQL on the rows of tasks, as far as that can be.

What cannot be said in SQL is left out and tested on the rows that are left: the condition then lets
more through than the filter, and never less. Databases differ in the few things that a `Dialect`
names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from celerytui.history.rows import NAME, QUEUE, WORKER
from celerytui.model import Task, TaskExtra, TaskState
from celerytui.query import Filter, literals
from celerytui.query.patterns import is_glob
from celerytui.query.tree import Node, Term

MOST_LISTED = 500
"""Numbers that a condition lists; more are not worth it, and SQLite has a limit."""
MOST_TRACEBACKS = 20_000
_COMPARED = frozenset((">", ">=", "<", "<="))
_MICRO = 1e6
_MOST = 9e18
"""More than any number of a row, and still one that a database takes."""
_SLACK = 2
"""Microseconds by which what is worked out may differ from what is stored."""


class Dialect(Struct, frozen=True):
    """What a database says in its own way.

    `like` compares a column with a pattern, whatever the case of ASCII letters; `is_text` holds for
    a task whose id is no UUID, `hex_id` is the id of another in digits. `key` makes of the 16 bytes
    of a UUID what `key_column` has.
    """

    like: str
    is_text: str
    hex_id: str
    key_column: str
    key: Callable[[bytes], Any]


SQLITE = Dialect(
    "{} LIKE ? ESCAPE '\\'",
    "typeof(task) = 'text'",
    "hex(task)",
    "key",
    lambda raw: int.from_bytes(raw[:8], "big", signed=True),
)


class Condition(Struct, frozen=True):
    """SQL with its parameters; `exact` if it lets through what the filter does and nothing else.

    `names` and `states` are the only ones that can pass, None where any can; `slower_than` and
    `keys` bound the run time in microseconds and the keys of ids that are UUIDs likewise.
    """

    sql: str = "TRUE"
    values: tuple[Any, ...] = ()
    exact: bool = True
    names: frozenset[int] | None = None
    states: frozenset[int] | None = None
    slower_than: int | None = None
    keys: tuple[Any, Any] | None = None


ANYTHING = Condition()
UNKNOWN = Condition(exact=False)
NOTHING = Condition("FALSE")


class Translation:
    """Translates filters for one segment, or one database.

    `words` has (kind, text) by number, `tracebacks` reads the texts of all by number, None where
    there are too many to look through. `now` is when the filter is asked, in Unix seconds.
    """

    def __init__(
        self,
        words: Mapping[int, tuple[int, str]],
        tracebacks: Callable[[], Mapping[int, str] | None],
        now: float,
        dialect: Dialect = SQLITE,
    ) -> None:
        self._dialect = dialect
        self._words = words
        self._tracebacks = tracebacks
        self._now = now

    def of(self, wanted: Filter) -> Condition:
        """The condition of a filter."""
        if wanted.tree is None:
            return ANYTHING if wanted.is_empty else UNKNOWN
        return self._node(wanted.tree)

    def _node(self, node: Node) -> Condition:
        if isinstance(node, Term):
            return self._term(node)
        parts = [self._node(part) for part in node.parts]
        if node.kind == "all":
            return _all(parts)
        return _any(parts) if node.kind == "any" else _none(parts[0])

    def _term(self, term: Term) -> Condition:
        if term.path:
            return self._inside(term)
        if term.field is None:
            return self._word(term)
        how = _HOW.get(term.field.name)
        return UNKNOWN if how is None else how(self, term)

    # Fields

    def state(self, term: Term) -> Condition:
        passing = [one for one in TaskState if term.test(Task("", 0, one), self._now)]
        return _listed("state", map(int, passing), of_states=True)

    def name(self, term: Term) -> Condition:
        return self._of_words(term, NAME, "name")

    def worker(self, term: Term) -> Condition:
        return self._of_words(term, WORKER, "worker")

    def queue(self, term: Term) -> Condition:
        return self._of_words(term, QUEUE, "queue")

    def _of_words(self, term: Term, kind: int, field: str) -> Condition:
        found, task = [], Task("", 0)
        for number, (known, text) in self._words.items():
            if known == kind:
                setattr(task, field, text)
                if term.test(task, self._now):
                    found.append(number)
        return _listed(field, found, of_names=kind == NAME)

    def traceback(self, term: Term) -> Condition:
        texts = self._tracebacks()
        if texts is None:
            return Condition("traceback IS NOT NULL", exact=False)
        task = Task("", 0, extra=TaskExtra())
        found = []
        for number, text in texts.items():
            assert task.extra is not None
            task.extra.traceback = text
            if term.test(task, self._now):
                found.append(number)
        return _listed("traceback", found)

    def retries(self, term: Term) -> Condition:
        if _is_any(term):
            return Condition("retries IS NOT NULL")
        operator = term.value.operator if term.value.operator in _COMPARED else "="
        return _compared("retries", operator, literals.number(term.value.text))

    def runtime(self, term: Term) -> Condition:
        return self._micros(term, "runtime")

    def wait(self, term: Term) -> Condition:
        return self._micros(term, "waited")

    def _micros(self, term: Term, column: str) -> Condition:
        # A row that has not ended keeps neither: it is always looked at.
        if _is_any(term):
            return Condition(f"({column} IS NOT NULL OR finished IS NULL)", exact=False)
        operator = term.value.operator
        limit = int(min(literals.duration(term.value.text) * _MICRO, _MOST))
        bound = limit - _SLACK if operator in (">", ">=") else limit + _SLACK
        found = _compared(column, operator, bound)
        if operator in (">", ">=") and column == "runtime":
            return Condition(found.sql, found.values, exact=False, slower_than=bound)
        return Condition(found.sql, found.values, exact=False)

    def time(self, term: Term) -> Condition:
        assert term.field is not None
        column = term.field.name
        if _is_any(term):
            return Condition(f"{column} IS NOT NULL")
        moment = literals.moment(term.value.text)(self._now)
        return _compared(column, term.value.operator, moment)

    def ended(self, term: Term) -> Condition:
        """How long ago: its clock may be off, which only the row itself tells."""
        if _is_any(term):
            return Condition("finished IS NOT NULL")
        moment = self._now - literals.duration(term.value.text)
        if term.value.operator in ("<", "<="):
            sql = "(finished >= ? OR (finished IS NOT NULL AND origin IS NOT NULL))"
            return Condition(sql, (moment - 1.0,), exact=False)
        sql = "(finished <= ? OR (finished IS NOT NULL AND origin IS NOT NULL))"
        return Condition(sql, (moment + 1.0,), exact=False)

    def eta(self, term: Term) -> Condition:
        return Condition("extra IS NOT NULL", exact=False)

    def id(self, term: Term) -> Condition:
        ids, dialect = _ids(term), self._dialect
        if ids is None:
            return UNKNOWN
        if not ids:
            return Condition(dialect.is_text, exact=False)
        sql = f"({dialect.key_column} BETWEEN ? AND ? OR {dialect.is_text})"
        keys = dialect.key(ids[0]), dialect.key(ids[1])
        return Condition(sql, keys, exact=False, keys=keys)

    def root(self, term: Term) -> Condition:
        return Condition("(root IS NOT NULL OR own_root <> 0)", exact=False)

    def parent(self, term: Term) -> Condition:
        return Condition("parent IS NOT NULL", exact=False)

    def failure(self, term: Term) -> Condition:
        return Condition(f"(state = {int(TaskState.RETRY)} OR state > {int(TaskState.SUCCESS)})",
                         exact=False)  # fmt: skip

    def text(self, term: Term) -> Condition:
        assert term.field is not None
        column = term.field.name
        like = _like(term)
        if like is None:
            return Condition(f"{column} IS NOT NULL", exact=False)
        return Condition(self._likes(column), (like,), exact=False)

    def _word(self, term: Term) -> Condition:
        like = _like(term)
        if like is None:
            return UNKNOWN
        named = self._of_words(term, NAME, "name")
        sql = " OR ".join(
            self._likes(column) for column in ("args", "kwargs", "result", "exception")
        )
        by_id = f"{self._dialect.is_text} OR {self._likes(self._dialect.hex_id)}"
        values = (*named.values, *(like,) * 4, like.replace("-", "%"))
        return Condition(f"({named.sql} OR {sql} OR {by_id})", values, exact=False)

    def _inside(self, term: Term) -> Condition:
        """A value inside the keyword arguments: its key stands in them, and it if it is plain."""
        key, value = term.path[-1], term.value
        words = [key] if key.isascii() and not key.isdigit() else []
        if value.operator not in _COMPARED and _PLAIN.fullmatch(value.text) and not value.regex:
            words.append(value.text)
        if not words:
            return Condition("kwargs IS NOT NULL", exact=False)
        sql = " AND ".join(self._likes("kwargs") for _ in words)
        return Condition(f"({sql})", tuple(f"%{_escaped(word)}%" for word in words), exact=False)

    def _likes(self, what: str) -> str:
        return f"coalesce({self._dialect.like.format(what)}, FALSE)"


_PLAIN = re.compile(r"[A-Za-z0-9_.@ -]+")
_HEX = re.compile(r"[0-9a-f]*")


def _ids(term: Term) -> tuple[bytes, bytes] | tuple[()] | None:
    """From which to which UUID a term lets through.

    None for any, and nothing where it is no UUID.
    """
    if term.value.regex or _is_any(term):
        return None
    beginning = re.split(r"[*?…]", term.value.text.lower())[0].replace("-", "")[:32]
    if not beginning:
        return None
    if not _HEX.fullmatch(beginning):
        return ()
    low, high = (bytes.fromhex(beginning.ljust(32, end)) for end in "0f")
    return low, high


_TEXTS = ("args", "kwargs", "result", "exception")
_HOW: dict[str, Callable[[Translation, Term], Condition]] = {
    "state": Translation.state,
    "name": Translation.name,
    "worker": Translation.worker,
    "queue": Translation.queue,
    "traceback": Translation.traceback,
    "retries": Translation.retries,
    "runtime": Translation.runtime,
    "wait": Translation.wait,
    "ended": Translation.ended,
    "eta": Translation.eta,
    "id": Translation.id,
    "root": Translation.root,
    "parent": Translation.parent,
    "failure": Translation.failure,
    **dict.fromkeys(("sent", "received", "started", "finished"), Translation.time),
    **dict.fromkeys(_TEXTS, Translation.text),
}


def _is_any(term: Term) -> bool:
    value = term.value
    return value.text == "*" and not (value.quoted or value.regex or value.operator)


def _like(term: Term) -> str | None:
    """A pattern of LIKE that lets at least as much through, None where there is none."""
    value = term.value
    if value.regex or not value.text.isascii():
        return None
    # LIKE compares ASCII letters without their case, as the filter does.
    text = _escaped(value.text)
    if is_glob(value.text) and not value.quoted:
        text = text.replace("*", "%").replace("?", "_")
    return f"%{text}%"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _compared(column: str, operator: str, limit: float) -> Condition:
    if math.isinf(limit):
        limit = math.copysign(_MOST, limit)
    return Condition(f"coalesce({column} {operator} ?, FALSE)", (limit,))


def _listed(
    column: str, numbers: Iterable[int], *, of_names: bool = False, of_states: bool = False
) -> Condition:
    found = frozenset(numbers)
    bounds: dict[str, Any] = {}
    if of_names:
        bounds["names"] = found
    if of_states:
        bounds["states"] = found
    if not found:
        return NOTHING
    if len(found) > MOST_LISTED:
        return Condition(f"{column} IS NOT NULL", exact=False, **bounds)
    places = ", ".join("?" * len(found))
    return Condition(f"coalesce({column} IN ({places}), FALSE)", tuple(sorted(found)), **bounds)


def _all(parts: list[Condition]) -> Condition:
    """All of them: each bounds what can pass."""
    if any(part.sql == NOTHING.sql for part in parts):
        return NOTHING
    return Condition(
        "(" + " AND ".join(part.sql for part in parts) + ")",
        tuple(value for part in parts for value in part.values),
        all(part.exact for part in parts),
        _common([part.names for part in parts]),
        _common([part.states for part in parts]),
        max((one.slower_than for one in parts if one.slower_than is not None), default=None),
        next((one.keys for one in parts if one.keys is not None), None),
    )


def _any(parts: list[Condition]) -> Condition:
    """Any of them: a bound holds only where each has one."""
    parts = [part for part in parts if part.sql != NOTHING.sql] or [NOTHING]
    names, states = [part.names for part in parts], [part.states for part in parts]
    slower = [part.slower_than for part in parts]
    return Condition(
        "(" + " OR ".join(part.sql for part in parts) + ")",
        tuple(value for part in parts for value in part.values),
        all(part.exact for part in parts),
        None if None in names else frozenset().union(*(one for one in names if one is not None)),
        None if None in states else frozenset().union(*(one for one in states if one is not None)),
        None if None in slower else min(one for one in slower if one is not None),
    )


def _none(part: Condition) -> Condition:
    """The opposite, which must be exact: of more than the filter it would be less."""
    if not part.exact:
        return UNKNOWN
    if part.sql == NOTHING.sql:
        return ANYTHING
    states = None
    if part.states is not None and part.sql.startswith("coalesce(state"):
        states = frozenset(map(int, TaskState)) - part.states
    return Condition(f"(NOT {part.sql})", part.values, True, states=states)


def _common(sets: list[frozenset[int] | None]) -> frozenset[int] | None:
    known = [one for one in sets if one is not None]
    return frozenset.intersection(*known) if known else None
