"""Hides what no history may hold: passwords, and the arguments that the user names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from celerytui.masking import MASK, mask
from celerytui.query.kwargs_path import READ_LIMIT, place

TEXT_LIMIT = 65_536
"""Characters that are kept of one text; a filter looks at no more."""
ARGUMENTS = ("args", "kwargs")
Path = tuple[str, ...]
_TOKEN = re.compile(
    r"(?P<text>[bBuU]?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))(?=\s*(?:[,:)\]}]|$))"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?:[^'\"()\[\]{}bBuU]+|[bBuU](?!['\"]))+",
    re.DOTALL,
)
"""A text with what may follow it, a bracket, or anything but these."""
_PAIRS = {")": "(", "]": "[", "}": "{"}
_BEFORE_TEXT = ("", *"([{,:=")
_PLAIN = re.compile(r"None|True|False|null|true|false|[-+.\d_eE]+")
"""What has nothing inside it."""


class Redaction:
    """`paths` name what is to be hidden, as `kwargs.card`, `args.0`, `result` or `events.card`."""

    def __init__(self, paths: Sequence[str] = ()) -> None:
        self._paths: dict[str, list[Path]] = {}
        for path in paths:
            field, *rest = path.split(".")
            self._paths.setdefault(field, []).append(tuple(rest))

    def of(self, field: str, text: str | None) -> str | None:
        """The text of a field as it may be kept: all of it is hidden where it cannot be read."""
        if text is None:
            return None
        paths = () if text == MASK else self._paths.get(field, ())
        if paths and not _is_readable(text):
            return MASK
        for path in paths:
            text = _without(text, path)
        return safe(text)

    def action(self, line: str) -> str:
        """An entry of the action log as JSON, as it may be kept."""
        return json.dumps(self.entry(json.loads(line)))

    def entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """An entry of the action log in plain values, as it may be kept."""
        found: dict[str, Any] = plain(entry)
        given = entry.get("params") or {}
        hidden = {field: self.of(field, given[field]) for field in ARGUMENTS if given.get(field)}
        return found | {"params": found["params"] | hidden} if hidden else found


def safe(text: str | None) -> str | None:
    """A text as a database takes it: bounded, without passwords and what is no character."""
    if text is None:
        return None
    # What is cut first may no longer look like a password.
    text = mask(text)
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "…"
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text


def plain(value: Any) -> Any:
    """Nested plain values, each text of them as a database takes it."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _is_readable(text: str) -> bool:
    """Whether all of a repr, or JSON, is understood: a quote at an odd place could hide a key.

    Celery cuts reprs, and escapes no backslash in them.
    """
    if len(text) > READ_LIMIT:
        return False
    at, before = 0, ""
    opened: list[str] = []
    for token in _TOKEN.finditer(text):
        if token.start() != at:
            return False
        found, at = token[0], token.end()
        if token["text"] is not None:
            if before not in _BEFORE_TEXT:
                return False
        elif token["open"] is not None:
            opened.append(found)
        elif token["close"] is not None and (not opened or opened.pop() != _PAIRS[found]):
            return False
        before = found.rstrip()[-1:] or before
    return at == len(text) and not opened


def _without(text: str, path: Path) -> str:
    """The text without what stands there, or what may have it inside."""
    if not path:
        return MASK
    found = place(text, path)
    depth = len(path)
    while found is None and depth:
        depth -= 1
        found = place(text, path[:depth])
        if found is not None and _is_open(text[found[0] : found[1]]):
            return text
    if found is None:
        return text
    start, end = found
    quote = text[start] if text[start : start + 1] in ("'", '"') else "'"
    return f"{text[:start]}{quote}{MASK}{quote}{text[end:]}"


def _is_open(value: str) -> bool:
    """Whether a value is known to have no such item: a container without it, or a plain one."""
    return value[:1] in ("", *"([{") or _PLAIN.fullmatch(value) is not None
