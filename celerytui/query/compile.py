"""One field and one value to a test of tasks."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from celerytui.errors import FilterError
from celerytui.model import LABELS, Task, TaskState
from celerytui.query import kwargs_path as inside
from celerytui.query import literals as amounts
from celerytui.query import patterns
from celerytui.query.fields import Changes, Field
from celerytui.query.patterns import TEXT_LIMIT, PatternError, TextTest

Test = Callable[[Task, float], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_REMEMBERED = 4096


class Value(Struct, frozen=True):
    """A value as written: its text, where it stands, and whether it was quoted or a regex."""

    text: str
    at: int = 0
    operator: str = ""
    operator_at: int = 0
    quoted: bool = False
    regex: bool = False

    def wrong(
        self, message: str, expected: str, start: int = 0, end: int | None = None
    ) -> FilterError:
        """The error for a part of this value; the whole of it without `end`."""
        stop = len(self.text) if end is None else end
        # Where something is missing at its end, the mark stands under the last character.
        start = max(0, min(start, len(self.text) - 1))
        return FilterError(message, self.at + start, self.at + max(start, stop), expected)


def word_test(value: Value) -> Test:
    """A bare word or phrase: in id, name, args, kwargs, result or exception."""
    if value.quoted or not patterns.is_glob(value.text):
        has = patterns.part(value.text)
    else:
        has = patterns.glob(value.text, anchored=False)

    def test(task: Task, now: float) -> bool:
        extra = task.extra
        return (
            has(task.id.lower())
            or ((text := task.name) is not None and has(text.lower()))
            or ((text := task.args) is not None and has(text[:TEXT_LIMIT].lower()))
            or ((text := task.kwargs) is not None and has(text[:TEXT_LIMIT].lower()))
            or ((text := task.result) is not None and has(text[:TEXT_LIMIT].lower()))
            or (
                extra is not None
                and (text := extra.exception) is not None
                and has(text[:TEXT_LIMIT].lower())
            )
        )

    return test


def field_test(field: Field, value: Value) -> tuple[Test, Changes | None]:
    """A field's test, and what changes its answer without an event; raises FilterError."""
    get = field.get
    if value.text == "*" and not (value.quoted or value.regex or value.operator):
        return (lambda task, now: get(task, now) is not None), field.changes
    if field.kind == "state":
        return _state_test(value), None
    if field.kind in ("number", "duration", "time"):
        return _amount_test(field, value)
    return _text_field(field, _text_test(field, value)), None


def _text_field(field: Field, test: TextTest) -> Test:
    get = field.get
    if field.kind in ("name", "whole", "worker"):
        return _remembering(get, test)

    def tested(task: Task, now: float) -> bool:
        text = get(task, now)
        return text is not None and test(text[:TEXT_LIMIT].lower())

    return tested


def _remembering(get: Callable[[Task, float], Any], test: TextTest) -> Test:
    """Names are few and tasks are many: each name is tested once."""
    known: dict[str, bool] = {}

    def tested(task: Task, now: float) -> bool:
        text = get(task, now)
        if text is None:
            return False
        answer = known.get(text)
        if answer is None:
            answer = test(text[:TEXT_LIMIT].lower())
            if len(known) < _REMEMBERED:
                known[text] = answer
        return answer

    return tested


def _text_test(field: Field, value: Value) -> TextTest:
    text = value.text
    if value.operator in _COMPARE:
        expected = f"Expected a text: {field.name}:word  {field.name}:a*b  {field.name}:/regex/"
        end = value.at + len(text)
        said = f"“{field.name}” is text and cannot be compared with {value.operator}."
        raise FilterError(said, value.operator_at, end, expected)
    if value.regex:
        return _regex(value)
    if value.operator == "=":
        return patterns.whole(text)
    if field.kind == "id":
        text = text.replace("…", "*")  # as an id is shown
    is_glob = patterns.is_glob(text) and not value.quoted
    if field.kind == "worker":
        return _worker_test(patterns.glob(text, anchored=True) if is_glob else patterns.whole(text))
    if is_glob:
        return patterns.glob(text, anchored=field.kind != "text")
    if field.kind == "id":
        return patterns.beginning(text)
    return patterns.whole(text) if field.kind == "whole" else patterns.part(text)


