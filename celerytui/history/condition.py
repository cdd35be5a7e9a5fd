"""What rows of tasks pass: a condition that a database is asked, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from celerytui.query import Filter

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

MOST_TRACEBACKS = 20_000
"""As many are looked through for a filter of them."""


class Condition(Struct, frozen=True, eq=False):
    """An expression of SQLAlchemy's, None for all rows; `exact` if it is no more than the filter.

    `names` and `states` are the only ones that can pass, None where any can; `slower_than` and
    `ids` bound the run time in microseconds and the ids that are UUIDs likewise. `other_states` are
    those that the opposite lets through.
    """

    where: ColumnElement[bool] | None = None
    exact: bool = True
    names: frozenset[int] | None = None
    states: frozenset[int] | None = None
    other_states: frozenset[int] | None = None
    slower_than: int | None = None
    ids: tuple[bytes, bytes] | None = None

    def compiled(self, database: Literal["sqlite", "postgresql"]) -> tuple[str, dict[str, Any]]:
        """The SQL and its parameters, named as the database's driver has it."""
        if self.where is None:
            return "TRUE", {}
        from celerytui.history.expressions import dialect_of

        found = self.where.compile(
            dialect=dialect_of(database), compile_kwargs={"render_postcompile": True}
        )
        return f"({found})", dict(found.params)


ANYTHING = Condition()
UNKNOWN = Condition(exact=False)
NOTHING = Condition()
"""What no row meets: who asks for it need not ask."""


def condition_of(
    wanted: Filter,
    words: Mapping[int, tuple[int, str]],
    tracebacks: Callable[[], Mapping[int, str] | None],
    now: float,
) -> Condition:
    """The condition of a filter for one segment, or one database; see `Translation`.

    Without a filter, as at the start, SQLAlchemy is not imported: that takes a quarter of a second.
    """
    if wanted.is_empty:
        return ANYTHING
    from celerytui.history.translate import Translation

    return Translation(words, tracebacks, now).of(wanted)
