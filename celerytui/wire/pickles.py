"""Pickle, which runs whatever it holds: never loaded from the cluster unless the user allows it."""

from __future__ import annotations

import contextlib
import pickletools
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from celerytui.counts import counted
from celerytui.interpreter import give_way

PICKLE = "application/x-python-serialize"
REFUSED = "a pickle, which is never loaded without --allow-pickle"
AT_ONCE = 1_000
"""Steps that are looked at before others may have the interpreter."""
_KEEPS = ("PUT", "BINPUT", "LONG_BINPUT")


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


def check_sizes(data: bytes, most: int) -> None:
    """Raise ValueError for a pickle that names sizes it does not have: they would be allocated.

    `most` is how many steps it may have.
    """
    place: Any
    for number, (opcode, place, _) in enumerate(pickletools.genops(data)):
        if number % AT_ONCE == 0:
            give_way()
        if number > most:
            raise ValueError(f"more than {counted(most, 'step')}")
        if opcode.name in _KEEPS and not 0 <= place <= most:
            raise ValueError(f"place {place:,} of what is kept")


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
