"""Foreign text made safe to show, and how many cells text takes."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import PurePath
from typing import Literal

from celerytui.columns.glyphs import UNICODE
from celerytui.masking import mask

ELLIPSIS = UNICODE.ellipsis
REPLACEMENT = "�"
NEWLINE = "⏎"
MARKS_PER_BASE = 4
URL_ROOM = 512
"""How far behind a cut the end of a password is looked for."""

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_BREAK = re.compile(r"\r\n|\n")
# These change or hide the character before them and carry no text of their own.
_DROPPED = frozenset(
    code
    for first, last in (
        (0x034F, 0x034F),  # combining grapheme joiner
        (0x17B4, 0x17B5),  # Khmer vowels that are not drawn
        (0x180B, 0x180F),  # Mongolian variation selectors
        (0x200C, 0x200D),  # joiners
        (0xFE00, 0xFE0F),  # variation selectors
        (0x1F3FB, 0x1F3FF),  # skin tones
        (0xE0100, 0xE01EF),  # variation selectors, supplement
    )
    for code in range(first, last + 1)
)
# Letters and symbols that draw nothing: a name could differ from another by one of them unseen.
_BLANK = frozenset([0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0])
_FIRST_MARK = "\u0300"

ONE_CELL = frozenset("✓✗⊘›").union(
    chr(code)
    for first, last in (
        (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x2FF), (0x370, 0x482), (0x2010, 0x2027),
        (0x2190, 0x21FF), (0x2500, 0x25FC), (0x2800, 0x28FF),
    )
    for code in range(first, last + 1)
)  # fmt: skip
"""Characters that take one cell, whatever the terminal."""


class _Safe(dict[int, str]):
    """For str.translate: what stands for a character that a terminal must not get.

    It caches nothing, since hostile text could fill it with every code point there is.
    """

    def __missing__(self, code: int) -> str:
        if code < 0x20:
            return " " if code == 0x09 else chr(0x2400 + code)
        if code == 0x7F:
            return "␡"
        if code in _DROPPED:
            return ""
        if code in _BLANK:
            return REPLACEMENT
        if 0x1F1E6 <= code <= 0x1F1FF:  # two of these are a flag, and its width is disputed
            return chr(code - 0x1F1E6 + 0x41)
        char = chr(code)
        if char.isprintable():
            return char
        return " " if unicodedata.category(char) == "Zs" else REPLACEMENT


_SAFE = _Safe()
_SAFE_LINES = _Safe({0x0A: "\n", 0x09: "    "})


def clean(text: object, *, newlines: bool = False, limit: int | None = None) -> str:
    """Make foreign text safe to show: the only way such text reaches a screen or a terminal.

    Passwords in URLs, and those learnt from the configuration, become `**`.
    Control characters become visible symbols (`␛`), colour sequences go, bidi controls and
    whatever else is invisible, unassigned or half a surrogate pair becomes `�`, a flood of
    combining marks is cut. A line break is `⏎`, or stays if `newlines`. At most `limit`
    characters, `…` at the end of cut text. Cleaning twice changes nothing more. A path is
    written as it is typed, any other object as its repr.
    """
    # A subclass of str may say one thing and hold another.
    text = _plain(text if isinstance(text, str) else _repr(text))
    cut_off = limit is not None and len(text) > limit
    if limit is not None:
        text = text[: limit + URL_ROOM]
    if not text.isprintable():
        text = _COLOUR.sub("", text)
    # Before line breaks become signs: one ends a URL.
    text = mask(text)
    if not text.isprintable():
        text = _BREAK.sub("\n" if newlines else NEWLINE, text)
    if not text.isascii() or not text.isprintable():
        text = text.translate(_SAFE_LINES if newlines else _SAFE)
    if not text.isascii() and max(text) >= _FIRST_MARK:
        text = _thin_marks(text)
    if limit is not None and (cut_off or len(text) > limit):
        text = text[: max(0, limit - 1)] + ELLIPSIS if limit > 0 else ""
    return text


def _plain(text: str) -> str:
    return str.__str__(text)


def _repr(value: object) -> str:
    try:
        return str(value) if isinstance(value, PurePath) else repr(value)
    except Exception as error:  # a hostile or broken __repr__ must not end the screen
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _thin_marks(text: str) -> str:
    kept: list[str] = []
    marks = MARKS_PER_BASE  # so that a mark with nothing under it is not kept
    for char in text:
        if char == "\n":
            marks = MARKS_PER_BASE
        elif char < _FIRST_MARK or _char_width(char):
            marks = 0
        else:
            marks += 1
            if marks > MARKS_PER_BASE:
                continue
        kept.append(char)
    return "".join(kept)


@lru_cache(maxsize=8192)
def _char_width(char: str) -> int:
    # Imported late: most text is ASCII, and the first frame should not wait for the tables.
    from wcwidth import wcwidth

    return max(0, wcwidth(char))


def cell_width(text: str) -> int:
    """Cells that cleaned text takes in one line of a terminal."""
    if text.isascii() or ONE_CELL.issuperset(text):
        return len(text)
    return sum(map(_char_width, text))


def cut(
    text: str,
    width: int,
    *,
    where: Literal["right", "middle", "third", "left"] = "right",
    ellipsis: str = ELLIPSIS,
) -> str:
    """Shorten cleaned text to at most `width` cells, an ellipsis where something went."""
    if cell_width(text) <= width:
        return text
    room = width - cell_width(ellipsis)
    if room <= 0:
        return _head(ellipsis, width)
    if where == "left":
        return ellipsis + _tail(text, room)
    if where in ("middle", "third"):
        tail = room // 2 if where == "middle" else room - room // 3
        return _head(text, room - tail) + ellipsis + _tail(text, tail)
    return _head(text, room) + ellipsis


def _head(text: str, room: int) -> str:
    if text.isascii():
        return text[: max(0, room)]
    taken = 0
    for index, char in enumerate(text):
        taken += _char_width(char)
        if taken > room:
            return text[:index]
    return text


def _tail(text: str, room: int) -> str:
    if text.isascii():
        return text[max(0, len(text) - room) :]
    taken, start = 0, len(text)
    for index in range(len(text) - 1, -1, -1):
        size = _char_width(text[index])
        taken += size
        if taken > room:
            break
        if size:  # never begin with a mark whose base was cut away
            start = index
    return text[start:]


def pad(text: str, width: int, align: Literal["left", "right"] = "left") -> str:
    """Fill cleaned text with spaces to `width` cells; wider text comes back as it is."""
    space = " " * max(0, width - cell_width(text))
    return space + text if align == "right" else text + space
