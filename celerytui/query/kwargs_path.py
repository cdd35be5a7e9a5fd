"""Looking inside the text of keyword arguments, as `kwargs.user:7` does.

The text is a repr that Celery may have cut and that may hold any object's repr, so it is read
piece by piece, never evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator

READ_LIMIT = 16_384
_OPEN, _CLOSE = "([{", ")]}"


def look(text: str, path: tuple[str, ...]) -> str | None:
    """The text of the value at that path of keys (or positions), strings without their quotes."""
    found = place(text, path)
    return None if found is None else _unquoted(text[found[0] : found[1]])


def place(text: str, path: tuple[str, ...]) -> tuple[int, int] | None:
    """From where to where the value at that path stands, quotes included; None without one."""
    found = _stripped(text, 0, min(len(text), READ_LIMIT))
    for step in path:
        inner = _item(text, *found, step)
        if inner is None:
            return None
        found = inner
    return found


def _item(text: str, start: int, end: int, key: str) -> tuple[int, int] | None:
    if start >= end or text[start] not in _OPEN:
        return None
    named = text[start] == "{"
    for index, (colon, first, last) in enumerate(_items(text, start, end)):
        if colon >= 0:
            name: str | None = _unquoted(text[slice(*_stripped(text, first, colon))])
        else:
            name = None if named else str(index)
        if name == key:
            return _stripped(text, first if colon < 0 else colon + 1, last)
    return None


def _items(text: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The items of a dict's, list's or tuple's repr: where the colon is, -1 for none, and where
    each begins and ends."""
    first, colon, depth, position = start + 1, -1, 0, start + 1
    while position < end:
        char = text[position]
        if char in "'\"":
            position = _end_of_string(text, position, end)
            continue
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
            if depth < 0:
                break
        elif char == ":" and depth == 0 and colon < 0:
            colon = position
        elif char == "," and depth == 0:
            yield colon, first, position
            first, colon = position + 1, -1
        position += 1
    if text[first:position].strip():
        yield colon, first, position


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _end_of_string(text: str, start: int, end: int) -> int:
    quote, position = text[start], start + 1
    while position < end:
        if text[position] == "\\":
            position += 2
        elif text[position] == quote:
            return position + 1
        else:
            position += 1
    return end


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        return text
    inner = text[1:-1]
    return inner.replace("\\'", "'").replace('\\"', '"').replace("\\\\", "\\")
