"""What a filter says of every task that it lets through, for sources that can narrow by it."""

from __future__ import annotations

from msgspec import Struct

from celerytui.query.compile import Value


class Required(Struct, frozen=True):
    """A term that holds for all that a filter lets through: the field has one of the values."""

    field: str
    values: tuple[Value, ...]
