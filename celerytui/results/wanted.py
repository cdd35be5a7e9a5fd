"""What is asked of a result backend, and how far the backend itself can narrow it.

A source may give more than is wanted, never less: the filter decides about each result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from msgspec import Struct

from celerytui.iso_time import LATEST
from celerytui.model import StoredResult, Task, TaskState
from celerytui.query import EMPTY, Filter, Required
from celerytui.query.compile import Value, field_test
from celerytui.query.fields import BY_NAME
from celerytui.query.literals import LiteralError, moment
from celerytui.query.patterns import is_glob
from celerytui.results.rows import as_task

Place = Literal["whole", "part", "beginning", "end"]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class TextMatch(Struct, frozen=True):
    """A text in lower case, and where in a column's it has to be."""

    place: Place
    text: str


class Wanted(Struct, frozen=True):
    """A filter, and what follows from it for all that it lets through.

    `since` and `until` bound when a result was stored, in Unix seconds. `states` are constants of
    ended states; `names`, `workers` and `ids` each are alternatives. None is no bound.
    """

    filter: Filter
    now: float
    since: float | None = None
    until: float | None = None
    states: frozenset[str] | None = None
    names: tuple[TextMatch, ...] | None = None
    workers: tuple[TextMatch, ...] | None = None
    ids: tuple[str, ...] | None = None

    def admits(self, result: StoredResult) -> bool:
        """Whether a result is among those wanted."""
        if self.since is not None:
            stored = result.finished or result.started or result.created
            if stored is None or stored < self.since:
                return False
        return self.filter.is_empty or self.filter.matches(as_task(result), self.now)

    @property
    def named_ids(self) -> tuple[str, ...] | None:
        """The ids that the filter names, for backends that can be asked for nothing else."""
        for term in self.filter.required:
            if term.field == "id" and not any(
                value.regex or (is_glob(value.text) and not value.quoted) for value in term.values
            ):
                return tuple(dict.fromkeys(value.text for value in term.values))
        return None

    @property
    def narrows(self) -> bool:
        """Whether a database has to look at rows that it does not give, unless by their ids."""
        bounds = (self.since, self.until, self.states, self.names, self.workers)
        return self.ids is None and any(bound is not None for bound in bounds)


def wanted(filter: Filter = EMPTY, now: float = 0.0, since: float | None = None) -> Wanted:
    """What that filter wants of the results that were stored at `since` or later."""
    until: float | None = None
    states: frozenset[str] | None = None
    texts: dict[str, tuple[TextMatch, ...] | None] = {"name": None, "worker": None}
    ids: tuple[str, ...] | None = None
    lower = None if since is None else _dated(since)
    for term in filter.required:
        if term.field == "state":
            states = _both(states, _states(term))
        elif term.field in texts:
            texts[term.field] = texts[term.field] or _TEXTS[term.field](term.values)
        elif term.field == "id":
            ids = ids or _ids(term.values)
        elif term.field == "finished" and len(term.values) == 1:
            low, high = _bounds(term.values[0], now)
            lower = low if lower is None else max(lower, low) if low is not None else lower
            until = high if until is None else min(until, high) if high is not None else until
    return Wanted(filter, now, lower, until, states, texts["name"], texts["worker"], ids)


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _states(term: Required) -> frozenset[str] | None:
    """The constants of the states, None where one has no constant that a backend would have.

    A project's own states count as started, and one that is not known as sent.
    """
    field = BY_NAME["state"]
    tests = [field_test(field, value)[0] for value in term.values]
    found = [state for state in TaskState if any(test(Task("", 0, state), 0.0) for test in tests)]
    open_ended = any(state < TaskState.RETRY or state.guessed for state in found)
    return None if open_ended else frozenset(state.constant for state in found)


def _names(values: Sequence[Value]) -> tuple[TextMatch, ...] | None:
    return _each(values, lambda value: [TextMatch("part", value.text.lower())])


def _workers(values: Sequence[Value]) -> tuple[TextMatch, ...] | None:
    def match(value: Value) -> Iterable[TextMatch]:
        text = value.text.lower()
        return (
            TextMatch("whole", text),
            TextMatch("beginning", f"{text}@"),
            TextMatch("end", f"@{text}"),
        )

    return _each(values, match)


_TEXTS = {"name": _names, "worker": _workers}


def _each(
    values: Sequence[Value], match: Callable[[Value], Iterable[TextMatch]]
) -> tuple[TextMatch, ...] | None:
    """The matches of all values; None if one is more than a text, or the database may differ.

    Databases fold the case of ASCII alike, and of other letters not.
    """
    found = list[TextMatch]()
    for value in values:
        if value.regex or value.operator not in ("", "=") or not value.text.isascii():
            return None
        if value.operator == "=":
            found.append(TextMatch("whole", value.text.lower()))
        elif is_glob(value.text) and not value.quoted:
            longest = max(value.text.lower().replace("?", "*").split("*"), key=len)
            if not longest:
                return None
            found.append(TextMatch("part", longest))
        else:
            found += match(value)
    return tuple(found)


def _ids(values: Sequence[Value]) -> tuple[str, ...] | None:
    """The ids, where each value is a UUID: what is shorter may be the beginning of one."""
    if not all(_UUID.fullmatch(value.text) for value in values):
        return None
    # Celery makes them in lower case, and the filter takes either.
    return tuple(dict.fromkeys(one for v in values for one in (v.text.lower(), v.text)))


def _dated(at: float) -> float:
    """The nearest time that databases have a date for: no result is beyond it."""
    return min(max(at, 0.0), LATEST)


def _bounds(value: Value, now: float) -> tuple[float | None, float | None]:
    try:
        at = moment(value.text)(now)
    except LiteralError:
        return None, None
    at = _dated(at)
    if value.operator in (">", ">="):
        return at, None
    return (None, at) if value.operator in ("<", "<=") else (None, None)
