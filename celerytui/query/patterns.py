"""Tests of text: parts, wholes, patterns with `*` and `?`, and regular expressions.

Every test takes text that is in lower case already, and takes time in proportion to it, whatever
the pattern: regular expressions are RE2's, which never tries one way after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable

TextTest = Callable[[str], bool]

PATTERN_LIMIT = 200
TEXT_LIMIT = 65_536


class PatternError(Exception):
    """A pattern that cannot be used; the text says why."""


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
    """Whether the regular expression is found in the text; raises PatternError.

    In RE2's syntax: Python's without what makes an engine try one way after the other.
    """
    import re2

    if len(pattern) > PATTERN_LIMIT:
        raise PatternError(f"A regular expression has at most {PATTERN_LIMIT} characters.")
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True
    options.log_errors = False
    try:
        search = re2.compile(pattern, options).search
    except re2.error as error:
        raise PatternError(_in_words(error, pattern)) from None
    return lambda text: search(text) is not None


def _in_words(error: Exception, pattern: str) -> str:
    """What RE2 says, `b"invalid escape sequence: \\1"`, as a sentence."""
    (said,) = error.args
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    what, _, piece = text.partition(": ")
    where = f" “{piece}”" if piece and piece != pattern else ""
    return f"{what[:1].upper()}{what[1:]}{where}."
