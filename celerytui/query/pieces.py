"""Long work in pieces, so that other threads are never kept waiting by it.

The interpreter lets no other thread run while it frees, resizes or sorts one thing, however large:
whatever holds a million things is made, and taken apart, in pieces.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

SLICE = 4096

Thing = TypeVar("Thing")


def let_go() -> None:
    """Between two pieces: let another thread have the interpreter."""
    time.sleep(0)


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
    time. `collect_young`, called between the pieces, takes care of what is new meanwhile.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def collect_young() -> None:
    """Where the collector is off: collect what is new.

    That also takes tuples which can be in no cycle off the collector's list, for good.
    """
    if not gc.isenabled():
        gc.collect(0)
