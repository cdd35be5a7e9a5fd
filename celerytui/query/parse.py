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
from celerytui.query.required import Required, required_of
from celerytui.query.tree import Node, Term, all_of, any_of, none_of

LENGTH_LIMIT = 2_000
DEPTH_LIMIT = 40
_FIELD = re.compile(r"([A-Za-z_][\w-]*(?:\.[^\s:()\",]+)?):")
_OPERATOR = re.compile(r">=|<=|>|<|=")
_KEYWORDS = ("AND", "OR", "NOT")
_TERM = 'Expected a term: a word, field:value, "a phrase" or (…)'


class Filter:
    """A parsed filter: `matches` asks whether it lets a task through.

    `changes` is what else than an event can change its answers, `tree` its terms, where it was
    parsed and is not empty, and `required` those that hold for whatever it lets through, for a
    database to narrow by. Two filters of the same text are equal.
    """

    __slots__ = ("_test", "changes", "is_empty", "required", "text", "tree")

    def __init__(
        self,
        text: str,
        test: Test | None,
        changes: frozenset[Changes] = frozenset(),
        tree: Node | None = None,
    ) -> None:
        self.text = text
        self.is_empty = test is None
        self.changes = changes
        self.tree = tree
        self.required: tuple[Required, ...] = () if tree is None else tuple(required_of(tree))
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
    tree = parser.whole()
    test = None if tree is None else tree.test
    return Filter(text, test, frozenset(parser.changes), tree)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.changes: set[Changes] = set()

    def whole(self) -> Node | None:
        self._space()
        if self.at == len(self.text):
            return None
        tree = self._any()
        if self.at < len(self.text):
            raise FilterError("Unmatched “)”.", self.at, self.at + 1, _TERM)
        return tree

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

    def _any(self) -> Node:
        parts = [self._all()]
        while self._keyword("OR"):
            parts.append(self._all())
        return any_of(parts)

    def _all(self) -> Node:
        parts = [self._not()]
        while True:
            if not self._keyword("AND") and (
                self.at == len(self.text) or self.text[self.at] == ")" or self._sees("OR")
            ):
                return all_of(parts)
            parts.append(self._not())

    def _sees(self, word: str) -> bool:
        before = self.at
        found = self._keyword(word) is not None
        self.at = before
        return found

    def _not(self) -> Node:
        negated, started = False, self.at
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
        part = self._one()
        self._space()
        return none_of(part) if negated else part

    def _one(self) -> Node:
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
            return _word_term(Value(self._phrase(), quoted=True))
        named = _FIELD.match(self.text, self.at)
        if named is not None:
            return self._field(named[1])
        return _word_term(Value(self._word("")))

    def _group(self) -> Node:
        opened = self.at
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise FilterError("These parentheses are too deep.", opened, opened + 1, _TERM)
        self.at += 1
        self._space()
        tree = self._any()
        if not self.text.startswith(")", self.at):
            raise FilterError("Unclosed “(”.", opened, opened + 1, "Expected “)”.")
        self.at += 1
        self.depth -= 1
        return tree

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

    def _field(self, name: str) -> Node:
        start = self.at
        self.at += len(name) + 1
        base, _, path = name.partition(".")
        field = BY_NAME.get(base.lower())
        if field is None or (path and field.name != "kwargs"):
            raise self._unknown(name if field is None else base, start, path)
        parts: list[Node] = []
        while True:
            value = self._value(start)
            if path:
                steps = tuple(path.split("."))
                parts.append(Term(kwargs_test(steps, value), value, field, steps))
            else:
                test, changes = field_test(field, value)
                parts.append(Term(test, value, field))
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
        return any_of(parts)

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


def _word_term(value: Value) -> Term:
    return Term(word_test(value), value)
