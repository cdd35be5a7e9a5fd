"""How many results are read at a time: what they are long decides, not only their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

FIRST = 50
"""So many come first: a screen, and if each has megabytes, no more than memory holds."""
GROWTH = 4
BYTES = 16 * 1024 * 1024
"""What was read of the last page says how many rows have as many bytes."""


class PageSize:
    """`rows` is how many to ask for next, `most` at the most."""

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self.rows = min(FIRST, self._most)

    def take(self, lengths: Iterable[int]) -> None:
        """Learn from the lengths of what came, in bytes or characters."""
        found = [*lengths]
        if found:
            fit = len(found) * BYTES // max(1, sum(found))
            self.rows = max(1, min(self._most, self.rows * GROWTH, fit))


def parts(named: Iterable[tuple[str, int]], most: int) -> Iterator[list[str]]:
    """Names of what is as long as it says, in parts of no more than `BYTES`, or of one."""
    part, held = list[str](), 0
    for name, length in named:
        if part and (len(part) == most or held + length > BYTES):
            yield part
            part, held = [], 0
        part.append(name)
        held += length
    if part:
        yield part


def length_of(row: Mapping[str, Any]) -> int:
    """About how long a row is: its texts and bytes."""
    return sum(
        len(value)
        for value in row.values()
        if isinstance(value, (str, bytes, bytearray, memoryview))
    )
