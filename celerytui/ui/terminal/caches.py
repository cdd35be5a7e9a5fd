"""What Textual and Rich keep of texts, colours and places that were drawn once.

They have some sixty caches of up to 16,384 results each, among them the width of each text, each
text that a dialog's edge cut in two and each colour that something faded through. Of a display
that changes all the time little comes again: for hours they grow by some kilobytes a minute, and
what they keep lies scattered among what is freed, so that its memory cannot be used again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from typing import Any, Final

LIBRARIES: Final = ("rich", "textual")
MOST: Final = 256
"""Results that a cache may have: more than a screenful of anything comes again and again."""


def trim_caches() -> None:
    """Empty the caches that have more than `MOST` results; what is needed is worked out anew."""
    for cache in caches():
        if cache.cache_info().currsize > MOST:
            cache.cache_clear()


def caches() -> Iterator[_lru_cache_wrapper[Any]]:
    """Every `lru_cache` of a function or a method in the libraries, as far as they are imported."""
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] in LIBRARIES:
            for function in _functions(module):
                # What others import from there is met there.
                if getattr(function, "__module__", None) != name:
                    continue
                methods = _functions(function) if isinstance(function, type) else (function,)
                yield from (one for one in methods if isinstance(one, _lru_cache_wrapper))


def _functions(owner: object) -> Iterator[object]:
    for value in [*vars(owner).values()]:
        if isinstance(value, classmethod | staticmethod):
            yield value.__func__
        else:
            yield value.fget if isinstance(value, property) else value
