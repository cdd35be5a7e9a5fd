"""Long work in pieces, so that other threads are never kept waiting by it.

The interpreter lets no other thread run while it frees, resizes or sorts one thing, however large:
whatever holds a million things is made, and taken apart, in pieces.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from celerytui.interpreter import NEVER, let_go

SLICE = 4096

Thing = TypeVar("Thing")


def slices(
    things: Sequence[Thing], size: int | None = None, *, backwards: bool = False
) -> Iterator[Sequence[Thing]]:
    """The things in pieces of `size` (`SLICE`), from the last to the first if `backwards`."""
    size = size or SLICE
    starts = range(0, len(things), size)
    for start in reversed(starts) if backwards else starts:
        piece = things[start : start + size]
        yield piece[::-1] if backwards else piece


def drop(things: list[Any], pause: Callable[[], None] = let_go) -> None:
    """Empty a long list."""
    while things:
        del things[-SLICE:]
        pause()


class Clearable(Protocol):
    """What can be taken apart in pieces, and again from where that was interrupted."""

    def clear(self, pause: Callable[[], None]) -> None:
        """Forget everything; `pause` is called often and may raise."""


class Waste:
    """Long things that nobody needs any more, until there is time to take them apart."""

    def __init__(self) -> None:
        self._things: list[Clearable | list[Any]] = []

    def add(self, *things: Clearable | list[Any]) -> None:
        """Take things over; nobody else may use them now."""
        self._things += things

    def clear(self, pause: Callable[[], None] = let_go) -> None:
        """Take them apart in pieces; what `pause` interrupts by raising is left for the next."""
        while self._things:
            thing = self._things[-1]
            if isinstance(thing, list):
                drop(thing, pause)
            else:
                thing.clear(pause)
            self._things.pop()


@contextmanager
def only_young_garbage() -> Iterator[None]:
    """For work that makes a million things, none of them garbage: leave the old ones alone.

    Left to itself the collector goes through all of them again and again, for up to 200 ms at a
    time. What is new it still takes, in small portions, and that also takes tuples which can be in
    no cycle off its list, for good.
    """
    first, second, third = gc.get_threshold()
    gc.set_threshold(first, second, NEVER)
    try:
        yield
    finally:
        gc.set_threshold(first, second, third)
