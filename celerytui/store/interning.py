"""One object for each text that many tasks share."""

from __future__ import annotations

SHARED_LENGTH = 8
"""Characters up to which arguments and results are worth a look whether others have the same."""


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


class CommonTexts:
    """The short texts that many tasks have: "()", "{}", "None", "True".

    Which these are is learned from an event now and then, so that looking one up, `known(text,
    text)`, stays a single call in C. Longer ones than `SHARED_LENGTH` are never common.
    """

    __slots__ = ("_limit", "_texts", "known")

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._texts: dict[str, str] = {}
        self.known = self._texts.get

    def learn(self, *texts: str | None) -> None:
        """Take texts that a task has, for one that has the same."""
        for text in texts:
            if text is not None and len(text) <= SHARED_LENGTH and text not in self._texts:
                if len(self._texts) >= self._limit:
                    self._texts.clear()
                self._texts[text] = text

    def __call__(self, text: str) -> str:
        """The one object for a text that is common, else the text itself."""
        return self.known(text, text) if len(text) <= SHARED_LENGTH else text
