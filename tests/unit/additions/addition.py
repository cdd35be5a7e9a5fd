"""Something that a newcomer adds, as the changes that it takes."""

from __future__ import annotations

from msgspec import Struct


class Change(Struct, frozen=True):
    """A text that is put into a file before the last place where `anchor` stands, or a new file."""

    path: str
    text: str
    anchor: str = ""


class Addition(Struct, frozen=True):
    """What a newcomer adds, by which changes, and what shows that it is there."""

    changes: tuple[Change, ...]
    shows: str
