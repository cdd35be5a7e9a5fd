"""Completions for the filter's input."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from celerytui.model import LABELS
from celerytui.query.fields import BY_NAME, FIELDS

_LIMIT = 50
_SPACE = re.compile(r'[\s()"]')
_NEEDS_QUOTES = re.compile(r'[\s(),"*?/<>=\\]')


def suggest(text: str, cursor: int, known: Mapping[str, Iterable[str]]) -> list[str]:
    """What the word at the cursor could become: whole filters' texts, the likeliest first.

    `known` has the values that were seen, by field: `name`, `worker`, `queue`. Each suggestion
    is the text up to the cursor with its last word completed; what follows the cursor is left out.
    """
    cursor = max(0, min(cursor, len(text)))
    before = text[:cursor]
    breaks = [match.end() for match in _SPACE.finditer(before)]
    start = breaks[-1] if breaks else 0
    if before.count('"') % 2:
        return []  # inside a phrase
    if before.startswith("-", start):
        start += 1
    word = before[start:]
    field, colon, values = word.partition(":")
    if not colon:
        names = [f"{one.name}:" for one in FIELDS if one.name.startswith(word.lower())]
        return [before[:start] + name for name in names if name != word]
    last = values.rpartition(",")[2]
    kept = before[: cursor - len(last)]
    candidates = LABELS if field.lower() == "state" else known.get(field.lower(), ())
    return [
        kept + (quoted(value) if _NEEDS_QUOTES.search(value) else value)
        for value in _ranked(last.lower(), candidates)
    ]


def half_typed(text: str) -> tuple[str, str] | None:
    """A filter whose last word may become a field's name: what stands before, and that word.

    None where the last word is none, or has a value already.
    """
    start = max((match.end() for match in _SPACE.finditer(text)), default=0)
    word = text[start:].removeprefix("-").lower()
    if not word or text.count('"') % 2:
        return None
    name, colon, value = word.partition(":")
    base, dot, _ = name.partition(".")
    if dot:
        begins = base == "kwargs"
    elif colon:
        begins = name in BY_NAME
    else:
        begins = any(one.name.startswith(name) for one in FIELDS)
    return (text[:start], word) if begins and not value else None


def _ranked(typed: str, candidates: Iterable[str]) -> list[str]:
    """Those that begin with what was typed, then those that have it in them."""
    found = {value for value in candidates if typed in value.lower() and value != typed}
    ranked = sorted(found, key=lambda value: (not value.lower().startswith(typed), value))
    return ranked[:_LIMIT]


def quoted(value: str) -> str:
    """The value between quotes, as the filter reads it: whatever is in it stands for itself."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
