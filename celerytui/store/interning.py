"""One object for each text that many tasks share."""

from __future__ import annotations


class InternTable:
    """Gives the same string object for equal texts, for up to `limit` of them.

    Texts longer than `longest` characters pass through. A full table starts anew, so a flood of
    unique texts costs neither memory nor, for long, the sharing of the common ones.
    """

    __slots__ = ("_limit", "_longest", "_texts")

    def __init__(self, limit: int, longest: int) -> None:
        self._limit = limit
        self._longest = longest
        self._texts: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        known = self._texts.get(text)
        if known is not None:
            return known
        if len(text) <= self._longest:
            if len(self._texts) >= self._limit:
                self._texts.clear()
            self._texts[text] = text
        return text
