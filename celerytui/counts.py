"""Numbers with words that agree with them."""

from __future__ import annotations


def agree(number: float, one: str, many: str = "") -> str:
    """The words that follow a number: `one`, or `many`, which is `one` with an s by default."""
    return one if number == 1 else many or f"{one}s"


def counted(number: int, one: str, many: str = "") -> str:
    """A number and its words: "1 worker is", "2 workers are"."""
    return f"{number:,} {agree(number, one, many)}"
