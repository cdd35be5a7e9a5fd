"""Which lines of a long text are seen, and the thumb that shows it."""

from __future__ import annotations

WHEEL_LINES = 3
"""How far a notch of the mouse's wheel goes."""


def thumb(first: int, seen: int, total: int) -> tuple[int, int] | None:
    """First line and length of a scroll bar's thumb of `seen` lines; None where all are seen."""
    if seen <= 0 or total <= seen:
        return None
    size = max(1, seen * seen // total)
    return (seen - size) * first // (total - seen), size


class Scroll:
    """The first line seen of a text of `total` lines; it never leaves the text."""

    def __init__(self) -> None:
        self.first = 0
        self.seen = 0
        self.total = 0

    def fit(self, total: int, seen: int) -> range:
        """Take the length of the text and of its window; the lines that are seen now."""
        self.total, self.seen = total, max(0, seen)
        self.to(self.first)
        return range(self.first, min(total, self.first + self.seen))

    def to(self, line: int) -> None:
        """Begin with that line, or as near to it as there is text."""
        self.first = max(0, min(line, self.total - self.seen))

    def by(self, lines: int) -> None:
        """Move on by so many lines."""
        self.to(self.first + lines)

    def page(self, by: int) -> None:
        """Move on by pages that share a line."""
        self.by(by * max(1, self.seen - 1))

    def show(self, line: int) -> None:
        """Move as little as is needed to see that line."""
        if line < self.first:
            self.to(line)
        elif line >= self.first + self.seen:
            self.to(line - self.seen + 1)

    @property
    def thumb(self) -> tuple[int, int] | None:
        """First line and length of the thumb in the window; None where all is seen."""
        return thumb(self.first, self.seen, self.total)
