"""What filters say in SQL: the expressions that they are made of, and the databases' own words.

An expression is compiled for SQLite and for PostgreSQL; where these have no word in common it holds
both (`Either`).
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Dialect, column, false, func, literal
from sqlalchemy.dialects import registry
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from celerytui.history.rows import key_of

_DIALECTS = {
    "sqlite": ("sqlite", {"paramstyle": "named"}),
    "postgresql": ("postgresql.psycopg", {}),
}
MOST = 9e18
"""More than any number of a row, and still one that a database takes."""
_ESCAPE = "!"
"""Not a backslash: what that means in a text is a setting of PostgreSQL."""


@cache
def dialect_of(database: Literal["sqlite", "postgresql"]) -> Dialect:
    """A database with the parameters of its driver; the other one is not imported."""
    name, options = _DIALECTS[database]
    found: Dialect = registry.load(name)(**options)
    return found


class Either(ColumnElement[Any]):
    """What is said in one way on SQLite, and in another on PostgreSQL."""

    inherit_cache = False

    def __init__(self, on_sqlite: ColumnElement[Any], on_postgresql: ColumnElement[Any]) -> None:
        self.type = on_sqlite.type
        self.on_sqlite = on_sqlite
        self.on_postgresql = on_postgresql


@compiles(Either, "sqlite")
def _on_sqlite(element: Either, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.on_sqlite, **options)})"


@compiles(Either, "postgresql")
def _on_postgresql(element: Either, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.on_postgresql, **options)})"


_TASK: ColumnElement[Any] = column("task")
IS_TEXT: ColumnElement[bool] = Either(func.typeof(_TASK) == "text", func.length(_TASK) != 16)
"""That the id of a task is no UUID."""
HEX_ID: ColumnElement[str] = Either(func.hex(_TASK), func.encode(_TASK, "hex"))
"""The id of another in digits."""


def id_between(low: bytes, high: bytes) -> ColumnElement[bool]:
    """That the id is one of these UUIDs, or between them."""
    key: ColumnElement[Any] = column("key")
    return Either(
        key.between(literal(key_of(low)), literal(key_of(high))),
        _TASK.between(literal(low), literal(high)),
    )


def escaped(text: str) -> str:
    """A text as a part of the pattern of `likes`."""
    return re.sub(f"[{_ESCAPE}%_]", rf"{_ESCAPE}\g<0>", text)


def likes(what: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Whatever the case of ASCII letters, as the filter has it; not true of nothing."""
    like: ColumnElement[bool] = Either(
        what.like(pattern, escape=_ESCAPE), what.ilike(pattern, escape=_ESCAPE)
    )
    return func.coalesce(like, false())


def compared(name: str, operator: str, limit: float) -> ColumnElement[bool]:
    """False of nothing, so that its opposite is true of it."""
    if math.isinf(limit):
        limit = math.copysign(MOST, limit)
    # Of the type of the limit, and not of the column: a count may be compared with 2.5.
    return func.coalesce(column(name).op(operator, is_comparison=True)(literal(limit)), false())
