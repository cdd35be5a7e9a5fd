"""Pickle, which runs whatever it holds: never loaded from the cluster unless the user allows it."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

PICKLE = "application/x-python-serialize"
REFUSED = "a pickle, which is never loaded without --allow-pickle"


PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
"""Steps that keep a value at a place, in a list that grows up to it."""


class PickleRefused(ValueError):
    """Something that came from the cluster was about to load a class or a function."""


class _Policy:
    allowed = False
    hooked = False


_reading = threading.local()


def allow(allowed: bool) -> None:
    """Whether the user trusts all who can write to the broker and the result backend."""
    _Policy.allowed = allowed


def is_refused(content_type: Any) -> bool:
    """Whether it is a content type that must not be read."""
    return content_type == PICKLE and not _Policy.allowed


def readable(accept: Iterable[str] | None) -> set[str]:
    """The content types of an app's `accept` setting that may be read."""
    from kombu.serialization import prepare_accept_content

    accepted: Any = prepare_accept_content
    return {one for one in accepted(accept) or () if not is_refused(one)}


@contextlib.contextmanager
def foreign() -> Iterator[None]:
    """In it no pickle that this thread loads gets at a class or a function, whoever loads it.

    The second net below the content types: SQL backends keep results as pickles, and an app can
    have a serializer of its own. Python itself reports each name that a pickle asks for.
    """
    if _Policy.allowed:
        yield
        return
    if not _Policy.hooked:
        _Policy.hooked = True
        sys.addaudithook(_refuse)
    before = getattr(_reading, "foreign", False)
    _reading.foreign = True
    try:
        yield
    finally:
        _reading.foreign = before


def check_sizes(raw: bytes, most: int) -> None:
    """Raise ValueError for a pickle of more steps than that, or of sizes that it does not have.

    Python allocates what a pickle says: ten bytes can take all memory, before any name is found.
    """
    import pickletools

    place: Any
    for number, (opcode, place, _) in enumerate(pickletools.genops(raw)):
        if number > most:
            raise ValueError(f"more than {most:,} steps")
        if opcode.name in PUTS and not 0 <= place <= most:
            raise ValueError(f"a value at place {place:,}")


def was_refused(error: BaseException | None) -> bool:
    """Whether an error comes of a pickle that was refused, whatever it was wrapped in."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, PickleRefused) or PICKLE in str(error):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _refuse(event: str, _arguments: Any) -> None:
    if event == "pickle.find_class" and getattr(_reading, "foreign", False):
        raise PickleRefused(REFUSED)
