"""Long work in pieces, so that other threads are never kept waiting by it.

The interpreter lets no other thread run while it frees, resizes or sorts one thing, however large:
whatever holds a million things is made, and taken apart, in pieces.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from celerytui.courtesy import NEVER, let_go

SLICE = 4096

Thing = TypeVar("Thing")


def slices(things: Sequence[Thing], *, backwards: bool = False) -> Iterator[Sequence[Thing]]:
    """The things in pieces, the last piece first if `backwards`."""
    starts = range(0, len(things), SLICE)
    for start in reversed(starts) if backwards else starts:
        yield things[start : start + SLICE]


def drop(things: list[Any], pause: Callable[[], None] = let_go) -> None:
    """Empty a long list."""
    while things:
        del things[-SLICE:]
        pause()


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
