"""The filter language: text to a `Filter`.

any   = all { "OR" all }
all   = not { ["AND"] not }
not   = [ "NOT" | "-" ] one
one   = "(" any ")" | field ":" value { "," value } | word | '"' phrase '"'
value = [ "=" | ">" | ">=" | "<" | "<=" ] word | "/" regex "/" | '"' phrase '"'
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from celerytui.errors import FilterError
from celerytui.model import Task
from celerytui.query.compile import Test, Value, field_test, kwargs_test, word_test
from celerytui.query.fields import BY_NAME, FIELDS, Changes
from celerytui.query.required import Required

LENGTH_LIMIT = 2_000
DEPTH_LIMIT = 40
_FIELD = re.compile(r"([A-Za-z_][\w-]*(?:\.[^\s:()\",]+)?):")
_OPERATOR = re.compile(r">=|<=|>|<|=")
_KEYWORDS = ("AND", "OR", "NOT")
_TERM = 'Expected a term: a word, field:value, "a phrase" or (…)'


class Filter:
    """A parsed filter: `matches` asks whether it lets a task through.

    `changes` is what else than an event can change its answers, `required` the terms that hold for
    whatever it lets through, for a database to narrow by. Two filters of the same text are equal.
    """

    __slots__ = ("_test", "changes", "is_empty", "required", "text")

    def __init__(
        self,
        text: str,
        test: Test | None,
        changes: frozenset[Changes] = frozenset(),
        required: tuple[Required, ...] = (),
    ) -> None:
        self.text = text
        self.required = required
        self.is_empty = test is None
        self.changes = changes
        self._test = test

    def matches(self, task: Task, now: float) -> bool:
        """Whether the task passes, `now` being Unix seconds."""
        return self._test is None or self._test(task, now)

    def select(self, tasks: Iterable[Task], now: float) -> list[Task]:
        """Those of the tasks that pass, in their order."""
        test = self._test
        return list(tasks) if test is None else [task for task in tasks if test(task, now)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"


EMPTY = Filter("", None)


def parse_filter(text: str) -> Filter:
    """Read a filter.

    Raises FilterError with the offsets of the mistake, and nothing else, whatever the text is.
    """
    if len(text) > LENGTH_LIMIT:
        message = f"A filter has at most {LENGTH_LIMIT:,} characters."
        raise FilterError(message, LENGTH_LIMIT, len(text), "Expected a shorter filter.")
    parser = _Parser(text)
    test = parser.whole()
    return Filter(text, test, frozenset(parser.changes), tuple(parser.required))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.changes: set[Changes] = set()
        self.required: list[Required] = []

    def whole(self) -> Test | None:
        self._space()
        if self.at == len(self.text):
            return None
        test = self._any()
        if self.at < len(self.text):
            raise FilterError("Unmatched “)”.", self.at, self.at + 1, _TERM)
        return test

    def _space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _keyword(self, *words: str) -> str | None:
        """Step over one of these words if it stands here by itself."""
        for word in words:
            end = self.at + len(word)
            if self.text.startswith(word, self.at) and (
                end == len(self.text) or self.text[end].isspace() or self.text[end] in '()"'
            ):
                self.at = end
                self._space()
                return word
        return None

    def _any(self) -> Test:
        before = len(self.required)
        tests = [self._all()]
        while self._keyword("OR"):
            tests.append(self._all())
        if len(tests) > 1:
            del self.required[before:]
        return tests[0] if len(tests) == 1 else _one_of(tests)

    def _all(self) -> Test:
        tests = [self._not()]
        while True:
            if not self._keyword("AND") and (
                self.at == len(self.text) or self.text[self.at] == ")" or self._sees("OR")
            ):
                return tests[0] if len(tests) == 1 else _every_one(tests)
            tests.append(self._not())

    def _sees(self, word: str) -> bool:
        before = self.at
        found = self._keyword(word) is not None
        self.at = before
        return found

    def _not(self) -> Test:
        negated, started, before = False, self.at, len(self.required)
        while True:
            if self._keyword("NOT"):
                negated = not negated
            elif self.text.startswith("-", self.at):
                self.at += 1
                negated = not negated
                if self.at == len(self.text) or self.text[self.at].isspace():
                    raise FilterError("Nothing follows “-”.", self.at - 1, self.at, _TERM)
            else:
                break
        if self.at == len(self.text) and started < self.at:
            raise FilterError("Nothing follows.", started, self.at, _TERM)
        test = self._one()
        self._space()
        if negated:
            del self.required[before:]
        return _none(test) if negated else test

    def _one(self) -> Test:
        if self.at == len(self.text):
            raise FilterError("Incomplete filter.", max(0, self.at - 1), self.at, _TERM)
        for word in _KEYWORDS:
            if self._sees(word):
                end = self.at + len(word)
                said = f"Nothing precedes “{word}”."
                raise FilterError(said, self.at, end, _TERM)
        char = self.text[self.at]
        if char == "(":
            return self._group()
        if char == ")":
            raise FilterError("Nothing precedes “)”.", self.at, self.at + 1, _TERM)
        if char == '"':
            return word_test(Value(self._phrase(), quoted=True))
        named = _FIELD.match(self.text, self.at)
        if named is not None:
            return self._field(named[1])
        return word_test(Value(self._word("")))

    def _group(self) -> Test:
        opened = self.at
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise FilterError("These parentheses are too deep.", opened, opened + 1, _TERM)
        self.at += 1
        self._space()
        test = self._any()
        if not self.text.startswith(")", self.at):
            raise FilterError("Unclosed “(”.", opened, opened + 1, "Expected “)”.")
        self.at += 1
        self.depth -= 1
        return test

    def _phrase(self) -> str:
        opened = self.at
        self.at += 1
        said = ""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return said
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\"):
                self.at += 1
                char = self.text[self.at]
            said += char
            self.at += 1
        expected = "Expected a closing quotation mark."
        raise FilterError("Unclosed quotation.", opened, len(self.text), expected)

    def _word(self, also: str) -> str:
        start = self.at
        while self.at < len(self.text):
            char = self.text[self.at]
            if char.isspace() or char in "()" or char in also:
                break
            self.at += 1
        return self.text[start : self.at]

    def _field(self, name: str) -> Test:
        start = self.at
        self.at += len(name) + 1
        base, _, path = name.partition(".")
        field = BY_NAME.get(base.lower())
        if field is None or (path and field.name != "kwargs"):
            raise self._unknown(name if field is None else base, start, path)
        tests: list[Test] = []
        values: list[Value] = []
        while True:
            value = self._value(start)
            values.append(value)
            if path:
                tests.append(kwargs_test(tuple(path.split(".")), value))
            else:
                test, changes = field_test(field, value)
                tests.append(test)
                if changes is not None:
                    self.changes.add(changes)
            if not self.text.startswith(",", self.at):
                break
            self.at += 1
        if self.at < len(self.text) and not (
            self.text[self.at].isspace() or self.text[self.at] in "()"
        ):
            expected = "Expected a space or a comma."
            raise FilterError("Unexpected text after the value.", self.at, self.at + 1, expected)
        if not path:
            self.required.append(Required(field.name, tuple(values)))
        return tests[0] if len(tests) == 1 else _one_of(tests)

    def _unknown(self, name: str, start: int, path: str) -> FilterError:
        end = start + len(name)
        if path and name.lower() in BY_NAME:
            message = f"“{name}” has no nested values; only kwargs has."
            return FilterError(message, start, end, "Expected a field, or kwargs.name:value")
        near = difflib.get_close_matches(name.lower(), BY_NAME, 1, 0.5)
        message = f"Unknown field “{name}”."
        if near:
            message += f" Did you mean {near[0]}?"
        names = " ".join(field.name for field in FIELDS)
        return FilterError(message, start, end, f"Expected a field: {names}")

    def _value(self, start: int) -> Value:
        begin = self.at
        found = _OPERATOR.match(self.text, self.at)
        operator = found[0] if found else ""
        self.at += len(operator)
        if self.text.startswith('"', self.at):
            at = self.at
            return Value(
                self._phrase(), at=at + 1, operator=operator, quoted=True, operator_at=begin
            )
        if not operator and self.text.startswith("/", self.at):
            return self._regex()
        at = self.at
        word = self._word(",")
        if not word:
            expected = 'Expected a value: a word, a*b?, a,b, >5, /regex/ or "a phrase"'
            said = f"Nothing follows “{self.text[start:at]}”."
            raise FilterError(said, start, at, expected)
        return Value(word, at=at, operator=operator, operator_at=begin)

    def _regex(self) -> Value:
        opened = self.at
        self.at += 1
        pattern = ""
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == "/":
                return Value(pattern, at=opened + 1, regex=True)
            if char == "\\" and self.at < len(self.text):
                following = self.text[self.at]
                self.at += 1
                # An escaped slash keeps its backslash: offsets stay true, and it matches a slash.
                char += following
            pattern += char
        expected = "Expected a closing “/”."
        raise FilterError("Unclosed regular expression.", opened, len(self.text), expected)


def _every_one(tests: list[Test]) -> Test:
    if len(tests) == 2:
        one, other = tests
        return lambda task, now: one(task, now) and other(task, now)

    def every(task: Task, now: float) -> bool:
        for test in tests:  # noqa: SIM110  a generator would cost more than the tests
            if not test(task, now):
                return False
        return True

    return every


def _one_of(tests: list[Test]) -> Test:
    def some(task: Task, now: float) -> bool:
        for test in tests:  # noqa: SIM110  a generator would cost more than the tests
            if test(task, now):
                return True
        return False

    return some


def _none(test: Test) -> Test:
    return lambda task, now: not test(task, now)