def _worker_test(test: TextTest) -> TextTest:
    """The whole name, or what the table shows of it where all share the rest."""

    def tested(text: str) -> bool:
        before, _, after = text.partition("@")
        return test(text) or test(before) or test(after)

    return tested


def _regex(value: Value) -> TextTest:
    try:
        return patterns.regex(value.text)
    except PatternError as error:
        expected = 'Expected a regular expression; quote the text to search for it: "…"'
        raise value.wrong(str(error), expected) from None


def _state_test(value: Value) -> Test:
    expected = "Expected a state: " + " ".join(LABELS)
    if value.operator:
        end = value.at + len(value.text)
        raise FilterError("States cannot be compared.", value.operator_at, end, expected)
    if value.regex:
        has = _regex(value)
    elif patterns.is_glob(value.text) and not value.quoted:
        has = patterns.glob(value.text, anchored=True)
    else:
        has = patterns.whole(value.text)
    states = frozenset(
        state for state in TaskState if has(state.label) or has(state.constant.lower())
    )
    if not states:
        near = difflib.get_close_matches(value.text.lower(), LABELS, 1, 0.5)
        said = f"“{value.text}” is not a state." + (f" Did you mean {near[0]}?" if near else "")
        raise value.wrong(said, expected)
    if len(states) == 1:
        (only,) = states
        return lambda task, now: task.state == only
    return lambda task, now: task.state in states


def _amount_test(field: Field, value: Value) -> tuple[Test, Changes | None]:
    examples = {
        "number": amounts.NUMBERS,
        "duration": amounts.DURATIONS,
        "time": amounts.TIMES,
    }[field.kind]
    if value.regex or value.quoted:
        raise value.wrong(f"“{field.name}” is not a text field.", examples)
    try:
        if field.kind == "number":
            return _compared(field, value, amounts.number(value.text)), None
        if field.kind == "duration":
            seconds = amounts.duration(value.text)
            moment = None
        else:
            moment = amounts.moment(value.text)
    except amounts.LiteralError as error:
        raise value.wrong(str(error), error.expected, error.start, error.end) from None
    if value.operator not in _COMPARE:
        example = f"{field.name}:>{value.text}  {field.name}:<={value.text}"
        said = f"“{field.name}” needs a comparison: > >= < or <=."
        raise value.wrong(said, f"Expected a comparison: {example}")
    if moment is None:
        return _compared(field, value, seconds), field.changes
    return _compared_times(field, value, moment), amounts.moves(value.text)


def _compared(field: Field, value: Value, limit: float) -> Test:
    get = field.get
    compare: Callable[[Any, Any], bool] = _COMPARE.get(value.operator, operator.eq)

    def test(task: Task, now: float) -> bool:
        known = get(task, now)
        return known is not None and compare(known, limit)

    return test


def _compared_times(field: Field, value: Value, moment: Callable[[float], float]) -> Test:
    get, compare = field.get, _COMPARE[value.operator]

    def test(task: Task, now: float) -> bool:
        known = get(task, now)
        return known is not None and compare(known, moment(now))

    return test


def kwargs_test(path: tuple[str, ...], value: Value) -> Test:
    """A value inside the keyword arguments, at a path of names; raises FilterError."""
    key = path[-1]
    test = _inside_value(value)

    def tested(task: Task, now: float) -> bool:
        text = task.kwargs
        if text is None or (key not in text and not key.isdigit()):
            return False
        found = inside.look(text, path)
        return found is not None and test(found)

    return tested


def _inside_value(value: Value) -> TextTest:
    if value.operator in _COMPARE:
        try:
            limit = amounts.number(value.text)
        except amounts.LiteralError as error:
            raise value.wrong(str(error), error.expected, error.start, error.end) from None
        return _number_test(_COMPARE[value.operator], limit)
    if value.regex:
        return _regex(value)
    if patterns.is_glob(value.text) and not value.quoted and not value.operator:
        has = patterns.glob(value.text, anchored=True)
    else:
        has = patterns.whole(value.text)
    return lambda text: has(text.lower())


def _number_test(compare: Callable[[Any, Any], bool], limit: float) -> TextTest:
    def test(text: str) -> bool:
        known = _as_number(text)
        return known is not None and compare(known, limit)

    return test


def _as_number(text: str) -> float | None:
    try:
        return amounts.number(text)
    except amounts.LiteralError:
        return None
