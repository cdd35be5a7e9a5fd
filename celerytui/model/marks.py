"""Marks: moments that a user named, such as a deploy, which every monitor shows."""

from __future__ import annotations

from msgspec import Struct

MARK_EVENT = "deploy-mark"
"""The type of the event that carries a mark; its fields are `text` and `user`."""
MARK_LENGTH = 80
"""Characters that the text of a mark may have."""


class Mark(Struct, frozen=True):
    """A moment by our clock, in Unix seconds, what it is called, and who set it, "" if unknown."""

    at: float
    text: str
    by: str = ""
