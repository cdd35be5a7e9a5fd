"""What a filter says of every task that it lets through, for sources that can narrow by it."""

from __future__ import annotations

from msgspec import Struct

from celerytui.query.compile import Value
from celerytui.query.tree import Node, Term


class Required(Struct, frozen=True):
    """A term that holds for all that a filter lets through: the field has one of the values."""

    field: str
    values: tuple[Value, ...]


def required_of(node: Node) -> list[Required]:
    """What holds for all that a filter of this tree lets through."""
    if isinstance(node, Term):
        name = _field(node)
        return [] if name is None else [Required(name, (node.value,))]
    if node.kind == "all":
        return [one for part in node.parts for one in required_of(part)]
    if node.kind == "any":
        fields = {_field(part) for part in node.parts}
        if len(fields) == 1 and (field := fields.pop()) is not None:
            values = tuple(part.value for part in node.parts if isinstance(part, Term))
            return [Required(field, values)]
    return []


def _field(node: Node) -> str | None:
    """The name of the field that a term asks of, None for anything else."""
    if not isinstance(node, Term) or node.field is None or node.path:
        return None
    return node.field.name
