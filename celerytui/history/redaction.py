"""Hides what no history may hold: passwords, and the arguments that the user names."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.masking import MASK, mask
from celerytui.query.kwargs_path import READ_LIMIT, place

TEXT_LIMIT = 65_536
"""Characters that are kept of one text; a filter looks at no more."""
FIELDS = ("args", "kwargs", "result")
Path = tuple[str, ...]


class Redaction:
    """`paths` name what is to be hidden, as `kwargs.card`, `args.0` or `result`."""

    def __init__(self, paths: Sequence[str] = ()) -> None:
        self._paths: dict[str, list[Path]] = {}
        for path in paths:
            field, *rest = path.split(".")
            self._paths.setdefault(field, []).append(tuple(rest))

    def of(self, field: str, text: str | None) -> str | None:
        """The text of a field as it may be kept."""
        if text is None:
            return None
        for path in self._paths.get(field, ()):
            text = _without(text, path)
        return safe(text)


def safe(text: str | None) -> str | None:
    """A text as a database takes it: bounded, without passwords and what is no character."""
    if text is None:
        return None
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "…"
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return mask(text)


def _without(text: str, path: Path) -> str:
    if not path:
        return MASK
    if len(text) > READ_LIMIT:
        # What is not read could be what is to be hidden.
        text = text[:READ_LIMIT] + "…"
    found = place(text, path)
    return text if found is None else f"{text[: found[0]]}'{MASK}'{text[found[1] :]}"
