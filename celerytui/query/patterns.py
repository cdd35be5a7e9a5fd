"""Tests of text: parts, wholes, patterns with `*` and `?`, and regular expressions.

Every test takes text that is in lower case already, and takes time in proportion to it; a regular
expression that could take longer is refused, or sees only the beginning of the text.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable
from typing import Any

TextTest = Callable[[str], bool]

PATTERN_LIMIT = 200
TEXT_LIMIT = 65_536
# A regular expression runs with the interpreter locked, and a hostile text can make it try every
# way to match; it sees only as much of a text as this many tries can cover at the worst.
TRIES = 25_000_000
REGEX_TEXT = (4096, 2048, 1024, 512, 256, 128)
_MANY = 20
_END = re.compile(r"\A(?:\.\*\??)+|(?<!\\)(?:\.\*\??)+\Z")


class PatternError(Exception):
    """A pattern that cannot be used; the text says why, `at` is the offset in it if known."""

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.at = at


def part(needle: str) -> TextTest:
    """Whether the text has this in it."""
    needle = needle.lower()
    return lambda text: needle in text


def whole(value: str) -> TextTest:
    """Whether the text is this and nothing else."""
    value = value.lower()
    return lambda text: text == value


def beginning(value: str) -> TextTest:
    """Whether the text begins with this."""
    value = value.lower()
    return lambda text: text.startswith(value)


def is_glob(value: str) -> bool:
    """Whether a value has wildcards: `*` for any text, `?` for one character."""
    return "*" in value or "?" in value


def glob(pattern: str, *, anchored: bool) -> TextTest:
    """Whether the pattern matches the text, all of it if `anchored`, else some part of it."""
    pieces = pattern.lower().split("*")
    if not anchored:
        # Stars at the ends are there anyway; without them a pattern is tested as a part.
        pieces = ["", *pieces, ""]
    head, *middle = pieces
    if not middle:
        return _exactly(head)
    tail = middle.pop()
    at_start, at_end = _exactly(head), _exactly(tail)
    finders = [_finder(piece) for piece in middle if piece]
    first, last = len(head), len(tail)

    def matches(text: str) -> bool:
        end = len(text) - last
        if end < first or not at_start(text[:first]) or not at_end(text[end:]):
            return False
        position = first
        for find in finders:
            position = find(text, position, end)
            if position < 0:
                return False
        return True

    return matches


def _exactly(piece: str) -> TextTest:
    if "?" not in piece:
        return lambda text: text == piece
    compiled = _any_one(piece)
    return lambda text: compiled.fullmatch(text) is not None


def _any_one(piece: str) -> re.Pattern[str]:
    return re.compile(re.escape(piece).replace(r"\?", "."), re.DOTALL)


def _finder(piece: str) -> Callable[[str, int, int], int]:
    """The end of the first place of `piece` between two offsets, -1 if there is none."""
    size = len(piece)
    if "?" not in piece:

        def find(text: str, start: int, end: int) -> int:
            found = text.find(piece, start, end)
            return -1 if found < 0 else found + size

        return find
    compiled = _any_one(piece)

    def search(text: str, start: int, end: int) -> int:
        found = compiled.search(text, start, end)
        return -1 if found is None else found.end()

    return search


def regex(pattern: str) -> TextTest:
    """Whether the regular expression is found in the text; raises PatternError."""
    if len(pattern) > PATTERN_LIMIT:
        raise PatternError(f"A regular expression has at most {PATTERN_LIMIT} characters.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parse(pattern)
            # A search finds what stands anywhere: these would only make it try more ways.
            compiled = re.compile(_END.sub("", pattern), re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise PatternError(f"{error.msg[:1].upper()}{error.msg[1:]}.", error.pos) from None
    except (OverflowError, RecursionError):
        raise PatternError("This is too much for a regular expression.") from None
    limit = _visible(*_ways(_parse(compiled.pattern) if compiled.pattern != pattern else tree))
    return lambda text: compiled.search(text[:limit]) is not None


def _parse(pattern: str) -> Any:
    try:
        from re import _parser as parser  # type: ignore[attr-defined]
    except ImportError:  # Python 3.10
        import sre_parse as parser
    parse: Callable[..., Any] = parser.parse
    return parse(pattern, re.IGNORECASE | re.DOTALL)


def _visible(endless: int, choices: int) -> int:
    for size in REGEX_TEXT:
        if choices * size ** (endless + 1) // math.factorial(endless + 1) <= TRIES:
            return size
    raise PatternError("There are too many ways to match this: it could take for ever.")


def _ways(tree: Any, inside: bool = False) -> tuple[int, int]:
    """How many parts repeat without end, and how many ways the others can match, multiplied.

    Raises where a repeat holds a repeat or a choice, which can take time that doubles with each
    character, and at references to groups, which nothing bounds.
    """
    endless, choices = 0, 1
    for operator, argument in tree:
        name = str(operator)
        bodies: list[Any] = []
        if name.endswith("_REPEAT"):
            least, most, body = argument
            if inside and least != most:
                raise PatternError("A repeat within a repeat could take for ever.")
            bodies = [body]
            if most > _MANY:
                endless += 1
            else:
                choices *= most - least + 1
        elif name == "BRANCH":
            if inside:
                raise PatternError("A choice within a repeat could take for ever.")
            bodies = list(argument[1])
            choices *= len(bodies)
        elif name == "SUBPATTERN":
            bodies = [argument[3]]
        elif name in ("ASSERT", "ASSERT_NOT"):
            bodies = [argument[1]]
        elif name == "ATOMIC_GROUP":
            bodies = [argument]
        elif name.startswith("GROUPREF"):
            raise PatternError("A reference to a group is not known here.")
        ways = [_ways(body, inside or name.endswith("_REPEAT")) for body in bodies]
        endless += max((more for more, _ in ways), default=0)
        choices *= max((more for _, more in ways), default=1)
    return endless, choices
