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
    value = text[:READ_LIMIT]
    for step in path:
        found = _item(value, step)
        if found is None:
            return None
        value = found
    return _unquoted(value)


def _item(text: str, key: str) -> str | None:
    text = text.strip()
    if not text or text[0] not in _OPEN:
        return None
    for index, (name, value) in enumerate(_items(text)):
        if name is None and text[0] != "{":
            name = str(index)
        if name == key:
            return value
    return None


def _items(text: str) -> Iterator[tuple[str | None, str]]:
    """The items of a dict's, list's or tuple's repr: key (None if it has none) and value."""
    start, colon, depth, position = 1, -1, 0, 1
    while position < len(text):
        char = text[position]
        if char in "'\"":
            position = _end_of_string(text, position)
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
            yield _pair(text, start, colon, position)
            start, colon = position + 1, -1
        position += 1
    if text[start:position].strip():
        yield _pair(text, start, colon, position)


def _pair(text: str, start: int, colon: int, end: int) -> tuple[str | None, str]:
    if colon < 0:
        return None, text[start:end].strip()
    return _unquoted(text[start:colon].strip()), text[colon + 1 : end].strip()


def _end_of_string(text: str, start: int) -> int:
    quote, position = text[start], start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 2
        elif text[position] == quote:
            return position + 1
        else:
            position += 1
    return len(text)


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        return text
    inner = text[1:-1]
    return inner.replace("\\'", "'").replace('\\"', '"').replace("\\\\", "\\")
