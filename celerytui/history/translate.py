"""A filter as an expression of SQLAlchemy's on the rows of tasks, as far as that can be.

What cannot be said in SQL is left out and tested on the rows that are left: the condition then lets
more through than the filter, and never less.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, column, false, func, literal, not_, or_

from celerytui.history.condition import ANYTHING, NOTHING, UNKNOWN, Condition
from celerytui.history.expressions import (
    HEX_ID,
    IS_TEXT,
    MOST,
    compared,
    escaped,
    id_between,
    likes,
)
from celerytui.history.rows import NAME, QUEUE, WORKER
from celerytui.model import Task, TaskExtra, TaskState
from celerytui.query import Filter, literals
from celerytui.query.patterns import is_glob
from celerytui.query.tree import Node, Term

MOST_LISTED = 500
"""Numbers that a condition lists; more are not worth it, and SQLite has a limit."""
_COMPARED = frozenset((">", ">=", "<", "<="))
_MICRO = 1e6
_SLACK = 2
"""Microseconds by which what is worked out may differ from what is stored."""


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
    ) -> None:
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
        states = {one: term.test(Task("", 0, one), self._now) for one in TaskState}
        passing, others = (
            frozenset(int(one) for one, passes in states.items() if passes is wanted)
            for wanted in (True, False)
        )
        return _listed("state", passing, states=passing, other_states=others)

    def name(self, term: Term) -> Condition:
        numbers = self._words_that_pass(term, NAME, "name")
        return _listed("name", numbers, names=numbers)

    def worker(self, term: Term) -> Condition:
        return _listed("worker", self._words_that_pass(term, WORKER, "worker"))

    def queue(self, term: Term) -> Condition:
        return _listed("queue", self._words_that_pass(term, QUEUE, "queue"))

    def _words_that_pass(self, term: Term, kind: int, field: str) -> frozenset[int]:
        found, task = [], Task("", 0)
        for number, (known, text) in self._words.items():
            if known == kind:
                setattr(task, field, text)
                if term.test(task, self._now):
                    found.append(number)
        return frozenset(found)

    def traceback(self, term: Term) -> Condition:
        texts = self._tracebacks()
        if texts is None:
            return _known("traceback", exact=False)
        task = Task("", 0, extra=TaskExtra())
        found = []
        for number, text in texts.items():
            assert task.extra is not None
            task.extra.traceback = text
            if term.test(task, self._now):
                found.append(number)
        return _listed("traceback", frozenset(found))

    def retries(self, term: Term) -> Condition:
        if _is_any(term):
            return _known("retries")
        operator = term.value.operator if term.value.operator in _COMPARED else "="
        return Condition(compared("retries", operator, literals.number(term.value.text)))

    def runtime(self, term: Term) -> Condition:
        return self._micros(term, "runtime")

    def wait(self, term: Term) -> Condition:
        return self._micros(term, "waited")

    def _micros(self, term: Term, name: str) -> Condition:
        # A row that has not ended keeps neither: it is always looked at.
        if _is_any(term):
            going_on = column("finished").is_(None)
            return Condition(or_(column(name).is_not(None), going_on), exact=False)
        operator = term.value.operator
        limit = int(min(literals.duration(term.value.text) * _MICRO, MOST))
        longer = operator in (">", ">=")
        bound = limit - _SLACK if longer else limit + _SLACK
        slower_than = bound if longer and name == "runtime" else None
        return Condition(compared(name, operator, bound), exact=False, slower_than=slower_than)

    def time(self, term: Term) -> Condition:
        assert term.field is not None
        name = term.field.name
        if _is_any(term):
            return _known(name)
        moment = literals.moment(term.value.text)(self._now)
        return Condition(compared(name, term.value.operator, moment))

    def ended(self, term: Term) -> Condition:
        """How long ago: its clock may be off, which only the row itself tells."""
        finished: ColumnElement[Any] = column("finished")
        if _is_any(term):
            return _known("finished")
        moment = self._now - literals.duration(term.value.text)
        near = (
            finished >= literal(moment - 1.0)
            if term.value.operator in ("<", "<=")
            else finished <= literal(moment + 1.0)
        )
        off = and_(finished.is_not(None), column("origin").is_not(None))
        return Condition(or_(near, off), exact=False)

    def eta(self, term: Term) -> Condition:
        return _known("extra", exact=False)

    def id(self, term: Term) -> Condition:
        ids = _ids(term)
        if ids is None:
            return UNKNOWN
        if not ids:
            return Condition(IS_TEXT, exact=False)
        return Condition(or_(id_between(*ids), IS_TEXT), exact=False, ids=ids)

    def root(self, term: Term) -> Condition:
        return Condition(
            or_(column("root").is_not(None), column("own_root", BigInteger) != 0), exact=False
        )

    def parent(self, term: Term) -> Condition:
        return _known("parent", exact=False)

    def failure(self, term: Term) -> Condition:
        state = column("state", BigInteger)
        failed = or_(state == int(TaskState.RETRY), state > int(TaskState.SUCCESS))
        return Condition(failed, exact=False)

    def text(self, term: Term) -> Condition:
        assert term.field is not None
        pattern = _pattern(term)
        if pattern is None:
            return _known(term.field.name, exact=False)
        return Condition(likes(column(term.field.name), pattern), exact=False)

    def _word(self, term: Term) -> Condition:
        pattern = _pattern(term)
        if pattern is None:
            return UNKNOWN
        named = _listed("name", self._words_that_pass(term, NAME, "name"))
        texts = [likes(column(name), pattern) for name in _TEXTS]
        by_id = likes(HEX_ID, pattern.replace("-", "%"))
        return _any([named, Condition(or_(*texts, IS_TEXT, by_id), exact=False)])

    def _inside(self, term: Term) -> Condition:
        """A value inside the keyword arguments: its key stands in them, and it if it is plain."""
        key, value = term.path[-1], term.value
        words = [key] if _can_be_compared(key) and not key.isdigit() else []
        if value.operator not in _COMPARED and _PLAIN.fullmatch(value.text) and not value.regex:
            words.append(value.text)
        if not words:
            return _known("kwargs", exact=False)
        kwargs: ColumnElement[Any] = column("kwargs")
        return Condition(
            and_(*(likes(kwargs, f"%{escaped(word)}%") for word in words)), exact=False
        )


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


def _pattern(term: Term) -> str | None:
    """A pattern of LIKE that lets at least as much through, None where there is none."""
    value = term.value
    if value.regex or not _can_be_compared(value.text):
        return None
    text = escaped(value.text)
    if is_glob(value.text) and not value.quoted:
        text = text.replace("*", "%").replace("?", "_")
    return f"%{text}%"


def _can_be_compared(text: str) -> bool:
    """Letters beyond ASCII have another case to SQLite, and PostgreSQL has no text with a NUL."""
    return text.isascii() and "\0" not in text


def _known(name: str, *, exact: bool = True) -> Condition:
    return Condition(column(name).is_not(None), exact=exact)


def _listed(
    name: str,
    numbers: frozenset[int],
    *,
    names: frozenset[int] | None = None,
    states: frozenset[int] | None = None,
    other_states: frozenset[int] | None = None,
) -> Condition:
    """One of these numbers, which bound what can pass."""
    if not numbers:
        return NOTHING
    if len(numbers) > MOST_LISTED:
        return Condition(column(name).is_not(None), False, names, states, other_states)
    among = column(name, BigInteger).in_(sorted(numbers))
    return Condition(func.coalesce(among, false()), True, names, states, other_states)


def _all(parts: list[Condition]) -> Condition:
    """All of them: each bounds what can pass."""
    if NOTHING in parts:
        return NOTHING
    asked = [part.where for part in parts if part.where is not None]
    return Condition(
        and_(*asked) if asked else None,
        all(part.exact for part in parts),
        _common([part.names for part in parts]),
        _common([part.states for part in parts]),
        slower_than=max((one.slower_than for one in parts if one.slower_than is not None),
                        default=None),
        ids=next((one.ids for one in parts if one.ids is not None), None),
    )  # fmt: skip


def _any(parts: list[Condition]) -> Condition:
    """Any of them: a bound holds only where each has one."""
    parts = [part for part in parts if part is not NOTHING]
    if not parts:
        return NOTHING
    asked = [part.where for part in parts if part.where is not None]
    names, states = [part.names for part in parts], [part.states for part in parts]
    slower = [part.slower_than for part in parts]
    return Condition(
        or_(*asked) if len(asked) == len(parts) else None,
        all(part.exact for part in parts),
        None if None in names else frozenset().union(*(one for one in names if one is not None)),
        None if None in states else frozenset().union(*(one for one in states if one is not None)),
        slower_than=None if None in slower else min(one for one in slower if one is not None),
    )


def _none(part: Condition) -> Condition:
    """The opposite, which must be exact: of more than the filter it would be less."""
    if not part.exact:
        return UNKNOWN
    if part is NOTHING:
        return ANYTHING
    if part.where is None:
        return NOTHING
    return Condition(not_(part.where), states=part.other_states)


def _common(sets: list[frozenset[int] | None]) -> frozenset[int] | None:
    known = [one for one in sets if one is not None]
    return frozenset.intersection(*known) if known else None
